//! Work that plugins do, against the same code as native Rust.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use hal9_benches::{Group, Row};
use hal9_host::{Call, Host, Plugin};
use hal9_plugin_sdk::NeuronPlugin as _;

use crate::{ROWS, TEXT, batch, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "compute",
    benchmarks,
    about: "Work that plugins do, against the same code as native Rust.",
    rows: &[Row::ratio(
        "sentiment of a batch: plugin / native Rust",
        "compute/sentiment-plugin",
        "compute/sentiment-native",
    )
    .pieces(ROWS as u64, ROWS as u64)
    .at_most(1.1)],
};

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    sentiment(criterion, &load(&host, "sentiment-analyzer"));
}

/// Real work: the sentiment of 2 000 texts, in the plugin and in the same code as native Rust.
fn sentiment(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let batch = batch();
    let mut group = criterion.benchmark_group("compute");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("sentiment-plugin", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_batch(&mut Call::new(), &batch).await.unwrap());
    });
    let mut native = sentiment_analyzer::SentimentAnalyzer::default();
    let mut rows = hal9_plugin_sdk::SignalBatch::default();
    for row in 0..ROWS as u64 {
        let id = hal9_plugin_sdk::Uuid::from_u64_pair(7, row);
        rows.push(hal9_plugin_sdk::PluginSignal { id, ..hal9_plugin_sdk::PluginSignal::new("text", TEXT) }).unwrap();
    }
    group.bench_function("sentiment-native", |bencher| {
        bencher.iter(|| native.process_batch(black_box(rows.clone())).unwrap());
    });
    group.finish();
}
