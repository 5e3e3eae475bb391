//! The two losses and their gradients: cross entropy of a softmax for classes, Huber for values.
//! Knows nothing of where the outputs come from.
//!
//! Exponentials and logarithms are `libm`'s: the platform's own differ in the last bit, and a model is to be the same
//! bytes on every machine.

/// Where Huber's loss turns from a square to a line, in standard deviations of the target: a row that is further off
/// pulls no harder than one that is this far off.
const HUBER_DELTA: f32 = 1.0;

/// Turns outputs into probabilities, which add up to 1.
pub(crate) fn softmax(outputs: &mut [f32]) {
    let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for output in outputs.iter_mut() {
        *output = libm::expf(*output - largest);
        sum += *output;
    }
    outputs.iter_mut().for_each(|output| *output /= sum);
}

/// Cross entropy of a row whose class is `class`. Turns `outputs` into the gradient.
pub(crate) fn cross_entropy(outputs: &mut [f32], class: usize) -> f32 {
    softmax(outputs);
    let Some(probability) = outputs.get_mut(class) else { return 0.0 };
    let loss = -libm::logf(probability.max(f32::MIN_POSITIVE));
    *probability -= 1.0;
    loss
}

/// Huber's loss of a row whose value is `target`. Turns `outputs`, which is one number, into the gradient.
pub(crate) fn huber(outputs: &mut [f32], target: f32) -> f32 {
    let Some(output) = outputs.first_mut() else { return 0.0 };
    let distance = *output - target;
    *output = distance.clamp(-HUBER_DELTA, HUBER_DELTA);
    if distance.abs() <= HUBER_DELTA {
        0.5 * distance * distance
    } else {
        HUBER_DELTA * (distance.abs() - 0.5 * HUBER_DELTA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the gradient against the difference of losses on both sides of each output.
    fn check(loss: impl Fn(&mut [f32]) -> f32, outputs: &[f32]) {
        let mut gradient = outputs.to_vec();
        loss(&mut gradient);
        for i in 0..outputs.len() {
            let at = |offset: f32| {
                let mut moved = outputs.to_vec();
                moved[i] += offset;
                loss(&mut moved)
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((slope - gradient[i]).abs() < 1e-3, "output {i}: {} is not {slope}", gradient[i]);
        }
    }

    #[test]
    fn gradients_are_slopes() {
        for class in 0..3 {
            check(|outputs| cross_entropy(outputs, class), &[0.3, -1.0, 2.0]);
        }
        for target in [-4.0, 0.2, 0.9, 7.0] {
            check(|outputs| huber(outputs, target), &[0.5]);
        }
    }

    #[test]
    fn far_outputs_stay_finite() {
        let mut outputs = [1e30, -1e30, 0.0];
        assert!(cross_entropy(&mut outputs, 1).is_finite());
        assert!(outputs.iter().all(|gradient| gradient.is_finite()));
    }
}
