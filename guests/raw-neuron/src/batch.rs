//! A batch as it crosses the boundary: columns that must be in step before anything is read out of them.
//! Knows their rules, and what a neuron does with a text only as a function.

/// Text `row` of a column: between the end of the row before and its own.
pub(crate) fn texts<'a>(text: &'a str, ends: &'a [u32]) -> impl Iterator<Item = Option<&'a str>> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(move |(start, end)| text.get(start as usize..*end as usize))
}

/// Says what is wrong with a text column of so many rows.
pub(crate) fn check(what: &str, text: &str, ends: &[u32], rows: usize) -> Result<(), String> {
    if ends.len() != rows {
        return Err(format!("{what} has {} rows in a batch of {rows}", ends.len()));
    }
    if ends.last().map_or(0, |end| *end as usize) != text.len() {
        return Err(format!("{what} has text after its last row"));
    }
    match texts(text, ends).position(|row| row.is_none()) {
        Some(row) => Err(format!("{what} has an end for row {row} that decreases or lies inside of a character")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_gives_its_rows() {
        let (text, ends) = ("h\u{e9}yo", [3, 3, 5]);
        assert_eq!(check("it", text, &ends, 3), Ok(()));
        assert_eq!(texts(text, &ends).collect::<Vec<_>>(), [Some("h\u{e9}"), Some(""), Some("yo")]);
        assert_eq!(check("it", "", &[], 0), Ok(()));
    }

    #[test]
    fn a_column_that_is_wrong_is_refused() {
        for (text, ends, rows) in [
            ("ab", &[2][..], 2),
            ("ab", &[1], 1),
            ("ab", &[], 0),
            ("abc", &[2, 1, 3], 3),
            ("h\u{e9}", &[2, 3], 2),
            ("ab", &[u32::MAX, 2], 2),
        ] {
            assert!(check("it", text, ends, rows).is_err(), "{text:?} {ends:?}");
        }
    }
}
