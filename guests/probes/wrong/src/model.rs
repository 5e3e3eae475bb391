//! A learning algorithm that predicts the mean of what it has seen. Knows nothing of the other kinds.

use crate::bindings::exports::hal9::plugin::learning_algorithm::{
    AlgorithmDescription, Guest, GuestModel, Model, Prediction, TrainingBatch, TrainingReport,
};
use crate::bindings::hal9::plugin::types::Failure;
use crate::{Wrong, invalid, is};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};

/// What a model knows.
#[derive(Clone, Copy, Default)]
struct Mean {
    samples: u64,
    sum: f64,
    dimensions: u32,
}

thread_local! {
    /// What all models know, where they share it.
    static SHARED: Cell<Mean> = Cell::default();
}

/// A model that learns.
pub(crate) struct Learner(RefCell<Mean>);

impl Learner {
    fn mean(&self) -> Mean {
        if is("shared") { SHARED.get() } else { *self.0.borrow() }
    }

    fn keep(&self, mean: Mean) {
        SHARED.set(mean);
        self.0.replace(mean);
    }
}

/// Whether so many numbers are rows for a model of these dimensions; how many rows.
fn rows(numbers: usize, dimensions: u32, known: u32) -> Option<usize> {
    match (numbers, dimensions as usize) {
        (0, _) => Some(0),
        (_, 0) => None,
        (numbers, width) if !numbers.is_multiple_of(width) => None,
        (numbers, width) => (known == 0 || known == dimensions || is("dimensions")).then_some(numbers / width),
    }
}

impl GuestModel for Learner {
    fn create(options: String) -> Result<Model, Failure> {
        let is_right = serde_json::from_str::<Value>(&options).is_ok_and(|options| {
            options
                .as_object()
                .is_some_and(|members| members.values().all(Value::is_u64) && members.keys().all(|name| name == "seed"))
        });
        if is("defaults") && options == "{}" {
            return invalid("say which seed");
        }
        match is_right || is("options") {
            true => Ok(Model::new(Learner(RefCell::default()))),
            false => invalid("the only option is `seed`, a number"),
        }
    }

    fn load(bytes: Vec<u8>) -> Result<Model, Failure> {
        let saved: Option<[u8; 24]> = bytes.get(..24).and_then(|saved| saved.try_into().ok());
        let is_whole = bytes.len() == 24 && bytes.starts_with(b"mean");
        let Some(saved) = saved.filter(|_| is_whole || is("load")) else {
            return match is("load") {
                true => Ok(Model::new(Learner(RefCell::default()))),
                false => invalid("this is no saved model"),
            };
        };
        let number = |from: usize| saved[from..from + 8].try_into().map_or(0, u64::from_le_bytes);
        let dimensions = saved[4..8].try_into().map_or(0, u32::from_le_bytes);
        let mean = Mean { dimensions, samples: number(8), sum: f64::from_bits(number(16)) };
        Ok(Model::new(Learner(RefCell::new(mean))))
    }

    fn train(&self, batch: TrainingBatch) -> Result<TrainingReport, Failure> {
        let mut mean = self.mean();
        let Some(rows) = rows(batch.features.len(), batch.dimensions, mean.dimensions) else {
            if is("refused") {
                self.keep(Mean { sum: mean.sum + 1.0, ..mean });
            }
            return invalid("these are not rows of the same numbers as before");
        };
        if rows != batch.targets.len() && !is("lengths") {
            return invalid("there are not as many targets as rows");
        }
        if batch.targets.iter().any(|target| !target.is_finite()) {
            assert!(!is("odd"), "targets are numbers");
            return invalid("a target is no number");
        }
        if rows > 0 {
            mean.dimensions = batch.dimensions;
        }
        mean.samples += if is("samples") { 1 } else { rows as u64 };
        mean.sum += batch.targets.iter().map(|target| f64::from(*target)).sum::<f64>();
        self.keep(mean);
        Ok(TrainingReport { samples: mean.samples, loss: if rows == 0 && is("loss") { f32::NAN } else { 0.0 } })
    }

    fn predict(&self, features: Vec<f32>, dimensions: u32) -> Result<Prediction, Failure> {
        let mean = self.mean();
        let Some(rows) = rows(features.len(), dimensions, mean.dimensions) else {
            return invalid("these are not rows of the same numbers as before");
        };
        if is("no-predictions") && rows == 0 {
            return invalid("there is nothing to predict");
        }
        let target = (mean.sum / mean.samples.max(1) as f64) as f32;
        Ok(Prediction { targets: vec![target; rows], scores: vec![], width: 0 })
    }

    fn save(&self) -> Result<Vec<u8>, Failure> {
        let Mean { samples, sum, dimensions } = self.mean();
        let sum = if is("saved") { 0.0 } else { sum };
        Ok([b"mean".as_slice(), &dimensions.to_le_bytes(), &samples.to_le_bytes(), &sum.to_bits().to_le_bytes()]
            .concat())
    }
}

impl Guest for Wrong {
    type Model = Learner;

    fn describe() -> AlgorithmDescription {
        let options = json!({
            "type": "object",
            "properties": { "seed": { "type": "integer", "minimum": 0 } },
            "additionalProperties": false,
        });
        let options = if is("options-schema") { "none".to_string() } else { options.to_string() };
        AlgorithmDescription { name: "mean".to_string(), description: "Predicts the mean.".to_string(), options }
    }
}
