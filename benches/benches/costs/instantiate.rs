//! What a fresh instance costs: made, called once and dropped, by the host and on bare wasmtime.

use criterion::Criterion;
use hal9_benches::{Floor, Group, Ratio};
use hal9_host::{Call, Host, LoadOptions, NeuronState};

use crate::{NEURON, runtime};

pub(crate) const GROUP: Group = Group {
    name: "instantiate",
    benchmarks,
    ratios: &[Ratio {
        what: "fresh instance, one call, drop: host / bare",
        subject: "instantiate/host",
        floor: "instantiate/bare",
        pieces: (1, 1),
    }],
};

fn benchmarks(criterion: &mut Criterion) {
    let runtime = runtime();
    let guest = hal9_tests::guest("plain");
    let host = Host::new().unwrap();
    let plugin = host.load(&host.compile_file(&guest).unwrap(), LoadOptions::declared()).unwrap();
    let mut group = criterion.benchmark_group("instantiate");
    group.bench_function("host", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let state = plugin.neuron_state(&mut Call::new()).await.unwrap();
            plugin.stop().await.unwrap();
            state
        });
    });
    let floor = Floor::new().unwrap();
    let pre = floor.link(&floor.compile(&guest).unwrap()).unwrap();
    let interface = pre.component().get_export_index(None, NEURON).unwrap();
    let function = pre.component().get_export_index(Some(&interface), "state").unwrap();
    group.bench_function("bare", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let mut store = floor.store();
            let instance = pre.instantiate_async(&mut store).await.unwrap();
            let function = instance.get_typed_func::<(), (NeuronState,)>(&mut store, function).unwrap();
            function.call_async(&mut store, ()).await.unwrap()
        });
    });
    group.finish();
}
