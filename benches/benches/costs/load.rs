//! What loading costs: compiling the bytes of a component, here and in a child; finding it in the cache; and linking what
//! was compiled to its grants.

use std::path::Path;

use criterion::Criterion;
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Child, CompileIn, Host, LoadOptions};

use crate::{CHILD, processes};

pub(crate) const GROUP: Group = Group {
    name: "load",
    benchmarks,
    about: "Compiling a component of 75 KB, here and in a child; finding it in the cache; and linking it to its grants.",
    rows: &[
        Row::ratio("compile: host / bare", "load/compile-host", "load/compile-bare"),
        Row::ratio("compile: in a child / bare", "load/compile-child", "load/compile-bare"),
        Row::ratio("from the cache: host / bare deserialize", "load/cached-host", "load/cached-bare"),
        Row::ratio("link: host / bare", "load/link-host", "load/link-bare"),
        Row::time("from the cache, authenticated, to a plugin that can be called", "load/ready").at_most(500e3),
        Row::time("100 plugins, from the start of a process to the last that has answered", "load/hundred")
            .at_most(60e6),
        Row::time("`hal9 signal send`, from the start of the process to the reply", "load/cold").at_most(25e6),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let guest = hal9_tests::guest("plain");
    let bytes = std::fs::read(&guest).unwrap();
    let host = Host::new().unwrap();
    let floor = Floor::new().unwrap();
    let mut group = criterion.benchmark_group("load");
    group.sample_size(20);
    group.bench_function("compile-host", |bencher| bencher.iter(|| host.compile("plain", &bytes).unwrap()));
    group.bench_function("compile-bare", |bencher| bencher.iter(|| floor.compile(&guest).unwrap()));
    let child = CompileIn::Child(Child::new(std::env::current_exe().unwrap(), [CHILD]));
    let host_of_children = Host::builder().compile_in(child).build().unwrap();
    group
        .bench_function("compile-child", |bencher| bencher.iter(|| host_of_children.compile("plain", &bytes).unwrap()));
    group.finish();

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let cached = Host::builder().cache(&folder).build().unwrap();
    let serialized = floor.serialized(&guest).unwrap();
    let mut group = criterion.benchmark_group("load");
    group.bench_function("cached-host", |bencher| bencher.iter(|| cached.compile("plain", &bytes).unwrap()));
    group.bench_function("ready", |bencher| {
        bencher.iter(|| cached.load(&cached.compile("plain", &bytes).unwrap(), LoadOptions::declared()).unwrap());
    });
    group.bench_function("cached-bare", |bencher| bencher.iter(|| floor.deserialize(&serialized).unwrap()));
    group.finish();

    let component = host.compile("plain", &bytes).unwrap();
    let bare = floor.compile(&guest).unwrap();
    let mut group = criterion.benchmark_group("load");
    group.bench_function("link-host", |bencher| {
        bencher.iter(|| host.load(&component, LoadOptions::declared()).unwrap())
    });
    group.bench_function("link-bare", |bencher| bencher.iter(|| floor.link(&bare).unwrap()));
    group.finish();
    processes::starts(criterion);
}
