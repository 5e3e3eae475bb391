//! The batch itself: ids, times, texts and metadata, in step.
//! Each method costs what it adds or gives, never a walk over what is there already.

use super::TextColumn;
use crate::bindings::imports::hal9::plugin::types;
use crate::{ErrorCode, PluginError, PluginSignal, err};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How many metadata names `push` spreads over a batch: each costs every row its place, whether it has it or not.
const MAX_NAMES: usize = 256;

/// The values of one column, a row each (`column-values` of `types.wit`).
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// Numbers; NaN where a row has none.
    Numbers(Vec<f32>),
    /// Texts; the empty text where a row has none.
    Texts(TextColumn),
}

impl ColumnValues {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row as metadata says it: `None` for NaN and for the empty text.
    fn get(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Numbers(values) => {
                values.get(row).filter(|value| !value.is_nan()).map(|value| value.to_string().into())
            }
            Self::Texts(values) => values.get(row).filter(|value| !value.is_empty()).map(Cow::Borrowed),
        }
    }
}

/// One metadata entry of all the signals in a batch (`column` of `types.wit`).
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name, as in a signal's metadata.
    pub name: String,
    /// As many values as the batch has rows.
    pub values: ColumnValues,
}

/// Many signals, a column for each field (`signal-batch` of `types.wit`). Every column has a value for each row, and a
/// name is that of one column: what would break this is refused.
///
/// A neuron that has much to say about many signals takes the batch that came, and adds to it:
///
/// ```
/// use hal9_plugin_sdk::*;
///
/// fn with_lengths(mut batch: SignalBatch) -> Result<SignalBatch, PluginError> {
///     let lengths = batch.contents().iter().map(|content| content.len() as f32).collect();
///     batch.set_numbers("length", lengths)?;
///     Ok(batch)
/// }
///
/// let batch = SignalBatch::from_signals([PluginSignal::new("text", "one"), PluginSignal::new("text", "three")])?;
/// assert_eq!(with_lengths(batch)?.numbers("length"), Some(&[3.0, 5.0][..]));
/// # Ok::<(), PluginError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalBatch {
    ids: Vec<u64>,
    timestamps: Vec<u64>,
    contents: TextColumn,
    signal_types: TextColumn,
    metadata: Vec<Column>,
}

