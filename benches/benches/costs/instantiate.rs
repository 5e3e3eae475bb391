//! What a fresh instance costs: made, called once and dropped, by the host and on bare wasmtime; as a policy, each call in an
//! instance of its own or a fresh one after so many; and what stands between a trap and the next good call.

use criterion::Criterion;
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Breaker, Call, Error, Host, LoadOptions, NeuronState, Plugin, Signal};
use hal9_package::RuntimeOverrides;

use crate::{NEURON, runtime};

/// After so many calls an instance gives way to a fresh one.
const RECYCLE: u64 = 100;

pub(crate) const GROUP: Group = Group {
    name: "instantiate",
    about: "A fresh instance: made, called once and dropped; as a policy; and after a trap.",
    benchmarks,
    rows: &[
        Row::time("fresh instance, one call, drop", "instantiate/fresh").at_most(8e3),
        Row::ratio("fresh instance, one call, drop: host / bare", "instantiate/fresh", "instantiate/bare"),
        Row::ratio("fresh instance: bare, keep-resident off / on", "instantiate/bare-unkept", "instantiate/bare"),
        Row::ratio(
            "instance stopped by hand after each call / fresh by policy",
            "instantiate/stop",
            "instantiate/fresh",
        ),
        Row::ratio("call, a fresh instance after 100 / resident", "instantiate/recycle", "instantiate/resident"),
        Row::time("a trap and the next good call", "instantiate/trap").at_most(50e3),
        Row::ratio("a trap and the next good call: host / bare", "instantiate/trap", "instantiate/trap-bare"),
    ],
};

fn benchmarks(criterion: &mut Criterion) {
    policies(criterion);
    traps(criterion);
}

fn policies(criterion: &mut Criterion) {
    let runtime = runtime();
    let guest = hal9_tests::guest("plain");
    let host = Host::new().unwrap();
    let component = host.compile_file(&guest).unwrap();
    let with = |policy: RuntimeOverrides| {
        host.load(&component, LoadOptions { runtime: policy, ..LoadOptions::declared() }).unwrap()
    };
    let resident = with(RuntimeOverrides::default());
    let fresh = with(RuntimeOverrides { persistent: Some(false), ..Default::default() });
    let recycled = with(RuntimeOverrides { recycle_after: Some(RECYCLE), ..Default::default() });
    let mut group = criterion.benchmark_group("instantiate");
    for (name, plugin) in [("resident", &resident), ("recycle", &recycled), ("fresh", &fresh)] {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(async || plugin.neuron_state(&mut Call::new()).await.unwrap());
        });
    }
    group.bench_function("stop", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let state = resident.neuron_state(&mut Call::new()).await.unwrap();
            resident.stop().await.unwrap();
            state
        });
    });
    for (name, floor) in [("bare", Floor::new()), ("bare-unkept", Floor::without_keep_resident())] {
        let floor = floor.unwrap();
        let prepared = floor.prepare(&guest, NEURON, "state").unwrap();
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(async || prepared.once::<_, (NeuronState,)>(&floor, ()).await.unwrap());
        });
    }
    group.finish();
}

/// A call that traps, and one that does not: the first takes its instance with it.
fn traps(criterion: &mut Criterion) {
    let runtime = runtime();
    let guest = hal9_tests::guest("faults");
    let host = Host::new().unwrap();
    let options = LoadOptions { breaker: Breaker::never(), ..LoadOptions::declared() };
    let plugin: Plugin = host.load(&host.compile_file(&guest).unwrap(), options).unwrap();
    let (trap, good) = (Signal::text("unreachable"), Signal::text("hello"));
    let mut group = criterion.benchmark_group("instantiate");
    group.bench_function("trap", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let trapped = plugin.process_signal(&mut Call::new(), &trap).await;
            assert!(matches!(trapped, Err(Error::Trapped { .. })), "{trapped:?}");
            plugin.process_signal(&mut Call::new(), &good).await.unwrap()
        });
    });
    let floor = Floor::new().unwrap();
    let prepared = floor.prepare(&guest, NEURON, "process-signal").unwrap();
    type Reply = (Result<Signal, hal9_host::Failure>,);
    group.bench_function("trap-bare", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let (mut store, function) = prepared.instance::<(Signal,), Reply>(&floor).await.unwrap();
            function.call_async(&mut store, (good.clone(),)).await.unwrap().0.unwrap();
            function.call_async(&mut store, (trap.clone(),)).await.unwrap_err()
        });
    });
    group.finish();
}
