//! Many signals at once, a column for each field: the form for volume, as it crosses the boundary.
//! Keeps the columns in step and refuses those that are not; knows nothing of what the values mean.

mod signals;
mod text_column;

pub use signals::{Column, ColumnValues, SignalBatch, SignalRow};
pub use text_column::TextColumn;
