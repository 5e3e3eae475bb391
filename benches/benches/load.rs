//! What loading costs: compiling the bytes of a component, and linking what was compiled to its grants.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to stop")]

use criterion::Criterion;
use hal9_benches::{Floor, Ratio, run};
use hal9_host::{Host, LoadOptions};

fn main() {
    let ratio = |what, subject, floor| Ratio { what, subject, floor, pieces: (1, 1) };
    run(
        benchmarks,
        &[
            ratio("compile: host / bare", "compile/host", "compile/bare"),
            ratio("link: host / bare", "link/host", "link/bare"),
        ],
    );
}

fn benchmarks(criterion: &mut Criterion) {
    let guest = hal9_tests::guest("plain");
    let bytes = std::fs::read(&guest).unwrap();
    let host = Host::new().unwrap();
    let floor = Floor::new().unwrap();
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(20);
    group.bench_function("host", |bencher| bencher.iter(|| host.compile("plain", &bytes).unwrap()));
    group.bench_function("bare", |bencher| bencher.iter(|| floor.compile(&guest).unwrap()));
    group.finish();

    let component = host.compile("plain", &bytes).unwrap();
    let bare = floor.compile(&guest).unwrap();
    let mut group = criterion.benchmark_group("link");
    group.bench_function("host", |bencher| bencher.iter(|| host.load(&component, LoadOptions::declared()).unwrap()));
    group.bench_function("bare", |bencher| bencher.iter(|| floor.link(&bare).unwrap()));
    group.finish();
}
