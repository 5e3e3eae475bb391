//! One model: checks a batch, learns from it row by row, predicts.
//! Knows nothing of how a model is kept ([`crate::saved`]) or of the host.

use crate::linear::{Linear, MAX_WEIGHTS};
use crate::loss;
use crate::options::{MAX_CLASSES, Options, Task};
use crate::order::SplitMix64;
use crate::rows::Rows;
use crate::scaler::{Scale, Scaler};
use hal9_plugin_sdk::{ErrorCode, PluginError, Prediction, TrainingBatch, TrainingReport, err};
use serde::{Deserialize, Serialize};

/// Weight updates in one call of `train` at most, epochs included: about a second of one core, which leaves room in the
/// default call time of five where the host grants a share of a core only.
pub const MAX_UPDATES: u64 = 1 << 29;

/// Numbers in the scores of one prediction at most: 8 MiB to hand back.
pub const MAX_SCORES: usize = 1 << 21;

/// A model that learns on top of what it knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(crate) options: Options,
    /// Rows seen.
    pub(crate) samples: u64,
    /// `None` until the first row.
    pub(crate) learned: Option<Learned>,
}

/// What a model that has seen rows knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learned {
    pub(crate) features: Scaler,
    /// One column. Counts for a regression only.
    pub(crate) targets: Scaler,
    pub(crate) layer: Linear,
}

impl Model {
    /// A model that knows nothing.
    pub fn new(options: Options) -> Self {
        Self { options, samples: 0, learned: None }
    }

    /// Learns from a batch. The loss in the report is that of the batch before it was learned from, for a regression
    /// in standard deviations of the targets.
    ///
    /// # Errors
    /// `invalid-input` for a batch that is malformed, does not fit earlier ones, or holds a number that is not finite
    /// or a target that is no class; `limit-exceeded` for too large a model or too much work in one call. The model is
    /// then as it was.
    pub fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
        let rows = Rows::new(&batch.features, batch.dimensions)?;
        let outputs = self.check(&rows, &batch.targets)?;
        if rows.len() == 0 {
            return Ok(TrainingReport { samples: self.samples, loss: 0.0 });
        }
        // Nothing fails from here on: a failure must leave the model as it was.
        let learned = self.learned.get_or_insert_with(|| Learned::new(rows.dimensions()));
        learned.layer.grow(outputs);
        rows.iter().for_each(|row| learned.features.observe(row));
        batch.targets.iter().for_each(|target| learned.targets.observe(&[*target]));
        let loss = learned.descend(&rows, &batch.targets, &self.options, self.samples);
        self.samples = self.samples.saturating_add(rows.len() as u64);
        Ok(TrainingReport { samples: self.samples, loss })
    }

    /// Predicts rows: the most likely class with the likelihood of each, or the value.
    ///
    /// # Errors
    /// `invalid-input` for rows that are malformed, hold a number that is not finite, are not as long as those that
    /// were learned from, or come before any; `limit-exceeded` for more than [`MAX_SCORES`] scores.
    pub fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError> {
        let rows = Rows::new(features, dimensions)?;
        if rows.len() == 0 {
            return Ok(Prediction { targets: Vec::new(), scores: Vec::new(), width: 0 });
        }
        let Some(learned) = &self.learned else {
            return err(ErrorCode::InvalidInput, "the model has learned nothing yet: train it first");
        };
        self.check_dimensions(&rows)?;
        let outputs = learned.layer.outputs();
        if rows.len().saturating_mul(outputs) > MAX_SCORES {
            let most = MAX_SCORES / outputs.max(1);
            return err(ErrorCode::LimitExceeded, format!("{} rows at once: predict {most} at most", rows.len()));
        }
        Ok(learned.predict(&rows, self.options.task))
    }

    /// Holds a batch against the model and its bounds; gives the number of outputs that the model needs for it.
    fn check(&self, rows: &Rows<'_>, targets: &[f32]) -> Result<usize, PluginError> {
        if rows.len() != targets.len() {
            let message = format!("{} rows with {} targets: there must be one each", rows.len(), targets.len());
            return err(ErrorCode::InvalidInput, message);
        }
        if rows.len() == 0 {
            return Ok(0);
        }
        self.check_dimensions(rows)?;
        let mut outputs = self.learned.as_ref().map_or(0, |learned| learned.layer.outputs());
        outputs = outputs.max(match self.options.task {
            Task::Regression => check_values(targets)?,
            Task::Classification => check_classes(targets, self.options.classes)?,
        });
        let weights = outputs.saturating_mul(rows.dimensions().saturating_add(1));
        if weights > MAX_WEIGHTS {
            let message = format!(
                "{outputs} outputs of {} features: a model has {MAX_WEIGHTS} weights at most",
                rows.dimensions()
            );
            return err(ErrorCode::LimitExceeded, message);
        }
        let a_row = weights as u64 * u64::from(self.options.epochs);
        if a_row.saturating_mul(rows.len() as u64) > MAX_UPDATES {
            let most = MAX_UPDATES / a_row.max(1);
            let message =
                format!("{} rows in one batch: with this model and these epochs send {most} at most", rows.len());
            return err(ErrorCode::LimitExceeded, message);
        }
        Ok(outputs)
    }

    fn check_dimensions(&self, rows: &Rows<'_>) -> Result<(), PluginError> {
        match &self.learned {
            Some(learned) if learned.layer.inputs() != rows.dimensions() => err(
                ErrorCode::InvalidInput,
                format!(
                    "rows of {} features: the model has learned from rows of {}",
                    rows.dimensions(),
                    learned.layer.inputs()
                ),
            ),
            _ => Ok(()),
        }
    }
}