impl SignalBatch {
    /// A batch of no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch of no rows, with room for so many, with so many bytes of content together.
    #[must_use]
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self {
            ids: Vec::with_capacity(rows.saturating_mul(2)),
            timestamps: Vec::with_capacity(rows),
            contents: TextColumn::with_capacity(rows, bytes),
            signal_types: TextColumn::with_capacity(rows, 0),
            metadata: Vec::new(),
        }
    }

    /// Whether its rows have these ids. (Comparing the slices would compare bytes one by one: that is what a component's `memcmp`
    /// does.)
    pub(crate) fn has_ids(&self, ids: &[u64]) -> bool {
        self.ids.len() == ids.len() && self.ids.iter().zip(ids).all(|(own, id)| own == id)
    }

    /// A batch of a row for each signal.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn from_signals(signals: impl IntoIterator<Item = PluginSignal>) -> Result<Self, PluginError> {
        let mut batch = Self::new();
        for signal in signals {
            batch.push(signal)?;
        }
        Ok(batch)
    }

    /// Adds a row. A metadata name that is new gets a column, empty for the rows before; a text that comes into a
    /// column of numbers, and is none, makes it one of texts.
    ///
    /// # Errors
    /// `limit-exceeded` for the 257th metadata name, which belongs into the content, and for 4 GiB of text. The batch is
    /// then as it was.
    pub fn push(&mut self, signal: PluginSignal) -> Result<(), PluginError> {
        self.append(&signal, signal.id.as_u64_pair())
    }

    /// Adds a row that says what a signal says, whose id is these two numbers.
    pub(crate) fn append(&mut self, signal: &PluginSignal, (high, low): (u64, u64)) -> Result<(), PluginError> {
        self.has_room(signal)?;
        self.contents.push(&signal.content)?;
        self.signal_types.push(&signal.signal_type)?;
        self.ids.extend([high, low]);
        self.timestamps.push(signal.timestamp);
        // Looking a fact up hashes its name; there are few columns, and comparing names is cheaper.
        self.metadata.iter_mut().for_each(|column| column.values.push_absent());
        let mut new = Vec::new();
        for (name, value) in &signal.metadata {
            match self.metadata.iter_mut().find(|column| column.name == *name) {
                Some(column) => column.values.fill_last(value)?,
                None => new.push((name, value)),
            }
        }
        new.sort_unstable();
        for (name, value) in new {
            let mut texts = TextColumn::with_capacity(self.len(), value.len());
            texts.push_empty(self.len());
            texts.fill_last(value)?;
            self.metadata.push(Column { name: name.clone(), values: ColumnValues::Texts(texts) });
        }
        Ok(())
    }

    /// Whether a signal can be a row. What comes after that cannot fail, so that no row is there by half.
    fn has_room(&self, signal: &PluginSignal) -> Result<(), PluginError> {
        self.contents.end_after(&signal.content)?;
        self.signal_types.end_after(&signal.signal_type)?;
        let mut names = self.metadata.len();
        for (name, value) in &signal.metadata {
            match self.column(name) {
                Some(ColumnValues::Texts(texts)) => {
                    texts.end_after(value)?;
                }
                Some(ColumnValues::Numbers(_)) => {}
                None => names += 1,
            }
        }
        if names > self.metadata.len().max(MAX_NAMES) {
            return err(
                ErrorCode::LimitExceeded,
                format!("a batch takes {MAX_NAMES} different metadata names; put what varies into the content"),
            );
        }
        Ok(())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// One row, or `None` beyond the last.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<SignalRow<'_>> {
        (row < self.len()).then_some(SignalRow { batch: self, row })
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = SignalRow<'_>> + DoubleEndedIterator {
        (0..self.len()).map(|row| SignalRow { batch: self, row })
    }

    /// All rows as signals, in order.
    pub fn signals(&self) -> impl ExactSizeIterator<Item = PluginSignal> + DoubleEndedIterator {
        self.rows().map(|row| row.to_signal())
    }

    /// Two numbers a row: the high half and the low half of its id.
    #[must_use]
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// Milliseconds since the Unix epoch, 0 where unknown; one a row.
    #[must_use]
    pub fn timestamps(&self) -> &[u64] {
        &self.timestamps
    }

    /// One text a row.
    #[must_use]
    pub fn contents(&self) -> &TextColumn {
        &self.contents
    }

    /// One text a row.
    #[must_use]
    pub fn signal_types(&self) -> &TextColumn {
        &self.signal_types
    }

    /// Metadata, a column for each name.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.metadata
    }

    /// The metadata column of a name, if it is one of numbers.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Option<&[f32]> {
        match self.column(name) {
            Some(ColumnValues::Numbers(values)) => Some(values),
            _ => None,
        }
    }

    /// The metadata column of a name, if it is one of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<&TextColumn> {
        match self.column(name) {
            Some(ColumnValues::Texts(values)) => Some(values),
            _ => None,
        }
    }

    fn column(&self, name: &str) -> Option<&ColumnValues> {
        self.metadata.iter().find(|column| column.name == name).map(|column| &column.values)
    }

    /// Sets the metadata of a name for all rows, in place of what it was; NaN for a row that has none.
    ///
    /// # Errors
    /// `internal` for more or fewer values than rows. The batch is then as it was.
    pub fn set_numbers(&mut self, name: impl Into<String>, values: Vec<f32>) -> Result<(), PluginError> {
        self.set_column(name.into(), ColumnValues::Numbers(values))
    }

    /// Sets the metadata of a name for all rows, in place of what it was; the empty text for a row that has none.
    ///
    /// # Errors
    /// As [`set_numbers`](Self::set_numbers).
    pub fn set_texts(&mut self, name: impl Into<String>, values: TextColumn) -> Result<(), PluginError> {
        self.set_column(name.into(), ColumnValues::Texts(values))
    }

    fn set_column(&mut self, name: String, values: ColumnValues) -> Result<(), PluginError> {
        self.in_step(&name, values.len())?;
        match self.metadata.iter_mut().find(|column| column.name == name) {
            Some(column) => column.values = values,
            None => self.metadata.push(Column { name, values }),
        }
        Ok(())
    }

    /// Takes the metadata of a name from all rows.
    pub fn remove_column(&mut self, name: &str) -> Option<ColumnValues> {
        let at = self.metadata.iter().position(|column| column.name == name)?;
        Some(self.metadata.remove(at).values)
    }

    /// Sets the content of all rows.
    ///
    /// # Errors
    /// As [`set_numbers`](Self::set_numbers).
    pub fn set_contents(&mut self, contents: TextColumn) -> Result<(), PluginError> {
        self.in_step("contents", contents.len())?;
        self.contents = contents;
        Ok(())
    }

    /// Sets the signal type of all rows.
    ///
    /// # Errors
    /// As [`set_numbers`](Self::set_numbers).
    pub fn set_signal_types(&mut self, signal_types: TextColumn) -> Result<(), PluginError> {
        self.in_step("signal types", signal_types.len())?;
        self.signal_types = signal_types;
        Ok(())
    }

    /// Sets the one signal type that all rows have.
    ///
    /// # Errors
    /// `limit-exceeded` for more than 4 GiB of text, which no plugin has.
    pub fn set_signal_type(&mut self, signal_type: &str) -> Result<(), PluginError> {
        self.signal_types = TextColumn::from_texts(std::iter::repeat_n(signal_type, self.len()))?;
        Ok(())
    }

    /// Sets the time of all rows, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// As [`set_numbers`](Self::set_numbers).
    pub fn set_timestamps(&mut self, timestamps: Vec<u64>) -> Result<(), PluginError> {
        self.in_step("timestamps", timestamps.len())?;
        self.timestamps = timestamps;
        Ok(())
    }

    fn in_step(&self, name: &str, values: usize) -> Result<(), PluginError> {
        let rows = self.len();
        if values == rows {
            return Ok(());
        }
        err(ErrorCode::Internal, format!("`{name}` has {values} values for a batch of {rows} rows; each row needs one"))
    }
}

