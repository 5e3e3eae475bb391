//! The word tables, laid out when the crate is built, and how a word of a text is found in them. It knows nothing of
//! sentences: what a word means beside others is for `rules`.

/// What is known of a word, an emoticon, an emoji or a phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    /// The rating in tenths, -40 to 40; 0 where there is none.
    pub(crate) tenths: i8,
    /// What the word does to its neighbours.
    pub(crate) role: Role,
    /// The emotions that it names, a bit each; see `emotions::Emotion`.
    pub(crate) emotions: u8,
    /// Whether a phrase begins with it.
    opens_phrase: bool,
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
    let mut buffer = [0; LONGEST_WORD];
    let word = fold(text, &mut buffer)?;
    if let Some(entry) = WORDS.get(word) {
        return Some(*entry);
    }
    if let Some(owner) = word.strip_suffix("'s") {
        return WORDS.get(owner).copied();
    }
    let drawn_out = |bytes: &[u8]| bytes[0] == bytes[1] && bytes[1] == bytes[2];
    if word.as_bytes().windows(3).any(drawn_out) {
        return shortened(word, 2).or_else(|| shortened(word, 1));
    }
    None
}

/// The entry of an emoji or another symbol of one character.
pub(crate) fn emoji(symbol: char) -> Option<Entry> {
    EMOJI.get(&symbol).copied()
}

/// The longest phrase that begins with `first`, an entry of its word, and goes on with `rest`; and how many words of
/// `rest` it takes.
pub(crate) fn phrase<'t, R>(first: &str, entry: Entry, rest: R) -> Option<(usize, Entry)>
where
    R: Iterator<Item = &'t str> + Clone,
{
    if !entry.opens_phrase {
        return None;
    }
    let mut buffer = [0; LONGEST_WORD];
    PHRASES.get(fold(first, &mut buffer)?)?.iter().find_map(|phrase| {
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

/// The word in lower case with plain apostrophes; `None` if that is longer than any word known.
fn fold<'b>(text: &str, buffer: &'b mut [u8; LONGEST_WORD]) -> Option<&'b str> {
    let mut length = 0;
    if text.is_ascii() {
        let target = buffer.get_mut(..text.len())?;
        target.copy_from_slice(text.as_bytes());
        target.make_ascii_lowercase();
        length = text.len();
    } else {
        for letter in text.chars().map(plain_apostrophe).flat_map(char::to_lowercase) {
            let target = buffer.get_mut(length..length + letter.len_utf8())?;
            length += letter.encode_utf8(target).len();
        }
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

/// Looks a word up with no letter more than `times` in a row.
fn shortened(word: &str, times: usize) -> Option<Entry> {
    let mut buffer = [0; LONGEST_WORD];
    let (mut length, mut row, mut last) = (0, 0, None);
    for letter in word.chars() {
        row = if last == Some(letter) { row + 1 } else { 1 };
        last = Some(letter);
        if row <= times {
            length += letter.encode_utf8(&mut buffer[length..]).len();
        }
    }
    WORDS.get(std::str::from_utf8(&buffer[..length]).ok()?).copied()
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
        let first = word("never").unwrap();
        let taken = phrase("Never", first, ["ever", "land"].into_iter());
        assert_eq!(taken.map(|(words, entry)| (words, entry.role)), Some((1, Role::Never)));
        assert_eq!(phrase("never", first, ["land"].into_iter()), None);
        assert_eq!(phrase("never", first, std::iter::empty()), None);
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
