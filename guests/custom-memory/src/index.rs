//! The index in memory: which words there are and which entries they occur in. Knows nothing of how entries are kept,
//! nor of how good a match is.
//!
//! A removed entry is only marked; its postings go when enough of them have gathered, so that removing costs what the
//! entry is worth and not what the index is.

use crate::analysis::{Counts, Lengths, Stems, Terms};
use crate::names::{KeyHash, Version};
use std::collections::BTreeMap;

/// Bytes that the index may take up, as [`Index::size`] counts them. Lists grow by doubling, so that the worst is twice
/// that, which leaves room for an entry in an instance of 64 MiB.
pub(crate) const MAX_INDEX: usize = 22 << 20;

/// What an entry adds to the size beside its postings.
const DOCUMENT_SIZE: usize = 136;
/// What a posting adds.
const POSTING_SIZE: usize = size_of::<Posting>();
/// What a word adds beside its letters, in both trees and the list.
const WORD_SIZE: usize = 72;

/// A word of the vocabulary.
pub(crate) type WordId = u32;

/// An entry, as the index numbers it.
pub(crate) type DocumentId = u32;

/// A word occurs in an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posting {
    pub(crate) document: DocumentId,
    pub(crate) counts: Counts,
}

/// An entry in the index.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) version: Version,
    pub(crate) lengths: Lengths,
    /// The segment that has its words; 0 for none yet.
    pub(crate) segment: u32,
    /// Words in it.
    words: u32,
    /// `false` once it was removed.
    live: bool,
}

#[derive(Debug)]
struct Word {
    postings: Vec<Posting>,
    /// The next word with the same stem.
    sibling: Option<WordId>,
}

/// The index.
pub(crate) struct Index {
    stems: Stems,
    vocabulary: BTreeMap<Box<str>, WordId>,
    /// The last word added for each stem; the others follow as siblings.
    families: BTreeMap<Box<str>, WordId>,
    words: Vec<Word>,
    documents: Vec<Document>,
    keys: BTreeMap<KeyHash, DocumentId>,
    /// Sums over the entries that live.
    totals: [u64; 3],
    size: usize,
}

impl Index {
    pub(crate) fn new(stems: Stems) -> Self {
        Self {
            stems,
            vocabulary: BTreeMap::new(),
            families: BTreeMap::new(),
            words: Vec::new(),
            documents: Vec::new(),
            keys: BTreeMap::new(),
            totals: [0; 3],
            size: 0,
        }
    }

    /// Adds an entry, whose key MUST NOT be there. `words` has the numbers of its words, each once.
    pub(crate) fn add(&mut self, version: Version, segment: u32, lengths: Lengths, words: &[(WordId, Counts)]) {
        let document = self.documents.len() as DocumentId;
        for (id, counts) in words {
            self.words[*id as usize].postings.push(Posting { document, counts: *counts });
        }
        self.documents.push(Document { version, lengths, segment, words: words.len() as u32, live: true });
        self.keys.insert(version.key, document);
        for (total, length) in self.totals.iter_mut().zip(fields(&lengths)) {
            *total += u64::from(length);
        }
        self.size += DOCUMENT_SIZE + words.len() * POSTING_SIZE;
    }

    /// The number of a word, which is new or was met before. It holds until an entry is removed.
    pub(crate) fn word(&mut self, word: &str) -> WordId {
        match self.vocabulary.get(word) {
            Some(id) => *id,
            None => self.insert(word.into()),
        }
    }

    /// Removes an entry; gives what it was.
    pub(crate) fn remove(&mut self, key: &KeyHash) -> Option<Document> {
        let id = self.keys.remove(key)?;
        let document = self.documents.get_mut(id as usize)?;
        document.live = false;
        let removed = document.clone();
        for (total, length) in self.totals.iter_mut().zip(fields(&removed.lengths)) {
            *total -= u64::from(length);
        }
        if self.documents.len() - self.keys.len() > self.keys.len() / 4 + 64 {
            self.sweep();
        }
        Some(removed)
    }

