//! What plugins cost, in groups: each subject against its floor in the same run.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to stop")]

mod batch;
mod bytes;
mod call;
mod compute;
mod instantiate;
mod languages;
mod load;
mod processes;
mod registry;
mod reload;
mod scale;

use std::process::ExitCode;

use hal9_host::{Grant, Host, LoadOptions, Plugin, SignalBatch};
use tokio::runtime::{Builder, Runtime};

/// How many signals are in a batch.
const ROWS: usize = 2_000;
const TEXT: &str = "I have never been happier with a purchase, although the box was badly dented.";
const NEURON: &str = "hal9:plugin/neuron@0.1.0";

/// What this program is started with to compile for the one that measures.
const CHILD: &str = "compile-child";

fn main() -> ExitCode {
    if let Some(ended) = processes::child() {
        return ended;
    }
    hal9_benches::run(&[
        call::GROUP,
        batch::GROUP,
        bytes::GROUP,
        instantiate::GROUP,
        load::GROUP,
        reload::GROUP,
        scale::GROUP,
        compute::GROUP,
        languages::GROUP,
        registry::GROUP,
    ])
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn load(host: &Host, name: &str) -> Plugin {
    let component = host.compile_file(&hal9_tests::guest(name)).unwrap();
    host.load(&component, LoadOptions { grant: Grant::Declared, ..LoadOptions::default() }).unwrap()
}

fn batch() -> SignalBatch {
    let mut batch = SignalBatch::new();
    for row in 0..ROWS as u64 {
        batch.push((7, row), 0, "text", TEXT);
    }
    batch
}
