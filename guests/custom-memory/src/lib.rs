//! A memory provider with ranked full-text search, kept in HAL9's memory.
//! This file is the plugin's face to HAL9 and knows nothing of how entries are kept or found.
//!
//! A provider works without a host as well, over any [`memory::Memory`].

mod analysis;
mod archive;
mod index;
pub mod memory;
mod names;
pub mod provider;
mod ranking;
mod record;
mod segment;
mod shelf;
mod snippet;

use hal9_plugin_sdk::*;
use memory::Hal9Memory;
use provider::Provider;
pub use record::{MAX_HEADER, MAX_VALUE};

hal9_plugin! {
    metadata: {
        id: "ai.hal9.custom-memory",
        name: "Custom Memory",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Keeps entries in HAL9's memory and finds them by what they are about.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::MemoryProvider {
            provider_name: "custom-memory".to_string(),
            description: "Ranked full-text search over keys, metadata and texts".to_string(),
        },
    ],
    permissions: [Permission::Hal9Memory],
    configuration: {
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "language": {
                "enum": ["english", "none"],
                "default": "english",
                "description": "Whose words are brought to their stems, so that \"running\" finds \"runs\"."
            }
        }
    },
}

/// The provider over HAL9's memory.
pub struct CustomMemory(Provider<Hal9Memory>);

impl Default for CustomMemory {
    fn default() -> Self {
        let english = config_value("language").is_none_or(|language| language == "english");
        Self(Provider::new(Hal9Memory, english))
    }
}

impl MemoryPlugin for CustomMemory {
    fn store(&mut self, key: String, value: Vec<u8>, metadata: HashMap<String, String>) -> Result<(), PluginError> {
        self.0.store(&key, &value, &metadata)
    }

    fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, HashMap<String, String>)>, PluginError> {
        self.0.retrieve(key)
    }

    fn search(&self, query: &str, limit: usize) -> Result<Vec<SearchResult>, PluginError> {
        self.0.search(query, limit)
    }

    fn delete(&mut self, key: &str) -> Result<bool, PluginError> {
        self.0.delete(key)
    }
}

memory_plugin!(CustomMemory);