    /// Whether an entry with these words fits, in place of what is there under its key. Sweeps where that decides it.
    pub(crate) fn fits(&mut self, key: &KeyHash, terms: &Terms) -> bool {
        let added: usize = terms
            .words
            .keys()
            .map(|word| POSTING_SIZE + if self.vocabulary.contains_key(word.as_str()) { 0 } else { word_size(word) })
            .sum();
        let freed = self.get(key).map_or(0, |document| DOCUMENT_SIZE + document.words as usize * POSTING_SIZE);
        let fits = |size: usize| size + DOCUMENT_SIZE + added <= MAX_INDEX + freed;
        if !fits(self.size) && self.documents.len() > self.keys.len() {
            self.sweep();
        }
        fits(self.size)
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// About how many bytes the index takes up.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: &KeyHash) -> Option<&Document> {
        self.documents.get(*self.keys.get(key)? as usize)
    }

    /// Says that the words of an entry are in a segment now.
    pub(crate) fn set_segment(&mut self, key: &KeyHash, segment: u32) {
        let document = self.keys.get(key).and_then(|id| self.documents.get_mut(*id as usize));
        if let Some(document) = document {
            document.segment = segment;
        }
    }

    /// The entry of a number that a posting has.
    pub(crate) fn document(&self, id: DocumentId) -> &Document {
        &self.documents[id as usize]
    }

    /// The bound of the numbers that postings have.
    pub(crate) fn documents(&self) -> usize {
        self.documents.len()
    }

    /// How many words the text, the metadata and the key of an entry have on average.
    pub(crate) fn averages(&self) -> [f32; 3] {
        self.totals.map(|total| total as f32 / self.len().max(1) as f32)
    }

    /// The words that have the stem of a folded word, itself among them.
    pub(crate) fn forms<'i>(&'i self, word: &str) -> impl Iterator<Item = WordId> + use<'i> {
        let first = self.families.get(self.stems.stem(word).as_ref()).copied();
        std::iter::successors(first, |id| self.words[*id as usize].sibling)
    }

    /// The words that begin with a prefix.
    pub(crate) fn beginning_with<'i>(&'i self, prefix: &'i str) -> impl Iterator<Item = WordId> + use<'i> {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        self.vocabulary.range::<str, _>(from).take_while(move |(word, _)| word.starts_with(prefix)).map(|(_, id)| *id)
    }

    /// The number of a folded word.
    pub(crate) fn find(&self, word: &str) -> Option<WordId> {
        self.vocabulary.get(word).copied()
    }

    /// Where a word occurs.
    pub(crate) fn postings(&self, word: WordId) -> impl Iterator<Item = &Posting> {
        self.words[word as usize].postings.iter().filter(|posting| self.document(posting.document).live)
    }

    fn insert(&mut self, word: Box<str>) -> WordId {
        let id = self.words.len() as WordId;
        let sibling = self.families.insert(self.stems.stem(&word).into(), id);
        self.words.push(Word { postings: Vec::new(), sibling });
        self.size += word_size(&word);
        self.vocabulary.insert(word, id);
        id
    }

    /// Lets go of removed entries, and of words that occurred in no others.
    fn sweep(&mut self) {
        let mut renumbered = Vec::with_capacity(self.documents.len());
        let mut kept = 0;
        self.documents.retain(|document| {
            renumbered.push(document.live.then_some(kept));
            kept += DocumentId::from(document.live);
            document.live
        });
        self.keys.clear();
        self.keys.extend((0..).zip(&self.documents).map(|(id, document)| (document.version.key, id)));
        self.families.clear();
        let mut words = std::mem::take(&mut self.words);
        self.size = self.documents.len() * DOCUMENT_SIZE;
        for (word, id) in std::mem::take(&mut self.vocabulary) {
            let mut postings = std::mem::take(&mut words[id as usize].postings);
            postings.retain_mut(|posting| match renumbered[posting.document as usize] {
                Some(document) => {
                    posting.document = document;
                    true
                }
                None => false,
            });
            if !postings.is_empty() {
                postings.shrink_to_fit();
                self.size += postings.len() * POSTING_SIZE;
                let id = self.insert(word);
                self.words[id as usize].postings = postings;
            }
        }
    }
}

/// The lengths of the fields in the order of [`Index::averages`].
pub(crate) fn fields(lengths: &Lengths) -> [u32; 3] {
    [lengths.text, lengths.metadata, lengths.key]
}

