//! The laws of `learning-algorithm`. It refuses to know whether a model learns anything.

use hal9_host::{Call, FailureCode, Model, Plugin, TrainingBatch, TrainingReport};
use serde_json::{Value, json};

use super::lab::{Lab, answer, equal, failure, value};
use super::{Breach, Law, Verdict, law};
use crate::report::Finding;
use crate::values;

pub(super) const LAWS: &[Law] = &[
    law!(
        "learning-algorithm.wit",
        "A JSON Schema of the options.",
        "the options are described by a JSON Schema",
        described
    ),
    law!("learning-algorithm.wit", "`{}` takes all defaults.", "a model is made without options", defaults),
    law!(
        "learning-algorithm.wit",
        "`invalid-input` for options that the schema refuses.",
        "options that do not fit are refused",
        options
    ),
    law!(
        "learning-algorithm.wit",
        "Rows that the model has seen in its life, those of this batch among them.",
        "training counts rows",
        samples
    ),
    law!(
        "learning-algorithm.wit",
        "A batch of no rows changes nothing.",
        "a batch of no rows changes nothing",
        no_rows
    ),
    law!(
        "learning-algorithm.wit",
        "`invalid-input` for a batch whose lengths disagree",
        "a batch whose lengths disagree is refused",
        lengths
    ),
    law!(
        "learning-algorithm.wit",
        "or whose `dimensions` differ from those of earlier ones",
        "other dimensions than before are refused",
        dimensions
    ),
    law!(
        "learning-algorithm.wit",
        "the model is then as it was.",
        "a refused batch leaves the model as it was",
        unchanged
    ),
    law!("learning-algorithm.wit", "No rows give no predictions.", "no rows give no predictions", no_predictions),
    law!(
        "learning-algorithm.wit",
        "`invalid-input` for `dimensions` that the model was not trained with.",
        "rows of other dimensions are not predicted",
        other_rows
    ),
    law!(
        "learning-algorithm.wit",
        "All that the model knows, for `load`.",
        "a model that was loaded predicts as the one that was saved",
        saved
    ),
    law!(
        "learning-algorithm.wit",
        "`invalid-input` for bytes that `save` did not write.",
        "bytes that were not saved are refused",
        garbage
    ),
    law!(
        "learning-algorithm.wit",
        "A new model that knows nothing.",
        "models of one plugin do not share what they know",
        apart
    ),
    law!("types.wit", "How a plugin's export says that it failed", "odd numbers are answered", odd),
];

/// Numbers a row.
const DIMENSIONS: u32 = 3;

/// Rows of two classes that can be told apart.
fn batch() -> TrainingBatch {
    let rows = [[0.0, 0.1, 0.9], [1.0, 0.9, 0.1], [0.1, 0.0, 1.0], [0.9, 1.0, 0.0]];
    TrainingBatch { features: rows.concat(), dimensions: DIMENSIONS, targets: vec![0.0, 1.0, 0.0, 1.0] }
}

async fn create(plugin: &Plugin) -> Result<Model, Breach> {
    value("create with {}", plugin.create_model(&mut Call::new(), "{}").await)
}

async fn train(model: &mut Model, what: &str, batch: &TrainingBatch) -> Result<TrainingReport, Breach> {
    value(what, model.train(&mut Call::new(), batch).await)
}

/// What it says of the rows that it is trained with; a model that knows nothing may say so.
async fn predict(model: &Model) -> Result<String, Breach> {
    let said = answer("predict", model.predict(&mut Call::new(), &batch().features, DIMENSIONS).await)?;
    Ok(said.map_or_else(|failed| failed.to_string(), |said| values::prediction(&said).to_string()))
}

/// A model that has learned something. The plugin goes with it.
async fn trained(lab: &Lab<'_>) -> Result<(Plugin, Model), Breach> {
    let plugin = lab.fresh()?;
    let mut model = create(&plugin).await?;
    for _ in 0..3 {
        train(&mut model, "train", &batch()).await?;
    }
    Ok((plugin, model))
}

async fn described(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let first = value("describe", plugin.describe_algorithm(&mut Call::new()).await)?;
    let schema: Value = serde_json::from_str(&first.options)
        .map_err(|error| Finding::new("the options", "JSON", format!("{}: {error}", first.options)))?;
    if let Err(error) = jsonschema::meta::validate(&schema) {
        return Err(Finding::new("the options", "a JSON Schema", error.to_string()).into());
    }
    equal("whether the name is empty", &false, &first.name.is_empty())?;
    let second = value("describe again", plugin.describe_algorithm(&mut Call::new()).await)?;
    equal("describe again", &(first.name, first.options), &(second.name, second.options))
}

