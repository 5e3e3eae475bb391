//! What a call costs on a resident instance: the host's layer over the bare typed function, and a plugin's work over the
//! same work in native Rust.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use hal9_benches::{Floor, Ratio, run};
use hal9_host::{Call, Failure, Grant, Host, LoadOptions, NeuronState, Plugin, Signal, SignalBatch};
use hal9_plugin_sdk::NeuronPlugin as _;
use tokio::runtime::{Builder, Runtime};

const ROWS: usize = 2_000;
const TEXT: &str = "I have never been happier with a purchase, although the box was badly dented.";
const NEURON: &str = "hal9:plugin/neuron@0.1.0";

fn main() {
    let ratio = |what, subject, floor, pieces| Ratio { what, subject, floor, pieces };
    let rows = ROWS as u64;
    run(
        benchmarks,
        &[
            ratio("state: host / bare TypedFunc", "state/host", "state/bare", (1, 1)),
            ratio("signal: host / bare TypedFunc", "signal/host", "signal/bare", (1, 1)),
            ratio("1 MiB in: host / bare TypedFunc", "bytes/host", "bytes/bare", (1, 1)),
            ratio("1 MiB in: host / memcpy", "bytes/host", "bytes/memcpy", (1, 1)),
            ratio("a signal of a batch of 2000 / a call of its own", "batch/host", "signal/host", (rows, 1)),
            ratio("sentiment of a batch: plugin / native Rust", "sentiment/plugin", "sentiment/native", (rows, rows)),
        ],
    );
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn load(host: &Host, name: &str) -> Plugin {
    let component = host.compile_file(&hal9_tests::guest(name)).unwrap();
    host.load(&component, LoadOptions { grant: Grant::Declared, ..LoadOptions::default() }).unwrap()
}

fn signal() -> Signal {
    Signal { metadata: vec![("source".into(), "review".into()), ("lang".into(), "en".into())], ..Signal::text(TEXT) }
}

fn batch() -> SignalBatch {
    let mut batch = SignalBatch::new();
    for row in 0..ROWS as u64 {
        batch.push((7, row), 0, "text", TEXT);
    }
    batch
}

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    let plain = load(&host, "plain");
    state(criterion, &plain);
    signals(criterion, &plain);
    batches(criterion, &plain);
    bytes(criterion, &plain);
    sentiment(criterion, &load(&host, "sentiment-analyzer"));
}

/// A call without arguments: what is left is the host's layer.
fn state(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("state");
    group.bench_function("host", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.neuron_state(&mut Call::new()).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    let (mut store, function) =
        runtime.block_on(floor.function::<(), (NeuronState,)>(&guest, NEURON, "state")).unwrap();
    group.bench_function("bare", |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                let start = std::time::Instant::now();
                for _ in 0..times {
                    black_box(function.call_async(&mut store, ()).await.unwrap());
                }
                start.elapsed()
            })
        });
    });
    group.finish();
}

/// A signal with two metadata entries, there and back.
fn signals(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let signal = signal();
    let mut group = criterion.benchmark_group("signal");
    group.bench_function("host", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    let function = floor.function::<(Signal,), (Result<Signal, Failure>,)>(&guest, NEURON, "process-signal");
    let (mut store, function) = runtime.block_on(function).unwrap();
    group.bench_function("bare", |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                // Owned arguments are made outside of the measured time, as the host borrows them.
                let mut elapsed = std::time::Duration::ZERO;
                for _ in 0..times.div_ceil(1_000) {
                    let signals = vec![(signal.clone(),); 1_000];
                    let start = std::time::Instant::now();
                    for signal in signals {
                        black_box(function.call_async(&mut store, signal).await.unwrap().0.unwrap());
                    }
                    elapsed += start.elapsed();
                }
                elapsed.mul_f64(times as f64 / (times.div_ceil(1_000) * 1_000) as f64)
            })
        });
    });
    group.finish();
}

/// The columnar form, there and back.
fn batches(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let batch = batch();
    let mut group = criterion.benchmark_group("batch");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("host", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_batch(&mut Call::new(), &batch).await.unwrap());
    });
    group.finish();
}

/// One MiB into a guest.
fn bytes(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let value = vec![7u8; 1 << 20];
    let metadata = Vec::new();
    let mut group = criterion.benchmark_group("bytes");
    group.throughput(Throughput::Bytes(1 << 20));
    group.bench_function("host", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(async || plugin.store(&mut Call::new(), "key", &value, &metadata).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    type Params = (String, Vec<u8>, Vec<(String, String)>);
    let function =
        floor.function::<Params, (Result<(), Failure>,)>(&guest, "hal9:plugin/memory-provider@0.1.0", "store");
    let (mut store, function) = runtime.block_on(function).unwrap();
    group.bench_function("bare", |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                let mut elapsed = std::time::Duration::ZERO;
                for _ in 0..times {
                    let params = ("key".to_owned(), value.clone(), Vec::new());
                    let start = std::time::Instant::now();
                    black_box(function.call_async(&mut store, params).await.unwrap()).0.unwrap();
                    elapsed += start.elapsed();
                }
                elapsed
            })
        });
    });
    let mut copy = vec![0u8; 1 << 20];
    group.bench_function("memcpy", |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&value)));
    });
    group.finish();
}

/// Real work: the sentiment of 2 000 texts, in the plugin and in the same code as native Rust.
fn sentiment(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let batch = batch();
    let mut group = criterion.benchmark_group("sentiment");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("plugin", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_batch(&mut Call::new(), &batch).await.unwrap());
    });
    let mut native = sentiment_analyzer::SentimentAnalyzer::default();
    let mut rows = hal9_plugin_sdk::SignalBatch::default();
    for row in 0..ROWS as u64 {
        let id = hal9_plugin_sdk::Uuid::from_u64_pair(7, row);
        rows.push(hal9_plugin_sdk::PluginSignal { id, ..hal9_plugin_sdk::PluginSignal::new("text", TEXT) }).unwrap();
    }
    group.bench_function("native", |bencher| {
        bencher.iter(|| native.process_batch(black_box(rows.clone())).unwrap());
    });
    group.finish();
}
