//! Rows of features as they come in: flat, with a number of columns, and not to be trusted.
//! Knows nothing of models; what it hands on is rectangular and finite.

use hal9_plugin_sdk::{ErrorCode, PluginError, err};

/// Rows that have been looked at: all of one length, all numbers finite.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    features: &'a [f32],
    dimensions: usize,
}

impl<'a> Rows<'a> {
    /// Looks at `features`: rows of `dimensions` numbers, one after the other.
    ///
    /// # Errors
    /// `invalid-input` for a length that is no multiple of `dimensions`, and for a number that is not finite, with its row.
    pub(crate) fn new(features: &'a [f32], dimensions: u32) -> Result<Self, PluginError> {
        let count = features.len();
        let dimensions = usize::try_from(dimensions).unwrap_or(usize::MAX);
        if count > 0 && (dimensions == 0 || !count.is_multiple_of(dimensions)) {
            return err(ErrorCode::InvalidInput, format!("{count} numbers do not make rows of {dimensions}"));
        }
        if let Some(at) = features.iter().position(|number| !number.is_finite()) {
            let (row, column, number) = (at / dimensions, at % dimensions, features[at]);
            return err(
                ErrorCode::InvalidInput,
                format!("row {row}, column {column} (both counted from 0) is {number}: features must be finite"),
            );
        }
        Ok(Self { features, dimensions })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.features.len().checked_div(self.dimensions).unwrap_or(0)
    }

    /// Numbers a row.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Row `index`, which MUST be below [`Rows::len`].
    pub(crate) fn row(&self, index: usize) -> &'a [f32] {
        &self.features[index * self.dimensions..][..self.dimensions]
    }

    /// All rows in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [f32]> {
        self.features.chunks_exact(self.dimensions.max(1))
    }
}
