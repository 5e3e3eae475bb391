//! Work that plugins do, against the same code as native Rust: through the host, on bare wasmtime, and there without epochs.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use hal9_benches::{Floor, Group, Row, is_measuring};
use hal9_host::{Call, Failure, Host};
use hal9_plugin_sdk::NeuronPlugin as _;
use kernels::{Kernel, Multiply, Resize, Sha1, Sha256, Sort, Words, Work};
use tokio::runtime::Runtime;

use crate::{ROWS, TEXT, batch, load, runtime};

const TOOL: &str = "hal9:plugin/tool@0.1.0";

/// The rows of the kernels after those that are given: a kernel's name, and what it does.
macro_rules! rows {
    ($($row:expr),*; $(($name:literal, $what:literal)),+ $(,)?) => {
        &[
            $($row,)*
            $(
                Row::ratio(
                    concat!($what, ": plugin / native"),
                    concat!("compute/", $name, "-plugin"),
                    concat!("compute/", $name, "-native"),
                )
                .at_most(1.1),
                Row::ratio(
                    concat!($what, ": bare, epochs on / native"),
                    concat!("compute/", $name, "-bare"),
                    concat!("compute/", $name, "-native"),
                ),
                Row::ratio(
                    concat!($what, ": bare, epochs off / native"),
                    concat!("compute/", $name, "-free"),
                    concat!("compute/", $name, "-native"),
                ),
            )+
        ]
    };
}

pub(crate) const GROUP: Group = Group {
    name: "compute",
    about: "Work that plugins do, against the same code as native Rust: in a plugin, on bare wasmtime, and there without epochs.",
    benchmarks,
    rows: rows![
        Row::ratio(
            "sentiment of a text in a batch: plugin / native",
            "compute/sentiment-plugin",
            "compute/sentiment-native"
        )
        .pieces(ROWS as u64, ROWS as u64)
        .at_most(1.1);
        ("words", "40 000 words of text counted"),
        ("multiply", "floats, two matrices of 192 × 192 multiplied"),
        ("sort", "100 000 integers of 64 bits sorted"),
        ("sha1", "1 MiB hashed with SHA-1, in portable code"),
        ("sha256", "1 MiB hashed with SHA-256, natively by instructions for it"),
        ("resize", "an RGBA image of 640 × 640 halved"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    sentiment(criterion);
    let bench = Bench {
        runtime: runtime(),
        host: Host::new().unwrap(),
        floors: [("bare", Floor::new().unwrap()), ("free", Floor::without_epochs().unwrap())],
    };
    bench.kernel::<Words>(criterion, 40_000);
    bench.kernel::<Multiply>(criterion, 192);
    bench.kernel::<Sort>(criterion, 100_000);
    bench.kernel::<Sha1>(criterion, 1 << 20);
    bench.kernel::<Sha256>(criterion, 1 << 20);
    bench.kernel::<Resize>(criterion, 640);
}

/// Where kernels run.
struct Bench {
    runtime: Runtime,
    host: Host,
    floors: [(&'static str, Floor); 2],
}

impl Bench {
    /// A kernel in a plugin, on bare wasmtime and natively. All must give the same, or there is nothing to be measured.
    fn kernel<K: Kernel>(&self, criterion: &mut Criterion, size: usize) {
        // To be tested, small work does.
        let size = if is_measuring() { size } else { size.min(64) };
        let params = format!("{{\"size\": {size}}}");
        let mut native = Work::<K>::default();
        let expected = format!("{{\"checksum\":\"{:016x}\"}}", native.run(size).unwrap());
        let mut group = criterion.benchmark_group("compute");

        let plugin = load(&self.host, "kernels");
        let result = self.runtime.block_on(plugin.execute_tool(&mut Call::new(), K::NAME, &params)).unwrap();
        assert_eq!(result, expected, "{}: the plugin's result and the native one", K::NAME);
        group.bench_function(format!("{}-plugin", K::NAME), |bencher| {
            bencher
                .to_async(&self.runtime)
                .iter(async || plugin.execute_tool(&mut Call::new(), K::NAME, &params).await.unwrap());
        });
        for (name, floor) in &self.floors {
            type Reply = (Result<String, Failure>,);
            let function = floor.function::<(String, String), Reply>(hal9_tests::guest("kernels"), TOOL, "execute");
            let (mut store, function) = self.runtime.block_on(function).unwrap();
            let mut call = || {
                let params = (K::NAME.to_owned(), params.clone());
                self.runtime.block_on(function.call_async(&mut store, params)).unwrap().0.unwrap()
            };
            assert_eq!(call(), expected, "{}: the result on bare wasmtime and the native one", K::NAME);
            group.bench_function(format!("{}-{name}", K::NAME), |bencher| bencher.iter(&mut call));
        }
        group.bench_function(format!("{}-native", K::NAME), |bencher| {
            bencher.iter(|| native.run(black_box(size)).unwrap());
        });
        group.finish();
    }
}

/// Real work: the sentiment of 2 000 texts, in the plugin and in the same code as native Rust.
fn sentiment(criterion: &mut Criterion) {
    let runtime = runtime();
    let host = Host::new().unwrap();
    let plugin = load(&host, "sentiment-analyzer");
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
