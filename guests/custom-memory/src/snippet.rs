//! The part of a text that fits a query, for a person to read. Knows nothing of the index: what fits is for its caller
//! to say.

use crate::analysis::words;

/// Bytes of the text that a snippet shows, about.
const LENGTH: usize = 200;
/// How much of that comes before the first word that fits.
const LEAD: usize = 60;

/// Cuts out the part of `text` with the most different words that fit. `fits` says for a word, as it stands in the text,
/// which word of the query it stands for. `None` where nothing fits.
pub(crate) fn cut(text: &str, mut fits: impl FnMut(&str) -> Option<usize>) -> Option<String> {
    let found: Vec<(usize, usize, usize)> =
        words(text).filter_map(|(at, word)| Some((at, at + word.len(), fits(word)?))).collect();
    let mut best: Option<(usize, usize, usize)> = None;
    for (number, (start, ..)) in found.iter().enumerate() {
        let mut seen = Vec::new();
        let mut hits = 0;
        for (_, _, group) in found[number..].iter().take_while(|(_, end, _)| end - start <= LENGTH - LEAD) {
            hits += 1;
            if !seen.contains(group) {
                seen.push(*group);
            }
        }
        let value = (seen.len(), hits);
        if best.is_none_or(|(groups, hits, _)| value > (groups, hits)) {
            best = Some((value.0, value.1, *start));
        }
    }
    best.map(|(_, _, start)| around(text, start))
}

/// The beginning of a text.
pub(crate) fn beginning(text: &str) -> String {
    around(text, 0)
}

/// The part of `text` around the byte `start`, from a space to a space, with an ellipsis where it was cut.
fn around(text: &str, start: usize) -> String {
    let mut from = text.floor_char_boundary(start.saturating_sub(LEAD));
    if from > 0 {
        from += text[from..start].find(char::is_whitespace).unwrap_or(0);
    }
    let mut to = text.ceil_char_boundary((from + LENGTH).min(text.len()));
    if to < text.len() {
        to = text[start..to].rfind(char::is_whitespace).filter(|at| *at > 0).map_or(to, |at| start + at);
    }
    let inner: Vec<&str> = text[from..to].split_whitespace().collect();
    let (left, right) = (if from > 0 { "… " } else { "" }, if to < text.trim_end().len() { " …" } else { "" });
    format!("{left}{}{right}", inner.join(" "))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn cut_for(text: &str, query: &[&str]) -> Option<String> {
        cut(text, |word| query.iter().position(|asked| asked.eq_ignore_ascii_case(word)))
    }

    #[test]
    fn a_short_text_is_shown_whole_and_in_one_line() {
        assert_eq!(cut_for("One\n two\tthree.", &["two"]).unwrap(), "One two three.");
        assert_eq!(cut_for("One two three.", &["four"]), None);
        assert_eq!(beginning(""), "");
    }

    #[test]
    fn a_long_text_is_cut_where_most_of_the_query_is() {
        let filler = "lorem ipsum dolor sit amet ".repeat(40);
        let text = format!("{filler}apple {filler}an apple and a pear on the table {filler}pear {filler}");
        let snippet = cut_for(&text, &["apple", "pear"]).unwrap();
        assert!(snippet.contains("an apple and a pear on the table"), "{snippet}");
        assert!(snippet.starts_with("… ") && snippet.ends_with(" …"), "{snippet}");
        assert!(snippet.len() < LENGTH + 20, "{} bytes", snippet.len());
        assert!(beginning(&text).starts_with("lorem"));
    }

    #[test]
    fn a_text_without_spaces_is_cut_at_characters() {
        let text = "検索".repeat(500);
        let snippet = cut_for(&text, &["索"]).unwrap();
        assert!(snippet.len() < LENGTH + 20 && snippet.contains("検索"), "{snippet}");
    }
}
