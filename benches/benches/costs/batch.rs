//! Many signals at once, in columns: what a signal costs then.

use criterion::{Criterion, Throughput};
use hal9_benches::{Group, Row};
use hal9_host::{Call, Host, Plugin, Signal};

use crate::{ROWS, TEXT, batch, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "batch",
    benchmarks,
    about: "Many signals at once, in columns: what a signal costs then.",
    rows: &[Row::ratio("a signal in a call of its own / one in a batch of 2 000", "batch/one-by-one", "batch/columns")
        .pieces(1, ROWS as u64)
        .at_least(25.0)],
};

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    let plain = load(&host, "plain");
    batches(criterion, &plain);
}

/// The columnar form, there and back, and the same signal alone.
fn batches(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let batch = batch();
    let signal = Signal::text(TEXT);
    let mut group = criterion.benchmark_group("batch");
    group.bench_function("one-by-one", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
    });
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("columns", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_batch(&mut Call::new(), &batch).await.unwrap());
    });
    group.finish();
}
