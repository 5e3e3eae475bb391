//! Foreign texts, made safe to show. It refuses to know what they say.

use hal9_registry_index::api::check_text;

/// How much of a foreign text a message quotes, in characters.
const QUOTED: usize = 400;

/// A foreign text for one line of a message: what a terminal would obey is escaped, and what is too long is cut.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == QUOTED {
            shown.push('…');
            break;
        }
        let mut bytes = [0; 4];
        if c.is_control() || check_text("", c.encode_utf8(&mut bytes), 4).is_err() {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_long_texts_are_cut() {
        assert_eq!(printable("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\u{a}c\\u{202e}d");
        assert_eq!(printable("Grüße 🚀"), "Grüße 🚀");
        assert_eq!(printable(&"x".repeat(100_000)).chars().count(), QUOTED + 1);
    }
}
