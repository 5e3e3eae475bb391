//! A layer of linear outputs and its optimiser: AdaGrad (Duchi, Hazan, Singer 2011) with L2, one row at a time.
//! Knows nothing of losses, of scaling, or of what the outputs mean.

use serde::{Deserialize, Serialize};

/// Weights at most, intercepts among them: 4 MiB, and as much again for the optimiser. A saved model then crosses to
/// the host within its default bound for one call.
pub(crate) const MAX_WEIGHTS: usize = 1 << 20;

/// Larger than any weight that learning reaches: after `n` steps one is at most about twice the root of `n`. Keeps sums of
/// products finite for layers that were loaded.
const MAX_WEIGHT: f32 = 1e9;

/// Keeps a weight that has never had a gradient from being divided by 0.
const EPSILON: f32 = 1e-8;

/// For every output a weight for each input and an intercept, with the optimiser's memory of their gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linear {
    inputs: usize,
    /// A row an output: its weights, then its intercept.
    weights: Vec<f32>,
    /// The sum of squared gradients of each weight.
    squares: Vec<f32>,
}

impl Linear {
    /// A layer that gives 0 for everything.
    pub(crate) fn new(inputs: usize) -> Self {
        Self { inputs, weights: Vec::new(), squares: Vec::new() }
    }

    /// Numbers that it takes.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers that it gives.
    pub(crate) fn outputs(&self) -> usize {
        self.weights.len() / self.stride()
    }

    /// Sees to it that there are at least `outputs` outputs; a new one gives 0 for everything.
    pub(crate) fn grow(&mut self, outputs: usize) {
        let length = self.weights.len().max(outputs * self.stride());
        self.weights.resize(length, 0.0);
        self.squares.resize(length, 0.0);
    }

    /// Writes what the layer gives for `row` to `out`, which MUST be as long as there are outputs.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(crate) fn forward(&self, row: &[f32], out: &mut [f32]) {
        for (value, weights) in out.iter_mut().zip(self.weights.chunks_exact(self.stride())) {
            let (intercept, weights) = weights.split_last().map_or((0.0, weights), |(last, rest)| (*last, rest));
            *value = intercept + dot(weights, row);
        }
    }

    /// Learns from one row: `gradient` says for each output how the loss grows with it. No weight moves by more than
    /// `learning_rate`, so that weights stay finite whatever the data are.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(crate) fn step(&mut self, row: &[f32], gradient: &[f32], learning_rate: f32, l2: f32) {
        let stride = self.stride();
        let outputs = self.weights.chunks_exact_mut(stride).zip(self.squares.chunks_exact_mut(stride));
        for ((weights, squares), &slope) in outputs.zip(gradient) {
            if let (Some(intercept), Some(square)) = (weights.last_mut(), squares.last_mut()) {
                descend(intercept, square, slope, learning_rate);
            }
            for ((weight, square), &input) in weights.iter_mut().zip(squares).zip(row) {
                descend(weight, square, slope * input + l2 * *weight, learning_rate);
            }
        }
    }

    /// Whether this can be a layer that was saved. What was loaded may be anything.
    pub(crate) fn is_sound(&self) -> bool {
        self.inputs < MAX_WEIGHTS
            && self.weights.len() <= MAX_WEIGHTS
            && self.weights.len().is_multiple_of(self.stride())
            && self.weights.len() == self.squares.len()
            && self.weights.iter().all(|weight| weight.abs() <= MAX_WEIGHT)
            && self.squares.iter().all(|square| square.is_finite() && *square >= 0.0)
    }

    fn stride(&self) -> usize {
        self.inputs + 1
    }
}

/// One step of AdaGrad for one weight.
#[inline(always)]
fn descend(weight: &mut f32, square: &mut f32, gradient: f32, learning_rate: f32) {
    *square += gradient * gradient;
    *weight -= learning_rate * gradient / (square.sqrt() + EPSILON);
}

/// The scalar product, in eight sums side by side: the compiler may not reorder a single one into vector instructions.
#[inline(always)]
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left_chunks, right_chunks) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f32 = left_chunks.remainder().iter().zip(right_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left_chunks.zip(right_chunks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_weighted_sum_with_the_intercept() {
        let inputs = 11;
        let mut layer = Linear::new(inputs);
        layer.grow(2);
        layer.weights = (0..24u8).map(f32::from).collect();
        let row: Vec<f32> = (0..11u8).map(|i| f32::from(i) - 3.0).collect();
        let mut out = [0.0; 2];
        layer.forward(&row, &mut out);
        for (value, weights) in out.iter().zip(layer.weights.chunks(12)) {
            let expect: f32 = weights[..11].iter().zip(&row).map(|(w, x)| w * x).sum::<f32>() + weights[11];
            assert!((value - expect).abs() < 1e-3);
        }
    }

    #[test]
    fn the_first_step_of_adagrad_is_as_long_as_the_learning_rate() {
        let mut layer = Linear::new(2);
        layer.grow(1);
        layer.step(&[2.0, 0.0], &[0.5], 0.1, 0.0);
        assert!((layer.weights[0] + 0.1).abs() < 1e-6 && (layer.weights[2] + 0.1).abs() < 1e-6);
        assert_eq!(layer.weights[1], 0.0, "an input of 0 moves nothing");
        layer.step(&[2.0, 0.0], &[0.5], 0.1, 0.0);
        assert!((layer.weights[0] + 0.1 + 0.1 / 2f32.sqrt()).abs() < 1e-6, "and the next one is shorter");
    }

    #[test]
    fn growing_keeps_what_was_learned() {
        let mut layer = Linear::new(1);
        layer.grow(1);
        layer.step(&[1.0], &[1.0], 0.1, 0.0);
        let before = layer.clone();
        layer.grow(3);
        layer.grow(2);
        assert_eq!(layer.outputs(), 3);
        assert_eq!(layer.weights[..2], before.weights[..]);
        assert!(layer.weights[2..].iter().all(|weight| *weight == 0.0));
    }
}
