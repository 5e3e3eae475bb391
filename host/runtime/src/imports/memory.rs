//! `hal9:plugin/memory`: HAL9's memory as a plugin sees it. It refuses to know where values are kept: that is the
//! embedder's [`MemoryBackend`].

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use hal9_package::{PermissionKind, PluginId};

use crate::Limit;
use crate::bindings::hal9::plugin::memory;
use crate::bindings::hal9::plugin::types::Error;
use crate::guard::{Guard, Interface};

/// The longest key, in bytes.
pub(crate) const KEY_BYTES: usize = 512;

/// The most keys that one call lists.
pub(crate) const LIST_KEYS: u32 = 1_000;

/// The backend failed; the plugin is told that its memory is unavailable, and the reason is logged.
#[derive(Debug, thiserror::Error)]
#[error("HAL9's memory is unavailable: {0}")]
pub struct BackendError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// Whether a value was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is kept.
    Yes,
    /// The plugin has as many keys as it may, or all plugins together have as many bytes.
    Full,
}

/// Where HAL9's memory is kept. Every plugin has keys of its own. What `set` acknowledged must be found by every later
/// `get`. Calls come from many instances at once.
#[async_trait]
pub trait MemoryBackend: Send + Sync {
    /// The value of a key.
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<Vec<u8>>, BackendError>;
    /// Sets a key, unless it is new and the plugin has `max_keys` already. The count and the write are one step.
    async fn set(&self, plugin: &PluginId, key: &str, value: Vec<u8>, max_keys: u32) -> Result<Stored, BackendError>;
    /// Removes a key; whether it was there.
    async fn delete(&self, plugin: &PluginId, key: &str) -> Result<bool, BackendError>;
    /// At most `limit` keys that begin with `prefix` and are greater than `after`, in the order of their bytes.
    async fn list(
        &self,
        plugin: &PluginId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, BackendError>;
}

/// A memory that lives as long as the process.
#[derive(Debug)]
pub struct InProcessMemory {
    plugins: Mutex<Plugins>,
    max_bytes: usize,
}

/// The most bytes of keys and values of all plugins, unless an embedder says otherwise.
const MAX_BYTES: usize = 256 << 20;

#[derive(Debug, Default)]
struct Plugins {
    keys: HashMap<PluginId, BTreeMap<String, Vec<u8>>>,
    bytes: usize,
}

impl Default for InProcessMemory {
    fn default() -> Self {
        Self::with_capacity(MAX_BYTES)
    }
}

impl InProcessMemory {
    /// One that takes so many bytes of keys and values of all plugins together, and no more.
    pub fn with_capacity(max_bytes: usize) -> Self {
        Self { plugins: Mutex::default(), max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Plugins> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MemoryBackend for InProcessMemory {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<Vec<u8>>, BackendError> {
        Ok(self.lock().keys.get(plugin).and_then(|keys| keys.get(key)).cloned())
    }

    async fn set(&self, plugin: &PluginId, key: &str, value: Vec<u8>, max_keys: u32) -> Result<Stored, BackendError> {
        let mut plugins = self.lock();
        let Plugins { keys, bytes } = &mut *plugins;
        let keys = keys.entry(plugin.clone()).or_default();
        let before = keys.get(key).map_or(0, |value| key.len() + value.len());
        let after = *bytes - before + key.len() + value.len();
        if (before == 0 && keys.len() >= max_keys as usize) || after > self.max_bytes {
            return Ok(Stored::Full);
        }
        *bytes = after;
        keys.insert(key.to_owned(), value);
        Ok(Stored::Yes)
    }

    async fn delete(&self, plugin: &PluginId, key: &str) -> Result<bool, BackendError> {
        let mut plugins = self.lock();
        let Plugins { keys, bytes } = &mut *plugins;
        let removed = keys.get_mut(plugin).and_then(|keys| keys.remove(key));
        *bytes -= removed.as_ref().map_or(0, |value| key.len() + value.len());
        Ok(removed.is_some())
    }

    async fn list(
        &self,
        plugin: &PluginId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, BackendError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let plugins = self.lock();
        let keys = plugins.keys.get(plugin).map(|keys| keys.range::<str, _>((from, Bound::Unbounded)));
        let keys = keys.into_iter().flatten().map(|(key, _)| key).take_while(|key| key.starts_with(prefix));
        Ok(keys.take(limit as usize).cloned().collect())
    }
}

/// HAL9's memory for one instance.
pub(crate) struct MemoryCtx {
    guard: Arc<Guard>,
    backend: Arc<dyn MemoryBackend>,
    value_bytes: u64,
    max_keys: u32,
}

impl MemoryCtx {
    pub(crate) fn new(guard: Arc<Guard>, backend: Arc<dyn MemoryBackend>, value_bytes: u64, max_keys: u32) -> Self {
        Self { guard, backend, value_bytes, max_keys }
    }

    fn check(&self, key: &str) -> Result<(), Error> {
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(Error::InvalidInput);
        }
        if self.guard.allows(PermissionKind::Hal9Memory, key) { Ok(()) } else { Err(Error::Denied) }
    }

    fn unavailable(&self, error: &BackendError) -> Error {
        tracing::warn!(plugin = self.guard.plugin().as_ref(), "{error}");
        Error::Unavailable
    }
}

impl memory::Host for MemoryCtx {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.guard.enter(Interface::Memory)?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        Ok(self.backend.get(self.guard.plugin(), &key).await.map_err(|error| self.unavailable(&error)))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.guard.enter(Interface::Memory)?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        if value.len() as u64 > self.value_bytes {
            self.guard.limited(Limit::MemoryValue, "a value was not kept");
            return Ok(Err(Error::LimitExceeded));
        }
        Ok(match self.backend.set(self.guard.plugin(), &key, value, self.max_keys).await {
            Ok(Stored::Yes) => Ok(()),
            Ok(Stored::Full) => {
                self.guard
                    .limited(Limit::MemoryKeys, "a value was not kept; the bound is the plugin's own, or that of all");
                Err(Error::LimitExceeded)
            }
            Err(error) => Err(self.unavailable(&error)),
        })
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<bool, Error>> {
        self.guard.enter(Interface::Memory)?;
        if let Err(error) = self.check(&key) {
            return Ok(Err(error));
        }
        Ok(self.backend.delete(self.guard.plugin(), &key).await.map_err(|error| self.unavailable(&error)))
    }

    async fn list_keys(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        self.guard.enter(Interface::Memory)?;
        if !self.guard.allows_prefix(PermissionKind::Hal9Memory, &prefix) {
            return Ok(Err(Error::Denied));
        }
        let limit = limit.min(LIST_KEYS);
        let listed = self.backend.list(self.guard.plugin(), &prefix, after.as_deref(), limit).await;
        Ok(listed.map_err(|error| self.unavailable(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memory::Host as _;

    fn ctx(backend: &Arc<InProcessMemory>, plugin: &str) -> MemoryCtx {
        MemoryCtx::new(Guard::of(plugin, &["Hal9Memory"]), backend.clone(), 4, 2)
    }

    #[tokio::test]
    async fn plugins_have_keys_of_their_own() {
        let backend = Arc::new(InProcessMemory::default());
        let (mut a, mut b) = (ctx(&backend, "test.a"), ctx(&backend, "test.b"));
        a.set("k".into(), b"a".to_vec()).await.unwrap().unwrap();
        assert_eq!(b.get("k".into()).await.unwrap().unwrap(), None);
        assert_eq!(ctx(&backend, "test.a").get("k".into()).await.unwrap().unwrap(), Some(b"a".to_vec()));
        assert!(!b.delete("k".into()).await.unwrap().unwrap());
        assert!(a.delete("k".into()).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn what_is_too_much_is_refused_and_nothing_is_lost() {
        let mut ctx = ctx(&Arc::default(), "test.a");
        assert_eq!(ctx.set(String::new(), vec![]).await.unwrap(), Err(Error::InvalidInput));
        assert_eq!(ctx.get("x".repeat(KEY_BYTES + 1)).await.unwrap(), Err(Error::InvalidInput));
        assert_eq!(ctx.set("k".into(), vec![0; 5]).await.unwrap(), Err(Error::LimitExceeded));
        ctx.set("a".into(), vec![1]).await.unwrap().unwrap();
        ctx.set("b".into(), vec![]).await.unwrap().unwrap();
        assert_eq!(ctx.set("c".into(), vec![]).await.unwrap(), Err(Error::LimitExceeded));
        ctx.set("a".into(), vec![2]).await.unwrap().unwrap();
        assert_eq!(ctx.get("a".into()).await.unwrap().unwrap(), Some(vec![2]));
    }

    #[tokio::test]
    async fn all_plugins_share_the_room() {
        let backend = InProcessMemory::with_capacity(10);
        let (a, b): (PluginId, PluginId) = ("test.a".parse().unwrap(), "test.b".parse().unwrap());
        let set =
            async |plugin: &PluginId, key: &str, bytes| backend.set(plugin, key, vec![0; bytes], 9).await.unwrap();
        assert_eq!(set(&a, "k", 5).await, Stored::Yes);
        assert_eq!(set(&b, "k", 4).await, Stored::Full);
        assert_eq!(set(&b, "k", 3).await, Stored::Yes);
        assert_eq!(set(&a, "k", 5).await, Stored::Yes, "in place of what was there");
        assert!(backend.delete(&b, "k").await.unwrap() && !backend.delete(&b, "k").await.unwrap());
        assert_eq!(set(&a, "k", 9).await, Stored::Yes);
    }

    #[tokio::test]
    async fn the_grant_names_prefixes() {
        let mut ctx = ctx(&Arc::default(), "test.a");
        ctx.guard = Guard::of("test.a", &["Hal9Memory:a/", "Hal9Memory:b"]);
        for key in ["a/1", "bc"] {
            ctx.set(key.into(), vec![]).await.unwrap().unwrap();
            assert_eq!(ctx.list_keys(key.into(), None, 1).await.unwrap().unwrap(), [key]);
        }
        for key in ["a", "c", "A/1"] {
            assert_eq!(ctx.set(key.into(), vec![]).await.unwrap(), Err(Error::Denied));
            assert_eq!(ctx.delete(key.into()).await.unwrap(), Err(Error::Denied));
            assert_eq!(ctx.list_keys(key.into(), None, 1).await.unwrap(), Err(Error::Denied));
        }
    }

    #[tokio::test]
    async fn keys_are_listed_by_prefix_in_pages() {
        let backend = Arc::new(InProcessMemory::default());
        let mut ctx = MemoryCtx::new(Guard::of("test.a", &["Hal9Memory"]), backend, 4, 100);
        for key in ["b", "a/3", "a/1", "a/2", "a"] {
            ctx.set(key.into(), vec![]).await.unwrap().unwrap();
        }
        let list = async |ctx: &mut MemoryCtx, after: Option<&str>, limit| {
            ctx.list_keys("a/".into(), after.map(Into::into), limit).await.unwrap().unwrap()
        };
        assert_eq!(list(&mut ctx, None, 2).await, ["a/1", "a/2"]);
        assert_eq!(list(&mut ctx, Some("a/2"), 2).await, ["a/3"]);
        assert_eq!(list(&mut ctx, Some("0"), 5).await.len(), 3, "a key before the prefix begins at the prefix");
        assert_eq!(list(&mut ctx, None, 0).await, [""; 0]);
    }
}
