//! An entry as bytes: a header with its key and metadata, and its value in the same value of HAL9's memory or in parts.
//! Knows nothing of where the bytes are kept.

use crate::names::ContentHash;
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Bytes in one value of HAL9's memory at most: its default limit `memory_value`.
pub(crate) const VALUE_LIMIT: usize = 1 << 20;

/// Bytes in a value that is stored at most. A store and a retrieve hold one copy of it, beside the index.
pub const MAX_VALUE: usize = 8 << 20;

/// Bytes in a key and its metadata together at most.
pub const MAX_HEADER: usize = VALUE_LIMIT / 4;

/// What a record begins with: the format and its version.
const MAGIC: [u8; 5] = *b"HCMR\x01";

/// What is kept about a value, before the value itself.
#[derive(Serialize, Deserialize)]
struct Header<'a> {
    key: &'a str,
    #[serde(borrow)]
    metadata: BTreeMap<&'a str, &'a str>,
    /// Bytes in the value.
    length: u64,
}

/// An entry, ready to be written.
pub(crate) struct Record<'a> {
    /// The first thing in memory: the header, and the value where there are no parts.
    pub(crate) bytes: Vec<u8>,
    /// The value in parts, where it does not fit behind the header.
    pub(crate) parts: Vec<&'a [u8]>,
    /// The hash of it all.
    pub(crate) content: ContentHash,
}

impl<'a> Record<'a> {
    /// Makes the record of an entry.
    ///
    /// # Errors
    /// `limit-exceeded` for more than [`MAX_VALUE`] or [`MAX_HEADER`].
    pub(crate) fn new(key: &str, value: &'a [u8], metadata: &HashMap<String, String>) -> Result<Self, PluginError> {
        let size = key.len() + metadata.iter().map(|(name, fact)| name.len() + fact.len()).sum::<usize>();
        if size > MAX_HEADER {
            let message = format!(
                "the key and the metadata have {size} bytes, and {MAX_HEADER} are the most that one entry may have"
            );
            return err(ErrorCode::LimitExceeded, message);
        }
        if value.len() > MAX_VALUE {
            let message =
                format!("the value has {} bytes, and {MAX_VALUE} are the most that one entry may have", value.len());
            return err(ErrorCode::LimitExceeded, message);
        }
        let mut header = Header { key, metadata: BTreeMap::new(), length: value.len() as u64 };
        header.metadata.extend(metadata.iter().map(|(name, fact)| (name.as_str(), fact.as_str())));
        let mut bytes = encode(&header)?;
        let content = hash(&bytes, value);
        if bytes.len() + value.len() > VALUE_LIMIT {
            return Ok(Self { bytes, parts: value.chunks(VALUE_LIMIT).collect(), content });
        }
        bytes.extend_from_slice(value);
        Ok(Self { bytes, parts: Vec::new(), content })
    }
}

/// An entry, as it was stored.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    pub(crate) metadata: HashMap<String, String>,
}

/// Reads an entry back from its record and the parts of its value. `None` where anything is missing, changed or not what
/// `content` says.
pub(crate) fn read(bytes: &[u8], parts: &[Vec<u8>], content: &ContentHash) -> Option<Entry> {
    let (header, inline) = decode(bytes)?;
    let value = if parts.is_empty() { inline.to_vec() } else { parts.concat() };
    let head = &bytes[..bytes.len() - inline.len()];
    if value.len() as u64 != header.length || hash(head, &value) != *content {
        return None;
    }
    Some(header.entry(value))
}

/// Reads an entry from its record alone, with as much of its value as is in there. Nothing is held against a hash.
pub(crate) fn glance(bytes: &[u8]) -> Option<Entry> {
    let (header, inline) = decode(bytes)?;
    Some(header.entry(inline.to_vec()))
}

impl Header<'_> {
    fn entry(self, value: Vec<u8>) -> Entry {
        let metadata = self.metadata.into_iter().map(|(name, fact)| (name.to_owned(), fact.to_owned())).collect();
        Entry { key: self.key.to_owned(), value, metadata }
    }
}

fn decode(bytes: &[u8]) -> Option<(Header<'_>, &[u8])> {
    postcard::take_from_bytes(bytes.strip_prefix(&MAGIC)?).ok()
}

fn encode(header: &Header<'_>) -> Result<Vec<u8>, PluginError> {
    postcard::to_extend(header, MAGIC.to_vec())
        .map_err(|error| PluginError::new(ErrorCode::Internal, format!("cannot write the entry's header: {error}")))
}

fn hash(header: &[u8], value: &[u8]) -> ContentHash {
    let hash = blake3::Hasher::new().update(header).update(value).finalize();
    let mut content = ContentHash::default();
    content.copy_from_slice(&hash.as_bytes()[..16]);
    content
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn round_trip(value: &[u8], parts: usize) {
        let metadata = HashMap::from([("author".to_owned(), "Ada".to_owned()), ("empty".to_owned(), String::new())]);
        let record = Record::new("a/key", value, &metadata).unwrap();
        assert_eq!(record.parts.len(), parts);
        assert!(record.bytes.len() <= VALUE_LIMIT && record.parts.iter().all(|part| part.len() <= VALUE_LIMIT));
        let parts: Vec<Vec<u8>> = record.parts.iter().map(|part| part.to_vec()).collect();
        let entry = read(&record.bytes, &parts, &record.content).unwrap();
        assert_eq!((entry.key.as_str(), entry.value.as_slice(), &entry.metadata), ("a/key", value, &metadata));

        // Each look hashes the value: at every byte where there are few, at some where there are many.
        for at in (0..record.bytes.len()).step_by(1 + value.len() / 4) {
            let mut changed = record.bytes.clone();
            changed[at] ^= 1;
            assert!(read(&changed, &parts, &record.content).is_none(), "byte {at} was changed");
            assert!(read(&record.bytes[..at], &parts, &record.content).is_none(), "cut at {at}");
        }
        if let Some((_, rest)) = parts.split_first() {
            assert!(read(&record.bytes, rest, &record.content).is_none(), "a part is missing");
        }
    }

    #[test]
    fn entries_of_any_size_come_back_and_damaged_ones_do_not() {
        round_trip(b"", 0);
        round_trip(b"text", 0);
        round_trip(&vec![7; VALUE_LIMIT - 100], 0);
        round_trip(&vec![7; VALUE_LIMIT], 1);
        round_trip(&vec![7; VALUE_LIMIT + 1], 2);
        round_trip(&vec![7; MAX_VALUE], 8);
    }

    #[test]
    fn what_is_too_large_is_refused_with_its_size() {
        let error = Record::new("k", &vec![0; MAX_VALUE + 1], &HashMap::new()).err().unwrap();
        assert!(error.code == ErrorCode::LimitExceeded && error.message.contains("8388609"), "{error}");
        let error = Record::new(&"k".repeat(MAX_HEADER + 1), b"", &HashMap::new()).err().unwrap();
        assert_eq!(error.code, ErrorCode::LimitExceeded);
    }
}
