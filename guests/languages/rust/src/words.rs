//! The words of a text and which of them are its keywords. It knows letters as bytes, so that it finds in every language
//! of this folder the same; and nothing of HAL9.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Words that every text has, in the order of their bytes. They are words, and no keywords.
const STOP_WORDS: [&str; 32] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "has", "have", "he", "i", "in", "is", "it",
    "not", "of", "on", "or", "she", "that", "the", "they", "this", "to", "was", "we", "with", "you",
];

/// What was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many words it has, stop words among them.
    pub(crate) words: u64,
    /// Its most frequent words with how often each occurs; of those that occur as often, the first comes first.
    pub(crate) keywords: Vec<(String, u64)>,
}

impl Found {
    /// The keywords alone, joined by commas, which are in no word.
    pub(crate) fn joined(&self) -> String {
        self.keywords.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// How many words a text has, and its keywords: `limit` at most.
pub(crate) fn find(text: &str, limit: usize) -> Found {
    // In order rather than hashed: a hash map would have the plugin ask the host for randomness.
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut words = 0;
    for word in text.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty()) {
        words += 1;
        let word = word.to_ascii_lowercase();
        if STOP_WORDS.binary_search(&word.as_str()).is_err() {
            counts.entry(word).or_insert((0, words)).0 += 1;
        }
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, (count, first))| (Reverse(*count), *first));
    ranked.truncate(limit);
    Found { words, keywords: ranked.into_iter().map(|(word, (count, _))| (word, count)).collect() }
}

/// ASCII letters, and whatever is beyond ASCII.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, limit: usize) -> (u64, String) {
        let found = find(text, limit);
        (found.words, found.joined())
    }

    #[test]
    fn the_most_frequent_come_first_and_the_first_of_equals() {
        assert_eq!(joined("pear fig Pear APPLE fig pear", 5), (6, "pear,fig,apple".to_owned()));
        assert_eq!(joined("one two three", 2), (3, "one,two".to_owned()));
        assert_eq!(find("b a b", 1).keywords, [("b".to_owned(), 2)]);
    }

    #[test]
    fn stop_words_are_words_and_no_keywords() {
        assert_eq!(joined("The cat and THE hat", 5), (5, "cat,hat".to_owned()));
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn what_is_no_letter_parts_words_and_nothing_else_does() {
        assert_eq!(joined("don't stop-me 4ever x2y", 9), (7, "don,t,stop,me,ever,x,y".to_owned()));
    }

    #[test]
    fn beyond_ascii_all_is_letters_and_keeps_its_case() {
        assert_eq!(joined("Ärger ärger ÄRGER", 9), (3, "Ärger,ärger".to_owned()));
    }

    #[test]
    fn a_text_without_words_has_none() {
        for text in ["", " \n\0", "12 34 !?"] {
            assert_eq!(find(text, 5), Found { words: 0, keywords: vec![] }, "{text:?}");
        }
    }
}
