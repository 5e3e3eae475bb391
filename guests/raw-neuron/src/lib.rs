//! A neuron for L1 without the SDK, on the bindings that cargo-component generates: it gives white space one spelling
//! and counts words. It shows what lies under the SDK, and is what a guest in another language looks like from inside.

mod batch;
#[rustfmt::skip]
#[expect(unsafe_code, unreachable_pub, clippy::allow_attributes, clippy::unwrap_used, reason = "cargo-component generates it")]
#[cfg_attr(not(target_family = "wasm"), expect(unused_imports, reason = "nothing is exported to the machine itself"))]
mod bindings;
mod text;

use bindings::exports::hal9::plugin::neuron::{Guest, NeuronState};
use bindings::hal9::plugin::config;
use bindings::hal9::plugin::types::{
    Column, ColumnValues, Failure, FailureCode, Metadata, Signal, SignalBatch, TextColumn,
};
use std::cell::Cell;

/// The type that the exports are of. It has no fields: an export has no `self`, so what is kept is kept beside it.
struct Normaliser;

thread_local! {
    static PROCESSED: Cell<u64> = const { Cell::new(0) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
}

impl Guest for Normaliser {
    fn process_signal(signal: Signal) -> Result<Signal, Failure> {
        let reply = normalise(signal, keep_lines());
        count(1, 0);
        Ok(reply)
    }

    fn process_batch(batch: SignalBatch) -> Result<SignalBatch, Failure> {
        let rows = batch.timestamps.len() as u64;
        let reply = normalise_batch(batch, keep_lines());
        count(rows, if reply.is_ok() { 0 } else { rows });
        reply.map_err(|message| Failure { code: FailureCode::InvalidInput, message })
    }

    fn state() -> NeuronState {
        NeuronState { processed: PROCESSED.get(), failed: FAILED.get(), details: Vec::new() }
    }
}

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "an export is a C function")]
mod export {
    use super::{bindings, Normaliser};

    bindings::export!(Normaliser with_types_in bindings);
}

/// The host has held the configuration against the schema in `manifest.json`, so this is `true`, `false` or nothing.
fn keep_lines() -> bool {
    config::get("keep_lines").as_deref() == Some("true")
}

fn count(processed: u64, failed: u64) {
    PROCESSED.set(PROCESSED.get() + processed);
    FAILED.set(FAILED.get() + failed);
}

/// The reply to one signal: its id, type, time and facts, with the content normalised and its counts added.
fn normalise(signal: Signal, keep_lines: bool) -> Signal {
    let mut content = String::with_capacity(signal.content.len());
    let counts = text::normalise(&signal.content, keep_lines, &mut content);
    let mut metadata = signal.metadata;
    set(&mut metadata, "words", counts.words.to_string());
    set(&mut metadata, "characters", counts.characters.to_string());
    Signal { content, metadata, ..signal }
}

/// A name occurs once at most.
fn set(metadata: &mut Metadata, name: &str, value: String) {
    metadata.retain(|(known, _)| known != name);
    metadata.push((name.to_string(), value));
}

