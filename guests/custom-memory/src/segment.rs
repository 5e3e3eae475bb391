//! One segment of the index as bytes: the words of some entries, each word once. Knows nothing of where segments are or
//! which of their entries still count.

use crate::analysis::{Counts, Lengths};
use crate::names::{ContentHash, KeyHash};
use hal9_plugin_sdk::{ErrorCode, PluginError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a segment begins with: the format and its version.
const MAGIC: [u8; 5] = *b"HCMS\x01";

/// Bytes of the hash (BLAKE3) that a segment ends with.
const HASH: usize = 8;

/// Entries with their words. Borrows the words.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Segment<'a> {
    #[serde(borrow)]
    words: Vec<&'a str>,
    entries: Vec<Item>,
    #[serde(skip)]
    numbers: BTreeMap<&'a str, u32>,
}

/// An entry of a segment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) key: KeyHash,
    pub(crate) content: ContentHash,
    /// Words in its text, its metadata, its key.
    lengths: [u32; 3],
    /// For each word its number, and how often it is in the text, the metadata, the key.
    words: Vec<(u32, u16, u8, u8)>,
}

impl Item {
    pub(crate) fn lengths(&self) -> Lengths {
        let [text, metadata, key] = self.lengths;
        Lengths { text, metadata, key }
    }
}

impl<'a> Segment<'a> {
    /// Adds an entry.
    pub(crate) fn add(
        &mut self,
        key: KeyHash,
        content: ContentHash,
        lengths: Lengths,
        words: impl Iterator<Item = (&'a str, Counts)>,
    ) {
        let mut numbered = Vec::with_capacity(words.size_hint().0);
        for (word, counts) in words {
            let number = *self.numbers.entry(word).or_insert_with(|| {
                self.words.push(word);
                (self.words.len() - 1) as u32
            });
            numbered.push((number, counts.text, counts.metadata, counts.key));
        }
        let lengths = [lengths.text, lengths.metadata, lengths.key];
        self.entries.push(Item { key, content, lengths, words: numbered });
    }

    /// All entries.
    pub(crate) fn entries(&self) -> &[Item] {
        &self.entries
    }

    /// All words; the numbers of [`Segment::words_of`] count them.
    pub(crate) fn words(&self) -> &[&'a str] {
        &self.words
    }

    /// The words of an entry: their numbers, and how often they occur in it.
    pub(crate) fn words_of(&self, item: &Item) -> impl Iterator<Item = (usize, Counts)> {
        item.words.iter().map(|&(number, text, metadata, key)| (number as usize, Counts { text, metadata, key }))
    }

    /// The segment as bytes.
    ///
    /// # Errors
    /// `internal` where it cannot be written, which no segment is known to cause.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, PluginError> {
        let mut bytes = postcard::to_extend(self, MAGIC.to_vec())
            .map_err(|error| PluginError::new(ErrorCode::Internal, format!("cannot write a segment: {error}")))?;
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(&hash.as_bytes()[..HASH]);
        Ok(bytes)
    }

    /// The segment that these bytes are; `None` where they are none, or were changed.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
        if blake3::hash(body).as_bytes()[..HASH] != *hash {
            return None;
        }
        let (segment, rest): (Self, &[u8]) = postcard::take_from_bytes(body.strip_prefix(&MAGIC)?).ok()?;
        let known = |item: &Item| item.words.iter().all(|(number, ..)| (*number as usize) < segment.words.len());
        (rest.is_empty() && segment.entries.iter().all(known)).then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Terms;

    #[test]
    fn a_segment_comes_back_and_a_damaged_one_does_not() {
        let texts = ["red green red", "green blue", ""];
        let terms: Vec<Terms> = texts
            .iter()
            .map(|text| Terms::of("key", text.as_bytes(), [("color", "red")].into_iter()).unwrap())
            .collect();
        let mut segment = Segment::default();
        for (number, terms) in (0u8..).zip(&terms) {
            segment.add([number; 32], [number; 16], terms.lengths, terms.words.iter().map(|(w, c)| (w.as_str(), *c)));
        }
        let bytes = segment.encode().unwrap();
        let read = Segment::decode(&bytes).unwrap();
        assert_eq!(read.entries().len(), 3);
        for ((number, item), terms) in (0u8..).zip(read.entries()).zip(&terms) {
            let words: BTreeMap<String, Counts> =
                read.words_of(item).map(|(word, counts)| (read.words()[word].to_owned(), counts)).collect();
            assert_eq!((item.key, item.content, item.lengths()), ([number; 32], [number; 16], terms.lengths));
            assert_eq!(words, terms.words);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Segment::decode(&changed).is_none(), "byte {at} was changed");
            assert!(Segment::decode(&bytes[..at]).is_none(), "cut at {at}");
        }
    }
}
