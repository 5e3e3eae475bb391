//! Numbers as English writes them: `7`, `-1,250.50`, `6.02e23`. It leaves alone the digits of names and versions.

use hal9_plugin_sdk::{Value, json};
use regex_lite::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The longest unit that may follow without a space, as in `15kg`.
const LONGEST_UNIT: usize = 3;

static NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?").ok());

/// All numbers with their places, in order.
pub(super) fn find(text: &str) -> impl Iterator<Item = (Range<usize>, Value)> {
    let found = NUMBER.iter().flat_map(move |number| number.find_iter(text));
    found.filter_map(move |found| {
        let mut span = found.range();
        let mut before = text[..span.start].chars().next_back();
        if found.as_str().starts_with(['-', '+']) && before.is_some_and(|c| c.is_alphanumeric()) {
            // The second number of "10-20" is 20.
            before = None;
            span.start += 1;
        }
        let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#');
        if before.is_some_and(part_of_name) || goes_on(&text[span.end..]) {
            return None;
        }
        Some((span.clone(), value(&text[span])?))
    })
}

/// Whether what follows makes the digits a part of something else.
fn goes_on(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        Some('.' | ',') => chars.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) if c.is_alphanumeric() || c == '_' => {
            let unit = rest.chars().take_while(|c| c.is_alphabetic()).take(LONGEST_UNIT + 1).count();
            let after = rest.chars().nth(unit);
            unit == 0 || unit > LONGEST_UNIT || after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        }
        _ => false,
    }
}

/// A whole number as one where that is exact, else the nearest there is; none for what is beyond all.
fn value(digits: &str) -> Option<Value> {
    let plain = digits.replace(',', "");
    if let Ok(whole) = plain.trim_start_matches('+').parse::<i64>() {
        return Some(json!(whole));
    }
    plain.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Value {
        find(text).map(|(_, number)| number).collect()
    }

    #[test]
    fn numbers_are_found_in_all_their_forms() {
        for (text, numbers) in [
            ("7, -3 and +4.", json!([7, -3, 4])),
            ("1,234,567.89 or 6.02e23", json!([1_234_567.89, 6.02e23])),
            ("10-20, 5kg, 15%, $9.99", json!([10, 20, 5, 15, 9.99])),
            ("(3) =4", json!([3, 4])),
            ("0.5 and 00012", json!([0.5, 12])),
        ] {
            assert_eq!(found(text), numbers, "{text}");
        }
    }

    #[test]
    fn digits_of_something_else_are_left_alone() {
        for text in ["utf8 v2 sha256sum", "1.2.3", "3f2a9c", "x_1 1_x", "#42", "1e999", "2026abcd", ""] {
            assert_eq!(found(text), json!([]), "{text}");
        }
    }

    #[test]
    fn a_number_of_any_length_is_read() {
        assert_eq!(found(&"9".repeat(300)), json!([1e300]));
        assert_eq!(found(&"9".repeat(100_000)), json!([]));
    }
}
