//! A memory provider: keeps values in HAL9's memory, and finds them by the words that are in them.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: {
        id: "local.example-plugin",
        name: "Example Plugin",
        version: env!("CARGO_PKG_VERSION"),
        author: "The authors of Example Plugin",
        description: "Keeps values by key, and finds them by their words.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::MemoryProvider {
            provider_name: "example-plugin",
            description: "Finds values by the words that are in them.",
        },
    ],
    permissions: [Permission::Hal9Memory],
}

type Facts = HashMap<String, String>;

#[derive(Default)]
struct ExamplePlugin;

impl MemoryPlugin for ExamplePlugin {
    fn store(&mut self, key: String, value: Vec<u8>, metadata: Facts) -> Result<(), PluginError> {
        // The facts first: a value without its facts would be found, and the other way round it would not.
        memory_set(format!("facts/{key}"), serde_json::to_vec(&metadata)?)?;
        Ok(memory_set(format!("value/{key}"), value)?)
    }

    fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, Facts)>, PluginError> {
        let Some(value) = memory_get(format!("value/{key}"))? else { return Ok(None) };
        let facts = memory_get(format!("facts/{key}"))?.unwrap_or_else(|| b"{}".to_vec());
        Ok(Some((value, serde_json::from_slice(&facts)?)))
    }

    /// Reads all values, which is well for a few thousand; for more, keep an index of words.
    fn search(&self, query: &str, limit: usize) -> Result<Vec<SearchResult>, PluginError> {
        let query = query.to_lowercase();
        let wanted: Vec<_> = query.split_whitespace().collect();
        let mut hits = Vec::new();
        for kept in memory_keys("value/")? {
            let key = kept.strip_prefix("value/").unwrap_or(&kept).to_owned();
            let Some((value, metadata)) = self.retrieve(&key)? else { continue };
            let text = String::from_utf8_lossy(&value).to_lowercase();
            let words: Vec<_> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
            let found = wanted.iter().filter(|word| words.contains(*word)).count();
            if found > 0 {
                let snippet = String::from_utf8_lossy(&value).chars().take(80).collect();
                hits.push(SearchResult { key, score: found as f32 / wanted.len() as f32, snippet, metadata });
            }
        }
        hits.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.key.cmp(&other.key)));
        hits.truncate(limit);
        Ok(hits)
    }

    fn delete(&mut self, key: &str) -> Result<bool, PluginError> {
        let was_there = memory_delete(format!("value/{key}"))?;
        memory_delete(format!("facts/{key}"))?;
        Ok(was_there)
    }
}

memory_plugin!(ExamplePlugin);

#[cfg(test)]
mod tests {
    use super::*;

    fn with(entries: &[(&str, &str)]) -> ExamplePlugin {
        let mut provider = ExamplePlugin;
        for (key, value) in entries {
            let facts = Facts::from([("lang".to_owned(), "en".to_owned())]);
            provider.store((*key).to_owned(), value.as_bytes().to_vec(), facts).expect("it is kept");
        }
        provider
    }

    #[test]
    fn what_was_stored_comes_back_until_it_is_deleted() {
        let mut provider = with(&[("a", "one")]);
        let (value, facts) = provider.retrieve("a").expect("an answer").expect("an entry");
        assert_eq!((value.as_slice(), facts["lang"].as_str()), (&b"one"[..], "en"));
        assert_eq!((provider.delete("a"), provider.delete("a")), (Ok(true), Ok(false)));
        assert_eq!(provider.retrieve("a"), Ok(None));
    }

    #[test]
    fn the_best_hit_comes_first() {
        let provider = with(&[("a", "The kettle is blue."), ("b", "A blue, blue sky."), ("c", "Nothing.")]);
        let found = |query: &str, limit| {
            let hits = provider.search(query, limit).expect("hits");
            hits.into_iter().map(|hit| hit.key).collect::<Vec<_>>()
        };
        assert_eq!(found("Blue kettle", 10), ["a", "b"]);
        assert_eq!(found("blue", 1), ["a"]);
        assert!(found("green", 10).is_empty());
    }
}
