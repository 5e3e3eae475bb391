//! A call on a resident instance: what the host's layer adds to the bare typed function.

use std::hint::black_box;

use criterion::Criterion;
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Call, Failure, Host, NeuronState, Plugin, Signal};

use crate::{NEURON, TEXT, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "call",
    benchmarks,
    about: "A call on a resident instance: what the host's layer adds to the bare typed function.",
    rows: &[
        Row::ratio("call without arguments: host / bare TypedFunc", "call/state-host", "call/state-bare").at_most(1.15),
        Row::ratio("signal: host / bare TypedFunc", "call/signal-host", "call/signal-bare").at_most(1.15),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let host = Host::new().unwrap();
    let plain = load(&host, "plain");
    state(criterion, &plain);
    signals(criterion, &plain);
}

fn signal() -> Signal {
    Signal { metadata: vec![("source".into(), "review".into()), ("lang".into(), "en".into())], ..Signal::text(TEXT) }
}

/// A call without arguments: what is left is the host's layer.
fn state(criterion: &mut Criterion, plugin: &Plugin) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("call");
    group.bench_function("state-host", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.neuron_state(&mut Call::new()).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    let (mut store, function) =
        runtime.block_on(floor.function::<(), (NeuronState,)>(&guest, NEURON, "state")).unwrap();
    group.bench_function("state-bare", |bencher| {
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
    let mut group = criterion.benchmark_group("call");
    group.bench_function("signal-host", |bencher| {
        bencher.to_async(&runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
    });
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    let function = floor.function::<(Signal,), (Result<Signal, Failure>,)>(&guest, NEURON, "process-signal");
    let (mut store, function) = runtime.block_on(function).unwrap();
    group.bench_function("signal-bare", |bencher| {
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
