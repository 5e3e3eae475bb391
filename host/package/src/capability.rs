//! What a plugin offers: one entry a neuron, tool, provider, algorithm or extension. It does not know which component
//! exports stand behind an entry.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::{ParseError, json, text};

/// One thing that a plugin offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
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
            Self::NeuronType { neuron_type: name, .. }
            | Self::ToolProvider { tool_name: name, .. }
            | Self::MemoryProvider { provider_name: name, .. }
            | Self::LearningAlgorithm { algorithm_name: name, .. }
            | Self::ApiExtension { path: name, .. }
            | Self::Custom { capability_type: name, .. } => name,
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
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    text::read(deserializer, |name| {
        if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
            let fix = "write 1 to 64 characters out of a-z, 0-9, `_` and `-`";
            return Err(ParseError::new(name, "a tool's name", fix).to_string());
        }
        Ok(name.to_owned())
    })
}

fn api_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text::read(deserializer, |path| {
        text::check_line(path, 1024)?;
        if !path.starts_with('/') || path.contains(char::is_whitespace) {
            let fix = "write one that begins with `/`, such as \"/weather\"";
            return Err(ParseError::new(path, "a path", fix).to_string());
        }
        Ok(path.to_owned())
    })
}

/// The capabilities of a manifest, of which none may be there twice.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Capability>, D::Error> {
    let entries = json::distinct(deserializer, |Entry(one)| match one.layer() {
        Some(layer) => format!("the {} \"{}\" on {layer}", one.kind(), one.name()),
        None => format!("the {} \"{}\"", one.kind(), one.name()),
    })?;
    Ok(entries.into_iter().map(|Entry(one)| one).collect())
}

/// An object with exactly one key, the kind. The derived reader would answer other shapes in terms of Rust's enums.
struct Entry(Capability);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneKind;

        impl<'de> Visitor<'de> for OneKind {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one kind, such as {\"ToolProvider\": {\"tool_name\": …}}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Entry, A::Error> {
                let capability = Capability::deserialize(MapAccessDeserializer::new(Kinds(&mut entries)))?;
                if entries.next_key::<IgnoredAny>()?.is_some() {
                    return Err(Error::custom("it has more than one kind: write an entry for each"));
                }
                Ok(Entry(capability))
            }
        }

        deserializer.deserialize_map(OneKind)
    }
}

/// The entries of an object of which serde asks for the first key, and which must have one.
struct Kinds<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Kinds<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.0.next_key_seed(seed)? {
            None => Err(Error::custom("it has no kind: write one such as \"ToolProvider\" with its object")),
            kind => Ok(kind),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}
