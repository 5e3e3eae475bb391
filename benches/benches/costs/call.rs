//! A call on a resident instance: what the host's layer adds to the bare typed function, and what epochs are of that.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion};
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Call, Failure, Host, NeuronState, Signal};
use tokio::runtime::Runtime;

use crate::{NEURON, TEXT, load, runtime};

pub(crate) const GROUP: Group = Group {
    name: "call",
    about: "A call on a resident instance: what the host's layer adds to the bare typed function, with all limits on.",
    benchmarks,
    rows: &[
        Row::ratio("call without arguments: host / bare TypedFunc", "call/state-host", "call/state-bare").at_most(1.15),
        Row::ratio("signal: host / bare TypedFunc", "call/signal-host", "call/signal-bare").at_most(1.15),
        Row::ratio("signal, guest with the SDK: host / bare TypedFunc", "call/sdk-host", "call/sdk-bare").at_most(1.15),
        Row::ratio("call without arguments: bare, epochs on / off", "call/state-bare", "call/state-free"),
        Row::ratio("signal: bare, epochs on / off", "call/signal-bare", "call/signal-free"),
        Row::ratio("signal: host / bare, epochs off", "call/signal-host", "call/signal-free"),
        Row::ratio("signal: guest with the SDK / without", "call/sdk-host", "call/signal-host"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    let runtime = runtime();
    let host = Host::new().unwrap();
    let floors = [("bare", Floor::new().unwrap()), ("free", Floor::without_epochs().unwrap())];
    states(criterion, &runtime, &host, &floors);
    signals(criterion, &runtime, &host, &floors);
}

fn signal() -> Signal {
    Signal { metadata: vec![("source".into(), "review".into()), ("lang".into(), "en".into())], ..Signal::text(TEXT) }
}

/// A call without arguments: what is left is the host's layer.
fn states(criterion: &mut Criterion, runtime: &Runtime, host: &Host, floors: &[(&str, Floor)]) {
    let plugin = load(host, "plain");
    let mut group = criterion.benchmark_group("call");
    group.bench_function("state-host", |bencher| {
        bencher.to_async(runtime).iter(async || plugin.neuron_state(&mut Call::new()).await.unwrap());
    });
    for (name, floor) in floors {
        let function = floor.function::<(), (NeuronState,)>(hal9_tests::guest("plain"), NEURON, "state");
        let (mut store, function) = runtime.block_on(function).unwrap();
        group.bench_function(format!("state-{name}"), |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..times {
                        black_box(function.call_async(&mut store, ()).await.unwrap());
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

/// A signal with two metadata entries, there and back: to the smallest guest, and to one with the SDK and its allocator.
fn signals(criterion: &mut Criterion, runtime: &Runtime, host: &Host, floors: &[(&str, Floor)]) {
    let signal = signal();
    let mut group = criterion.benchmark_group("call");
    for (name, guest) in [("signal", "plain"), ("sdk", "echo")] {
        let plugin = load(host, guest);
        group.bench_function(format!("{name}-host"), |bencher| {
            bencher.to_async(runtime).iter(async || plugin.process_signal(&mut Call::new(), &signal).await.unwrap());
        });
        for (floor_name, floor) in floors {
            group.bench_function(format!("{name}-{floor_name}"), |bencher| {
                bare_signals(bencher, runtime, floor, guest, &signal);
            });
        }
    }
    group.finish();
}

fn bare_signals(bencher: &mut Bencher<'_>, runtime: &Runtime, floor: &Floor, guest: &str, signal: &Signal) {
    type Reply = (Result<Signal, Failure>,);
    let function = floor.function::<(Signal,), Reply>(hal9_tests::guest(guest), NEURON, "process-signal");
    let (mut store, function) = runtime.block_on(function).unwrap();
    bencher.iter_custom(|times| {
        runtime.block_on(async {
            // Owned arguments are made outside of the measured time, as the host borrows them.
            let mut elapsed = Duration::ZERO;
            for _ in 0..times.div_ceil(1_000) {
                let signals = vec![(signal.clone(),); 1_000];
                let start = Instant::now();
                for signal in signals {
                    black_box(function.call_async(&mut store, signal).await.unwrap().0.unwrap());
                }
                elapsed += start.elapsed();
            }
            elapsed.mul_f64(times as f64 / (times.div_ceil(1_000) * 1_000) as f64)
        })
    });
}