impl ColumnValues {
    /// Adds a row that has no value.
    fn push_absent(&mut self) {
        match self {
            Self::Texts(texts) => texts.push_empty(1),
            Self::Numbers(numbers) => numbers.push(f32::NAN),
        }
    }

    /// Has the last row, which has no value, have one; the empty text stands for none.
    fn fill_last(&mut self, value: &str) -> Result<(), PluginError> {
        if value.is_empty() {
            return Ok(());
        }
        match self {
            Self::Texts(texts) => return texts.fill_last(value),
            Self::Numbers(numbers) => {
                if let (Ok(number), Some(last)) = (value.parse(), numbers.last_mut()) {
                    *last = number;
                    return Ok(());
                }
            }
        }
        // At most once in the life of a column: from then on it is one of texts.
        let mut texts = TextColumn::with_capacity(self.len(), 0);
        for row in 0..self.len() {
            texts.push(&self.get(row).unwrap_or_default())?;
        }
        texts.fill_last(value)?;
        *self = Self::Texts(texts);
        Ok(())
    }
}

/// One signal of a batch, in place.
#[derive(Clone, Copy, Debug)]
pub struct SignalRow<'a> {
    batch: &'a SignalBatch,
    row: usize,
}

impl<'a> SignalRow<'a> {
    /// Who this is.
    #[must_use]
    pub fn id(&self) -> Uuid {
        let (high, low) = self.halves();
        Uuid::from_u64_pair(high, low)
    }

    /// The two halves of its id.
    pub(crate) fn halves(&self) -> (u64, u64) {
        let half = |which| self.batch.ids.get(2 * self.row + which).copied().unwrap_or_default();
        (half(0), half(1))
    }

