//! Bytes into a guest, against the bare typed function and against copying them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Call, Failure, Host, Plugin};

use crate::{load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "bytes",
    benchmarks,
    about: "Bytes into a guest, against the bare typed function and against copying them.",
    rows: &[
        Row::ratio("1 MiB in: host / bare TypedFunc", "bytes/host", "bytes/bare"),
        Row::ratio("1 MiB in: host / memcpy", "bytes/host", "bytes/memcpy").at_most(1.1),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    bytes(criterion, &load(&host, "plain"));
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
