//! One segment of the index as bytes: the words of some entries, each word once. Knows nothing of where segments are or
//! which of their entries still count.

use crate::analysis::{Counts, Lengths};
use crate::index::fields;
use crate::names::{ContentHash, KeyHash};
use hal9_plugin_sdk::{ErrorCode, PluginError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a segment begins with: the format and its version.
const MAGIC: [u8; 5] = *b"HCMS\x01";

/// Bytes of the hash (BLAKE3) that a segment ends with.
const HASH: usize = 8;

/// Entries with their words. Borrows the words.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Segment<'a> {
    /// All words, sorted: whoever looks them up elsewhere goes through that in one direction.
    #[serde(borrow)]
    words: Vec<&'a str>,
    entries: Vec<Item>,
}

/// An entry of a segment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) key: KeyHash,
    pub(crate) content: ContentHash,
    /// Words in its text, its metadata, its key.
    lengths: [u32; 3],
    /// For each of its words how far its number is from the one before, and its counts in one number: most often this is
    /// a byte for each.
    words: Vec<(u32, u32)>,
}

impl Item {
    pub(crate) fn lengths(&self) -> Lengths {
        let [text, metadata, key] = self.lengths;
        Lengths { text, metadata, key }
    }

    /// Its words: their numbers, and how often each occurs.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, Counts)> {
        self.words.iter().scan(0u32, |number, (distance, counts)| {
            *number = number.wrapping_add(*distance);
            Some((*number as usize, unpack(*counts)))
        })
    }
}

fn pack(counts: Counts) -> u32 {
    u32::from(counts.text) | u32::from(counts.metadata) << 16 | u32::from(counts.key) << 24
}

fn unpack(packed: u32) -> Counts {
    let [low, high, metadata, key] = packed.to_le_bytes();
    Counts { text: u16::from_le_bytes([low, high]), metadata, key }
}

impl<'a> Segment<'a> {
    /// All entries.
    pub(crate) fn entries(&self) -> &[Item] {
        &self.entries
    }

    /// All words; the numbers of [`Item::words`] count them.
    pub(crate) fn words(&self) -> &[&'a str] {
        &self.words
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
        let known = |item: &Item| item.words().all(|(number, _)| number < segment.words.len());
        (rest.is_empty() && segment.entries.iter().all(known)).then_some(segment)
    }
}

/// A segment in the making.
#[derive(Default)]
pub(crate) struct Builder<'a> {
    /// Numbers in the order in which words came.
    numbers: BTreeMap<&'a str, u32>,
    /// Entries whose words have such numbers in place of distances.
    entries: Vec<Item>,
}

impl<'a> Builder<'a> {
    /// Adds an entry, whose words come sorted.
    pub(crate) fn add(
        &mut self,
        key: KeyHash,
        content: ContentHash,
        lengths: Lengths,
        words: impl Iterator<Item = (&'a str, Counts)>,
    ) {
        let mut numbered = Vec::with_capacity(words.size_hint().0);
        for (word, counts) in words {
            let next = self.numbers.len() as u32;
            numbered.push((*self.numbers.entry(word).or_insert(next), pack(counts)));
        }
        self.entries.push(Item { key, content, lengths: fields(&lengths), words: numbered });
    }

    /// The segment.
    pub(crate) fn finish(mut self) -> Segment<'a> {
        let mut sorted = vec![0; self.numbers.len()];
        for (place, number) in (0u32..).zip(self.numbers.values()) {
            sorted[*number as usize] = place;
        }
        for item in &mut self.entries {
            let mut before = 0u32;
            for (number, _) in &mut item.words {
                let place = sorted[*number as usize];
                *number = place.wrapping_sub(before);
                before = place;
            }
        }
        Segment { words: self.numbers.into_keys().collect(), entries: self.entries }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
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
        let mut segment = Builder::default();
        for (number, terms) in (0u8..).zip(&terms) {
            segment.add([number; 32], [number; 16], terms.lengths, terms.words.iter().map(|(w, c)| (w.as_str(), *c)));
        }
        let bytes = segment.finish().encode().unwrap();
        let read = Segment::decode(&bytes).unwrap();
        assert_eq!(read.entries().len(), 3);
        for ((number, item), terms) in (0u8..).zip(read.entries()).zip(&terms) {
            let words: BTreeMap<String, Counts> =
                item.words().map(|(word, counts)| (read.words()[word].to_owned(), counts)).collect();
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
