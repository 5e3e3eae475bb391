//! Many signals at once, in columns: what a signal costs then, to a neuron that takes columns, to one that the SDK gives row by row, and on
//! its way through the router.

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Call, Failure, Host, LoadOptions, Manager, Plugin, Signal, SignalBatch};

use crate::{NEURON, ROWS, TEXT, batch, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "batch",
    about: "Many signals at once, in columns: what a signal costs then.",
    benchmarks,
    rows: &[
        Row::ratio(
            "a signal in a call of its own / one in a batch of 2 000",
            "batch/plain-alone",
            "batch/plain-columns",
        )
        .pieces(1, ROWS as u64)
        .at_least(25.0),
        Row::ratio(
            "the same, guest with the SDK that does nothing for batches",
            "batch/echo-alone",
            "batch/echo-columns",
        )
        .pieces(1, ROWS as u64),
        Row::ratio("a batch of 2 000: host / bare TypedFunc", "batch/plain-columns", "batch/plain-bare"),
        Row::ratio("a batch sent to a layer / the neuron's call", "batch/routed", "batch/plain-columns"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    let mut group = criterion.benchmark_group("batch");
    for guest in ["plain", "echo"] {
        batches(&mut group, guest, &load(&host, guest));
    }
    bare(&mut group);
    routed(&mut group);
    group.finish();
}

/// The columnar form, there and back, and the same signal alone.
fn batches(group: &mut BenchmarkGroup<'_, WallTime>, guest: &str, plugin: &Plugin) {
    let runtime = runtime();
    let batch = batch();
    let signal = Signal::text(TEXT);
    group.throughput(Throughput::Elements(1));
    group.bench_function(format!("{guest}-alone"), |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
    });
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function(format!("{guest}-columns"), |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_batch(&mut Call::new(), &batch).await.unwrap());
    });
}

fn bare(group: &mut BenchmarkGroup<'_, WallTime>) {
    let runtime = runtime();
    let floor = Floor::new().unwrap();
    type Reply = (Result<SignalBatch, Failure>,);
    let function = floor.function::<(SignalBatch,), Reply>(hal9_tests::guest("plain"), NEURON, "process-batch");
    let (mut store, function) = runtime.block_on(function).unwrap();
    let batch = batch();
    group.bench_function("plain-bare", |bencher| {
        bencher.iter_batched(
            || batch.clone(),
            |batch| runtime.block_on(function.call_async(&mut store, (batch,))).unwrap().0.unwrap(),
            criterion::BatchSize::SmallInput,
        );
    });
}

/// To a layer of one neuron, which emits nothing. The batch that a sender gives away is made while nobody measures.
fn routed(group: &mut BenchmarkGroup<'_, WallTime>) {
    let runtime = runtime();
    let manager = Manager::new(Host::builder()).unwrap();
    let component = manager.host().compile_file(&hal9_tests::guest("plain")).unwrap();
    let plugin = manager.load(&component, LoadOptions::declared()).unwrap();
    runtime.block_on(manager.activate(plugin.id())).unwrap();
    let batch = batch();
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("routed", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || batch.clone(),
            async |batch| manager.send_batch("B1", None, batch).await.unwrap(),
            criterion::BatchSize::LargeInput,
        );
    });
}
