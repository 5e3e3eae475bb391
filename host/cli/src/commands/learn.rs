//! `hal9 learn train|predict`: models of learning algorithms, kept in the home between commands.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use hal9_host::{Call, Model, TrainingBatch};
use hal9_package::PluginId;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::args::{LearnCommand, TrainArgs};
use crate::dataset::{Dataset, Targets};
use crate::failure::{Code, Failure};
use crate::home::UNFINISHED;
use crate::output::{bold, dim, green, plain, size, table, time};
use crate::session::Session;

/// Rows that are predicted in one call.
const PREDICT_ROWS: usize = 1_000;

pub(super) async fn run(session: &mut Session, command: LearnCommand) -> Result<(), Failure> {
    match command {
        LearnCommand::Train(args) => train(session, &args).await,
        LearnCommand::Predict { model, data } => predict(session, &model, &data).await,
    }
}

/// What is kept of a model beside its bytes: what is needed to go on with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    plugin: PluginId,
    algorithm: String,
    features: Vec<String>,
    target: String,
    /// The classes by number, where the target is a name; none, where it is a number.
    classes: Option<Vec<String>>,
    samples: u64,
}

/// A model's file: the length of the card, the card as JSON, and the bytes that the plugin saved. One file, so that the two
/// cannot be of different times.
fn path(session: &Session, name: &str) -> Result<std::path::PathBuf, Failure> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !name.starts_with('.');
    if fits {
        return Ok(session.home.models().join(format!("{name}.model")));
    }
    let what = format!("`{}` is no name for a model", plain(name));
    Err(Failure::usage(what, "use 1 to 64 letters, digits, `-`, `_` and `.`, and no `.` at the start"))
}

fn read(path: &Path) -> Result<Option<(Card, Vec<u8>)>, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file(path, &error)),
    };
    let parsed = bytes.split_first_chunk::<4>().and_then(|(length, rest)| {
        let (card, model) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        Some((serde_json::from_slice(card).ok()?, model.to_vec()))
    });
    let damaged = || {
        Failure::new(Code::Unavailable, format!("{} is damaged", path.display()))
            .help("move it away and train the model again")
    };
    parsed.map(Some).ok_or_else(damaged)
}

