//! What loading costs: compiling the bytes of a component, here and in a child; finding it in the cache; and linking what
//! was compiled to its grants.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing better to do than to stop")]

use std::path::Path;
use std::process::ExitCode;

use criterion::Criterion;
use hal9_benches::{Floor, Ratio, run};
use hal9_host::{Child, CompileIn, Host, LoadOptions, compile_child};

/// What this program is started with to compile for the one that measures.
const CHILD: &str = "compile-child";

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| argument == CHILD) {
        return compile_child();
    }
    let ratio = |what, subject, floor| Ratio { what, subject, floor, pieces: (1, 1) };
    run(
        benchmarks,
        &[
            ratio("compile: host / bare", "compile/host", "compile/bare"),
            ratio("compile: in a child / bare", "compile/child", "compile/bare"),
            ratio("from the cache: host / bare deserialize", "cached/host", "cached/bare"),
            ratio("link: host / bare", "link/host", "link/bare"),
        ],
    );
    ExitCode::SUCCESS
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
    let child = CompileIn::Child(Child::new(std::env::current_exe().unwrap(), [CHILD]));
    let host_of_children = Host::builder().compile_in(child).build().unwrap();
    group.bench_function("child", |bencher| bencher.iter(|| host_of_children.compile("plain", &bytes).unwrap()));
    group.finish();

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let cached = Host::builder().cache(&folder).build().unwrap();
    let serialized = floor.serialized(&guest).unwrap();
    let mut group = criterion.benchmark_group("cached");
    group.bench_function("host", |bencher| bencher.iter(|| cached.compile("plain", &bytes).unwrap()));
    group.bench_function("bare", |bencher| bencher.iter(|| floor.deserialize(&serialized).unwrap()));
    group.finish();

    let component = host.compile("plain", &bytes).unwrap();
    let bare = floor.compile(&guest).unwrap();
    let mut group = criterion.benchmark_group("link");
    group.bench_function("host", |bencher| bencher.iter(|| host.load(&component, LoadOptions::declared()).unwrap()));
    group.bench_function("bare", |bencher| bencher.iter(|| floor.link(&bare).unwrap()));
    group.finish();
}
