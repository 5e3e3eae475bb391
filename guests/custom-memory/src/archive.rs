//! Entries in HAL9's memory: writes, reads, removes and lists them, such that being stopped between any two steps leaves
//! each entry as it was or as it was to be. Knows nothing of words or of searching.
//!
//! A write puts the parts of the value first and the record last: the entry changes with the record, in one step. The
//! versions before it are then cleared away; where that did not happen, [`Archive::survey`] makes up for it.

use crate::memory::Memory;
use crate::names::{self, KeyHash, PARTS, RECORDS, Version};
use crate::record::{self, Entry, Record};
use hal9_plugin_sdk::{ErrorCode, HostError, PluginError, err, log_warn};
use std::collections::BTreeMap;

/// All entries.
pub(crate) struct Archive<'a, M> {
    memory: &'a M,
}

impl<'a, M: Memory> Archive<'a, M> {
    pub(crate) fn new(memory: &'a M) -> Self {
        Self { memory }
    }

    /// Writes `record` as the newest version of `key`; gives that version and how many names were freed. When this
    /// fails, the entry is as it was; or as it was to be, where the memory did what it reported as failed.
    pub(crate) fn write(&self, key: &KeyHash, record: &Record<'_>) -> Result<(Version, usize), PluginError> {
        let earlier = self.versions(key)?;
        let version = Version {
            key: *key,
            sequence: earlier.last().map_or(1, |last| last.sequence.saturating_add(1)),
            content: record.content,
            parts: u8::try_from(record.parts.len()).unwrap_or(u8::MAX),
        };
        if let Err(error) = self.put(&version, record) {
            // Frees what the attempt took up. What cannot be freed now, the next survey frees.
            let _ = self.clear(&[version]);
            return Err(PluginError::from(error).context("the entry was not stored"));
        }
        let freed = self.clear(&earlier).unwrap_or_else(|error| {
            log_warn(format!("an earlier version of an entry is left until the next start: {error}"));
            0
        });
        Ok((version, freed))
    }

    /// The newest version of `key` that is whole.
    ///
    /// # Errors
    /// `internal` where there are versions and none is whole.
    pub(crate) fn newest(&self, key: &KeyHash) -> Result<Option<Entry>, PluginError> {
        let versions = self.versions(key)?;
        for version in versions.iter().rev() {
            if let Some(entry) = self.read(version)? {
                return Ok(Some(entry));
            }
        }
        if versions.is_empty() {
            return Ok(None);
        }
        err(
            ErrorCode::Internal,
            "what is kept under this key was damaged in HAL9's memory: store it again, or delete it",
        )
    }

    /// One version of an entry; `None` where it is not there or not whole.
    pub(crate) fn read(&self, version: &Version) -> Result<Option<Entry>, HostError> {
        let Some(bytes) = self.memory.get(&version.record())? else { return Ok(None) };
        let mut parts = Vec::new();
        for number in 0..version.parts {
            let Some(part) = self.memory.get(&version.part(number))? else { return Ok(None) };
            parts.push(part);
        }
        Ok(record::read(&bytes, &parts, &version.content))
    }

    /// One version of an entry with the beginning of its value, as it is shown to a person: nothing is held against a
    /// hash. `None` where it is not there.
    pub(crate) fn glance(&self, version: &Version) -> Result<Option<Entry>, HostError> {
        let Some(bytes) = self.memory.get(&version.record())? else { return Ok(None) };
        let Some(mut entry) = record::glance(&bytes) else { return Ok(None) };
        if version.parts > 0 {
            entry.value = self.memory.get(&version.part(0))?.unwrap_or_default();
        }
        Ok(Some(entry))
    }

    /// Removes `key`; gives how many names were freed, or `None` where nothing was there.
    pub(crate) fn remove(&self, key: &KeyHash) -> Result<Option<usize>, PluginError> {
        let versions = self.versions(key)?;
        if versions.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.clear(&versions)?))
    }

    /// Lists the version of every entry that counts, and clears all others away.
    pub(crate) fn survey(&self) -> Result<BTreeMap<KeyHash, Version>, PluginError> {
        let mut entries: BTreeMap<KeyHash, Version> = BTreeMap::new();
        // Names are sorted by key, then by sequence: each one here is newer than what is there under its key.
        for version in self.memory.names(RECORDS)?.iter().filter_map(|name| Version::of_record(name)) {
            let Some(earlier) = entries.insert(version.key, version) else { continue };
            let stale = if self.read(&version)?.is_some() || self.read(&earlier)?.is_none() {
                earlier
            } else {
                entries.insert(version.key, earlier);
                version
            };
            self.clear(&[stale])?;
        }
        for name in self.memory.names(PARTS)? {
            if Version::of_part(&name).is_some_and(|version| entries.get(&version.key) != Some(&version)) {
                self.memory.delete(&name)?;
            }
        }
        Ok(entries)
    }

    fn versions(&self, key: &KeyHash) -> Result<Vec<Version>, HostError> {
        let names = self.memory.names(&names::records_of(key))?;
        Ok(names.iter().filter_map(|name| Version::of_record(name)).collect())
    }

    fn put(&self, version: &Version, record: &Record<'_>) -> Result<(), HostError> {
        for (number, part) in (0u8..).zip(&record.parts) {
            self.memory.set(&version.part(number), part)?;
        }
        self.memory.set(&version.record(), &record.bytes)
    }

    /// Clears versions away, the earliest first: were the newest to go first, one before it would come back to life if
    /// this were stopped in the middle.
    fn clear(&self, versions: &[Version]) -> Result<usize, HostError> {
        let mut freed = 0;
        for version in versions {
            freed += usize::from(self.memory.delete(&version.record())?);
        }
        for version in versions {
            for number in 0..version.parts {
                freed += usize::from(self.memory.delete(&version.part(number))?);
            }
        }
        Ok(freed)
    }
}
