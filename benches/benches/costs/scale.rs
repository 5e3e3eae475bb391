//! What more threads and more plugins bring: calls on two threads against one, and what plugins that compute without end leave
//! to the others.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::Criterion;
use hal9_benches::{Floor, Group, KIB, MIB, Row, Unit, is_measuring, record};
use hal9_host::{Call, Host, LoadOptions, NeuronState, Plugin, Signal};
use hal9_package::RuntimeOverrides;
use tokio::runtime::Runtime;

use crate::{NEURON, TEXT, processes, runtime};

pub(crate) const GROUP: Group = Group {
    name: "scale",
    about: "More threads and more plugins: calls on two threads against one, and a plugin's calls beside four that spin.",
    benchmarks,
    rows: &[
        Row::ratio("calls on two threads / one: a parallel plugin", "scale/parallel-1", "scale/parallel-2")
            .pieces(1, 2)
            .at_least(1.9),
        Row::ratio("calls on two threads / one: two plugins", "scale/plugins-1", "scale/plugins-2")
            .pieces(1, 2)
            .at_least(1.9),
        Row::ratio("calls on two threads / one: bare instances", "scale/bare-1", "scale/bare-2").pieces(1, 2),
        Row::ratio(
            "signals on two threads / one: a parallel plugin with the SDK",
            "scale/signals-1",
            "scale/signals-2",
        )
        .pieces(1, 2)
        .at_least(1.9),
        Row::figure(
            "memory of 10 000 live plugins that have answered, over an empty host",
            "scale/live-all",
            Unit::Bytes,
        )
        .at_most(640.0 * MIB),
        Row::figure("memory of each of them", "scale/live-each", Unit::Bytes).at_most(64.0 * KIB),
        Row::figure("the largest share of four spinners / the 25 % of each", "scale/spinner-share", Unit::Times),
        Row::figure("the smallest share of four spinners / the 25 % of each", "scale/spinner-share-least", Unit::Times),
        Row::figure("99th percentile of calls beside the spinners / alone", "scale/beside-spinners", Unit::Times),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    threads(criterion);
    processes::memory();
    spinners(if is_measuring() { Duration::from_secs(10) } else { Duration::from_millis(50) });
}

/// The same calls on one thread and on two, each with a runtime of its own.
fn threads(criterion: &mut Criterion) {
    let guest = hal9_tests::guest("plain");
    let host = Host::new().unwrap();
    let component = host.compile_file(&guest).unwrap();
    let with = |parallel: u32| {
        let policy = RuntimeOverrides { parallel: Some(parallel), ..Default::default() };
        host.load(&component, LoadOptions { runtime: policy, ..LoadOptions::declared() }).unwrap()
    };
    let parallel = with(2);
    let plugins = [with(1), with(1)];
    let policy = RuntimeOverrides { parallel: Some(2), ..Default::default() };
    let echo = host.compile_file(&hal9_tests::guest("echo")).unwrap();
    let echo = host.load(&echo, LoadOptions { runtime: policy, ..LoadOptions::declared() }).unwrap();
    let signal = Signal::text(TEXT);
    let floor = Floor::new().unwrap();
    let prepared = floor.prepare(&guest, NEURON, "state").unwrap();
    let mut group = criterion.benchmark_group("scale");
    for threads in [1, 2] {
        group.bench_function(format!("signals-{threads}"), |bencher| {
            bencher.iter_custom(|times| {
                together(threads, |_, runtime, begin| {
                    begin.wait();
                    runtime.block_on(async {
                        let started = Instant::now();
                        for _ in 0..times {
                            black_box(echo.process_signal(&mut Call::new(), &signal).await.unwrap());
                        }
                        started.elapsed()
                    })
                })
            });
        });
        group.bench_function(format!("parallel-{threads}"), |bencher| {
            bencher.iter_custom(|times| together(threads, |_, runtime, begin| calls(&parallel, times, runtime, begin)));
        });
        group.bench_function(format!("plugins-{threads}"), |bencher| {
            bencher.iter_custom(|times| {
                together(threads, |thread, runtime, begin| calls(&plugins[thread], times, runtime, begin))
            });
        });
        group.bench_function(format!("bare-{threads}"), |bencher| {
            bencher.iter_custom(|times| {
                together(threads, |_, runtime, begin| {
                    let (mut store, function) =
                        runtime.block_on(prepared.instance::<(), (NeuronState,)>(&floor)).unwrap();
                    begin.wait();
                    runtime.block_on(async {
                        let started = Instant::now();
                        for _ in 0..times {
                            black_box(function.call_async(&mut store, ()).await.unwrap());
                        }
                        started.elapsed()
                    })
                })
            });
        });
    }
    group.finish();
}

/// How long the slowest of some threads works that begin together, each of which says how long it took.
fn together(threads: usize, work: impl Fn(usize, &Runtime, &Barrier) -> Duration + Sync) -> Duration {
    let begin = Barrier::new(threads);
    let (work, begin) = (&work, &begin);
    std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread, &runtime(), begin))).collect();
        spawned.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    })
}

