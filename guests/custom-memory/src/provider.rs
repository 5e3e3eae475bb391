//! The provider: entries that are kept, and an index over them that is opened at the first use.
//! Knows nothing of WIT, of configuration, or of how HAL9's memory is reached.

use crate::analysis::{Stems, Terms, fold};
use crate::archive::Archive;
use crate::index::Index;
use crate::memory::Memory;
use crate::names::{Version, key_hash};
use crate::ranking::Query;
use crate::record::Record;
use crate::shelf::Shelf;
use crate::snippet;
use hal9_plugin_sdk::{ErrorCode, PluginError, SearchResult, err, log_warn};
use std::cell::RefCell;
use std::collections::HashMap;

/// Results of one search at most.
pub const MAX_RESULTS: usize = 100;

/// Names in HAL9's memory at most before a new entry is refused. That is some below the host's own bound (10 000), so
/// that a full provider can still replace entries, which takes a name or nine for a moment, and save its index.
pub const MAX_NAMES: usize = 9_900;

/// Bytes of text that one search goes through for the parts that fit. Results beyond come without a snippet.
const MAX_SHOWN: usize = 4 << 20;

/// Bytes of values that one call reads to catch up with entries that no segment covers.
const CATCH_UP: usize = 8 << 20;

/// A memory provider over some memory.
pub struct Provider<M> {
    memory: M,
    english: bool,
    opened: RefCell<Option<Opened>>,
}

/// What is read from HAL9's memory at the first use.
struct Opened {
    index: Index,
    shelf: Shelf,
    /// Entries that count and are not in the index yet.
    missing: Vec<Version>,
    /// Names that entries take up in HAL9's memory.
    names: usize,
}

impl<M: Memory> Provider<M> {
    /// A provider over `memory`, which searches with English stems or with none. Reads nothing yet.
    pub fn new(memory: M, english: bool) -> Self {
        Self { memory, english, opened: RefCell::new(None) }
    }

    /// Keeps `value` under `key`. When this returns `Ok`, it is there after a restart; else what was there still is, unless
    /// HAL9's memory did what it reported as failed.
    ///
    /// # Errors
    /// `limit-exceeded` for an entry that is too large or has too many different words, and where there are too many;
    /// `unavailable` while the index is being rebuilt; else what HAL9's memory says.
    pub fn store(&mut self, key: &str, value: &[u8], metadata: &HashMap<String, String>) -> Result<(), PluginError> {
        if key.is_empty() {
            return err(ErrorCode::InvalidInput, "the key is empty; name what is to be kept");
        }
        let record = Record::new(key, value, metadata)?;
        let Some(terms) = terms(key, value, metadata) else {
            return err(
                ErrorCode::LimitExceeded,
                "the value has too many different words to be found by them: store it in several entries",
            );
        };
        let key = key_hash(key);
        let written = self.with_index(|memory, opened| {
            let names = opened.names + opened.shelf.names() + 1 + record.parts.len();
            if opened.index.get(&key).is_none() && names > MAX_NAMES {
                return err(
                    ErrorCode::LimitExceeded,
                    format!("{} entries are as many as fit: delete some", opened.index.len()),
                );
            }
            if !opened.index.fits(&key, &terms) {
                return err(ErrorCode::LimitExceeded, "the index is full: delete entries that are no longer needed");
            }
            let (version, freed) = Archive::new(memory).write(&key, &record)?;
            opened.names = (opened.names + version.names()).saturating_sub(freed);
            if let Some(replaced) = opened.index.remove(&key) {
                opened.shelf.forget(&replaced);
            }
            opened.add(version, terms, value.len());
            opened.shelf.settle(memory, &mut opened.index);
            Ok(())
        });
        self.reopen_unless_sure(&written);
        written
    }

