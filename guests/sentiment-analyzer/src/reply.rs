//! Puts analyses into signals: the summary line, the metadata, and their columns in a batch. It knows names and formats,
//! and nothing of how a text was analysed.

use crate::analysis::Analysis;
use crate::emotions::NAMES;
use crate::settings::Label;
use hal9_plugin_sdk::{HashMap, PluginError, PluginSignal, SignalBatch, TextColumn};
use std::fmt::Write as _;

/// The type of the signals that this neuron answers with.
const SIGNAL_TYPE: &str = "sentiment";
/// What the name of an emotion is put behind, so that `emotion.joy` is not taken for someone else's `joy`.
const EMOTION: &str = "emotion.";

/// The reply to a signal: the same id and metadata, with what was found in its text.
pub(crate) fn reply(
    signal: PluginSignal,
    analysis: &Analysis,
    label: Label,
    cache: &str,
    timestamp: u64,
) -> PluginSignal {
    let mut metadata = signal.metadata;
    metadata.retain(|name, _| !is_emotion(name));
    add_facts(&mut metadata, analysis, label);
    metadata.insert("cache".to_owned(), cache.to_owned());
    PluginSignal {
        id: signal.id,
        content: format!("{} ({:.2})", label.name(), analysis.score),
        signal_type: SIGNAL_TYPE.to_owned(),
        metadata,
        timestamp,
    }
}

fn add_facts(metadata: &mut HashMap<String, String>, analysis: &Analysis, label: Label) {
    let mut set = |name: &str, value: String| metadata.insert(name.to_owned(), value);
    set("label", label.name().to_owned());
    set("score", format!("{:.4}", analysis.score));
    set("positive", format!("{:.3}", analysis.positive));
    set("negative", format!("{:.3}", analysis.negative));
    set("neutral", format!("{:.3}", analysis.neutral));
    let mut named = Vec::new();
    for (emotion, share) in analysis.emotions.strongest_first() {
        named.push(emotion);
        set(&format!("{EMOTION}{emotion}"), format!("{share:.3}"));
    }
    set("emotions", named.join(","));
}

/// Whether metadata of this name is an emotion of an earlier analysis.
fn is_emotion(name: &str) -> bool {
    name.strip_prefix(EMOTION).is_some_and(|emotion| NAMES.contains(&emotion))
}

/// The columns of a batch as they grow, row by row.
pub(crate) struct Columns {
    contents: TextColumn,
    labels: TextColumn,
    emotions: TextColumn,
    numbers: [(&'static str, Vec<f32>); 4],
    shares: [Vec<f32>; NAMES.len()],
    line: String,
}

impl Columns {
    /// No rows, with room for so many.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        let numbers = |name| (name, Vec::with_capacity(rows));
        Self {
            contents: TextColumn::with_capacity(rows, rows * 16),
            labels: TextColumn::with_capacity(rows, rows * 8),
            emotions: TextColumn::with_capacity(rows, rows * 8),
            numbers: ["score", "positive", "negative", "neutral"].map(numbers),
            shares: NAMES.map(|_| Vec::new()),
            line: String::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, analysis: &Analysis, label: Label) -> Result<(), PluginError> {
        let row = self.labels.len();
        self.labels.push(label.name())?;
        self.line.clear();
        // Writing to a string does not fail.
        let _ = write!(self.line, "{} ({:.2})", label.name(), analysis.score);
        self.contents.push(&self.line)?;
        let Analysis { score, positive, negative, neutral, emotions } = analysis;
        for ((_, column), value) in self.numbers.iter_mut().zip([score, positive, negative, neutral]) {
            column.push(*value as f32);
        }
        self.line.clear();
        for (emotion, share) in emotions.strongest_first() {
            if !self.line.is_empty() {
                self.line.push(',');
            }
            self.line.push_str(emotion);
            if let Some(at) = NAMES.iter().position(|name| *name == emotion) {
                // A column comes to be with its first number, NaN for the rows before.
                self.shares[at].resize(row, f32::NAN);
                self.shares[at].push(share);
            }
        }
        self.emotions.push(&self.line)
    }

    /// The reply to a batch of as many rows: the same ids and metadata, with what was found in the texts.
    pub(crate) fn reply(self, mut batch: SignalBatch, timestamp: u64) -> Result<SignalBatch, PluginError> {
        let rows = self.labels.len();
        for name in NAMES {
            batch.remove_column(&format!("{EMOTION}{name}"));
        }
        batch.set_contents(self.contents)?;
        batch.set_signal_type(SIGNAL_TYPE)?;
        batch.set_timestamps(vec![timestamp; rows])?;
        batch.set_texts("label", self.labels)?;
        for (name, values) in self.numbers {
            batch.set_numbers(name, values)?;
        }
        batch.set_texts("emotions", self.emotions)?;
        for (name, mut shares) in NAMES.into_iter().zip(self.shares) {
            if !shares.is_empty() {
                shares.resize(rows, f32::NAN);
                batch.set_numbers(format!("{EMOTION}{name}"), shares)?;
            }
        }
        Ok(batch)
    }
}
