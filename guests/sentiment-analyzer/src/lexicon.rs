//! The word tables, laid out when the crate is built, and how a word of a text is found in them. It knows nothing of
//! sentences: what a word means beside others is for `rules`.

use crate::hash::{self, Padded};

/// What is known of a word, an emoticon, an emoji or a phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    /// The rating in tenths, -40 to 40; 0 where there is none.
    pub(crate) tenths: i8,
    /// What the word does to its neighbours.
    pub(crate) role: Role,
    /// The emotions that it names, a bit each; see `emotions::Emotion`.
    pub(crate) emotions: u8,
    /// 0, or which list of `PHRASES` begins with it, counted from 1.
    phrases: u8,
}

/// What a word does to its neighbours; `data/roles.txt` says which words do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    #[default]
    Plain,
    Boost,
    So,
    This,
    More,
    Dampen,
    Negate,
    No,
    Nothing,
    Never,
    Least,
    Contracted,
    Pronoun,
    Could,
    Can,
    Perfect,
    Ever,
    Think,
    But,
    Enough,
    Comparative,
}

/// A phrase without its first word.
struct Phrase {
    rest: &'static [&'static str],
    entry: Entry,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The entry of a word as it stands in a text, whatever its case. Letters drawn out ("sooo gooood") are taken as said
/// short, and a possessive as its noun.
pub(crate) fn word(text: &str) -> Option<Entry> {
    let folded = Folded::new(text)?;
    if let Some(entry) = folded.look_up() {
        return Some(entry);
    }
    let letters = folded.letters();
    if let Some(owner) = letters.strip_suffix(b"'s") {
        return Folded::new(std::str::from_utf8(owner).ok()?)?.look_up();
    }
    if letters.windows(3).any(|row| row[0] == row[1] && row[1] == row[2]) {
        return folded.shortened(2).look_up().or_else(|| folded.shortened(1).look_up());
    }
    None
}

/// The entry of an emoji or another symbol of one character.
pub(crate) fn emoji(symbol: char) -> Option<Entry> {
    let at = EMOJI.binary_search_by_key(&symbol, |(known, _)| *known).ok()?;
    Some(EMOJI[at].1)
}

/// The longest phrase that begins with the word of `first` and goes on with `rest`; and how many words of `rest` it
/// takes.
pub(crate) fn phrase<'t>(first: Entry, rest: impl Iterator<Item = &'t str> + Clone) -> Option<(usize, Entry)> {
    let list = usize::from(first.phrases).checked_sub(1)?;
    PHRASES.get(list)?.iter().find_map(|phrase| {
        let mut words = rest.clone();
        phrase
            .rest
            .iter()
            .all(|expected| words.next().is_some_and(|word| same(word, expected)))
            .then_some((phrase.rest.len(), phrase.entry))
    })
}

/// The apostrophe that typesetting prefers is the typewriter's.
fn plain_apostrophe(letter: char) -> char {
    if letter == '\u{2019}' { '\'' } else { letter }
}

fn same(word: &str, expected: &str) -> bool {
    word.chars().map(plain_apostrophe).flat_map(char::to_lowercase).eq(expected.chars())
}

/// A word in lower case with plain apostrophes.
struct Folded {
    bytes: Padded,
    length: usize,
}

impl Folded {
    /// `None` for a word that is longer than all that are known.
    fn new(text: &str) -> Option<Self> {
        let mut bytes = Padded::default();
        let mut length = 0;
        if text.is_ascii() {
            let target = bytes.get_mut(..text.len())?;
            target.copy_from_slice(text.as_bytes());
            target.make_ascii_lowercase();
            length = text.len();
        } else {
            for letter in text.chars().map(plain_apostrophe).flat_map(char::to_lowercase) {
                let target = bytes.get_mut(length..length + letter.len_utf8())?;
                length += letter.encode_utf8(target).len();
            }
        }
        Some(Self { bytes, length })
    }

    fn letters(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn look_up(&self) -> Option<Entry> {
        let word = self.letters();
        let mut place = hash::place(&self.bytes, PLACE_BITS);
        loop {
            let number = usize::from(PLACES[place]);
            let (known, entry) = WORDS.get(number.checked_sub(1)?)?;
            if known.as_bytes() == word {
                return Some(*entry);
            }
            place = (place + 1) % PLACES.len();
        }
    }

    /// The word with no letter more than `times` in a row. Letters of several bytes stay as they are.
    fn shortened(&self, times: usize) -> Self {
        let mut short = Self { bytes: Padded::default(), length: 0 };
        let (mut row, mut last) = (0, None);
        for &letter in self.letters() {
            row = if last == Some(letter) && letter.is_ascii() { row + 1 } else { 1 };
            last = Some(letter);
            if row <= times {
                short.bytes[short.length] = letter;
                short.length += 1;
            }
        }
        short
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn tenths(text: &str) -> Option<i8> {
        word(text).map(|entry| entry.tenths)
    }

    #[test]
    fn words_are_found_whatever_their_case_and_length() {
        assert_eq!(tenths("good"), Some(19));
        assert_eq!(tenths("GOOD"), Some(19));
        assert_eq!(tenths("goooood"), Some(19));
        assert_eq!(tenths("loooove"), Some(32));
        assert_eq!(tenths(":)"), Some(20));
        assert_eq!(tenths("hero's"), tenths("hero"));
        assert_eq!(tenths("aardvark"), None);
        assert_eq!(tenths(&"a".repeat(1_000)), None);
        assert_eq!(tenths("счастлив"), None);
        assert_eq!(tenths(""), None);
    }

    #[test]
    fn contractions_are_found_with_either_apostrophe() {
        assert_eq!(word("don't").map(|entry| entry.role), Some(Role::Contracted));
        assert_eq!(word("DON\u{2019}T").map(|entry| entry.role), Some(Role::Contracted));
        assert_eq!(word("dont").map(|entry| entry.role), Some(Role::Contracted));
    }

    #[test]
    fn the_longest_phrase_is_taken() {
        let first = word("Never").unwrap();
        let taken = phrase(first, ["ever", "land"].into_iter());
        assert_eq!(taken.map(|(words, entry)| (words, entry.role)), Some((1, Role::Never)));
        assert_eq!(phrase(first, ["land"].into_iter()), None);
        assert_eq!(phrase(first, std::iter::empty()), None);
    }

    #[test]
    fn comparatives_come_from_their_adjectives() {
        assert_eq!(word("happier").map(|entry| entry.role), Some(Role::Comparative));
        assert_eq!(word("happy").map(|entry| entry.role), Some(Role::Plain));
    }

    #[test]
    fn emoji_are_rated_by_their_description_or_by_hand() {
        assert!(emoji('😀').is_some_and(|entry| entry.tenths > 0));
        assert!(emoji('👎').is_some_and(|entry| entry.tenths < 0));
        assert!(emoji('🚂').is_some_and(|entry| entry.tenths == 0));
        assert_eq!(emoji('я'), None);
    }
}
