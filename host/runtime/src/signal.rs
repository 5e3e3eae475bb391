//! Owns what is handy about signals and batches, and what makes a batch valid. It refuses to know who sends them.

use uuid::Uuid;

use crate::bindings::hal9::plugin::types::{Column, ColumnValues, Signal, SignalBatch, TextColumn};
use crate::imports::clock;

impl Signal {
    /// A signal of type `text` with a new id and the time of now.
    pub fn text(content: &str) -> Self {
        Self {
            id: Uuid::new_v4().as_u64_pair(),
            content: content.to_owned(),
            signal_type: "text".to_owned(),
            metadata: Vec::new(),
            timestamp: clock::now(),
        }
    }

    /// The id as a UUID.
    pub fn uuid(&self) -> Uuid {
        Uuid::from_u64_pair(self.id.0, self.id.1)
    }

    /// The value of a metadata entry; of the last one, where a name occurs twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.metadata.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl TextColumn {
    /// Adds a row. A column holds 4 GiB of text at most; rows beyond that are cut off.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The text of a row; none for a row that is not there, or whose ends are not valid.
    pub fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)? as usize;
        let start = if row == 0 { 0 } else { *self.ends.get(row - 1)? as usize };
        self.text.get(start..end)
    }

    fn check(&self, name: &str, rows: usize) -> Result<(), String> {
        if self.ends.len() != rows {
            return Err(format!("column `{name}` has {} rows instead of {rows}", self.ends.len()));
        }
        let mut start = 0;
        for (row, end) in self.ends.iter().enumerate() {
            let end = *end as usize;
            if self.text.get(start..end).is_none() {
                return Err(format!("column `{name}`, row {row}: {start}..{end} is no range of its text"));
            }
            start = end;
        }
        if start != self.text.len() {
            return Err(format!("column `{name}` ends at {start}, and its text at {}", self.text.len()));
        }
        Ok(())
    }
}

impl SignalBatch {
    /// A batch of no rows.
    pub fn new() -> Self {
        let empty = || TextColumn { text: String::new(), ends: Vec::new() };
        Self { ids: vec![], timestamps: vec![], contents: empty(), signal_types: empty(), metadata: vec![] }
    }

    /// Adds a row without metadata.
    pub fn push(&mut self, id: (u64, u64), timestamp: u64, signal_type: &str, content: &str) {
        self.ids.extend([id.0, id.1]);
        self.timestamps.push(timestamp);
        self.signal_types.push(signal_type);
        self.contents.push(content);
    }

    /// How many signals are in it.
    pub fn rows(&self) -> usize {
        self.timestamps.len()
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&ColumnValues> {
        self.metadata.iter().find(|column| column.name == name).map(|column| &column.values)
    }

    /// Whether all columns have as many rows, and every text lies in its column.
    ///
    /// # Errors
    ///
    /// Which column is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        let rows = self.rows();
        if self.ids.len() != rows * 2 {
            return Err(format!("`ids` has {} numbers instead of two for each of {rows} rows", self.ids.len()));
        }
        self.contents.check("contents", rows)?;
        self.signal_types.check("signal-types", rows)?;
        self.metadata.iter().try_for_each(|Column { name, values }| match values {
            ColumnValues::Texts(texts) => texts.check(name, rows),
            ColumnValues::Numbers(numbers) if numbers.len() == rows => Ok(()),
            ColumnValues::Numbers(numbers) => {
                Err(format!("column `{name}` has {} rows instead of {rows}", numbers.len()))
            }
        })
    }

    /// The bytes of all texts.
    pub(crate) fn bytes(&self) -> u64 {
        let metadata: usize = self
            .metadata
            .iter()
            .map(|column| match &column.values {
                ColumnValues::Texts(texts) => texts.text.len(),
                ColumnValues::Numbers(numbers) => numbers.len() * 4,
            })
            .sum();
        (self.contents.text.len() + self.signal_types.text.len() + self.ids.len() * 8 + metadata) as u64
    }
}

impl Default for SignalBatch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> SignalBatch {
        let mut batch = SignalBatch::new();
        batch.push((1, 2), 3, "text", "schön");
        batch.push((4, 5), 6, "", "");
        batch
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let batch = batch();
        batch.check().unwrap();
        assert_eq!(
            (batch.contents.get(0), batch.contents.get(1), batch.contents.get(2)),
            (Some("schön"), Some(""), None)
        );
        SignalBatch::new().check().unwrap();
    }

    #[test]
    fn every_way_to_be_inconsistent_is_found() {
        type Breakage = fn(&mut SignalBatch);
        let breakages: [(&str, Breakage); 6] = [
            ("`ids` has 3", |batch| batch.ids.truncate(3)),
            ("`contents` has 1 rows", |batch| batch.contents.ends.truncate(1)),
            ("`contents`, row 0", |batch| batch.contents.ends[0] = 4),
            ("`contents`, row 1", |batch| batch.contents.ends[1] = 2),
            ("`contents` ends at 6", |batch| batch.contents.text.push('x')),
            ("`score` has 1 rows", |batch| {
                batch.metadata.push(Column { name: "score".into(), values: ColumnValues::Numbers(vec![0.5]) });
            }),
        ];
        for (expected, break_it) in breakages {
            let mut batch = batch();
            break_it(&mut batch);
            let error = batch.check().unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn the_last_of_two_metadata_entries_counts() {
        let mut signal = Signal::text("x");
        signal.metadata = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
        assert_eq!((signal.get("a"), signal.get("b")), (Some("2"), None));
    }
}
