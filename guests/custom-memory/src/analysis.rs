//! Text to words: where words are (Unicode Standard Annex 29), what they look like without case and accents, and their
//! stems. Knows nothing of where a text comes from or of how it is ranked.

use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use unicode_normalization::char::decompose_canonical;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a folded word that count; the rest is cut off. Keeps lines of base64 from filling the index.
const MAX_WORD: usize = 64;

/// How often a word occurs in each field of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) text: u16,
    pub(crate) metadata: u8,
    pub(crate) key: u8,
}

/// How many words each field of an entry has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) text: u32,
    pub(crate) metadata: u32,
    pub(crate) key: u32,
}

/// Bytes of the words of one entry at most, each word counted once and with eight bytes beside it: some 49 000 words of eight
/// letters, as English text has after more than a million words. What is under it fits a segment, and memory while
/// it is being counted.
pub(crate) const MAX_TERMS: usize = 768 << 10;

/// The words of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) lengths: Lengths,
    /// Each word once, folded.
    pub(crate) words: BTreeMap<String, Counts>,
    /// About as many bytes as they take up in a segment.
    pub(crate) size: usize,
}

impl Terms {
    /// The words of an entry; a value that is not UTF-8 has none. `None` for more than [`MAX_TERMS`].
    pub(crate) fn of<'a>(key: &str, value: &[u8], metadata: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut terms = Self { size: 64, ..Self::default() };
        for (_, word) in words(key) {
            terms.lengths.key += 1;
            let count = &mut terms.counts(word)?.key;
            *count = count.saturating_add(1);
        }
        for (_, word) in metadata.flat_map(|(name, fact)| words(name).chain(words(fact))) {
            terms.lengths.metadata += 1;
            let count = &mut terms.counts(word)?.metadata;
            *count = count.saturating_add(1);
        }
        for (_, word) in words(str::from_utf8(value).unwrap_or_default()) {
            terms.lengths.text += 1;
            let count = &mut terms.counts(word)?.text;
            *count = count.saturating_add(1);
        }
        Some(terms)
    }

    /// The counts of a word, which is new or was met before.
    fn counts(&mut self, word: &str) -> Option<&mut Counts> {
        let folded = fold(word);
        // Most words of a text were met before: look first, and copy only what is new.
        if !self.words.contains_key(folded.as_ref()) {
            self.size += folded.len() + 8;
            if self.size > MAX_TERMS {
                return None;
            }
            self.words.insert(folded.clone().into_owned(), Counts::default());
        }
        self.words.get_mut(folded.as_ref())
    }
}

/// The words of a text with the offsets at which they begin. Names such as `snake_case.rs` are taken apart further than
/// the standard does, because people look for any part of them; numbers such as `1.5` are not.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.unicode_word_indices().flat_map(|(start, word)| {
        let number = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','));
        let mut next = start;
        word.split(move |char| matches!(char, '_' | '.' | ':') && !number).filter_map(move |part| {
            let at = next;
            next += part.len() + 1;
            (!part.is_empty()).then_some((at, part))
        })
    })
}

/// A word without case and accents: `Café` is `cafe`, whichever of Unicode's two ways it is written in.
pub(crate) fn fold(word: &str) -> Cow<'_, str> {
    let cut = &word[..word.floor_char_boundary(MAX_WORD)];
    if cut.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()) {
        return Cow::Borrowed(cut);
    }
    let mut folded = String::with_capacity(cut.len());
    for char in cut.chars().flat_map(char::to_lowercase) {
        decompose_canonical(char, |part| match part {
            '\u{2019}' => folded.push('\''),
            // The accents of Latin, Greek and Cyrillic. Marks of other scripts are vowels, and stay.
            '\u{300}'..='\u{36f}' => {}
            'ς' => folded.push('σ'),
            _ => folded.push(part),
        });
    }
    folded.truncate(folded.floor_char_boundary(MAX_WORD));
    Cow::Owned(folded)
}

/// Brings the forms of a word together.
pub(crate) struct Stems(Option<Stemmer>);

impl Stems {
    /// Stems of English words; or none, for texts in other languages, which an English stemmer would mix up.
    pub(crate) fn new(english: bool) -> Self {
        Self(english.then(|| Stemmer::create(Algorithm::English)))
    }

    /// The stem of a folded word; the word itself where it has none.
    pub(crate) fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        match &self.0 {
            Some(stemmer) if word.is_ascii() => stemmer.stem(word),
            _ => Cow::Borrowed(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).map(|(_, word)| fold(word).into_owned()).collect()
    }

    #[test]
    fn words_are_where_people_see_them() {
        assert_eq!(folded("Don't panic: it's 3.14, e-mail me!"), ["don't", "panic", "it's", "3.14", "e", "mail", "me"]);
        assert_eq!(
            folded("memory_value __init__ _ main.rs v1.2 1,000"),
            ["memory", "value", "init", "main", "rs", "v1", "2", "1,000"]
        );
        assert_eq!(folded("検索 テスト"), ["検", "索", "テスト"]);
        assert_eq!(folded("👩‍👩‍👧 … — \u{0}"), [""; 0]);
        let text = "été snake_case";
        assert!(words(text).all(|(at, word)| text[at..].starts_with(word)));
        assert_eq!(words(text).map(|(at, _)| at).collect::<Vec<_>>(), [0, 6, 12]);
    }

    #[test]
    fn the_same_word_written_differently_is_the_same_word() {
        for (left, right) in [
            ("Café", "cafe\u{301}"),
            ("ÅNGSTRÖM", "angstrom"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδός"),
            ("Ёлка", "елка"),
            ("don’t", "don't"),
            ("한국어", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}"),
        ] {
            assert_eq!(fold(left), fold(right));
        }
        assert_ne!(fold("हिन्दी"), fold("हन्द"), "the vowels of Devanagari are marks, and are no accents");
    }

    #[test]
    fn endless_words_are_cut_at_a_character() {
        assert_eq!(fold(&"a".repeat(1000)).len(), 64);
        assert_eq!(fold(&"Ж".repeat(1000)).chars().count(), 32);
        assert!(fold(&"각".repeat(1000)).len() <= 64);
    }

    #[test]
    fn too_many_words_are_refused_before_they_fill_the_memory() {
        let many: String = (0..200_000).map(|i| format!("{i:x} ")).collect();
        assert_eq!(Terms::of("k", many.as_bytes(), std::iter::empty()), None);
        assert!(Terms::of("k", "the same words ".repeat(500_000).as_bytes(), std::iter::empty()).is_some());
    }

    #[test]
    fn stems_bring_english_forms_together() {
        let stems = Stems::new(true);
        for forms in
            [["connect", "connected", "connections"], ["memory", "memories", "memory's"], ["run", "running", "runs"]]
        {
            assert!(forms.iter().all(|form| stems.stem(form) == stems.stem(forms[0])), "{forms:?}");
        }
        assert_eq!(Stems::new(false).stem("running"), "running");
    }
}
