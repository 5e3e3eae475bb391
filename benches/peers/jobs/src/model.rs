//! The fourth job: a linear model that is in the plugin. Weights and features are eighths and sixteenths of whole numbers, so
//! that `f32` and the `f64` of scripts give the same sums; it refuses to know where they come from.

/// Features of a vector.
pub const WIDTH: usize = 16;

/// One weight a feature.
pub const WEIGHTS: [f32; WIDTH] =
    [0.5, -1.25, 0.125, 2.0, -0.75, 1.0, 0.375, -0.5, 1.5, -2.0, 0.25, 0.875, -0.125, 1.75, -1.0, 0.625];

/// What the model says of one vector of [`WIDTH`] features.
pub fn predict(vector: &[f32]) -> f32 {
    vector.iter().zip(&WEIGHTS).map(|(feature, weight)| feature * weight).sum()
}

/// What it says of many, one after the other in `vectors`: a number each.
pub fn predict_all(vectors: &[f32]) -> Vec<f32> {
    vectors.chunks_exact(WIDTH).map(predict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_weighed() {
        let mut vectors = [0.0; 2 * WIDTH];
        (vectors[0], vectors[WIDTH + 3]) = (2.0, -0.5);
        assert_eq!(predict_all(&vectors), [1.0, -1.0]);
    }
}
