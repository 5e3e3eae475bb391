//! A life that hands on how many signals were seen and what is on the shelf. Knows nothing of models, which end with their instance.

use crate::bindings::exports::hal9::plugin::lifecycle::{Guest, HealthReport, Status};
use crate::bindings::exports::hal9::plugin::memory_provider::Entry;
use crate::bindings::hal9::plugin::types::Failure;
use crate::neuron::SEEN;
use crate::shelf::SHELF;
use crate::{Wrong, invalid, is};
use serde_json::{Value, json};
use std::cell::Cell;

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

impl Guest for Wrong {
    fn init() -> Result<(), Failure> {
        if is("init") { invalid("it does not begin") } else { Ok(()) }
    }

    fn health() -> HealthReport {
        ASKED.set(ASKED.get() + 1);
        let often = if is("health") { ASKED.get().to_string() } else { String::new() };
        HealthReport { status: Status::Healthy, reason: often }
    }

    fn reconfigure(_config: String) -> Result<(), Failure> {
        Ok(())
    }

    fn export_state() -> Result<Vec<u8>, Failure> {
        let seen = if is("forgets") { 0 } else { SEEN.get() };
        let shelf = SHELF.with_borrow(|shelf| {
            let entry = |(key, entry): (&String, &Entry)| json!([key, entry.value, entry.metadata]);
            shelf.iter().map(entry).collect::<Value>()
        });
        Ok(json!({ "seen": seen, "shelf": shelf }).to_string().into_bytes())
    }

    fn import_state(state: Vec<u8>) -> Result<(), Failure> {
        if is("import-own") {
            return invalid("it takes no state");
        }
        let read = serde_json::from_slice::<Value>(&state);
        if is("import-traps") {
            assert!(read.is_ok(), "state is always right");
        }
        let Ok(read) = read else { return invalid("this is no state") };
        let (Some(seen), Some(shelf)) = (read["seen"].as_u64(), read["shelf"].as_array()) else {
            return invalid("this is no state");
        };
        let entry = |item: &Value| {
            let value = serde_json::from_value(item[1].clone()).ok()?;
            let metadata = serde_json::from_value(item[2].clone()).ok()?;
            Some((item[0].as_str()?.to_string(), Entry { value, metadata }))
        };
        let Some(shelf) = shelf.iter().map(entry).collect() else { return invalid("this is no state") };
        SEEN.set(seen);
        SHELF.set(shelf);
        Ok(())
    }

    fn shutdown() {}
}
