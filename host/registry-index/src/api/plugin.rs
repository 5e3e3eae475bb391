//! All that is told of one plugin, one version, one author. It does not know how it is shown.

use hal9_package::{Dependency, Digest, PluginId, PublicKey};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Hit;
use crate::{AuthorKey, Deprecation, Notice, Review, Seconds, Signed};

/// A plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginPage {
    /// Its newest version that is not yanked, or its newest version, as a search shows it.
    pub summary: Hit,
    /// Where its source is.
    pub repository: Option<String>,
    /// Its versions, newest first.
    pub versions: Vec<VersionSummary>,
    /// Who may publish it.
    pub owners: Vec<OwnerSummary>,
    /// The keys that may sign it, first one first.
    pub keys: Vec<AuthorKey>,
    /// Whether it should not be used any more.
    pub deprecated: Option<Deprecation>,
    /// What was found to be dangerous in it, newest first.
    pub notices: Vec<Notice>,
    /// How often it was downloaded.
    pub downloads: Downloads,
    /// The plugins that need it, by id; at most 100.
    pub dependents: Vec<Dependent>,
    /// When its first version was published.
    pub first_published: Seconds,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionSummary {
    /// The version.
    #[schema(value_type = String)]
    pub version: Version,
    /// The digest of its package.
    #[schema(value_type = String)]
    pub package: Digest,
    /// The size of the package in bytes.
    pub size: u64,
    /// When it was published.
    pub published: Seconds,
    /// The account that published it.
    pub publisher: String,
    /// Why it was yanked, if it was.
    pub yanked: Option<String>,
    /// Whether its package cannot be had any more.
    pub withdrawn: bool,
    /// How it is rated.
    pub rating: RatingSummary,
    /// Downloads since it was published.
    pub downloads: u64,
    /// What it asks for that the version before it did not, and the other way round.
    pub changes: Vec<Change>,
}

/// A permission that one version asks for and the version before it does not, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The permission.
    pub permission: PermissionSummary,
    /// Whether the later one asks for it.
    pub added: bool,
}

/// A permission, in the words of manifests and in plain ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PermissionSummary {
    /// As manifests write it: `NetworkHttps:api.example.com`.
    pub permission: String,
    /// What it allows: `send HTTPS requests: api.example.com`.
    pub words: String,
}

/// One version, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionPage {
    /// The plugin.
    #[schema(value_type = String)]
    pub id: PluginId,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The version in the list.
    pub summary: VersionSummary,
    /// What it offers.
    pub capabilities: Vec<CapabilitySummary>,
    /// What it asks for.
    pub permissions: Vec<PermissionSummary>,
    /// The interfaces that its component imports.
    pub imports: Vec<InterfaceSummary>,
    /// The interfaces that its component exports.
    pub exports: Vec<InterfaceSummary>,
    /// The world of its component, as WIT.
    pub wit: String,
    /// The plugins that it needs.
    #[schema(value_type = Vec<Object>)]
    pub dependencies: Vec<Dependency>,
    /// Its README, in Markdown.
    pub readme: Option<String>,
    /// What is new in it, in Markdown.
    pub notes: String,
    /// The files of its package.
    pub files: Vec<FileSummary>,
    /// The manifest, as the package has it.
    #[schema(value_type = Object)]
    pub manifest: serde_json::Value,
    /// The key that has signed it.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The text of the signature.
    pub signature: String,
}

/// Something that a plugin offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilitySummary {
    /// The kind, as manifests write it.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The layer of a neuron.
    pub layer: Option<String>,
    /// What it does.
    pub description: String,
}

/// A WIT interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterfaceSummary {
    /// With its version: `hal9:plugin/memory@0.1.0`.
    pub name: String,
    /// The functions of it.
    pub functions: Vec<String>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileSummary {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Who may publish a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnerSummary {
    /// The account.
    pub account: String,
    /// Since when.
    pub since: Seconds,
}

/// How something is rated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RatingSummary {
    /// The mean of the stars, 1 to 5; 0 without a review.
    pub mean: f64,
    /// How many reviews there are.
    pub count: u64,
}

/// How often something was downloaded. A day is one of UTC.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Downloads {
    /// In all.
    pub total: u64,
    /// In the last 90 days.
    pub recent: u64,
    /// Of each of the last 90 days, the oldest first.
    pub days: Vec<u64>,
    /// The last 28 days against the 28 before.
    pub trend: Trend,
}

/// Where the use of a plugin goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// Downloads of the last 28 days.
    pub now: u64,
    /// Downloads of the 28 days before.
    pub before: u64,
}

/// A plugin that needs another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dependent {
    /// Its id.
    #[schema(value_type = String)]
    pub id: PluginId,
    /// Its newest version.
    #[schema(value_type = String)]
    pub version: Version,
    /// The versions that it needs.
    #[schema(value_type = String)]
    pub requirement: VersionReq,
}

/// The reviews of a plugin, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReviewPage {
    /// How many there are in all.
    pub total: u64,
    /// How it is rated.
    pub rating: RatingSummary,
    /// How many gave 1, 2, 3, 4 and 5 stars.
    pub stars: [u64; 5],
    /// Those of this page.
    pub reviews: Vec<SignedReview>,
}

/// A review with what proves whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedReview {
    /// What it says.
    pub review: Review,
    /// The reviewer's key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// What the key has signed: the review is in there.
    pub signed: Signed,
}

/// An author.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuthorPage {
    /// The account.
    pub name: String,
    /// When it was made.
    pub made: Seconds,
    /// The plugins that it owns, the most used first.
    pub plugins: Vec<Hit>,
    /// How many reviews it has written.
    pub reviews: u64,
}