fn word_size(word: &str) -> usize {
    WORD_SIZE + 2 * word.len()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::names::key_hash;

    fn version(key: &str) -> Version {
        Version { key: key_hash(key), sequence: 1, content: [0; 16], parts: 0 }
    }

    fn add(index: &mut Index, key: &str, text: &str) {
        let terms = Terms::of("", text.as_bytes(), std::iter::empty()).unwrap();
        index.remove(&key_hash(key));
        let words: Vec<_> = terms.words.iter().map(|(word, counts)| (index.word(word), *counts)).collect();
        index.add(version(key), 0, terms.lengths, &words);
    }

    /// The keys, out of `keys`, whose entries have a word, and how often.
    fn find(index: &Index, word: &str, keys: &[&str]) -> Vec<(String, u16)> {
        let postings = index.find(word).into_iter().flat_map(|id| index.postings(id));
        let name = |posting: &Posting| {
            let key = index.document(posting.document).version.key;
            keys.iter().find(|name| key_hash(name) == key).unwrap().to_string()
        };
        postings.map(|posting| (name(posting), posting.counts.text)).collect()
    }

    #[test]
    fn what_was_added_is_found_until_it_is_removed() {
        let mut index = Index::new(Stems::new(true));
        add(&mut index, "a", "red red green");
        add(&mut index, "b", "red blue");
        assert_eq!(find(&index, "red", &["a", "b"]), [("a".into(), 2), ("b".into(), 1)]);
        assert_eq!(index.averages()[0], 2.5);
        add(&mut index, "a", "yellow");
        assert_eq!(find(&index, "red", &["b"]), [("b".into(), 1)]);
        assert!(index.remove(&key_hash("b")).is_some() && index.remove(&key_hash("b")).is_none());
        assert!(find(&index, "red", &[]).is_empty());
        assert_eq!((index.len(), index.averages()[0]), (1, 1.0));
    }

    #[test]
    fn sweeping_changes_nothing_but_the_size() {
        let mut index = Index::new(Stems::new(true));
        let keys: Vec<String> = (0..500).map(|i| format!("k{i}")).collect();
        for (i, key) in keys.iter().enumerate() {
            add(&mut index, key, &format!("common w{i} connect{}", ["ed", "ing", "s"][i % 3]));
        }
        let full = index.size();
        for key in &keys[..400] {
            index.remove(&key_hash(key));
        }
        index.sweep();
        assert!(index.size() < full / 3, "{} of {full} is left", index.size());
        assert_eq!(index.documents(), 100);
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(find(&index, "common", &names).len(), 100);
        assert_eq!(find(&index, "w450", &names), [("k450".into(), 1)]);
        assert_eq!(index.find("w10"), None);
        assert_eq!(index.forms("connection").count(), 3);
        assert_eq!(index.beginning_with("w49").count(), 10);

        // As if the removed ones had never been there.
        let mut fresh = Index::new(Stems::new(true));
        for (i, key) in keys.iter().enumerate().skip(400) {
            add(&mut fresh, key, &format!("common w{i} connect{}", ["ed", "ing", "s"][i % 3]));
        }
        assert_eq!(index.size(), fresh.size());
    }

    #[test]
    fn a_full_index_takes_what_replaces_and_nothing_more() {
        // Made by hand: taking texts apart would be most of this test's time.
        let terms = |entry: u32| {
            let words = (0..20_000u32).map(|i| (format!("{:x}", (i * 8 + entry) * 7919), Counts::default()));
            Terms { words: words.collect(), ..Terms::default() }
        };
        let mut index = Index::new(Stems::new(false));
        let mut stored = 0;
        let refused = loop {
            let (key, terms) = (format!("k{stored}"), terms(stored));
            if !index.fits(&key_hash(&key), &terms) {
                break terms;
            }
            let words: Vec<_> = terms.words.iter().map(|(word, counts)| (index.word(word), *counts)).collect();
            index.add(version(&key), 0, terms.lengths, &words);
            stored += 1;
        };
        assert!(index.size() <= MAX_INDEX && stored > 5, "{stored} entries, {} bytes", index.size());
        assert!(index.fits(&key_hash("k0"), &Terms::of("", b"small", std::iter::empty()).unwrap()));
        index.remove(&key_hash("k0"));
        index.remove(&key_hash("k1"));
        assert!(index.fits(&key_hash("new"), &refused), "what was removed makes room");
    }
}