fn calls(plugin: &Plugin, times: u64, runtime: &Runtime, begin: &Barrier) -> Duration {
    begin.wait();
    runtime.block_on(async {
        let started = Instant::now();
        for _ in 0..times {
            black_box(plugin.neuron_state(&mut Call::new()).await.unwrap());
        }
        started.elapsed()
    })
}

const SPINNERS: usize = 4;

/// How often the plugin beside them is called.
const PACE: Duration = Duration::from_micros(500);

/// Four spinners, each held to a quarter of a core, and the latency of a fifth plugin's calls beside them and alone. Figures,
/// as shares are no matter of microseconds.
fn spinners(time: Duration) {
    let runtime = Runtime::new().unwrap();
    let host = Host::new().unwrap();
    let component = host.compile_file(&hal9_tests::guest("faults")).unwrap();
    let spinners: Vec<_> = (0..SPINNERS).map(|_| host.load(&component, LoadOptions::declared()).unwrap()).collect();
    let component = host.compile_file(&hal9_tests::guest("echo")).unwrap();
    let other = host.load(&component, LoadOptions::declared()).unwrap();

    let alone = latencies(&runtime, &other, time);
    let started = Instant::now();
    let spinning: Vec<_> = spinners.iter().map(|plugin| runtime.spawn(spin(plugin.clone(), time))).collect();
    let beside = latencies(&runtime, &other, time);
    let passed = started.elapsed().as_secs_f64();
    let shares: Vec<_> = spinners.iter().map(|plugin| plugin.stats().cpu.as_secs_f64() / passed / 0.25).collect();
    spinning.into_iter().for_each(|spinner| spinner.abort());

    record("scale/spinner-share", shares.iter().copied().fold(0.0, f64::max));
    record("scale/spinner-share-least", shares.iter().copied().fold(f64::INFINITY, f64::min));
    let p99 = |latencies: &[Duration]| latencies[(latencies.len() - 1) * 99 / 100].as_secs_f64();
    record("scale/beside-spinners", p99(&beside) / p99(&alone));
}

async fn spin(plugin: Plugin, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        // Ends at its deadline, and begins anew.
        let _ = plugin.process_signal(&mut Call::new(), &Signal::text("spin")).await;
    }
}

/// How long calls take, shortest first, one at each beat.
fn latencies(runtime: &Runtime, plugin: &Plugin, time: Duration) -> Vec<Duration> {
    let mut latencies = Vec::new();
    let (signal, started) = (Signal::text("hello"), Instant::now());
    runtime.block_on(async {
        while started.elapsed() < time {
            let before = Instant::now();
            plugin.process_signal(&mut Call::new(), &signal).await.unwrap();
            latencies.push(before.elapsed());
            std::thread::sleep(PACE);
        }
    });
    latencies.sort_unstable();
    latencies
}
