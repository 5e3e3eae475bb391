//! White space in one spelling, and what is counted on the way. Knows text, and nothing of signals.

/// What was found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Runs of characters that are not white space.
    pub(crate) words: usize,
    /// Unicode scalar values, after white space was given its one spelling.
    pub(crate) characters: usize,
}

/// Appends `text` to `out` with one space for every run of Unicode white space and none at its ends. With `keep_lines`
/// a run that has a line break in it becomes a line break.
pub(crate) fn normalise(text: &str, keep_lines: bool, out: &mut String) -> Counts {
    let mut counts = Counts::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(word);
        counts.words += 1;
        counts.characters += word.chars().count();

        rest = after.trim_start();
        if !rest.is_empty() {
            let (space, _) = after.split_at(after.len() - rest.len());
            out.push(if keep_lines && space.contains(breaks_line) { '\n' } else { ' ' });
            counts.characters += 1;
        }
    }
    counts
}

/// The mandatory breaks of Unicode's line breaking algorithm (UAX 14: BK, CR, LF, NL).
fn breaks_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, keep_lines: bool, expect: &str, words: usize) {
        let mut out = String::new();
        let counts = normalise(text, keep_lines, &mut out);
        assert_eq!(out, expect, "{text:?}");
        assert_eq!(counts, Counts { words, characters: expect.chars().count() }, "{text:?}");
    }

    #[test]
    fn every_kind_of_white_space_becomes_one_space() {
        check("", false, "", 0);
        check(" \t\u{a0}\u{3000}\n", false, "", 0);
        check("one", false, "one", 1);
        check("  gr\u{fc}\u{df}\u{a0}\u{2003}\r\nGott ", false, "gr\u{fc}\u{df} Gott", 2);
    }

    #[test]
    fn what_has_no_width_is_no_white_space() {
        check("zero\u{200b}width \u{feff}mark", false, "zero\u{200b}width \u{feff}mark", 2);
    }

    #[test]
    fn line_breaks_stay_where_they_are_wanted() {
        check("a \r\n\r\n b  c\u{2028}d\n", true, "a\nb c\nd", 4);
    }

    #[test]
    fn a_long_run_is_read_once() {
        let text = format!("a{}b", "\u{3000}".repeat(1_000_000));
        check(&text, false, "a b", 2);
    }
}
