//! A memory provider that keeps everything in its instance, and finds values that contain the query.

use hal9_plugin_sdk::*;
use std::collections::BTreeMap;

hal9_plugin! {
    metadata: { id: "test.memory-provider", name: "Memory provider", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::MemoryProvider { provider_name: "shelf", description: "Keeps values while it lives." }],
}

type Entry = (Vec<u8>, HashMap<String, String>);

#[derive(Default)]
struct Shelf(BTreeMap<String, Entry>);

impl MemoryPlugin for Shelf {
    fn store(&mut self, key: String, value: Vec<u8>, metadata: HashMap<String, String>) -> Result<(), PluginError> {
        assert_ne!(key, "panic", "the provider was asked to");
        self.0.insert(key, (value, metadata));
        Ok(())
    }

    fn retrieve(&self, key: &str) -> Result<Option<Entry>, PluginError> {
        Ok(self.0.get(key).cloned())
    }

    fn search(&self, query: &str, _limit: usize) -> Result<Vec<SearchResult>, PluginError> {
        let texts = self.0.iter().map(|(key, (value, metadata))| (key, String::from_utf8_lossy(value), metadata));
        let hits = texts.filter(|(_, text, _)| text.contains(query)).map(|(key, text, metadata)| SearchResult {
            key: key.clone(),
            score: query.len() as f32 / text.len() as f32,
            snippet: text.into_owned(),
            metadata: metadata.clone(),
        });
        Ok(hits.collect())
    }

    fn delete(&mut self, key: &str) -> Result<bool, PluginError> {
        Ok(self.0.remove(key).is_some())
    }
}

memory_plugin!(Shelf);