    /// What is kept under `key`: the value and the facts about it.
    ///
    /// # Errors
    /// `internal` where it is damaged; else what HAL9's memory says.
    #[expect(clippy::type_complexity, reason = "it is the SDK's")]
    pub fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, HashMap<String, String>)>, PluginError> {
        let entry = Archive::new(&self.memory).newest(&key_hash(key))?;
        Ok(entry.map(|entry| (entry.value, entry.metadata)))
    }

    /// The best `limit` entries for a query in words, [`MAX_RESULTS`] at most, best first.
    ///
    /// # Errors
    /// `unavailable` while the index is being rebuilt; else what HAL9's memory says.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<SearchResult>, PluginError> {
        if limit == 0 || query.trim().is_empty() {
            return Ok(Vec::new());
        }
        self.with_index(|memory, Opened { index, .. }| {
            let query = Query::new(query, index);
            let matches = query.matches();
            let fits = |word: &str| matches.get(&index.find(&fold(word))?).copied();
            let archive = Archive::new(memory);
            let mut results = Vec::new();
            let mut left = MAX_SHOWN;
            for (document, score) in query.rank(index) {
                if results.len() == limit.min(MAX_RESULTS) {
                    break;
                }
                // What was removed by another instance, or damaged, is passed over.
                let Some(entry) = archive.glance(&index.document(document).version)? else { continue };
                let text = beginning(&entry.value, left);
                left -= text.len();
                let snippet = if left > 0 { shown(text, &entry.metadata, fits) } else { String::new() };
                results.push(SearchResult { key: entry.key, score, snippet, metadata: entry.metadata });
            }
            Ok(results)
        })
    }

    /// Forgets `key`; `false` where there was nothing.
    ///
    /// # Errors
    /// What HAL9's memory says. The entry is then there, or it is not.
    pub fn delete(&mut self, key: &str) -> Result<bool, PluginError> {
        let key = key_hash(key);
        let removed = Archive::new(&self.memory).remove(&key);
        self.reopen_unless_sure(&removed);
        let freed = removed?;
        if let Some(opened) = self.opened.get_mut() {
            opened.names = opened.names.saturating_sub(freed.unwrap_or(0));
            opened.missing.retain(|version| version.key != key);
            if let Some(document) = opened.index.remove(&key) {
                opened.shelf.forget(&document);
            }
        }
        Ok(freed.is_some())
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// Those of [`Provider::search`].
    pub fn entries(&self) -> Result<usize, PluginError> {
        self.with_index(|_, opened| Ok(opened.index.len()))
    }

    /// Lets `body` work with the index, which is opened or brought up to date first.
    fn with_index<R>(&self, body: impl FnOnce(&M, &mut Opened) -> Result<R, PluginError>) -> Result<R, PluginError> {
        let mut slot = self.opened.borrow_mut();
        let opened = match &mut *slot {
            Some(opened) => opened,
            empty => empty.insert(Opened::new(&self.memory, Stems::new(self.english))?),
        };
        opened.catch_up(&self.memory)?;
        body(&self.memory, opened)
    }

    /// After a failure that leaves it open what is in HAL9's memory, has the next call look.
    fn reopen_unless_sure<R>(&mut self, result: &Result<R, PluginError>) {
        if result.as_ref().is_err_and(|error| error.code != ErrorCode::LimitExceeded) {
            *self.opened.get_mut() = None;
        }
    }
}

impl Opened {
    fn new(memory: &impl Memory, stems: Stems) -> Result<Self, PluginError> {
        let mut entries = Archive::new(memory).survey()?;
        let names = entries.values().map(Version::names).sum();
        let mut index = Index::new(stems);
        let shelf = Shelf::open(memory, &entries, &mut index)?;
        entries.retain(|key, _| index.get(key).is_none());
        Ok(Self { index, shelf, missing: entries.into_values().collect(), names })
    }

    /// Reads entries that no segment covers: the last few that were stored before the instance was dropped, or more
    /// where segments were damaged. What is done is saved, so that a call that ends here has brought the next one nearer.
    fn catch_up(&mut self, memory: &impl Memory) -> Result<(), PluginError> {
        let mut read = 0;
        while let Some(version) = self.missing.pop() {
            if read > CATCH_UP {
                self.missing.push(version);
                let message =
                    format!("the index is being rebuilt, with {} entries to go: call again", self.missing.len());
                return err(ErrorCode::Unavailable, message);
            }
            let Some(entry) = Archive::new(memory).read(&version)? else {
                log_warn("an entry is damaged, and cannot be found by its words");
                continue;
            };
            let bytes = entry.value.len();
            read += bytes;
            let Some(terms) = terms(&entry.key, &entry.value, &entry.metadata) else { continue };
            self.add(version, terms, bytes);
            self.shelf.settle(memory, &mut self.index);
        }
        Ok(())
    }

    /// Adds an entry that is in no segment yet, and whose key is not in the index. Its value has so many bytes.
    fn add(&mut self, version: Version, terms: Terms, bytes: usize) {
        let words: Vec<_> = terms.words.iter().map(|(word, counts)| (self.index.word(word), *counts)).collect();
        self.index.add(version, 0, terms.lengths, &words);
        self.shelf.add(version, terms, bytes);
    }
}

fn terms(key: &str, value: &[u8], metadata: &HashMap<String, String>) -> Option<Terms> {
    Terms::of(key, value, metadata.iter().map(|(name, fact)| (name.as_str(), fact.as_str())))
}

/// As much of a value as is text, and no more than `most` bytes; nothing of a value that is none.
fn beginning(value: &[u8], most: usize) -> &str {
    let text = match str::from_utf8(value) {
        Ok(text) => text,
        // Cut in the middle of a character: the beginning of a longer value.
        Err(error) if error.error_len().is_none() => str::from_utf8(&value[..error.valid_up_to()]).unwrap_or_default(),
        Err(_) => "",
    };
    &text[..text.floor_char_boundary(most)]
}

/// The part of an entry that fits: of its text, else of its metadata, else the beginning.
fn shown(text: &str, metadata: &HashMap<String, String>, fits: impl Fn(&str) -> Option<usize>) -> String {
    snippet::cut(text, &fits).unwrap_or_else(|| {
        let facts = metadata.iter().filter_map(|(name, fact)| snippet::cut(&format!("{name}: {fact}"), &fits));
        facts.min().unwrap_or_else(|| snippet::beginning(text))
    })
}