/// The same for all rows of a batch, column by column.
fn normalise_batch(batch: SignalBatch, keep_lines: bool) -> Result<SignalBatch, String> {
    let rows = batch.timestamps.len();
    if batch.ids.len() != 2 * rows {
        return Err(format!("there are {} halves of ids in a batch of {rows}", batch.ids.len()));
    }
    batch::check("contents", &batch.contents.text, &batch.contents.ends, rows)?;
    batch::check("signal-types", &batch.signal_types.text, &batch.signal_types.ends, rows)?;
    for Column { name, values } in &batch.metadata {
        match values {
            ColumnValues::Texts(column) => batch::check(name, &column.text, &column.ends, rows)?,
            ColumnValues::Numbers(numbers) if numbers.len() == rows => {}
            ColumnValues::Numbers(numbers) => {
                return Err(format!("{name} has {} rows in a batch of {rows}", numbers.len()))
            }
        }
    }

    let mut contents =
        TextColumn { text: String::with_capacity(batch.contents.text.len()), ends: Vec::with_capacity(rows) };
    let (mut words, mut characters) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for content in batch::texts(&batch.contents.text, &batch.contents.ends) {
        let counts = text::normalise(content.unwrap_or_default(), keep_lines, &mut contents.text);
        // Never longer than what came, whose ends fit.
        contents.ends.push(contents.text.len() as u32);
        words.push(counts.words as f32);
        characters.push(counts.characters as f32);
    }
    let mut metadata = batch.metadata;
    metadata.retain(|column| column.name != "words" && column.name != "characters");
    metadata.push(Column { name: "words".to_string(), values: ColumnValues::Numbers(words) });
    metadata.push(Column { name: "characters".to_string(), values: ColumnValues::Numbers(characters) });
    Ok(SignalBatch { contents, metadata, ..batch })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> TextColumn {
        let mut column = TextColumn { text: String::new(), ends: Vec::new() };
        for text in texts {
            column.text.push_str(text);
            column.ends.push(column.text.len() as u32);
        }
        column
    }

    #[test]
    fn a_reply_keeps_what_the_signal_said() {
        let signal = Signal {
            id: (1, 2),
            content: "  two \t words ".to_string(),
            signal_type: "text".to_string(),
            metadata: vec![("words".to_string(), "9".to_string()), ("lang".to_string(), "en".to_string())],
            timestamp: 7,
        };
        let reply = normalise(signal, false);
        assert_eq!(
            (reply.id, reply.content.as_str(), reply.signal_type.as_str(), reply.timestamp),
            ((1, 2), "two words", "text", 7)
        );
        let entry = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(reply.metadata, [entry("lang", "en"), entry("words", "2"), entry("characters", "9")]);
    }

    #[test]
    fn a_batch_gets_a_column_for_each_count() {
        let batch = SignalBatch {
            ids: vec![0, 1, 0, 2],
            timestamps: vec![0, 0],
            contents: column(&[" a  b ", ""]),
            signal_types: column(&["", ""]),
            metadata: vec![],
        };
        let reply = normalise_batch(batch, false);
        let reply =
            reply.as_ref().map(|reply| (reply.contents.text.as_str(), &reply.contents.ends[..], &reply.metadata[..]));
        let Ok(("a b", [3, 3], [words, characters])) = reply else { panic!("{reply:?}") };
        assert_eq!((words.name.as_str(), characters.name.as_str()), ("words", "characters"));
        assert!(matches!(&words.values, ColumnValues::Numbers(numbers) if *numbers == [2.0, 0.0]));
        assert!(matches!(&characters.values, ColumnValues::Numbers(numbers) if *numbers == [3.0, 0.0]));
    }

    #[test]
    fn a_batch_out_of_step_is_refused() {
        let batch = |ids: usize, contents: TextColumn, metadata| SignalBatch {
            ids: vec![0; ids],
            timestamps: vec![0],
            contents,
            signal_types: column(&[""]),
            metadata,
        };
        let short = Column { name: "score".to_string(), values: ColumnValues::Numbers(vec![]) };
        assert!(normalise_batch(batch(1, column(&["a"]), vec![]), false).is_err_and(|why| why.contains("ids")));
        assert!(normalise_batch(batch(2, column(&[]), vec![]), false).is_err_and(|why| why.contains("contents")));
        assert!(normalise_batch(batch(2, column(&["a"]), vec![short]), false).is_err_and(|why| why.contains("score")));
        assert!(normalise_batch(batch(2, column(&["a"]), vec![]), false).is_ok());
    }

    /// What the host reads is what this crate is.
    #[test]
    fn the_manifest_has_the_version_of_the_crate() {
        let manifest = include_str!("../manifest.json");
        assert!(manifest.contains(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"))));
    }
}
