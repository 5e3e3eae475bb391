//! Owns batches: what makes one valid, how signals become its rows and rows become signals, and cutting it. It refuses to know
//! who sends it.

use std::ops::Range;

use crate::Error;
use crate::bindings::hal9::plugin::types::{Column, ColumnValues, Metadata, Signal, SignalBatch, TextColumn};

/// How many metadata names a batch takes from signals, and how many entries of each: a name costs every row its place, whether it
/// has the entry or not. The SDK of the guests has the same bound.
const NAMES: usize = 256;

impl TextColumn {
    /// Adds a row. A column holds 4 GiB of text at most; what goes beyond that makes it invalid (see [`SignalBatch::check`]).
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The text of a row; none for a row that is not there, or whose ends are not valid.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.text.get(self.start(row)..*self.ends.get(row)? as usize)
    }

    /// Where the text of a row begins, in bytes.
    fn start(&self, row: usize) -> usize {
        row.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    /// How many bytes a row has.
    fn bytes_of(&self, row: usize) -> usize {
        self.ends.get(row).map_or(0, |end| (*end as usize).saturating_sub(self.start(row)))
    }

    /// So many rows of no text.
    fn absent(rows: usize) -> Self {
        Self { text: String::new(), ends: vec![0; rows] }
    }

    /// Has the last row say something else.
    fn set_last(&mut self, text: &str) {
        self.text.truncate(self.start(self.ends.len().saturating_sub(1)));
        self.ends.pop();
        self.push(text);
    }

    fn takes(&self, more: usize) -> bool {
        u32::try_from(self.text.len().saturating_add(more)).is_ok()
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        let start = self.start(rows.start);
        let ends = self.ends.get(rows).unwrap_or_default();
        let end = ends.last().map_or(start, |end| *end as usize);
        Self {
            text: self.text.get(start..end).unwrap_or_default().to_owned(),
            ends: ends.iter().map(|end| (*end as usize).saturating_sub(start) as u32).collect(),
        }
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

impl ColumnValues {
    /// Adds a row that has no value: NaN, or the empty text.
    fn push_absent(&mut self) {
        match self {
            Self::Numbers(numbers) => numbers.push(f32::NAN),
            Self::Texts(texts) => texts.push(""),
        }
    }

    /// Has the last row say something else. A text that is no number makes a column of numbers one of texts.
    fn set_last(&mut self, value: &str) {
        if let Self::Numbers(numbers) = self {
            let number = if value.is_empty() { Ok(f32::NAN) } else { value.parse() };
            if let (Ok(number), Some(last)) = (number, numbers.last_mut()) {
                *last = number;
                return;
            }
            let mut texts = TextColumn::absent(0);
            numbers.iter().for_each(|number| texts.push(&said(*number).unwrap_or_default()));
            *self = Self::Texts(texts);
        }
        if let Self::Texts(texts) = self {
            texts.set_last(value);
        }
    }

    /// What metadata says of a row; none for NaN and for the empty text.
    fn get(&self, row: usize) -> Option<String> {
        match self {
            Self::Numbers(numbers) => numbers.get(row).copied().and_then(said),
            Self::Texts(texts) => texts.get(row).filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }

    fn bytes_of(&self, row: usize) -> usize {
        match self {
            Self::Numbers(_) => size_of::<f32>(),
            Self::Texts(texts) => texts.bytes_of(row),
        }
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(numbers.get(rows).unwrap_or_default().to_vec()),
            Self::Texts(texts) => Self::Texts(texts.slice(rows)),
        }
    }
}

fn said(number: f32) -> Option<String> {
    (!number.is_nan()).then(|| number.to_string())
}

impl SignalBatch {
    /// A batch of no rows.
    pub fn new() -> Self {
        let empty = || TextColumn::absent(0);
        Self { ids: vec![], timestamps: vec![], contents: empty(), signal_types: empty(), metadata: vec![] }
    }

    /// A batch with a row for each signal, in order.
    ///
    /// # Errors
    ///
    /// As [`push_signal`](Self::push_signal), for the first one that is not taken.
    pub fn from_signals<'a>(signals: impl IntoIterator<Item = &'a Signal>) -> Result<Self, Error> {
        let mut batch = Self::new();
        signals.into_iter().try_for_each(|signal| batch.push_signal(signal))?;
        Ok(batch)
    }

    /// Adds a row without metadata: in the columns that there are, it has no value.
    pub fn push(&mut self, id: (u64, u64), timestamp: u64, signal_type: &str, content: &str) {
        self.ids.extend([id.0, id.1]);
        self.timestamps.push(timestamp);
        self.signal_types.push(signal_type);
        self.contents.push(content);
        self.metadata.iter_mut().for_each(|column| column.values.push_absent());
    }

    /// Adds a signal as a row. A metadata name that is new gets a column of texts, empty for the rows before; where a name occurs
    /// twice, the last one counts. In a column of numbers a value stays one if it is a number.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for the 257th metadata name, for a signal of more than 256 metadata entries, and for 4 GiB of text in
    /// one column. The batch is then as it was.
    pub fn push_signal(&mut self, signal: &Signal) -> Result<(), Error> {
        self.has_room(signal).map_err(|(what, help)| Error::InvalidInput {
            plugin: None,
            what: what.to_owned(),
            help: help.to_owned(),
        })?;
        self.push(signal.id, signal.timestamp, &signal.signal_type, &signal.content);
        let rows = self.rows();
        for (entry, (name, value)) in signal.metadata.iter().enumerate() {
            let at = self.position(name, entry).unwrap_or_else(|| {
                let values = ColumnValues::Texts(TextColumn::absent(rows));
                self.metadata.push(Column { name: name.clone(), values });
                self.metadata.len() - 1
            });
            self.metadata[at].values.set_last(value);
        }
        Ok(())
    }

    /// Whether a signal can be a row of this batch; if not, what is in the way, and what to do about it.
    fn has_room(&self, signal: &Signal) -> Result<(), (&'static str, &'static str)> {
        const MANY: (&str, &str) = (
            "the signals have more than 256 different metadata names, too many for one batch",
            "put what varies into the content, or send them in several batches",
        );
        if signal.metadata.len() > NAMES {
            return Err(MANY);
        }
        let mut names = self.metadata.len();
        let mut fits = self.contents.takes(signal.content.len()) && self.signal_types.takes(signal.signal_type.len());
        for (entry, (name, value)) in signal.metadata.iter().enumerate() {
            match self.position(name, entry).map(|at| &self.metadata[at].values) {
                Some(ColumnValues::Texts(texts)) => fits &= texts.takes(value.len()),
                Some(ColumnValues::Numbers(_)) => {}
                None if signal.metadata[..entry].iter().any(|(earlier, _)| earlier == name) => {}
                None => names += 1,
            }
            if names > NAMES {
                return Err(MANY);
            }
        }
        if fits { Ok(()) } else { Err(("a column of a batch takes 4 GiB of text", "send several batches")) }
    }

    /// The column of a name; `likely` is where it is if all signals have the same metadata.
    fn position(&self, name: &str, likely: usize) -> Option<usize> {
        match self.metadata.get(likely) {
            Some(column) if column.name == name => Some(likely),
            _ => self.metadata.iter().position(|column| column.name == name),
        }
    }

    /// How many signals are in it.
    pub fn rows(&self) -> usize {
        self.timestamps.len()
    }

    /// A row as a signal, with the metadata that it has a value for; none beyond the last row.
    pub fn signal(&self, row: usize) -> Option<Signal> {
        let timestamp = *self.timestamps.get(row)?;
        let metadata: Metadata =
            self.metadata.iter().filter_map(|column| Some((column.name.clone(), column.values.get(row)?))).collect();
        Some(Signal {
            id: self.id(row)?,
            content: self.contents.get(row).unwrap_or_default().to_owned(),
            signal_type: self.signal_types.get(row).unwrap_or_default().to_owned(),
            metadata,
            timestamp,
        })
    }

    /// All rows as signals, in order.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        (0..self.rows()).filter_map(|row| self.signal(row))
    }

    /// The id of a row.
    pub fn id(&self, row: usize) -> Option<(u64, u64)> {
        Some((*self.ids.get(2 * row)?, *self.ids.get(2 * row + 1)?))
    }

    /// Some of its rows, as a batch of their own; none of those that are not there.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let end = rows.end.min(self.rows());
        let rows = rows.start.min(end)..end;
        let column = |column: &Column| Column { name: column.name.clone(), values: column.values.slice(rows.clone()) };
        Self {
            ids: self.ids.get(2 * rows.start..2 * rows.end).unwrap_or_default().to_vec(),
            timestamps: self.timestamps.get(rows.clone()).unwrap_or_default().to_vec(),
            contents: self.contents.slice(rows.clone()),
            signal_types: self.signal_types.slice(rows.clone()),
            metadata: self.metadata.iter().map(column).collect(),
        }
    }

    /// The column of a name; of the last one, where a name occurs twice.
    pub fn column(&self, name: &str) -> Option<&ColumnValues> {
        self.metadata.iter().rev().find(|column| column.name == name).map(|column| &column.values)
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

    /// The bytes of all texts and numbers.
    pub(crate) fn bytes(&self) -> u64 {
        let texts = |column: &TextColumn| column.text.len() + size_of_val(column.ends.as_slice());
        let metadata = self.metadata.iter().map(|column| match &column.values {
            ColumnValues::Texts(column) => texts(column),
            ColumnValues::Numbers(numbers) => size_of_val(numbers.as_slice()),
        });
        let fixed = size_of_val(self.ids.as_slice()) + size_of_val(self.timestamps.as_slice());
        (texts(&self.contents) + texts(&self.signal_types) + fixed + metadata.sum::<usize>()) as u64
    }

    /// The bytes of a row's texts and numbers, as of a signal of its own.
    pub(crate) fn row_bytes(&self, row: usize) -> u64 {
        let metadata = self.metadata.iter().map(|column| match column.values.bytes_of(row) {
            0 => 0,
            bytes => column.name.len() + bytes,
        });
        (self.contents.bytes_of(row) + self.signal_types.bytes_of(row) + metadata.sum::<usize>()) as u64
    }
}

impl Default for SignalBatch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
