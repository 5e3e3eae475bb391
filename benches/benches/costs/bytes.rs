//! Bytes and floats into a guest and out of it, against the bare typed function and against copying them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Call, Entry, Failure, Host, Plugin};
use tokio::runtime::Runtime;

use crate::{load, runtime};

const MEMORY: &str = "hal9:plugin/memory-provider@0.1.0";

/// So many bytes, and what benchmarks call them.
const SIZES: [(usize, &str); 3] = [(1 << 10, "1k"), (64 << 10, "64k"), (1 << 20, "1m")];

pub(crate) const GROUP: Group = Group {
    name: "bytes",
    about: "Bytes and floats into a guest and out of it, against the bare typed function and against copying them.",
    benchmarks,
    rows: &[
        Row::ratio("1 KiB in: host / bare TypedFunc", "bytes/in-1k-host", "bytes/in-1k-bare"),
        Row::ratio("64 KiB in: host / bare TypedFunc", "bytes/in-64k-host", "bytes/in-64k-bare"),
        Row::ratio("1 MiB in: host / bare TypedFunc", "bytes/in-1m-host", "bytes/in-1m-bare"),
        Row::ratio("1 MiB in: host / memcpy", "bytes/in-1m-host", "bytes/memcpy-1m").at_most(1.1),
        Row::ratio("1 MiB of floats in: host / memcpy", "bytes/floats-1m-host", "bytes/memcpy-1m").at_most(1.1),
        Row::ratio("1 KiB out: host / bare TypedFunc", "bytes/out-1k-host", "bytes/out-1k-bare"),
        Row::ratio("64 KiB out: host / bare TypedFunc", "bytes/out-64k-host", "bytes/out-64k-bare"),
        Row::ratio("1 MiB made and out: host / bare TypedFunc", "bytes/out-1m-host", "bytes/out-1m-bare"),
        Row::ratio("1 MiB made and out: host / the same natively", "bytes/out-1m-host", "bytes/made-1m"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let runtime = runtime();
    let host = Host::new().unwrap();
    let plain = load(&host, "plain");
    let mut group = criterion.benchmark_group("bytes");
    for (size, name) in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        bytes_in(&mut group, &runtime, &plain, size, name);
        bytes_out(&mut group, &runtime, &plain, size, name);
    }
    floats_in(&mut group, &runtime, &load(&host, "learning-algorithm"));
    group.finish();
}

fn bytes_in(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, plugin: &Plugin, size: usize, name: &str) {
    let value = vec![7u8; size];
    let metadata = Vec::new();
    group.bench_function(format!("in-{name}-host"), |bencher| {
        bencher
            .to_async(runtime)
            .iter(async || plugin.store(&mut Call::new(), "key", &value, &metadata).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    type Params = (String, Vec<u8>, Vec<(String, String)>);
    type Stored = (Result<(), Failure>,);
    let function = floor.function::<Params, Stored>(hal9_tests::guest("plain"), MEMORY, "store");
    let (mut store, function) = runtime.block_on(function).unwrap();
    group.bench_function(format!("in-{name}-bare"), |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                // Owned arguments are made outside of the measured time, as the host borrows them.
                let mut elapsed = Duration::ZERO;
                for _ in 0..times {
                    let params = ("key".to_owned(), value.clone(), Vec::new());
                    let start = Instant::now();
                    black_box(function.call_async(&mut store, params).await.unwrap()).0.unwrap();
                    elapsed += start.elapsed();
                }
                elapsed
            })
        });
    });
    let mut copy = vec![0u8; size];
    group.bench_function(format!("memcpy-{name}"), |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&value)));
    });
}

/// The guest makes the bytes, so that is measured as well.
fn bytes_out(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, plugin: &Plugin, size: usize, name: &str) {
    let key = size.to_string();
    group.bench_function(format!("out-{name}-host"), |bencher| {
        bencher.to_async(runtime).iter(async || {
            let entry = plugin.retrieve(&mut Call::new(), &key).await.unwrap().unwrap();
            assert_eq!(entry.value.len(), size);
            entry
        });
    });
    let floor = Floor::new().unwrap();
    type Retrieved = (Result<Option<Entry>, Failure>,);
    let function = floor.function::<(String,), Retrieved>(hal9_tests::guest("plain"), MEMORY, "retrieve");
    let (mut store, function) = runtime.block_on(function).unwrap();
    group.bench_function(format!("out-{name}-bare"), |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                let start = Instant::now();
                for _ in 0..times {
                    black_box(function.call_async(&mut store, (key.clone(),)).await.unwrap()).0.unwrap();
                }
                start.elapsed()
            })
        });
    });
    group.bench_function(format!("made-{name}"), |bencher| {
        bencher.iter(|| black_box(vec![7u8; black_box(size)]).clone());
    });
}

/// A model that looks at none of the floats it is given.
fn floats_in(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, plugin: &Plugin) {
    let floats = vec![0.5f32; (1 << 20) / size_of::<f32>()];
    let model = runtime.block_on(plugin.create_model(&mut Call::new(), "{}")).unwrap();
    group.throughput(Throughput::Bytes(1 << 20));
    group.bench_function("floats-1m-host", |bencher| {
        bencher
            .to_async(runtime)
            .iter(async || model.predict(&mut Call::new(), &floats, floats.len() as u32).await.unwrap());
    });
}
