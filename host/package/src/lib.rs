//! HAL9 plugin manifests, permissions and limits as data: what a plugin says of itself, what it asks for, and how much
//! it may use up. This crate does not know how a component is run, what is installed, or what an operator has granted.
//!
//! ```
//! use hal9_package::{Manifest, PermissionKind};
//!
//! let manifest = Manifest::parse(br#"{
//!     "api_version": 1,
//!     "metadata": {"id": "ai.hal9.word-count", "name": "Word Count", "version": "0.1.0",
//!                  "author": "Ada", "license": "MIT"},
//!     "capabilities": [{"ToolProvider": {"tool_name": "word-count", "description": "Counts words"}}],
//!     "permissions": ["Hal9Memory:notes/"],
//!     "limits": {"memory": "32MiB"}
//! }"#)?;
//! assert!(manifest.permissions.contains(PermissionKind::Hal9Memory));
//! assert_eq!(manifest.limits.memory.0, 32 * 1024 * 1024);
//! assert_eq!(manifest.limits.call_time.as_secs(), 5, "what a manifest leaves out has its default");
//!
//! let error = Manifest::parse(br#"{"api_version": 1, "metadata": {"id": "Word Count"}}"#).unwrap_err();
//! assert!(error.to_string().starts_with("metadata.id (line 1, column "), "{error}");
//! # Ok::<(), hal9_package::ManifestError>(())
//! ```

mod capability;
mod digest;
mod error;
mod files;
mod host;
mod id;
mod json;
mod key;
mod limits;
mod manifest;
mod package;
mod path;
mod permission;
mod permissions;
mod rights;
mod runtime;
mod signature;
mod text;
mod units;

pub use capability::Capability;
pub use digest::Digest;
pub use error::{ManifestError, ParseError};
pub use files::Files;
pub use host::{Host, HostPattern};
pub use id::PluginId;
pub use key::{KeyError, KeyId, PublicKey, SecretKey};
pub use limits::{Limit, LimitOverrides, Limits};
pub use manifest::{Dependency, Manifest, Metadata};
pub use package::{Package, PackageError, PackagedFile, pack};
pub use permission::{Permission, PermissionKind};
pub use permissions::Permissions;
pub use rights::Rights;
pub use runtime::{RuntimeOverrides, RuntimePolicy};
pub use signature::{Signature, SignatureError};
pub use units::{ByteSize, Percent};
