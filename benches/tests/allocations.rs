//! What the host's layer takes from the heap on the path of a call: nothing. Counted, as counts do not vary from one machine to
//! another; the floor is the same function of the same component on bare wasmtime.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use allocation_counter::measure;
use hal9_benches::Floor;
use hal9_host::{Call, Failure, Host, LoadOptions, NeuronState, Plugin, Signal};
use hal9_package::RuntimeOverrides;
use tokio::runtime::{Builder, Runtime};

const CALLS: usize = 1_000;
const NEURON: &str = "hal9:plugin/neuron@0.1.0";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn load(runtime: RuntimeOverrides) -> Plugin {
    let host = Host::new().unwrap();
    let component = host.compile_file(&hal9_tests::guest("plain")).unwrap();
    host.load(&component, LoadOptions { runtime, ..LoadOptions::declared() }).unwrap()
}

/// How often a call takes something from the heap, once it is warm: the median, as a call that an epoch tick falls into, one in some
/// thousands, takes a future to yield with.
fn each(mut call: impl FnMut()) -> u64 {
    call();
    let mut counts: Vec<_> = (0..CALLS).map(|_| measure(&mut call).count_total).collect();
    counts.sort_unstable();
    counts[CALLS / 2]
}

fn no_op(runtime: &Runtime, plugin: &Plugin) -> u64 {
    each(|| drop(runtime.block_on(plugin.neuron_state(&mut Call::new())).unwrap()))
}

#[test]
fn a_call_without_arguments_takes_what_the_bare_call_takes() {
    let runtime = runtime();
    let floor = Floor::new().unwrap();
    let function = floor.function::<(), (NeuronState,)>(hal9_tests::guest("plain"), NEURON, "state");
    let (mut store, function) = runtime.block_on(function).unwrap();
    let bare = each(|| drop(runtime.block_on(function.call_async(&mut store, ())).unwrap()));

    assert_eq!(no_op(&runtime, &load(RuntimeOverrides::default())), bare);
    let recycled = RuntimeOverrides { recycle_after: Some(u64::MAX), ..RuntimeOverrides::default() };
    assert_eq!(no_op(&runtime, &load(recycled)), bare, "where instances are recycled");
    let parallel = RuntimeOverrides { parallel: Some(4), ..RuntimeOverrides::default() };
    assert_eq!(no_op(&runtime, &load(parallel)), bare, "where several may serve at once");
    let fresh = RuntimeOverrides { persistent: Some(false), ..RuntimeOverrides::default() };
    assert!(no_op(&runtime, &load(fresh)) > bare, "a new instance for each call is seen to take something");
}

#[test]
fn a_signal_takes_what_the_bare_call_takes() {
    let runtime = runtime();
    let signal = Signal { metadata: vec![("lang".into(), "en".into())], ..Signal::text("hello") };
    let floor = Floor::new().unwrap();
    let function =
        floor.function::<(Signal,), (Result<Signal, Failure>,)>(hal9_tests::guest("plain"), NEURON, "process-signal");
    let (mut store, function) = runtime.block_on(function).unwrap();
    // Owned ones are made beforehand, as the host borrows them.
    let mut owned = vec![(signal.clone(),); CALLS + 1];
    let bare = each(|| {
        let signal = owned.pop().unwrap();
        drop(runtime.block_on(function.call_async(&mut store, signal)).unwrap().0.unwrap());
    });
    assert!(bare > 0, "a reply has texts");

    let plugin = load(RuntimeOverrides::default());
    assert_eq!(each(|| drop(runtime.block_on(plugin.process_signal(&mut Call::new(), &signal)).unwrap())), bare);
}
