//! Which plugins a HAL9 home knows, what they were granted and what they have used up, kept in SQLite; and the packages of
//! those that are installed, kept in files beside it. This crate does not run plugins, does not know whom to trust, and
//! decides nothing about grants.
//!
//! ```
//! use hal9_registry::{Loaded, Recorded, Registry};
//!
//! # let home = tempfile::tempdir()?;
//! # let home = home.path();
//! let manifest = hal9_package::Manifest::parse(br#"{
//!     "api_version": 1,
//!     "metadata": {"id": "ai.hal9.word-count", "name": "Word Count", "version": "0.1.0", "author": "Ada", "license": "MIT"},
//!     "capabilities": [{"ToolProvider": {"tool_name": "word-count"}}]
//! }"#)?;
//! let mut registry = Registry::open(home)?;
//! let recorded = registry.record_loaded(&Loaded {
//!     granted: manifest.permissions.clone(),
//!     folder: "/src/word-count".into(),
//!     component: "/src/word-count/target/wasm32-wasip1/release/word_count.wasm".into(),
//!     manifest,
//! })?;
//! assert_eq!(recorded, Recorded::Added);
//! let plugin = registry.get("word-count")?.expect("just loaded");
//! assert_eq!(plugin.id().as_str(), "ai.hal9.word-count");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod error;
mod install;
mod installed;
mod link;
mod lost;
mod mend;
mod plugin;
mod registry;
mod reread;
mod resolve;
mod rows;
mod schema;
pub mod storage;
mod store;
mod usage;

pub use check::{Damage, Fault};
pub use error::Error;
pub use mend::{Mended, Remedy};
pub use plugin::{Install, Installed, Link, Loaded, Plugin, Recorded, Source};
pub use registry::Registry;
pub use resolve::{
    Candidate, Catalogue, Catalogues, Folder, Found, Lock, LockError, Locked, Need, Obstacle, ObstacleKind, Prefer,
    Skipped, Unsolvable, resolve,
};
pub use usage::Usage;
