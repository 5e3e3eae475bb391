//! HAL9's memory, as far as this plugin needs it. Knows nothing of what is kept in it.

use hal9_plugin_sdk::{HostError, memory_delete, memory_get, memory_keys, memory_set};

/// Values by name, kept beyond the life of an instance. A trait, so that tests can have one that breaks at any step.
pub trait Memory {
    /// The value of `name`.
    ///
    /// # Errors
    /// As the host says.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// Sets `name` to `value`, all of it or not at all.
    ///
    /// # Errors
    /// As the host says; `limit-exceeded` where there are too many names.
    fn set(&self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Removes `name`; `false` where there was none.
    ///
    /// # Errors
    /// As the host says.
    fn delete(&self, name: &str) -> Result<bool, HostError>;

    /// All names that begin with `prefix`, sorted.
    ///
    /// # Errors
    /// As the host says.
    fn names(&self, prefix: &str) -> Result<Vec<String>, HostError>;
}

/// The host's own: permission `Hal9Memory`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hal9Memory;

impl Memory for Hal9Memory {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        memory_get(name)
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        memory_set(name, value)
    }

    fn delete(&self, name: &str) -> Result<bool, HostError> {
        memory_delete(name)
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, HostError> {
        memory_keys(prefix)
    }
}
