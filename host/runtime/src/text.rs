//! Owns how a plugin's text is made fit for logs, errors and terminals. It refuses to know where the text goes.

/// The most of a failure's message that is shown.
pub(crate) const MESSAGE_BYTES: usize = 4 << 10;

/// `text` with control characters, bidirectional overrides and line separators escaped as in Rust literals, cut at
/// `limit` bytes of input with a mark that it was cut.
pub fn escape(text: &str, limit: usize) -> String {
    let kept = if text.len() <= limit { text } else { &text[..text.floor_char_boundary(limit)] };
    let mut out = String::with_capacity(kept.len());
    for c in kept.chars() {
        if is_unsafe(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if kept.len() < text.len() {
        out.push_str(" …(cut)");
    }
    out
}

/// `text` as one word of a command line, in quotes that nothing in it can end. Characters that a terminal would obey are
/// escaped: such a word is another one than `text`.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", escape(text, usize::MAX).replace('\'', r"'\''"))
}

/// What could move a cursor, end a line, or make text read differently from what it is.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{escape, shell_word};

    #[test]
    fn terminal_escapes_and_line_breaks_are_shown_not_obeyed() {
        assert_eq!(escape("a\u{1b}[2Jb\nc\r\u{202e}d", 100), "a\\u{1b}[2Jb\\nc\\r\\u{202e}d");
        assert_eq!(escape("schön 🙂", 100), "schön 🙂");
    }

    #[test]
    fn a_plugins_text_stays_one_word_of_a_command() {
        assert_eq!(shell_word("FileRead:/a=>/b"), "'FileRead:/a=>/b'");
        assert_eq!(shell_word(""), "''");
        // Guards the quotes: this is what an operator would paste.
        assert_eq!(shell_word("k'; rm -rf ~; '"), r"'k'\''; rm -rf ~; '\'''");
        assert_eq!(shell_word("a\n$(b)"), r"'a\n$(b)'");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(escape("aäö", 2), "a …(cut)");
    }
}