    /// The text.
    #[must_use]
    pub fn content(&self) -> &'a str {
        self.batch.contents.get(self.row).unwrap_or_default()
    }

    /// What sort of signal this is.
    #[must_use]
    pub fn signal_type(&self) -> &'a str {
        self.batch.signal_types.get(self.row).unwrap_or_default()
    }

    /// When it was made, in milliseconds since the Unix epoch; 0 where nobody knows.
    #[must_use]
    pub fn timestamp(&self) -> u64 {
        self.batch.timestamps.get(self.row).copied().unwrap_or_default()
    }

    /// The fact of a name, whether its column is one of numbers or of texts.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<Cow<'a, str>> {
        self.batch.column(name)?.get(self.row)
    }

    /// All facts about the signal, by name.
    pub fn facts(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let row = self.row;
        self.batch.metadata.iter().filter_map(move |column| Some((column.name.as_str(), column.values.get(row)?)))
    }

    /// Has a signal say what this row says, in the room that it has: texts and facts of the same names need no new one.
    pub(crate) fn write_to(&self, signal: &mut PluginSignal) {
        fn set(text: &mut String, to: &str) {
            text.clear();
            text.push_str(to);
        }
        signal.id = self.id();
        set(&mut signal.content, self.content());
        set(&mut signal.signal_type, self.signal_type());
        signal.timestamp = self.timestamp();
        let facts = &mut signal.metadata;
        if !facts.is_empty() {
            facts.retain(|name, _| self.batch.column(name).is_some_and(|values| values.get(self.row).is_some()));
        }
        for (name, value) in self.facts() {
            match facts.get_mut(name) {
                Some(fact) => set(fact, &value),
                None => drop(facts.insert(name.to_string(), value.into_owned())),
            }
        }
    }

    /// The signal on its own.
    #[must_use]
    pub fn to_signal(&self) -> PluginSignal {
        PluginSignal {
            id: self.id(),
            content: self.content().to_string(),
            signal_type: self.signal_type().to_string(),
            metadata: self
                .facts()
                .map(|(name, value)| (name.to_string(), value.into_owned()))
                .collect::<HashMap<_, _>>(),
            timestamp: self.timestamp(),
        }
    }
}

/// Refuses columns of different lengths and offsets that make no sense. Of columns with one name the last one counts.
impl TryFrom<types::SignalBatch> for SignalBatch {
    type Error = PluginError;

    fn try_from(wire: types::SignalBatch) -> Result<Self, PluginError> {
        let mut batch = Self { timestamps: wire.timestamps, ..Self::default() };
        if wire.ids.len() != 2 * batch.len() {
            return err(
                ErrorCode::InvalidInput,
                format!("{} halves of ids for a batch of {} rows; each row needs two", wire.ids.len(), batch.len()),
            );
        }
        batch.ids = wire.ids;
        let received = |error: PluginError| PluginError { code: ErrorCode::InvalidInput, ..error };
        batch.set_contents(wire.contents.try_into()?).map_err(received)?;
        batch.set_signal_types(wire.signal_types.try_into()?).map_err(received)?;
        for types::Column { name, values } in wire.metadata {
            let values = match values {
                types::ColumnValues::Numbers(values) => ColumnValues::Numbers(values),
                types::ColumnValues::Texts(values) => ColumnValues::Texts(values.try_into()?),
            };
            batch.in_step(&name, values.len()).map_err(received)?;
            batch.metadata.push(Column { name, values });
        }
        let mut seen = HashSet::with_capacity(batch.metadata.len());
        let last: Vec<bool> = batch.metadata.iter().rev().map(|column| seen.insert(column.name.as_str())).collect();
        let mut keep = last.into_iter().rev();
        batch.metadata.retain(|_| keep.next().unwrap_or(true));
        Ok(batch)
    }
}

impl From<SignalBatch> for types::SignalBatch {
    fn from(batch: SignalBatch) -> Self {
        let columns = batch.metadata.into_iter().map(|column| types::Column {
            name: column.name,
            values: match column.values {
                ColumnValues::Numbers(values) => types::ColumnValues::Numbers(values),
                ColumnValues::Texts(values) => types::ColumnValues::Texts(values.into()),
            },
        });
        Self {
            metadata: columns.collect(),
            ids: batch.ids,
            timestamps: batch.timestamps,
            contents: batch.contents.into(),
            signal_types: batch.signal_types.into(),
        }
    }
}
