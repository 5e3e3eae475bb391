//! The texts in a manifest: read where their position is known, one printable line each, bounded in length. It does not
//! know what any text is for.

use std::{fmt, marker::PhantomData};

use serde::de::{Deserializer, Error, Visitor};

/// How much of a foreign text a message quotes, in characters.
const QUOTED: usize = 400;

/// Whether a character may hide, move or reorder what stands around it on a terminal or a page.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Marks, embeddings, overrides and isolates of the bidirectional algorithm; line and paragraph separators;
            // what takes no room; the byte order mark.
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// A foreign text for a message: deceptive characters escaped, cut after [`QUOTED`] characters.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == QUOTED {
            shown.push('…');
            break;
        }
        if is_deceptive(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Checks that `text` is one printable line of `max` bytes at most, and says what is wrong where it is not.
pub(crate) fn check_line(text: &str, max: usize) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(format!("it has the character {}: write one line of printable text", c.escape_unicode()));
    }
    if text.len() > max {
        return Err(format!("it has {} bytes: write at most {max}", text.len()));
    }
    Ok(())
}

/// Checks that `text` is a printable line of 1 to `max` bytes without white space at its ends.
pub(crate) fn check_name(text: &str, max: usize) -> Result<(), String> {
    check_line(text, max)?;
    if text.is_empty() {
        return Err("it is empty: write a name".to_owned());
    }
    if text.trim() != text {
        return Err("it has white space at an end: remove it".to_owned());
    }
    Ok(())
}

/// Reads a text and makes a value of it.
///
/// `parse` runs inside the visitor: an error that is made later gets its position from where serde_json has looked for
/// the end of the enclosing object by then, which is often another line.
pub(crate) fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<T, P>(P, PhantomData<T>);

    impl<T, P: Fn(&str) -> Result<T, String>> Visitor<'_> for Text<T, P> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            self.0(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(parse, PhantomData))
}

/// Reads a text with the type's own parser.
pub(crate) fn from_str<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    read(deserializer, |text| text.parse().map_err(|error: T::Err| error.to_string()))
}

/// One printable line of at most `MAX` bytes, which may be empty.
pub(crate) fn line<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<String, D::Error> {
    read(deserializer, |text| check_line(text, MAX).map(|()| text.to_owned()))
}

/// A name: one printable line of 1 to `MAX` bytes, without white space at its ends.
pub(crate) fn name<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<String, D::Error> {
    read(deserializer, |text| check_name(text, MAX).map(|()| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\u{a}c");
        assert_eq!(printable("\u{202e}gpj"), "\\u{202e}gpj");
        assert_eq!(printable("Grüße, 世界 🚀"), "Grüße, 世界 🚀");
        assert_eq!(printable(&"x".repeat(100_000)).chars().count(), QUOTED + 1);
    }
}
