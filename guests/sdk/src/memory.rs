//! The memory provider: the trait that authors implement, and its way to the `memory-provider` export.
//! Knows nothing of HAL9's own memory, which plugins reach through [`memory_get`](crate::memory_get) and its like.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::memory::exports::hal9::plugin::memory_provider as wit;
use crate::instance::{self, Hosted};
use crate::signal::{metadata_list, metadata_map};
use crate::{ErrorCode, PluginError, err};
use std::collections::HashMap;
use std::marker::PhantomData;

/// One result of a search (`search-hit` of `memory-provider.wit`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResult {
    /// The key, for `retrieve`.
    pub key: String,
    /// How well it fits: larger is better. Comparable within one answer only.
    pub score: f32,
    /// The part that fits, for a person to read. May be empty.
    pub snippet: String,
    /// The entry's metadata.
    pub metadata: HashMap<String, String>,
}

/// A memory provider: keeps values by key, and finds them again by what they are about. Export it with
/// [`memory_plugin!`](crate::memory_plugin).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no memory provider",
    label = "implement `MemoryPlugin` for this type"
)]
pub trait MemoryPlugin: Default + 'static {
    /// Keeps `value` under `key`, whatever was there before. The key is not empty.
    ///
    /// # Errors
    /// As the provider says.
    fn store(&mut self, key: String, value: Vec<u8>, metadata: HashMap<String, String>) -> Result<(), PluginError>;

    /// What is kept under `key`: the value and the facts about it.
    ///
    /// # Errors
    /// As the provider says. A key that is not there is `Ok(None)`.
    #[expect(clippy::type_complexity, reason = "a name for the pair would be one more thing to look up")]
    fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, HashMap<String, String>)>, PluginError>;

    /// The best `limit` entries for a query in words, best first. Neither the query is empty nor the limit 0.
    ///
    /// # Errors
    /// As the provider says.
    fn search(&self, query: &str, limit: usize) -> Result<Vec<SearchResult>, PluginError>;

    /// Forgets `key`; `false` where there was nothing.
    ///
    /// # Errors
    /// As the provider says.
    fn delete(&mut self, key: &str) -> Result<bool, PluginError>;
}

/// Makes a type that implements [`MemoryPlugin`] the plugin's memory provider. Once in a plugin.
#[macro_export]
macro_rules! memory_plugin {
    ($plugin:ty) => {
        $crate::__export_kind!($plugin, Memory, memory, export_memory);
    };
}

/// The `memory-provider` export of a type.
pub struct Memory<H: Hosted<Plugin: MemoryPlugin>>(PhantomData<H>);

impl<H: Hosted<Plugin: MemoryPlugin>> wit::Guest for Memory<H> {
    fn store(key: String, value: Vec<u8>, metadata: types::Metadata) -> Result<(), types::Failure> {
        if key.is_empty() {
            return Ok(err(ErrorCode::InvalidInput, "the key is empty; name what is to be kept")?);
        }
        Ok(instance::with_mut::<H, _>(|memory| memory.store(key, value, metadata_map(metadata)))?)
    }

    fn retrieve(key: String) -> Result<Option<wit::Entry>, types::Failure> {
        let found = instance::with::<H, _>(|memory| memory.retrieve(&key))?;
        Ok(found.map(|(value, metadata)| wit::Entry { value, metadata: metadata_list(metadata) }))
    }

    fn search(query: String, limit: u32) -> Result<Vec<wit::SearchHit>, types::Failure> {
        if query.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut hits = instance::with::<H, _>(|memory| memory.search(&query, limit))?;
        hits.truncate(limit);
        Ok(hits
            .into_iter()
            .map(|hit| wit::SearchHit {
                key: hit.key,
                score: hit.score,
                snippet: hit.snippet,
                metadata: metadata_list(hit.metadata),
            })
            .collect())
    }

    fn delete(key: String) -> Result<bool, types::Failure> {
        Ok(instance::with_mut::<H, _>(|memory| memory.delete(&key))?)
    }
}
