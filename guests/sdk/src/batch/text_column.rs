//! Many texts in one string with the offsets at which they end, as they cross the boundary in one copy.
//! Owns the rules of those offsets, and knows nothing of signals.

use crate::bindings::imports::hal9::plugin::types;
use crate::{ErrorCode, PluginError, err};

/// Many texts, one a row (`text-column` of `types.wit`).
///
/// ```
/// use hal9_plugin_sdk::TextColumn;
///
/// let names = TextColumn::from_texts(["Ada", "", "Alan"])?;
/// assert_eq!(names.get(2), Some("Alan"));
/// assert_eq!(names.iter().map(str::len).collect::<Vec<_>>(), [3, 0, 4]);
/// # Ok::<(), hal9_plugin_sdk::PluginError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    text: String,
    /// Never decreasing, on character boundaries, the last one the length of `text`.
    ends: Vec<u32>,
}

impl TextColumn {
    /// A column of no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of no rows, with room for so many of so many bytes together.
    #[must_use]
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// A column of a row for each text.
    ///
    /// # Errors
    /// `limit-exceeded` for more than 4 GiB of text, which no plugin has.
    pub fn from_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, PluginError> {
        let mut column = Self::new();
        for text in texts {
            column.push(text.as_ref())?;
        }
        Ok(column)
    }

    /// A column from its parts: all texts in one, and the byte offset at which each ends.
    ///
    /// # Errors
    /// `invalid-input` for offsets that decrease, lie inside of a character, or leave text over.
    pub fn from_parts(text: String, ends: Vec<u32>) -> Result<Self, PluginError> {
        let mut start = 0;
        for (row, &end) in ends.iter().enumerate() {
            if end < start {
                return err(
                    ErrorCode::InvalidInput,
                    format!("a text column: row {row} ends at {end}, before it begins at {start}"),
                );
            }
            if !text.is_char_boundary(offset(end)) {
                return err(
                    ErrorCode::InvalidInput,
                    format!("a text column: row {row} ends at {end}, which is not the end of a character"),
                );
            }
            start = end;
        }
        if offset(start) != text.len() {
            return err(
                ErrorCode::InvalidInput,
                format!("a text column: the last row ends at {start}, and the text at {}", text.len()),
            );
        }
        Ok(Self { text, ends })
    }

    /// All texts in one, and the byte offset at which each ends.
    #[must_use]
    pub fn into_parts(self) -> (String, Vec<u32>) {
        (self.text, self.ends)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// `limit-exceeded` for more than 4 GiB of text, which no plugin has. The column is then as it was.
    pub fn push(&mut self, text: &str) -> Result<(), PluginError> {
        let end = self.end_after(text)?;
        self.text.push_str(text);
        self.ends.push(end);
        Ok(())
    }

    /// Where a row would end if it were added.
    pub(crate) fn end_after(&self, text: &str) -> Result<u32, PluginError> {
        let end = self.text.len().checked_add(text.len()).and_then(|end| u32::try_from(end).ok());
        end.ok_or_else(|| PluginError::new(ErrorCode::LimitExceeded, "a text column holds 4 GiB at most"))
    }

    /// Has the last row, which has no text, say something.
    pub(crate) fn fill_last(&mut self, text: &str) -> Result<(), PluginError> {
        let end = self.end_after(text)?;
        if let Some(last) = self.ends.last_mut() {
            self.text.push_str(text);
            *last = end;
        }
        Ok(())
    }

    /// Adds rows of no text.
    pub(crate) fn push_empty(&mut self, rows: usize) {
        let end = self.ends.last().copied().unwrap_or(0);
        self.ends.resize(self.ends.len() + rows, end);
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One row, or `None` beyond the last.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(offset(start)..offset(end))
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.len()).map(|row| self.get(row).unwrap_or_default())
    }

    /// All texts in one, without separators.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte offset at which each row ends.
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }
}

/// An offset as an index. On every target that plugins are built for, one fits the other.
fn offset(end: u32) -> usize {
    usize::try_from(end).unwrap_or(usize::MAX)
}

impl TryFrom<types::TextColumn> for TextColumn {
    type Error = PluginError;

    fn try_from(column: types::TextColumn) -> Result<Self, PluginError> {
        Self::from_parts(column.text, column.ends)
    }
}

impl From<TextColumn> for types::TextColumn {
    fn from(column: TextColumn) -> Self {
        Self { text: column.text, ends: column.ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_went_in() -> Result<(), PluginError> {
        let texts = ["", "h\u{e9}", "", "\u{1f980}", ""];
        let column = TextColumn::from_texts(texts)?;
        assert_eq!(column.iter().collect::<Vec<_>>(), texts);
        assert_eq!(column.iter().next_back(), Some(""));
        assert_eq!((column.len(), column.get(3), column.get(5)), (5, Some("\u{1f980}"), None));
        let (text, ends) = column.clone().into_parts();
        assert_eq!((text.as_str(), &ends[..]), ("h\u{e9}\u{1f980}", &[0, 3, 3, 7, 7][..]));
        assert_eq!(TextColumn::from_parts(text, ends)?, column);
        Ok(())
    }

    #[test]
    fn offsets_that_make_no_sense_are_refused() {
        for (text, ends, word) in [
            ("abc", vec![2, 1, 3], "before it begins"),
            ("h\u{e9}", vec![2, 3], "character"),
            ("abc", vec![4], "character"),
            ("abc", vec![u32::MAX], "character"),
            ("abc", vec![2], "the text at 3"),
            ("abc", vec![], "the text at 3"),
        ] {
            let refused = TextColumn::from_parts(text.to_string(), ends);
            assert!(refused.is_err_and(|error| error.code == ErrorCode::InvalidInput && error.message.contains(word)));
        }
        assert_eq!(TextColumn::from_parts(String::new(), vec![]), Ok(TextColumn::new()));
    }
}
