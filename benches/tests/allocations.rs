//! What the host's layer takes from the heap on the path of a call: nothing. Counted, as counts do not vary from one machine to
//! another; the floor is the same function of the same component on bare wasmtime.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use allocation_counter::measure;
use hal9_benches::Floor;
use hal9_host::{Call, Failure, Host, LoadOptions, Plugin, Signal};
use hal9_package::RuntimeOverrides;
use tokio::runtime::{Builder, Runtime};

const CALLS: u64 = 1_000;
const NEURON: &str = "hal9:plugin/neuron@0.1.0";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn load(runtime: RuntimeOverrides) -> Plugin {
    let host = Host::new().unwrap();
    let component = host.compile_file(&hal9_tests::guest("plain")).unwrap();
    host.load(&component, LoadOptions { runtime, ..LoadOptions::declared() }).unwrap()
}

/// How often so many calls of `plugin` take something from the heap, once it is warm.
fn no_ops(runtime: &Runtime, plugin: &Plugin) -> u64 {
    let run = || {
        runtime.block_on(async {
            let mut call = Call::new();
            for _ in 0..CALLS {
                plugin.neuron_state(&mut call).await.unwrap();
            }
        });
    };
    run();
    measure(run).count_total
}

#[test]
fn a_call_without_arguments_takes_nothing() {
    let runtime = runtime();
    assert_eq!(no_ops(&runtime, &load(RuntimeOverrides::default())), 0);
    let recycled = RuntimeOverrides { recycle_after: Some(u64::MAX), ..RuntimeOverrides::default() };
    assert_eq!(no_ops(&runtime, &load(recycled)), 0, "where instances are recycled");
    let parallel = RuntimeOverrides { parallel: Some(4), ..RuntimeOverrides::default() };
    assert_eq!(no_ops(&runtime, &load(parallel)), 0, "where several may serve at once");
    let fresh = RuntimeOverrides { persistent: Some(false), ..RuntimeOverrides::default() };
    assert_ne!(no_ops(&runtime, &load(fresh)), 0, "a new instance for each call is seen to take something");
}

#[test]
fn a_signal_takes_what_the_bare_call_takes() {
    let runtime = runtime();
    let signal = Signal { metadata: vec![("lang".into(), "en".into())], ..Signal::text("hello") };
    let plugin = load(RuntimeOverrides::default());
    let hosted = || {
        runtime.block_on(async {
            for _ in 0..CALLS {
                plugin.process_signal(&mut Call::new(), &signal).await.unwrap();
            }
        });
    };
    hosted();
    let floor = Floor::new().unwrap();
    let guest = hal9_tests::guest("plain");
    let function = floor.function::<(Signal,), (Result<Signal, Failure>,)>(&guest, NEURON, "process-signal");
    let (mut store, function) = runtime.block_on(function).unwrap();
    let mut bare = |signals: Vec<(Signal,)>| {
        runtime.block_on(async {
            for signal in signals {
                function.call_async(&mut store, signal).await.unwrap().0.unwrap();
            }
        });
    };
    // Owned ones are made beforehand, as the host borrows them.
    let signals = || vec![(signal.clone(),); CALLS as usize];
    bare(signals());
    let owned = signals();
    let floor = measure(|| bare(owned)).count_total;
    assert!(floor >= CALLS, "a reply has texts: {floor}");
    assert_eq!(measure(hosted).count_total, floor);
}
