//! Looking for plugins. It does not know how they are found.

use hal9_package::{Permissions, PluginId};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::RatingSummary;
use crate::Seconds;

/// What to look for. All that is given must hold; a word of the text may be the beginning of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Words of id, name, description, tags, capabilities and README; at most 256 bytes. Empty finds all.
    #[param(max_length = 256)]
    pub q: String,
    /// A kind of capability: `NeuronType`, `ToolProvider`, `MemoryProvider`, `LearningAlgorithm`, `ApiExtension` or `Custom`; also
    /// `neuron`, `tool`, `memory-provider`, `learning-algorithm`, `api-extension`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name of a capability, such as a tool's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// A tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// An account that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The licence, as the manifest writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// A WIT interface that it imports, with or without a version: `wasi:http/outgoing-handler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imports: Option<String>,
    /// A WIT interface that it exports, with or without a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exports: Option<String>,
    /// It asks for this permission, of any scope where none is given: `Hal9Memory`. With `,` between several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
    /// It does not ask for this kind of permission; `network` and `files` stand for both kinds of each, `any` for all. With `,` between several: `network,files`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
    /// Whether deprecated plugins and those whose versions are all yanked are found too.
    pub all: bool,
    /// How what is found is ordered.
    pub order: Order,
    /// So many are passed over; at most 10 000.
    #[param(maximum = 10000)]
    pub skip: u32,
    /// So many are wanted, 1 to 100; 20 where it is 0.
    #[param(maximum = 100)]
    pub limit: u32,
}

/// How what is found is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// What fits the text best; of all, what is used most.
    #[default]
    Relevance,
    /// Most downloads in the last 90 days first.
    Downloads,
    /// Best rating first; few ratings count less.
    Rating,
    /// Last published first.
    Updated,
    /// First published last.
    Newest,
    /// By name.
    Name,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// How many there are in all.
    pub total: u64,
    /// Those of this page.
    pub hits: Vec<Hit>,
    /// How what was found is divided, for narrowing it down.
    pub facets: Facets,
}

/// A plugin that was found, as its newest version that is not yanked says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// Its id.
    #[schema(value_type = String)]
    pub id: PluginId,
    /// Its name.
    pub name: String,
    /// The version.
    #[schema(value_type = String)]
    pub version: Version,
    /// What it does.
    pub description: String,
    /// The author that the manifest names.
    pub author: String,
    /// The licence.
    pub license: String,
    /// The accounts that own it.
    pub owners: Vec<String>,
    /// The kinds of its capabilities.
    pub kinds: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it asks for.
    #[schema(value_type = Vec<String>)]
    pub permissions: Permissions,
    /// How it is rated.
    pub rating: RatingSummary,
    /// Downloads in the last 90 days.
    pub downloads: u64,
    /// When this version was published.
    pub published: Seconds,
    /// Whether it is deprecated.
    pub deprecated: bool,
}

/// How what was found is divided; each list begins with the most frequent and has at most 20 entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facets {
    /// By kind of capability.
    pub kinds: Vec<Facet>,
    /// By tag.
    pub tags: Vec<Facet>,
    /// By licence.
    pub licenses: Vec<Facet>,
    /// By kind of permission that is asked for.
    pub permissions: Vec<Facet>,
}

/// A part of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facet {
    /// What it has in common.
    pub value: String,
    /// How many there are.
    pub count: u64,
}
