//! The third job: values by key, kept in the plugin. It refuses to know how long that lives.

use std::collections::HashMap;

/// Values by key.
#[derive(Debug, Default)]
pub struct Store(HashMap<String, Vec<u8>>);

impl Store {
    /// Keeps `value` under `key`, whatever was there before.
    pub fn put(&mut self, key: String, value: Vec<u8>) {
        self.0.insert(key, value);
    }

    /// What is kept under `key`.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }
}