async fn defaults(lab: &Lab<'_>) -> Verdict {
    create(&lab.fresh()?).await.map(drop)
}

async fn options(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    for text in ["", "{", "null", "[]", "42", "\"text\""] {
        let result = plugin.create_model(&mut Call::new(), text).await;
        failure(format!("create with {text:?}"), &[FailureCode::InvalidInput], result)?;
    }
    let described = value("describe", plugin.describe_algorithm(&mut Call::new()).await)?;
    let schema: Value = serde_json::from_str(&described.options).unwrap_or_default();
    let Ok(validator) = jsonschema::validator_for(&schema) else {
        return Err(Breach::Silent("its options are described by no JSON Schema".to_owned()));
    };
    let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    for name in names.chain(["no such option"]) {
        for wrong in [json!(null), json!({"a": []}), json!([]), json!("nonsense"), json!(-1e30), json!(true)] {
            let options = json!({ name: wrong });
            // What the schema allows is the algorithm's to judge.
            if validator.is_valid(&options) {
                continue;
            }
            let result = plugin.create_model(&mut Call::new(), &options.to_string()).await;
            failure(format!("create with {options}"), &[FailureCode::InvalidInput], result)?;
        }
    }
    create(&plugin).await.map(drop)
}

async fn samples(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let mut model = create(&plugin).await?;
    for times in 1..=3 {
        let report = train(&mut model, "train", &batch()).await?;
        equal(format!("`samples` after {times} batches of 4 rows"), &(4 * times), &report.samples)?;
        equal("whether the loss is a number", &true, &report.loss.is_finite())?;
    }
    Ok(())
}

async fn no_rows(lab: &Lab<'_>) -> Verdict {
    let (_plugin, mut model) = trained(lab).await?;
    let before = predict(&model).await?;
    for dimensions in [0, DIMENSIONS] {
        let empty = TrainingBatch { features: vec![], dimensions, targets: vec![] };
        let what = format!("train with no rows of {dimensions} numbers");
        let report = train(&mut model, &what, &empty).await?;
        equal(format!("{what}: `samples` and `loss`"), &(12, 0.0), &(report.samples, report.loss))?;
    }
    equal("what it predicts after batches of no rows", &before, &predict(&model).await?)
}

