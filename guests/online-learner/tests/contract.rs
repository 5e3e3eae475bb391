//! What the `learning-algorithm` interface promises, case by case: what is refused, that a refusal changes nothing, and
//! what a saved model is worth.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hal9_plugin_sdk::serde_json::{Value, json};
use hal9_plugin_sdk::{ErrorCode, LearningPlugin, Prediction, TrainingBatch};
use online_learner::OnlineLearner;

fn model(options: Value) -> OnlineLearner {
    OnlineLearner::create(options).unwrap()
}

fn batch(dimensions: u32, features: &[f32], targets: &[f32]) -> TrainingBatch {
    TrainingBatch { features: features.to_vec(), dimensions, targets: targets.to_vec() }
}

/// Two classes in the plane, on both sides of a line.
fn two_classes() -> TrainingBatch {
    let points = (0..40u8).map(|i| (f32::from(i % 8), f32::from(i / 8)));
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for (x, y) in points {
        features.extend([x, y]);
        targets.push(if x > y + 1.5 { 1.0 } else { 0.0 });
    }
    batch(2, &features, &targets)
}

#[test]
fn a_refused_batch_says_where_and_leaves_the_model_as_it_was() {
    let mut trained = model(json!({"classes": 2}));
    trained.train(&two_classes()).unwrap();
    let before = trained.save().unwrap();
    let nan = f32::NAN;
    for (bad, words) in [
        (batch(2, &[0.0, 1.0, nan, 3.0], &[0.0, 1.0]), "row 1, column 0"),
        (batch(2, &[0.0, 1.0, 2.0, f32::INFINITY], &[0.0, 1.0]), "row 1, column 1"),
        (batch(2, &[0.0, 1.0, 2.0, 3.0], &[0.0, nan]), "row 1"),
        (batch(2, &[0.0, 1.0, 2.0, 3.0], &[0.0, 2.0]), "0 to 1"),
        (batch(2, &[0.0, 1.0, 2.0, 3.0], &[0.5, 1.0]), "row 0"),
        (batch(2, &[0.0, 1.0, 2.0, 3.0], &[0.0, -1.0]), "row 1"),
        (batch(2, &[0.0, 1.0, 2.0], &[0.0]), "rows of 2"),
        (batch(0, &[0.0], &[0.0]), "rows of 0"),
        (batch(2, &[0.0, 1.0, 2.0, 3.0], &[0.0]), "2 rows with 1 targets"),
        (batch(1, &[0.0, 1.0], &[0.0, 1.0]), "rows of 2"),
    ] {
        let error = trained.train(&bad).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{error}");
        assert!(error.message.contains(words), "{words:?} is not in: {error}");
        assert_eq!(trained.save().unwrap(), before, "after: {error}");
    }
}

#[test]
fn too_much_at_once_is_refused_with_what_would_do() {
    let mut wide = model(json!({}));
    let error = wide.train(&batch(1000, &[0.0; 1000], &[4000.0])).unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceeded, "a model of four million weights: {error}");

    let mut long = model(json!({"epochs": 1000, "classes": 1000}));
    let rows = 1024;
    let error = long.train(&batch(1, &vec![0.0; rows], &vec![0.0; rows])).unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceeded);
    let most: usize = error.message.split("send ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(most < rows && most > 0, "{error}");
    // As few classes and epochs as make the same check cheap to pass: what the message says would do, does.
    let mut short = model(json!({"classes": 2, "epochs": 1}));
    assert!(short.train(&batch(1, &vec![0.0; rows], &vec![0.0; rows])).is_ok());

    let mut many = model(json!({"classes": 4096, "epochs": 1}));
    many.train(&batch(1, &[0.0], &[1.0])).unwrap();
    assert_eq!(many.predict(&[0.0; 4096], 1).unwrap_err().code, ErrorCode::LimitExceeded);
    assert_eq!(many.predict(&[0.0; 512], 1).unwrap().scores.len(), 512 * 4096);
}

