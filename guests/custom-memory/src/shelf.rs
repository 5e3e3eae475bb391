//! The segments in HAL9's memory: which there are, when the next one is written, and which are merged into it. They hold
//! nothing that the entries do not hold: without them the index is built from the entries, only more slowly.
//! Knows nothing of values.
//!
//! A new segment takes in those that are no larger than itself, so that each entry is written again about as often as
//! its segment doubles, and there are few segments (the logarithmic method of Bentley and Saxe 1980).

use crate::analysis::Terms;
use crate::index::{Document, Index};
use crate::memory::Memory;
use crate::names::{self, KeyHash, SEGMENTS, Version};
use crate::record::VALUE_LIMIT;
use crate::segment::{Builder, Segment};
use hal9_plugin_sdk::{HostError, PluginError, log_warn};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of new words that are worth a segment.
const DUE: usize = 64 << 10;

/// Bytes of new values that are worth a segment, however few words they have. After an instance was dropped, as much as
/// this is read from the entries and some.
const DUE_VALUES: usize = 1 << 20;

/// Bytes in a segment at most: together with [`crate::analysis::MAX_TERMS`] less than one value of HAL9's memory.
const MAX_SEGMENT: usize = VALUE_LIMIT - (64 << 10);

/// The segments, and what is in none yet.
pub(crate) struct Shelf {
    segments: BTreeMap<u32, Info>,
    /// Entries whose words are in no segment yet.
    fresh: BTreeMap<KeyHash, (Version, Terms)>,
    fresh_size: usize,
    /// Bytes of values that came since the last segment.
    values: usize,
    /// The size of `fresh` at which the next segment is written.
    due: usize,
    /// The number of the next segment, above that of any name that is taken.
    next: u32,
}

/// What is known of a segment without reading it.
struct Info {
    /// Bytes.
    size: usize,
    /// Entries in it.
    entries: usize,
    /// Those that still count.
    live: usize,
}

impl Info {
    /// Bytes that its entries would take up without the others.
    fn live_size(&self) -> usize {
        self.size * self.live / self.entries.max(1)
    }
}

impl Shelf {
    /// Reads all segments, and adds to the index what they say of the entries that count.
    pub(crate) fn open(
        memory: &impl Memory,
        entries: &BTreeMap<KeyHash, Version>,
        index: &mut Index,
    ) -> Result<Self, HostError> {
        let mut shelf =
            Self { segments: BTreeMap::new(), fresh: BTreeMap::new(), fresh_size: 0, values: 0, due: DUE, next: 1 };
        for name in memory.names(SEGMENTS)? {
            let Some(number) = names::segment_number(&name) else { continue };
            shelf.next = number.saturating_add(1);
            let bytes = memory.get(&name)?.unwrap_or_default();
            if let Some(segment) = Segment::decode(&bytes) {
                shelf.segments.insert(number, load(&segment, number, bytes.len(), entries, index));
            } else {
                log_warn(format!("segment {number} is damaged: its entries are read instead"));
                memory.delete(&name)?;
            }
        }
        Ok(shelf)
    }

    /// How many names the segments take up.
    pub(crate) fn names(&self) -> usize {
        self.segments.len()
    }

    /// Takes in the words of an entry that was added to the index as one of no segment. Its value has so many bytes.
    pub(crate) fn add(&mut self, version: Version, terms: Terms, bytes: usize) {
        self.fresh_size += terms.size;
        self.values += bytes;
        self.fresh.insert(version.key, (version, terms));
    }

    /// Lets go of an entry that was removed from the index.
    pub(crate) fn forget(&mut self, document: &Document) {
        if let Some((_, terms)) = self.fresh.remove(&document.version.key) {
            self.fresh_size -= terms.size;
        }
        if let Some(info) = self.segments.get_mut(&document.segment) {
            info.live = info.live.saturating_sub(1);
        }
    }

    /// Writes a segment, if one is due. One that cannot be written is tried again when there is twice as much.
    pub(crate) fn settle(&mut self, memory: &impl Memory, index: &mut Index) {
        if self.fresh_size < self.due && self.values < DUE_VALUES {
            return;
        }
        self.values = 0;
        self.due = match self.write(memory, index) {
            Ok(()) => DUE,
            Err(error) => {
                log_warn(format!("the index is not saved, so that the next start takes longer: {error}"));
                self.fresh_size.saturating_mul(2).max(DUE)
            }
        };
    }

    fn write(&mut self, memory: &impl Memory, index: &mut Index) -> Result<(), PluginError> {
        let merged = self.to_merge();
        let mut sources = Vec::new();
        for number in &merged {
            if self.segments.get(number).is_some_and(|info| info.live > 0) {
                sources.push((*number, memory.get(&names::segment(*number))?.unwrap_or_default()));
            }
        }
        let mut builder = Builder::default();
        for (version, terms) in self.fresh.values() {
            builder.add(
                version.key,
                version.content,
                terms.lengths,
                terms.words.iter().map(|(word, counts)| (word.as_str(), *counts)),
            );
        }
        for (number, bytes) in &sources {
            // Of one that was whole at first and is not now, the next start reads the entries.
            let Some(source) = Segment::decode(bytes) else { continue };
            for item in source.entries() {
                let counts =
                    |document: &Document| document.segment == *number && document.version.content == item.content;
                if index.get(&item.key).is_some_and(counts) {
                    let words = item.words().map(|(word, counts)| (source.words()[word], counts));
                    builder.add(item.key, item.content, item.lengths(), words);
                }
            }
        }
        let segment = builder.finish();
        let bytes = segment.encode()?;
        let number = self.next;
        memory.set(&names::segment(number), &bytes)?;
        self.next = number.saturating_add(1);
        let entries = segment.entries().len();
        segment.entries().iter().for_each(|item| index.set_segment(&item.key, number));
        self.segments.insert(number, Info { size: bytes.len(), entries, live: entries });
        self.fresh.clear();
        self.fresh_size = 0;
        for number in merged {
            // What stays behind is found to be a double at the next start.
            memory.delete(&names::segment(number))?;
            self.segments.remove(&number);
        }
        Ok(())
    }

    /// The segments that the next one takes in: the smallest, as long as they are no larger than what it has by then.
    fn to_merge(&self) -> Vec<u32> {
        let mut by_size = BTreeSet::new();
        by_size.extend(self.segments.iter().map(|(number, info)| (info.live_size(), *number)));
        let mut size = self.fresh_size;
        let fits = |(smaller, _): &(usize, u32)| {
            let fits = *smaller <= size && size + smaller <= MAX_SEGMENT;
            size += smaller;
            fits
        };
        by_size.into_iter().take_while(fits).map(|(_, number)| number).collect()
    }
}

/// Adds to the index the entries of a segment that count and are not there yet.
fn load(
    segment: &Segment<'_>,
    number: u32,
    size: usize,
    entries: &BTreeMap<KeyHash, Version>,
    index: &mut Index,
) -> Info {
    let ids: Vec<_> = segment.words().iter().map(|word| index.word(word)).collect();
    let mut live = 0;
    for item in segment.entries() {
        let version = entries.get(&item.key).filter(|version| version.content == item.content);
        let Some(version) = version.filter(|version| index.get(&version.key).is_none()) else { continue };
        let words: Vec<_> = item.words().map(|(word, counts)| (ids[word], counts)).collect();
        index.add(*version, number, item.lengths(), &words);
        live += 1;
    }
    Info { size, entries: segment.entries().len(), live }
}
