//! A neuron that gives back what it gets, and says how many it has seen. Knows nothing of the other kinds but that state is handed on.

use crate::bindings::exports::hal9::plugin::neuron::{Guest, NeuronState};
use crate::bindings::hal9::plugin::memory;
use crate::bindings::hal9::plugin::types::{ColumnValues, Failure, FailureCode, Signal, SignalBatch};
use crate::{Wrong, invalid, is};
use std::cell::Cell;

thread_local! {
    /// Signals seen, by this instance or by those whose state it has.
    pub(crate) static SEEN: Cell<u64> = const { Cell::new(0) };
    static PROCESSED: Cell<u64> = const { Cell::new(0) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
    static SPOILT: Cell<bool> = const { Cell::new(false) };
    static IN_BATCH: Cell<bool> = const { Cell::new(false) };
}

fn count(failed: bool) {
    SEEN.set(SEEN.get() + 1);
    PROCESSED.set(PROCESSED.get() + 1);
    FAILED.set(FAILED.get() + u64::from(failed));
    if is("instances") {
        // As if HAL9's memory were the instance's own.
        let before = memory::get("processed").ok().flatten().and_then(|count| count.try_into().ok());
        let now = before.map_or(0, u64::from_le_bytes) + 1;
        let _ = memory::set("processed", &now.to_le_bytes());
    }
}

fn process(mut signal: Signal) -> Result<Signal, Failure> {
    let text = &signal.content;
    if is("second-call") {
        // As if an instance answered once.
        assert!(PROCESSED.get() == 0, "it has answered already");
    }
    if is("trap-empty") {
        assert!(!text.is_empty(), "there is always some text");
    }
    if is("bytes") {
        // As if a character were a byte.
        signal.signal_type = text[..text.len().min(2)].to_string();
    }
    if is("c-string") && text.contains('\0') {
        return Ok(Signal { id: (0, 1), ..signal });
    }
    if is("time") {
        signal.timestamp = signal.timestamp.checked_add(1).expect("a time has a next one");
    }
    if is("facts") {
        let last = signal.metadata.last().map_or(0, |(name, _)| name.as_bytes()[0]);
        signal.signal_type = last.to_string();
    }
    if is("spoilt") && (SPOILT.get() || signal.content.contains('\0')) {
        SPOILT.set(true);
        return invalid("it has seen a NUL once");
    }
    if is("id") {
        signal.id.1 += 1;
    }
    if is("nil-id") && signal.id == (0, 0) {
        signal.id = (1, 1);
    }
    signal.metadata.push(("seen".to_string(), (SEEN.get() + 1).to_string()));
    Ok(signal)
}

impl Guest for Wrong {
    fn process_signal(signal: Signal) -> Result<Signal, Failure> {
        assert!(!IN_BATCH.get(), "a batch is not over");
        let large = is("large") && signal.content.len() > 500_000;
        assert!(!large, "there is not so much text");
        let reply = process(signal);
        count(reply.is_err());
        reply
    }

    fn process_batch(mut batch: SignalBatch) -> Result<SignalBatch, Failure> {
        let rows = batch.timestamps.len();
        IN_BATCH.set(is("after-batch"));
        if is("no-rows") && rows == 0 {
            return invalid("there is nothing to do");
        }
        if is("many-rows") && rows > 255 {
            return Err(Failure { code: FailureCode::LimitExceeded, message: "too many rows".to_string() });
        }
        if is("lost-row") && rows > 0 {
            batch.ids.truncate(2 * rows - 2);
            batch.timestamps.pop();
            for column in [&mut batch.contents, &mut batch.signal_types] {
                column.ends.pop();
                column.text.truncate(column.ends.last().map_or(0, |end| *end as usize));
            }
        }
        if is("offsets") {
            // As if a character were a byte.
            let text = batch.contents.text.clone();
            let characters = |end: &u32| text[..*end as usize].chars().count() as u32;
            batch.contents.ends = batch.contents.ends.iter().map(characters).collect();
        }
        if is("columns") {
            // As if what is no number were no row.
            for column in &mut batch.metadata {
                if let ColumnValues::Numbers(numbers) = &mut column.values {
                    numbers.retain(|number| !number.is_nan());
                }
            }
        }
        (0..rows).for_each(|_| count(false));
        Ok(batch)
    }

    fn state() -> NeuronState {
        let mut state = NeuronState { processed: PROCESSED.get(), failed: FAILED.get(), details: vec![] };
        if is("asking") {
            PROCESSED.set(state.processed + 1);
        }
        if is("counts") {
            state.processed *= 2;
        }
        if is("instances") {
            let kept = memory::get("processed").ok().flatten().and_then(|count| count.try_into().ok());
            state.processed = kept.map_or(0, u64::from_le_bytes);
        }
        state
    }
}