#[test]
fn a_batch_of_no_rows_changes_nothing_and_no_rows_give_no_predictions() {
    let mut fresh = model(json!({}));
    let before = fresh.save().unwrap();
    for dimensions in [0, 5] {
        let report = fresh.train(&batch(dimensions, &[], &[])).unwrap();
        assert_eq!((report.samples, report.loss), (0, 0.0));
    }
    assert_eq!(fresh.save().unwrap(), before);
    assert_eq!(fresh.predict(&[], 0).unwrap(), Prediction::default());
    let error = fresh.predict(&[1.0], 1).unwrap_err();
    assert!(error.message.contains("train it first"), "{error}");

    fresh.train(&two_classes()).unwrap();
    assert_eq!(fresh.predict(&[], 7).unwrap(), Prediction::default());
    assert_eq!(fresh.predict(&[1.0, 2.0, 3.0], 3).unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(fresh.predict(&[1.0, f32::NAN], 2).unwrap_err().code, ErrorCode::InvalidInput);
}

#[test]
fn classes_are_discovered_and_scores_are_probabilities() {
    let mut growing = model(json!({"epochs": 30}));
    growing.train(&two_classes()).unwrap();
    assert_eq!(growing.predict(&[7.0, 0.0], 2).unwrap().width, 2);

    // A third class, far away, in a later batch: the two that are known are not forgotten.
    let third = (0..20u8).flat_map(|i| [f32::from(i % 5), 40.0 + f32::from(i / 5)]).collect::<Vec<_>>();
    for _ in 0..5 {
        growing.train(&batch(2, &third, &[2.0; 20])).unwrap();
        growing.train(&two_classes()).unwrap();
    }
    let said = growing.predict(&[7.0, 0.0, 0.0, 4.0, 2.0, 42.0], 2).unwrap();
    assert_eq!(said.targets, [1.0, 0.0, 2.0]);
    assert_eq!(said.width, 3);
    for row in said.scores.chunks(3) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row.iter().all(|score| (0.0..=1.0).contains(score)));
    }
}

#[test]
fn a_regression_finds_the_plane_and_outliers_pull_it_little() {
    let plane = |x: f32, y: f32| 300.0 + 20.0 * x - 5.0 * y;
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for i in 0..2000u16 {
        let (x, y) = (f32::from(i % 47), f32::from(i % 31));
        features.extend([x, y]);
        targets.push(if i % 100 == 7 { 5000.0 } else { plane(x, y) });
    }
    let mut regression = model(json!({"task": "regression", "epochs": 20}));
    for (features, targets) in features.chunks(200).zip(targets.chunks(100)) {
        regression.train(&batch(2, features, targets)).unwrap();
    }
    let said = regression.predict(&[10.0, 10.0, 40.0, 5.0], 2).unwrap();
    assert_eq!((said.scores.len(), said.width), (0, 0));
    for (said, is) in said.targets.iter().zip([plane(10.0, 10.0), plane(40.0, 5.0)]) {
        assert!((said - is).abs() < 20.0, "{said} instead of {is}; the outliers move a mean by 45");
    }
    assert!(regression.train(&batch(2, &[0.0, 0.0], &[f32::NAN])).is_err());
}

#[test]
fn what_the_ends_of_the_number_line_teach_is_finite() {
    for task in ["classification", "regression"] {
        let mut extreme = model(json!({"task": task, "learning_rate": 1.0, "l2": 1.0}));
        let features = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 0.0, -0.0, 1e-45];
        let targets = if task == "regression" { [f32::MAX, f32::MIN] } else { [0.0, 1.0] };
        for _ in 0..50 {
            extreme.train(&batch(3, &features, &targets)).unwrap();
        }
        let said = extreme.predict(&features, 3).unwrap();
        assert!(said.targets.iter().chain(&said.scores).all(|number| number.is_finite()), "{task}: {said:?}");
        assert!(OnlineLearner::load(&extreme.save().unwrap()).is_ok());
    }
}

#[test]
fn bytes_that_were_cut_changed_or_lengthened_are_refused() {
    let mut trained = model(json!({}));
    trained.train(&two_classes()).unwrap();
    for whole in [model(json!({})).save().unwrap(), trained.save().unwrap()] {
        for cut in 0..whole.len() {
            refused(&whole[..cut]);
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            refused(&changed);
        }
        refused(&[&whole[..], &[0]].concat());
        assert!(OnlineLearner::load(&whole).is_ok());
    }
    refused(b"");
    refused(b"label,x,y\n1,2,3\n");
}

#[test]
fn bytes_with_a_right_checksum_and_wrong_content_are_refused_or_harmless() {
    let mut trained = model(json!({}));
    trained.train(&two_classes()).unwrap();
    let whole = trained.save().unwrap();
    let body = whole.len() - 4;
    let mut random = 42u64;
    for round in 0..20_000 {
        let mut forged = whole[..body].to_vec();
        for _ in 0..=round % 3 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = 5 + (random >> 33) as usize % (body - 5);
            // 0xff makes long varints: lengths that promise more than there is.
            forged[at] = if random & 256 == 0 { 0xff } else { (random >> 20) as u8 };
        }
        if round % 5 == 0 {
            forged.truncate(5 + (random >> 40) as usize % (body - 5));
        }
        forged.extend(crc32fast::hash(&forged).to_le_bytes());
        if let Ok(mut odd) = OnlineLearner::load(&forged) {
            let _ = odd.predict(&[1.0, 2.0], 2);
            let _ = odd.train(&two_classes());
        }
    }
}

fn refused(bytes: &[u8]) {
    let error = OnlineLearner::load(bytes).err().unwrap_or_else(|| panic!("{} bytes were taken", bytes.len()));
    assert_eq!(error.code, ErrorCode::InvalidInput, "{error}");
    assert!(error.message.starts_with("this is no saved model"), "{error}");
}
