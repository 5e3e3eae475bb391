//! Puts analyses into signals: the summary line, the metadata, and their columns in a batch. It knows names and formats,
//! and nothing of how a text was analysed.

use crate::analysis::Analysis;
use crate::emotions::NAMES;
use crate::settings::Label;
use hal9_plugin_sdk::{HashMap, PluginError, PluginSignal, SignalBatch, TextColumn};

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
    let mut content = String::new();
    summarize(&mut content, analysis, label);
    PluginSignal { id: signal.id, content, signal_type: SIGNAL_TYPE.to_owned(), metadata, timestamp }
}

/// Adds the line that a person reads, such as `positive (0.83)`.
fn summarize(line: &mut String, analysis: &Analysis, label: Label) {
    line.push_str(label.name());
    line.push_str(" (");
    push_fixed(line, analysis.score, 2);
    line.push(')');
}

/// A number from -1 to 1 with so many decimals.
fn fixed(value: f64, decimals: u32) -> String {
    let mut text = String::with_capacity(8);
    push_fixed(&mut text, value, decimals);
    text
}

/// As `{:.2}` would, for the few numbers there are here; that has to be right for all numbers, and takes much longer.
fn push_fixed(text: &mut String, value: f64, decimals: u32) {
    let one = 10_u32.pow(decimals);
    let scaled = (value.abs() * f64::from(one)).round() as u32;
    if value < 0.0 && scaled > 0 {
        text.push('-');
    }
    let mut unit = one;
    let mut rest = scaled;
    while unit > 0 {
        let digit = (rest / unit).min(9);
        text.push(char::from(b'0' + digit as u8));
        if unit == one {
            text.push('.');
        }
        rest -= digit * unit;
        unit /= 10;
    }
}

fn add_facts(metadata: &mut HashMap<String, String>, analysis: &Analysis, label: Label) {
    let mut set = |name: &str, value: String| metadata.insert(name.to_owned(), value);
    set("label", label.name().to_owned());
    set("score", fixed(analysis.score, 4));
    set("positive", fixed(analysis.positive, 3));
    set("negative", fixed(analysis.negative, 3));
    set("neutral", fixed(analysis.neutral, 3));
    let mut named = Vec::new();
    for (emotion, share) in analysis.emotions.strongest_first() {
        named.push(emotion);
        set(&format!("{EMOTION}{emotion}"), fixed(f64::from(share), 3));
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
        summarize(&mut self.line, analysis, label);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_rust_writes_them() {
        for ten_thousandths in -10_000..=10_000 {
            let value = f64::from(ten_thousandths) / 1e4;
            assert_eq!(fixed(value, 4).parse(), Ok(value));
            for decimals in [2, 3] {
                let near: f64 = fixed(value, decimals).parse().unwrap_or(f64::NAN);
                assert!((near - value).abs() <= 0.5001 / 10_f64.powi(decimals as i32), "{value}");
            }
        }
        assert_eq!([fixed(-0.001, 2), fixed(0.0, 3), fixed(1.0, 2)], ["0.00", "0.000", "1.00"]);
    }
}
