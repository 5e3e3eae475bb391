//! What the same plugin costs in every language: how large it is, how long it takes to start, and to answer.

use std::time::Instant;

use criterion::Criterion;
use hal9_benches::{Group, Row, Unit, is_measuring, record};
use hal9_host::{Call, Host, LoadOptions, Signal};
use hal9_package::{Package, RuntimeOverrides};
use hal9_tests::{LANGUAGES, Packed, keywords};

use crate::processes::hal9;
use crate::{TEXT, runtime};

/// How many calls there are before memory is looked at again.
const CALLS: u64 = 10_000;

macro_rules! rows {
    ($(($id:literal, $name:literal)),+ $(,)?) => {
        &[$(
            Row::figure(concat!($name, ": component"), concat!("languages/", $id, "-component"), Unit::Bytes),
            Row::figure(concat!($name, ": packed"), concat!("languages/", $id, "-packed"), Unit::Bytes),
            Row::figure(concat!($name, ": compile"), concat!("languages/", $id, "-compile"), Unit::Nanos),
            Row::time(concat!($name, ": load, compiled before"), concat!("languages/", $id, "-load")),
            Row::time(concat!($name, ": fresh instance and a signal"), concat!("languages/", $id, "-fresh")),
            Row::time(concat!($name, ": signal"), concat!("languages/", $id, "-signal")),
            Row::figure(concat!($name, ": memory"), concat!("languages/", $id, "-memory"), Unit::Bytes),
            Row::figure(concat!($name, ": after 10 000 signals"), concat!("languages/", $id, "-memory-later"), Unit::Bytes),
        )+]
    };
}

pub(crate) const GROUP: Group = Group {
    name: "languages",
    about: "One plugin, `keywords`, written in each language, with the same answers: it finds the most frequent words of a text, and keeps totals in \
            HAL9's memory. Compiling is paid once for a version; memory is what the limit `memory` counts.",
    benchmarks,
    rows: rows![
        ("rust", "Rust"),
        ("c", "C"),
        ("cpp", "C++"),
        ("zig", "Zig"),
        ("javascript", "JavaScript"),
        ("typescript", "TypeScript"),
        ("python", "Python"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    LANGUAGES.into_iter().for_each(|language| one(criterion, language));
}

fn one(criterion: &mut Criterion, language: &str) {
    let runtime = runtime();
    let packed = keywords(hal9, language);
    let bytes = std::fs::read(&packed.component).unwrap();
    record(&format!("languages/{language}-component"), bytes.len() as f64);
    record(&format!("languages/{language}-packed"), packed.package.metadata().unwrap().len() as f64);

    let folder = tempfile::tempdir().unwrap();
    let host = Host::builder().cache(folder.path()).build().unwrap();
    let started = Instant::now();
    let component = host.compile(language, &bytes).unwrap();
    record(&format!("languages/{language}-compile"), started.elapsed().as_nanos() as f64);
    let with = |runtime: RuntimeOverrides| host.load(&component, LoadOptions { runtime, ..options(&packed) }).unwrap();
    let resident = with(RuntimeOverrides::default());
    let fresh = with(RuntimeOverrides { persistent: Some(false), ..Default::default() });
    let signal = Signal::text(TEXT);
    let mut group = criterion.benchmark_group("languages");
    group.sample_size(20);
    group.bench_function(format!("{language}-load"), |bencher| {
        bencher.iter(|| host.load(&host.compile(language, &bytes).unwrap(), options(&packed)).unwrap());
    });
    for (what, plugin) in [("fresh", &fresh), ("signal", &resident)] {
        group.bench_function(format!("{language}-{what}"), |bencher| {
            bencher.to_async(&runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
        });
    }
    group.finish();

    let other = with(RuntimeOverrides::default());
    for (what, calls) in [("memory", 1), ("memory-later", if is_measuring() { CALLS } else { 10 })] {
        runtime.block_on(async {
            for _ in 0..calls {
                other.process_signal(&mut Call::new(), &signal).await.unwrap();
            }
        });
        record(&format!("languages/{language}-{what}"), other.stats().peak_memory as f64);
    }
}

/// Granted what it declares, by the manifest that was packed.
fn options(packed: &Packed) -> LoadOptions {
    let manifest = Package::open(&packed.package).unwrap().manifest().clone();
    LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() }
}