/// Batches that no model may take, whatever it was trained with.
fn disagreeing() -> [(&'static str, TrainingBatch); 5] {
    [
        ("half a row", TrainingBatch { features: vec![0.5; 4], targets: vec![0.0], ..batch() }),
        ("fewer targets than rows", TrainingBatch { targets: vec![0.0], ..batch() }),
        ("more targets than rows", TrainingBatch { targets: vec![0.0; 5], ..batch() }),
        ("targets and no rows", TrainingBatch { features: vec![], targets: vec![1.0], ..batch() }),
        ("rows of 0 numbers", TrainingBatch { dimensions: 0, ..batch() }),
    ]
}

async fn lengths(lab: &Lab<'_>) -> Verdict {
    for (what, wrong) in disagreeing() {
        let plugin = lab.fresh()?;
        let mut new = create(&plugin).await?;
        let result = new.train(&mut Call::new(), &wrong).await;
        failure(format!("train of a new model with {what}"), &[FailureCode::InvalidInput], result)?;
        train(&mut new, "train after it", &batch()).await?;
        let result = new.train(&mut Call::new(), &wrong).await;
        failure(format!("train with {what}"), &[FailureCode::InvalidInput], result)?;
    }
    Ok(())
}

fn wider() -> TrainingBatch {
    TrainingBatch { features: vec![0.25; 8], dimensions: 4, targets: vec![0.0, 1.0] }
}

async fn dimensions(lab: &Lab<'_>) -> Verdict {
    let (_plugin, mut model) = trained(lab).await?;
    let result = model.train(&mut Call::new(), &wider()).await;
    failure("train with rows of 4 numbers after rows of 3", &[FailureCode::InvalidInput], result)
}

async fn unchanged(lab: &Lab<'_>) -> Verdict {
    let (_plugin, mut model) = trained(lab).await?;
    let before = predict(&model).await?;
    for (what, wrong) in disagreeing().into_iter().chain([("rows of other dimensions", wider())]) {
        answer(format!("train with {what}"), model.train(&mut Call::new(), &wrong).await)?.ok();
        equal(format!("what it predicts after it refused {what}"), &before, &predict(&model).await?)?;
    }
    let report = train(&mut model, "train after refused batches", &batch()).await?;
    equal("`samples` after refused batches", &16, &report.samples)
}

async fn no_predictions(lab: &Lab<'_>) -> Verdict {
    let (_plugin, model) = trained(lab).await?;
    let none = value("predict of no rows", model.predict(&mut Call::new(), &[], DIMENSIONS).await)?;
    equal("how many predictions there are", &(0, 0), &(none.targets.len(), none.scores.len()))
}

async fn other_rows(lab: &Lab<'_>) -> Verdict {
    let (_plugin, model) = trained(lab).await?;
    for (what, features, dimensions) in
        [("rows of 2 numbers", 4, 2), ("rows of 4 numbers", 4, 4), ("half a row", 4, 3), ("rows of 0 numbers", 3, 0)]
    {
        let result = model.predict(&mut Call::new(), &vec![0.5; features], dimensions).await;
        failure(format!("predict of {what}"), &[FailureCode::InvalidInput], result)?;
    }
    Ok(())
}

async fn saved(lab: &Lab<'_>) -> Verdict {
    let (plugin, model) = trained(lab).await?;
    let bytes = value("save", model.save(&mut Call::new()).await)?;
    let expected = predict(&model).await?;
    let here = value("load", plugin.load_model(&mut Call::new(), &bytes).await)?;
    equal("what the loaded model predicts", &expected, &predict(&here).await?)?;
    let other = lab.fresh()?;
    let mut there = value("load in another instance", other.load_model(&mut Call::new(), &bytes).await)?;
    equal("what the loaded model predicts in another instance", &expected, &predict(&there).await?)?;
    let report = train(&mut there, "train of the loaded model", &batch()).await?;
    equal("`samples` of the loaded model", &16, &report.samples)
}

async fn garbage(lab: &Lab<'_>) -> Verdict {
    let (plugin, model) = trained(lab).await?;
    let bytes = value("save", model.save(&mut Call::new()).await)?;
    let longer = [&bytes[..], b"x"].concat();
    let half = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
    let zeros = vec![0; bytes.len().max(1)];
    let full = vec![0xff; bytes.len().max(1)];
    for (what, wrong) in [
        ("no bytes", vec![]),
        ("a text", b"nonsense".to_vec()),
        ("half of what was saved", half),
        ("one byte more than was saved", longer),
        ("zeros", zeros),
        ("bytes of 255", full),
    ] {
        // A model may be so small that these are what it saved.
        if wrong == bytes {
            continue;
        }
        let result = plugin.load_model(&mut Call::new(), &wrong).await;
        failure(format!("load of {what}"), &[FailureCode::InvalidInput], result)?;
    }
    value("load after it", plugin.load_model(&mut Call::new(), &bytes).await).map(drop)
}

async fn apart(lab: &Lab<'_>) -> Verdict {
    let alone = create(&lab.fresh()?).await?;
    let nothing = predict(&alone).await?;
    let (plugin, trained) = trained(lab).await?;
    let knows = predict(&trained).await?;
    let mut new = create(&plugin).await?;
    equal("what a new model predicts beside one that was trained", &nothing, &predict(&new).await?)?;
    let report = train(&mut new, "train of the new model", &batch()).await?;
    equal("`samples` of the new model", &4, &report.samples)?;
    equal("what the first model predicts after another was trained", &knows, &predict(&trained).await?)
}

async fn odd(lab: &Lab<'_>) -> Verdict {
    for (what, number) in [
        ("NaN", f32::NAN),
        ("infinity", f32::INFINITY),
        ("the largest number", f32::MAX),
        ("the smallest number", f32::MIN_POSITIVE),
        ("a negative number", -7.5),
        ("a large class", 4e9),
    ] {
        let plugin = lab.fresh()?;
        let mut model = create(&plugin).await?;
        let features = TrainingBatch { features: vec![number; 3], targets: vec![0.0], ..batch() };
        answer(format!("train with features of {what}"), model.train(&mut Call::new(), &features).await)?.ok();
        let targets = TrainingBatch { features: vec![0.5; 3], targets: vec![number], ..batch() };
        answer(format!("train with a target of {what}"), model.train(&mut Call::new(), &targets).await)?.ok();
        answer(format!("predict of {what}"), model.predict(&mut Call::new(), &[number; 3], DIMENSIONS).await)?.ok();
        train(&mut create(&plugin).await?, "train of a new model after it", &batch()).await?;
    }
    Ok(())
}
