//! Running means and variances of columns (Welford 1962), and the standard scores that follow from them.
//! Knows nothing of what the columns are for.

use serde::{Deserialize, Serialize};

/// Scores are cut here, so that one freak value cannot push a weight further than eight ordinary ones.
const MAX_SCORE: f64 = 8.0;

/// A column whose variance is below this share of its squared mean is constant but for rounding.
const CONSTANT: f64 = 1e-12;

/// Means and variances of the rows seen so far, a column each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scaler {
    /// Rows seen.
    count: u64,
    mean: Vec<f64>,
    /// Sums of squared distances from the mean.
    squares: Vec<f64>,
}

impl Scaler {
    /// For rows of `dimensions` numbers, none of which has been seen.
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { count: 0, mean: vec![0.0; dimensions], squares: vec![0.0; dimensions] }
    }

    /// Numbers a row.
    pub(crate) fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// Takes in one row, which MUST have as many numbers as [`Scaler::dimensions`] says, all finite.
    pub(crate) fn observe(&mut self, row: &[f32]) {
        self.count = self.count.saturating_add(1);
        let share = 1.0 / self.count as f64;
        for ((mean, squares), &value) in self.mean.iter_mut().zip(&mut self.squares).zip(row) {
            let distance = f64::from(value) - *mean;
            *mean += distance * share;
            *squares += distance * (f64::from(value) - *mean);
        }
    }

    /// Freezes the figures as they are now, for any number of rows.
    pub(crate) fn scale(&self) -> Scale<'_> {
        let inverse = self.mean.iter().zip(&self.squares).map(|(mean, squares)| {
            let variance = squares / self.count.max(1) as f64;
            if variance <= mean * mean * CONSTANT { 0.0 } else { 1.0 / variance.sqrt() }
        });
        Scale { mean: &self.mean, inverse: inverse.collect() }
    }

    /// Whether these can be the figures of rows that were seen. What was loaded may be anything.
    pub(crate) fn is_sound(&self) -> bool {
        self.mean.len() == self.squares.len()
            && self.mean.iter().all(|mean| mean.is_finite() && mean.abs() <= f64::from(f32::MAX))
            && self.squares.iter().all(|squares| squares.is_finite() && *squares >= 0.0)
    }
}

/// The figures of a [`Scaler`] at one time.
pub(crate) struct Scale<'a> {
    mean: &'a [f64],
    /// One over the standard deviation; 0 for a constant column, which then says nothing.
    inverse: Vec<f64>,
}

impl Scale<'_> {
    /// Writes the standard scores of `row` to `out`, which MUST be as long.
    pub(crate) fn apply(&self, row: &[f32], out: &mut [f32]) {
        for (((score, &value), mean), inverse) in out.iter_mut().zip(row).zip(self.mean).zip(&self.inverse) {
            *score = ((f64::from(value) - mean) * inverse).clamp(-MAX_SCORE, MAX_SCORE) as f32;
        }
    }

    /// What value has `score` in `column`; 0 for a column that is not there. A constant column has one value.
    pub(crate) fn value(&self, column: usize, score: f32) -> f32 {
        let (Some(mean), Some(&inverse)) = (self.mean.get(column), self.inverse.get(column)) else { return 0.0 };
        let deviation = if inverse == 0.0 { 0.0 } else { 1.0 / inverse };
        (mean + f64::from(score) * deviation).clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_two_pass_formula() {
        let rows = [[1.0f32, 1e6], [2.0, 1e6 + 1.0], [4.0, 1e6 + 2.0], [9.0, 1e6 + 5.0]];
        let mut scaler = Scaler::new(2);
        rows.iter().for_each(|row| scaler.observe(row));
        for column in 0..2 {
            let values: Vec<f64> = rows.iter().map(|row| f64::from(row[column])).collect();
            let mean = values.iter().sum::<f64>() / 4.0;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
            for row in &rows {
                let mut scores = [0.0; 2];
                scaler.scale().apply(row, &mut scores);
                let expect = (f64::from(row[column]) - mean) / deviation;
                assert!((f64::from(scores[column]) - expect).abs() < 1e-5, "{} is not {expect}", scores[column]);
                assert!((scaler.scale().value(column, scores[column]) - row[column]).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_constant_column_says_nothing_and_a_freak_is_cut() {
        let mut scaler = Scaler::new(2);
        for i in 0..1000u16 {
            scaler.observe(&[0.1, f32::from(i % 2)]);
        }
        let mut scores = [1.0; 2];
        scaler.scale().apply(&[0.1, f32::MAX], &mut scores);
        assert_eq!(scores, [0.0, 8.0]);
        scaler.scale().apply(&[5.0, f32::MIN], &mut scores);
        assert_eq!(scores, [0.0, -8.0]);
    }
}
