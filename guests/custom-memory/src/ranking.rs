//! How well entries fit a query: BM25F (Robertson, Zaragoza 2009), with forms and beginnings of words.
//! Knows nothing of how entries are kept or shown.

use crate::analysis::{fold, words};
use crate::index::{DocumentId, Index, Posting, WordId, fields};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// How fast a word that occurs again stops counting.
const K1: f32 = 1.2;
/// What an occurrence is worth in the text, the metadata, the key.
const WEIGHTS: [f32; 3] = [1.0, 1.5, 2.0];
/// How much an occurrence in a long text, long metadata, a long key loses.
const B: [f32; 3] = [0.75, 0.5, 0.5];

/// What another form of a word that was asked for is worth.
const OTHER_FORM: f32 = 0.9;
/// What a longer word that begins with the last word of a query is worth: the word may be half typed.
const BEGINNING: f32 = 0.6;
/// Letters that the last word must have before longer ones count, and how many of those count at most.
const SHORTEST_BEGINNING: usize = 2;
const MOST_BEGINNINGS: usize = 200;

/// Words of a query that count; the rest is left out.
const MAX_WORDS: usize = 64;

/// A query, taken apart by what the index has for it.
pub(crate) struct Query {
    /// For each of its words the words of the index that stand for it, and what each is worth.
    groups: Vec<Vec<(WordId, f32)>>,
}

impl Query {
    /// Takes a query apart.
    pub(crate) fn new(text: &str, index: &Index) -> Self {
        let mut asked: Vec<String> = Vec::new();
        let mut last = None;
        for (_, word) in words(text) {
            let word = fold(word).into_owned();
            let known = asked.iter().position(|other| *other == word);
            if known.is_none() && asked.len() < MAX_WORDS {
                asked.push(word);
            }
            last = known.or(asked.len().checked_sub(1));
        }
        // Behind a space or a full stop, the last word is a whole one.
        let half_typed = last.filter(|_| text.ends_with(char::is_alphanumeric));
        let group = |(number, word): (usize, &String)| group(word, half_typed == Some(number), index);
        Self { groups: asked.iter().enumerate().map(group).collect() }
    }

    /// Every word of the index that stands for a word of the query, with the number of the latter.
    pub(crate) fn matches(&self) -> BTreeMap<WordId, usize> {
        let mut matches = BTreeMap::new();
        let groups = self.groups.iter().enumerate().rev();
        matches.extend(groups.flat_map(|(number, group)| group.iter().map(move |(word, _)| (*word, number))));
        matches
    }

    /// The entries that have any word of the query, best first. Those that fit equally well are in the order of their
    /// keys' hashes, so that the answer does not depend on the order in which the index was filled.
    pub(crate) fn rank(&self, index: &Index) -> impl Iterator<Item = (DocumentId, f32)> + use<> {
        let averages = index.averages();
        let mut scores = vec![0.0f32; index.documents()];
        let mut weights = vec![0.0f32; index.documents()];
        let mut found = Vec::new();
        for group in &self.groups {
            let mut touched = Vec::new();
            for (word, worth) in group {
                for posting in index.postings(*word) {
                    let weight = &mut weights[posting.document as usize];
                    if *weight == 0.0 {
                        touched.push(posting.document);
                    }
                    *weight += worth * occurrence(posting, fields(&index.document(posting.document).lengths), averages);
                }
            }
            let (all, with) = (index.len() as f32, touched.len() as f32);
            let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for document in touched {
                let weight = std::mem::take(&mut weights[document as usize]);
                let score = &mut scores[document as usize];
                if *score == 0.0 {
                    found.push(document);
                }
                *score += rarity * weight * (K1 + 1.0) / (weight + K1);
            }
        }
        // A heap, because few of those that are found are asked for. Scores are positive: their bits are in their order.
        let key = |document: DocumentId| Reverse(index.document(document).version.key);
        let ranked = found.into_iter().map(|document| (scores[document as usize].to_bits(), key(document), document));
        let mut ranked: BinaryHeap<_> = ranked.collect();
        std::iter::from_fn(move || ranked.pop().map(|(score, _, document)| (document, f32::from_bits(score))))
    }
}

/// The words of the index that stand for a word of the query.
fn group(word: &str, half_typed: bool, index: &Index) -> Vec<(WordId, f32)> {
    let mut group: BTreeMap<WordId, f32> = BTreeMap::new();
    if half_typed && word.chars().count() >= SHORTEST_BEGINNING {
        // The more common ones count, where there are too many.
        let mut longer = BTreeSet::new();
        longer.extend(index.beginning_with(word).map(|id| (Reverse(index.postings(id).count()), id)));
        group.extend(longer.into_iter().take(MOST_BEGINNINGS).map(|(_, id)| (id, BEGINNING)));
    }
    group.extend(index.forms(word).map(|id| (id, OTHER_FORM)));
    group.extend(index.find(word).map(|id| (id, 1.0)));
    group.into_iter().collect()
}

/// What a word's occurrences in one entry weigh, over all fields.
fn occurrence(posting: &Posting, lengths: [u32; 3], averages: [f32; 3]) -> f32 {
    let counts = [posting.counts.text.into(), posting.counts.metadata.into(), posting.counts.key.into()];
    (0..3)
        .map(|field| {
            let count: f32 = counts[field];
            let length = lengths[field] as f32 / averages[field].max(f32::MIN_POSITIVE);
            if count == 0.0 { 0.0 } else { WEIGHTS[field] * count / (1.0 - B[field] + B[field] * length) }
        })
        .sum()
}