/// Writes a model beside its old file and puts it in the place of that, so that one of the two is there at any time.
fn write(path: &Path, card: &Card, model: &[u8]) -> Result<(), Failure> {
    let card = serde_json::to_vec(card).map_err(|error| Failure::internal("the model could not be written", &error))?;
    let length = u32::try_from(card.len()).unwrap_or(u32::MAX).to_le_bytes();
    let put = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        for part in [length.as_slice(), &card, model] {
            std::io::Write::write_all(&mut file, part)?;
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    put().map_err(|error| Failure::file(path, &error))
}

async fn train(session: &mut Session, args: &TrainArgs) -> Result<(), Failure> {
    let path = path(session, &args.model)?;
    let kept = read(&path)?;
    let data = Dataset::read(&args.data)?;
    let target = kept.as_ref().map_or(&args.target, |(card, _)| &card.target);
    let known = kept.as_ref().and_then(|(card, _)| card.classes.clone());
    let (rows, targets) = data.split(target, kept.as_ref().map(|(card, _)| card.features.as_slice()), known)?;
    let call = &mut Call::measured();
    let (plugin, mut card, mut model) = match kept {
        Some((card, bytes)) => {
            let plugin = super::by_id(session, &card.plugin).await?;
            let model = plugin.load_model(call, &bytes).await?;
            (plugin, card, model)
        }
        None => {
            let options: serde_json::Value = serde_json::from_str(&args.options).map_err(|error| {
                Failure::usage(format!("--options is not JSON: {error}"), "give a JSON object, such as '{}'")
            })?;
            let algorithm = args.algorithm.as_deref();
            let known = super::only(session, "LearningAlgorithm", "learning algorithm", "--algorithm", algorithm)?;
            let plugin = session.activate(&known).await?;
            let model = plugin.create_model(call, &options.to_string()).await?;
            let algorithm = plugin.describe_algorithm(call).await?.name;
            let card = Card {
                plugin: plugin.id().clone(),
                algorithm,
                features: rows.features.clone(),
                target: target.clone(),
                classes: None,
                samples: 0,
            };
            (plugin, card, model)
        }
    };
    let mut losses = Vec::new();
    let mut elapsed = Duration::ZERO;
    let progress = progress(session, u64::from(args.epochs) * rows.len() as u64);
    for _ in 0..args.epochs {
        let mut loss = 0.0;
        for (features, numbers) in rows.batches(args.batch as usize).zip(targets.numbers().chunks(args.batch as usize))
        {
            let batch =
                TrainingBatch { features: features.to_vec(), dimensions: rows.dimensions(), targets: numbers.to_vec() };
            let report = model.train(call, &batch).await?;
            elapsed += call.elapsed().unwrap_or_default();
            card.samples = report.samples;
            loss += f64::from(report.loss) * numbers.len() as f64;
            progress.inc(numbers.len() as u64);
        }
        losses.push(loss / rows.len().max(1) as f64);
    }
    progress.finish_and_clear();
    card.classes = targets.classes();
    let bytes = model.save(call).await?;
    write(&path, &card, &bytes)?;
    let value = json!({
        "model": args.model,
        "plugin": plugin.id(),
        "algorithm": card.algorithm,
        "rows": rows.len(),
        "features": rows.dimensions(),
        "samples": card.samples,
        "losses": losses,
        "bytes": bytes.len(),
        "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
    });
    session.output.result(&value, || {
        let about = dim(format!("{} · {} · {}", plugin.id(), time(elapsed), size(call.peak_memory())));
        let mut text = format!(
            "{} {} has learned from {} rows of {} numbers, {} in its life  {about}\n",
            green("✓"),
            bold(&args.model),
            rows.len(),
            rows.dimensions(),
            card.samples,
        );
        for (epoch, loss) in losses.iter().enumerate() {
            text.push_str(&format!("  epoch {:<3} loss {loss:.4}\n", epoch + 1));
        }
        text
    })
}

fn progress(session: &Session, rows: u64) -> ProgressBar {
    if session.output.json() || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("training {bar:30} {pos}/{len} rows {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rows).with_style(style)
}

async fn predict(session: &mut Session, name: &str, data: &Path) -> Result<(), Failure> {
    let Some((card, bytes)) = read(&path(session, name)?)? else {
        let what = format!("there is no model `{}`", plain(name));
        return Err(Failure::not_found(what, format!("train it: hal9 learn train --model {name} --data FILE")));
    };
    let data = Dataset::read(data)?;
    let answers = data.has(&card.target);
    let (rows, targets) = if answers {
        let (rows, targets) = data.split(&card.target, Some(&card.features), card.classes.clone())?;
        (rows, Some(targets))
    } else {
        (data.features(&card.features)?, None)
    };
    let plugin = super::by_id(session, &card.plugin).await?;
    let call = &mut Call::measured();
    let model = plugin.load_model(call, &bytes).await?;
    let mut predictions = Vec::with_capacity(rows.len());
    let mut elapsed = Duration::ZERO;
    for features in rows.batches(PREDICT_ROWS) {
        predictions.extend(predict_rows(&model, call, features, rows.dimensions()).await?);
        elapsed += call.elapsed().unwrap_or_default();
    }
    let right = targets.as_ref().map(|targets| {
        predictions.iter().zip(targets.numbers()).filter(|((predicted, _), target)| predicted == *target).count()
    });
    let accuracy = right.map(|right| right as f64 / rows.len().max(1) as f64);
    let class = |number: f32| Targets::name(card.classes.as_deref(), number);
    let rows_json: Vec<_> =
        predictions.iter().map(|(value, score)| json!({"prediction": class(*value), "score": score})).collect();
    let value = json!({
        "model": name,
        "plugin": plugin.id(),
        "rows": rows.len(),
        "predictions": rows_json,
        "right": right,
        "accuracy": accuracy,
        "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
    });
    session.output.result(&value, || {
        let about = dim(format!("{} · {} · {}", plugin.id(), time(elapsed), size(call.peak_memory())));
        if let (Some(right), Some(accuracy)) = (right, accuracy) {
            let rate = format!("{:.1} %", accuracy * 100.0);
            return format!("{} {} of {} rows are right: {}  {about}", green("✓"), right, rows.len(), bold(rate));
        }
        let lines = predictions.iter().enumerate().map(|(row, (value, score))| {
            [(row + 1).to_string(), class(*value), score.map_or_else(String::new, |score| format!("{score:.3}"))]
        });
        format!("{}{about}", table(["ROW", "PREDICTION", "SCORE"], lines))
    })
}

/// What a model says of some rows: the prediction of each, with its score, where the algorithm gives scores.
async fn predict_rows(
    model: &Model,
    call: &mut Call,
    features: &[f32],
    dimensions: u32,
) -> Result<Vec<(f32, Option<f32>)>, Failure> {
    let prediction = model.predict(call, features, dimensions).await?;
    let width = prediction.width as usize;
    let score = |row: usize| {
        let scores = prediction.scores.get(row * width..(row + 1) * width)?;
        scores.iter().copied().reduce(f32::max)
    };
    Ok(prediction.targets.iter().enumerate().map(|(row, target)| (*target, score(row))).collect())
}
