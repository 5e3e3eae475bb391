//! Many signals at once, in columns: what a signal costs then.

use criterion::{Criterion, Throughput};
use hal9_benches::{Group, Ratio};
use hal9_host::{Call, Host, Plugin, Signal};

use crate::{ROWS, TEXT, batch, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "batch",
    benchmarks,
    ratios: &[Ratio {
        what: "a signal of a batch of 2000 / a call of its own",
        subject: "batch/columns",
        floor: "batch/one-by-one",
        pieces: (ROWS as u64, 1),
    }],
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
