//! What authors send: packages in parts, and what they say of versions that are published. It does not know who may.

use hal9_package::{Digest, PluginId, PublicKey};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Deprecation, Seconds, Severity, Signed};

/// Begins an upload, or finds the one of the same account and package again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The digest of the whole package.
    #[schema(value_type = String, pattern = "^sha256:[0-9a-f]{64}$")]
    pub package: Digest,
    /// Its size in bytes; at least 1.
    #[schema(minimum = 1)]
    pub size: u64,
}

/// How far an upload is. Parts are sent in order, each to the offset that is told here (header `Upload-Offset`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Its number.
    pub id: String,
    /// The digest of the whole package.
    #[schema(value_type = String)]
    pub package: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// So many bytes are there, on the disk.
    pub offset: u64,
    /// It is forgotten then.
    pub expires: Seconds,
}

/// Publishes a package that was uploaded whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The upload.
    pub upload: String,
    /// The key that has signed the package.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The text of the signature, as in the `.minisig` file.
    #[schema(max_length = 16384)]
    pub signature: String,
    /// What is new in this version, in Markdown; at most [`Publish::MAX_NOTES`] bytes.
    #[serde(default)]
    #[schema(max_length = 65536)]
    pub notes: String,
}

impl Publish {
    /// The longest change notes in bytes.
    pub const MAX_NOTES: usize = 64 << 10;
}

/// A version that is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Published {
    /// The plugin.
    #[schema(value_type = String)]
    pub plugin: PluginId,
    /// The version.
    #[schema(value_type = String)]
    pub version: Version,
    /// Its package.
    #[schema(value_type = String)]
    pub package: Digest,
    /// The version of the index that names it.
    pub index: u64,
    /// Whether it is new; not so where the same package was published before.
    pub new: bool,
    /// What its author should look at.
    pub warnings: Vec<String>,
}

/// Says that nobody should begin to use a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Yank {
    /// Why: one line, at most 400 bytes; or nothing.
    #[schema(max_length = 400)]
    pub reason: String,
}

/// Says that a plugin should not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecate {
    /// What to say of it.
    pub deprecation: Deprecation,
}

/// Reports something dangerous.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// How dangerous it is.
    pub severity: Severity,
    /// The versions that it is about.
    #[schema(value_type = String, example = "<1.2.3")]
    pub versions: VersionReq,
    /// What it is, and what to do; at most 1000 bytes.
    #[schema(max_length = 1000)]
    pub summary: String,
    /// Where more is said of it.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub url: Option<String>,
}

/// Adds a key that may sign a plugin's packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endorse {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// An [`Endorsement`](crate::Endorsement) that one of the plugin's keys has signed.
    pub endorsement: Signed,
}
