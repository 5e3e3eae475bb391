//! The algorithm on a real task: handwritten digits, the rows at the end held out.
//! Figures that are asserted lie a little below those that were measured, which the README states.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::{LearningPlugin, TrainingBatch, serde_json::json};
use online_learner::OnlineLearner;

const TRAIN: &str = include_str!("../data/digits-train.csv");
const TEST: &str = include_str!("../data/digits-test.csv");

/// A CSV file with a header whose last column is `label`.
fn read(csv: &str) -> TrainingBatch {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(header.last(), Some(&"label"));
    let mut batch = TrainingBatch { dimensions: header.len() as u32 - 1, ..TrainingBatch::default() };
    for line in lines {
        let numbers: Vec<f32> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let (label, pixels) = numbers.split_last().unwrap();
        batch.features.extend_from_slice(pixels);
        batch.targets.push(*label);
    }
    assert_eq!(batch.check(), Ok(()));
    batch
}

/// Batches of `rows` rows.
fn split(batch: &TrainingBatch, rows: usize) -> Vec<TrainingBatch> {
    let width = batch.dimensions as usize;
    let parts = batch.features.chunks(rows * width).zip(batch.targets.chunks(rows));
    parts
        .map(|(features, targets)| TrainingBatch { features: features.to_vec(), targets: targets.to_vec(), ..*batch })
        .collect()
}

fn accuracy(model: &OnlineLearner, test: &TrainingBatch) -> f64 {
    let predicted = model.predict(&test.features, test.dimensions).unwrap();
    assert_eq!(predicted.targets.len(), test.targets.len());
    let right = predicted.targets.iter().zip(&test.targets).filter(|(said, is)| said == is).count();
    right as f64 / test.targets.len() as f64
}

#[test]
fn learns_digits_batch_by_batch_and_gets_better_on_the_way() {
    let test = read(TEST);
    let mut model = OnlineLearner::create(json!({})).unwrap();
    let (mut accuracies, mut losses) = (Vec::new(), Vec::new());
    for batch in split(&read(TRAIN), 64) {
        losses.push(model.train(&batch).unwrap().loss);
        accuracies.push(accuracy(&model, &test));
    }
    let (first, last) = (accuracies[0], accuracies[accuracies.len() - 1]);
    assert!(last >= 0.86, "{last} after one time through the training rows");
    assert!(first < last - 0.15, "{first} after one batch, {last} after all: nothing was learned on the way");
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!((losses[0] - 10f32.ln()).abs() < 0.01, "a model that knows nothing is worth ln 10, not {}", losses[0]);
    assert!(mean(&losses[losses.len() - 5..]) < 0.6, "losses: {losses:?}");
}

#[test]
fn gets_as_far_as_batch_logistic_regression_when_it_may_go_through_the_rows_again() {
    let (train, test) = (read(TRAIN), read(TEST));
    let mut model = OnlineLearner::create(json!({"classes": 10, "epochs": 1})).unwrap();
    for _ in 0..20 {
        for batch in split(&train, 64) {
            model.train(&batch).unwrap();
        }
    }
    let reached = accuracy(&model, &test);
    assert!(reached >= 0.88, "{reached}");
}

#[test]
fn a_saved_model_predicts_and_learns_on_as_the_one_that_was_saved() {
    let (train, test) = (split(&read(TRAIN), 200), read(TEST));
    let mut model = OnlineLearner::create(json!({"seed": 3})).unwrap();
    for batch in &train[..4] {
        model.train(batch).unwrap();
    }
    let bytes = model.save().unwrap();
    let mut loaded = OnlineLearner::load(&bytes).unwrap();
    let predict = |model: &OnlineLearner| model.predict(&test.features, 64).unwrap();
    assert_eq!(predict(&loaded), predict(&model));
    for batch in &train[4..] {
        assert_eq!(model.train(batch), loaded.train(batch));
    }
    assert_eq!(model.save(), loaded.save());
    assert_ne!(model.save().unwrap(), bytes);
}

#[test]
fn the_same_rows_options_and_seed_give_the_same_bytes_and_another_seed_gives_others() {
    let train = read(TRAIN);
    let trained = |seed: u64| {
        let mut model = OnlineLearner::create(json!({"seed": seed})).unwrap();
        model.train(&train).unwrap();
        model.save().unwrap()
    };
    assert_eq!(trained(1), trained(1));
    assert_ne!(trained(1)[40..], trained(2)[40..]);
}
