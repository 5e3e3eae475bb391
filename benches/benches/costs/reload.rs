//! What a reload costs where the compiled component is at hand: the whole of it, and how long callers wait for it. The floor is an
//! instance on bare wasmtime that is made and called once.

use std::time::Duration;

use criterion::Criterion;
use hal9_benches::{Floor, Group, Row};
use hal9_host::{Component, Host, LoadOptions, Manager, NeuronState, Swap, Widening};
use hal9_package::Manifest;
use tokio::runtime::Runtime;

use crate::{NEURON, runtime};

pub(crate) const GROUP: Group = Group {
    name: "reload",
    benchmarks,
    about: "A version that takes over: the whole of it, how long callers wait, and with compiling it.",
    rows: &[
        Row::time("swap, compiled, without state", "reload/plain").at_most(1e6),
        Row::time("swap, compiled, with state", "reload/state").at_most(1e6),
        Row::time("reload, compiled from its bytes", "reload/compile").at_most(250e6),
        Row::ratio("reload without state / bare instance and call", "reload/plain", "reload/bare"),
        Row::ratio("reload with state / bare instance and call", "reload/state", "reload/bare"),
        Row::ratio("pause of a reload with state / bare instance and call", "reload/pause", "reload/bare"),
    ],
};

/// A plugin that is active and has answered.
struct Serving {
    manager: Manager,
    component: Component,
    options: LoadOptions,
}

impl Serving {
    fn new(runtime: &Runtime, guest: &str, options: LoadOptions) -> Self {
        let manager = Manager::new(Host::builder()).unwrap();
        let component = manager.host().compile_file(&hal9_tests::guest(guest)).unwrap();
        let plugin = manager.load(&component, options.clone()).unwrap();
        runtime.block_on(async {
            manager.activate(plugin.id()).await.unwrap();
            plugin.start().await.unwrap();
        });
        Self { manager, component, options }
    }

    async fn reload(&self) -> Swap {
        self.manager.replace(&self.component, self.options.clone(), Widening::Refuse).await.unwrap()
    }
}

fn benchmarks(criterion: &mut Criterion) {
    let runtime = runtime();
    let plain = Serving::new(&runtime, "plain", LoadOptions::declared());
    let state = Serving::new(&runtime, "counter", counter());
    let mut group = criterion.benchmark_group("reload");
    group.bench_function("plain", |bencher| bencher.to_async(&runtime).iter(async || plain.reload().await));
    group.bench_function("state", |bencher| bencher.to_async(&runtime).iter(async || state.reload().await));
    group.bench_function("pause", |bencher| {
        bencher.iter_custom(|times| {
            let reloads = async || {
                let mut paused = Duration::ZERO;
                for _ in 0..times {
                    paused += state.reload().await.paused;
                }
                paused
            };
            runtime.block_on(reloads())
        });
    });
    let floor = Floor::new().unwrap();
    let prepared = floor.prepare(&hal9_tests::guest("plain"), NEURON, "state").unwrap();
    group.bench_function("bare", |bencher| {
        bencher.to_async(&runtime).iter(async || prepared.once::<_, (NeuronState,)>(&floor, ()).await.unwrap());
    });
    let bytes = std::fs::read(hal9_tests::guest("plain")).unwrap();
    group.sample_size(20);
    group.bench_function("compile", |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let component = plain.manager.host().compile("plain", &bytes).unwrap();
            plain.manager.replace(&component, plain.options.clone(), Widening::Refuse).await.unwrap()
        });
    });
    group.finish();
}

/// The manifest of a probe that carries none.
fn counter() -> LoadOptions {
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": { "id": "test.counter", "name": "Counter", "version": "1.0.0", "author": "", "license": "MIT" },
        "capabilities": [{ "NeuronType": { "layer": "L2", "neuron_type": "counter", "description": "" } }],
        "permissions": [],
        // Thousands of starts in a second ask for more than what a plugin may ask in one.
        "limits": { "host_calls": 100_000_000 },
    });
    let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() }
}