/// One output, if all values are finite.
fn check_values(targets: &[f32]) -> Result<usize, PluginError> {
    match targets.iter().position(|target| !target.is_finite()) {
        Some(row) => {
            err(ErrorCode::InvalidInput, format!("row {row} (counted from 0): its target is {}", targets[row]))
        }
        None => Ok(1),
    }
}

/// As many outputs as there are classes, if all targets are classes.
fn check_classes(targets: &[f32], classes: Option<u32>) -> Result<usize, PluginError> {
    let bound = classes.unwrap_or(MAX_CLASSES);
    // Not negated: NaN is in no range.
    let is_class = |target: &f32| (0.0..bound as f32).contains(target) && target.fract() == 0.0;
    if let Some(row) = targets.iter().position(|target| !is_class(target)) {
        let message = format!(
            "row {row} (counted from 0): its target is {}, and a class is a whole number from 0 to {}",
            targets[row],
            bound - 1
        );
        return err(ErrorCode::InvalidInput, message);
    }
    let seen = targets.iter().fold(0.0, |most: f32, target| most.max(*target)) as usize + 1;
    Ok(classes.map_or(seen, |classes| classes as usize))
}

impl Learned {
    fn new(dimensions: usize) -> Self {
        Self { features: Scaler::new(dimensions), targets: Scaler::new(1), layer: Linear::new(dimensions) }
    }

    /// Descends along the loss of every row, `epochs` times; gives the mean loss from before.
    fn descend(&mut self, rows: &Rows<'_>, targets: &[f32], options: &Options, samples: u64) -> f32 {
        let (features, scale) = (self.features.scale(), self.targets.scale());
        let layer = &mut self.layer;
        let mut row = vec![0.0; rows.dimensions()];
        let mut gradient = vec![0.0; layer.outputs()];
        let mut before = 0.0;
        for (source, target) in rows.iter().zip(targets) {
            features.apply(source, &mut row);
            layer.forward(&row, &mut gradient);
            before += f64::from(options.task.loss(&mut gradient, *target, &scale));
        }
        // Depends on what was seen, so that a model that was saved and loaded goes on as one that was not.
        let mut random = SplitMix64(options.seed ^ samples.rotate_left(32));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        for _ in 0..options.epochs {
            random.shuffle(&mut order);
            for &index in &order {
                features.apply(rows.row(index), &mut row);
                layer.forward(&row, &mut gradient);
                options.task.loss(&mut gradient, targets[index], &scale);
                layer.step(&row, &gradient, options.learning_rate, options.l2);
            }
        }
        (before / rows.len() as f64) as f32
    }

    fn predict(&self, rows: &Rows<'_>, task: Task) -> Prediction {
        let (features, scale) = (self.features.scale(), self.targets.scale());
        let mut row = vec![0.0; rows.dimensions()];
        let mut outputs = vec![0.0; self.layer.outputs()];
        let (mut targets, mut scores) = (Vec::with_capacity(rows.len()), Vec::new());
        for source in rows.iter() {
            features.apply(source, &mut row);
            self.layer.forward(&row, &mut outputs);
            match task {
                Task::Regression => targets.push(outputs.first().map_or(0.0, |score| scale.value(0, *score))),
                Task::Classification => {
                    loss::softmax(&mut outputs);
                    targets.push(most_likely(&outputs) as f32);
                    scores.extend_from_slice(&outputs);
                }
            }
        }
        let width = if scores.is_empty() { 0 } else { outputs.len() as u32 };
        Prediction { targets, scores, width }
    }
}

impl Task {
    /// The loss of one row. Turns `outputs` into the gradient.
    fn loss(self, outputs: &mut [f32], target: f32, targets: &Scale<'_>) -> f32 {
        match self {
            Self::Classification => loss::cross_entropy(outputs, target as usize),
            Self::Regression => {
                let mut score = [0.0];
                targets.apply(&[target], &mut score);
                loss::huber(outputs, score[0])
            }
        }
    }
}

/// Where the largest number is; the first of several.
fn most_likely(scores: &[f32]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best
}
