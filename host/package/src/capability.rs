//! What a plugin offers: one entry a neuron, tool, provider, algorithm or extension. It does not know which component
//! exports stand behind an entry.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

use crate::{json, text};

/// One thing that a plugin offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Capability {
    /// A neuron, which takes the signals of a layer.
    NeuronType {
        /// The layer, such as `L2`; 1 to 64 bytes.
        #[serde(deserialize_with = "text::name::<_, 64>")]
        layer: String,
        /// What sort of neuron it is, such as `sentiment`; 1 to 128 bytes.
        #[serde(deserialize_with = "text::name::<_, 128>")]
        neuron_type: String,
        /// What it does.
        #[serde(default, deserialize_with = "text::line::<_, 4096>")]
        description: String,
    },
    /// A tool.
    ToolProvider {
        /// The tool's name: 1 to 64 characters out of `a-z`, `0-9`, `_`, `-`, as in the WIT interface `tool`.
        #[serde(deserialize_with = "tool_name")]
        tool_name: String,
        /// What it does.
        #[serde(default, deserialize_with = "text::line::<_, 4096>")]
        description: String,
    },
    /// A memory provider.
    MemoryProvider {
        /// The provider's name; 1 to 128 bytes.
        #[serde(deserialize_with = "text::name::<_, 128>")]
        provider_name: String,
        /// What it does.
        #[serde(default, deserialize_with = "text::line::<_, 4096>")]
        description: String,
    },
    /// A learning algorithm.
    LearningAlgorithm {
        /// The algorithm's name; 1 to 128 bytes.
        #[serde(deserialize_with = "text::name::<_, 128>")]
        algorithm_name: String,
        /// What it does.
        #[serde(default, deserialize_with = "text::line::<_, 4096>")]
        description: String,
    },
    /// A part of HAL9's HTTP interface.
    ApiExtension {
        /// The path below which requests go to the plugin; begins with `/`.
        #[serde(deserialize_with = "api_path")]
        path: String,
        /// What it does.
        #[serde(default, deserialize_with = "text::line::<_, 4096>")]
        description: String,
    },
    /// Something that HAL9 does not know, for others who do.
    Custom {
        /// What sort of thing it is; 1 to 128 bytes.
        #[serde(deserialize_with = "text::name::<_, 128>")]
        capability_type: String,
        /// Whatever belongs to it.
        #[serde(default, deserialize_with = "json::value")]
        config: Value,
    },
}

impl Capability {
    /// The kind, as a manifest writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NeuronType { .. } => "NeuronType",
            Self::ToolProvider { .. } => "ToolProvider",
            Self::MemoryProvider { .. } => "MemoryProvider",
            Self::LearningAlgorithm { .. } => "LearningAlgorithm",
            Self::ApiExtension { .. } => "ApiExtension",
            Self::Custom { .. } => "Custom",
        }
    }

    /// The name within its kind: the neuron type, the tool's name, the path, …
    pub fn name(&self) -> &str {
        match self {
            Self::NeuronType {
                neuron_type: name, ..
            }
            | Self::ToolProvider {
                tool_name: name, ..
            }
            | Self::MemoryProvider {
                provider_name: name,
                ..
            }
            | Self::LearningAlgorithm {
                algorithm_name: name,
                ..
            }
            | Self::ApiExtension { path: name, .. }
            | Self::Custom {
                capability_type: name,
                ..
            } => name,
        }
    }

    /// The layer of a neuron.
    pub fn layer(&self) -> Option<&str> {
        match self {
            Self::NeuronType { layer, .. } => Some(layer),
            _ => None,
        }
    }

    /// What it does; empty for a custom capability.
    pub fn description(&self) -> &str {
        match self {
            Self::NeuronType { description, .. }
            | Self::ToolProvider { description, .. }
            | Self::MemoryProvider { description, .. }
            | Self::LearningAlgorithm { description, .. }
            | Self::ApiExtension { description, .. } => description,
            Self::Custom { .. } => "",
        }
    }
}

fn tool_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = text::name::<D, 64>(deserializer)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if !name.bytes().all(plain) {
        return Err(Error::custom(format_args!(
            "\"{name}\" is not a tool's name: write 1 to 64 characters out of a-z, 0-9, `_` and `-`"
        )));
    }
    Ok(name)
}

fn api_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = text::name::<D, 1024>(deserializer)?;
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        return Err(Error::custom(format_args!(
            "\"{path}\" is not a path: write one that begins with `/`, such as \"/weather\""
        )));
    }
    Ok(path)
}
