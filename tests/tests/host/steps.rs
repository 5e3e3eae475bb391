//! What an instance is asked between the calls that plugins are for: how much state it may hand over, whom it may call meanwhile,
//! and that none of it counts as a call.

use std::time::Duration;

use hal9_host::{Call, Error, Health, HostLimits, Limit, LoadOptions, Plugin, Signal, Step, Widening};
use hal9_package::{ByteSize, LimitOverrides, RuntimeOverrides};
use serde_json::{Value, json};

use crate::lab::{Lab, answer, capped, described, limit, neuron};

/// More than a host call carries by default.
const LARGE: u64 = 17 << 20;

fn recycled(calls: u64) -> RuntimeOverrides {
    RuntimeOverrides { recycle_after: Some(calls), ..RuntimeOverrides::default() }
}

fn counter(config: Value) -> LoadOptions {
    LoadOptions { config, ..described(neuron("test.counter", "L2", &[])) }
}

#[tokio::test]
async fn state_of_more_than_a_host_call_carries_is_moved_whole() {
    let lab = Lab::new();
    let options = |version: u64| counter(json!({ "version": version, "bytes": LARGE }));
    let plugin = lab.activate("counter", options(1)).await;
    assert!((plugin.limits().host_memory.0 + 1..plugin.limits().memory.0).contains(&LARGE));
    answer(&plugin, "").await;
    let swap = lab.manager.replace(&lab.guest("counter"), options(2), Widening::Refuse).await.unwrap();
    assert_eq!(swap.state, LARGE);
    assert_eq!(answer(&plugin, "").await, "2 2 2");
    let call = &mut Call::new();
    let state = plugin.export_state(call).await.unwrap();
    assert_eq!(state.len() as u64, LARGE);
    plugin.import_state(call, &state).await.unwrap();
    assert_eq!(answer(&plugin, "").await, "2 2 3");

    let options = LoadOptions { runtime: recycled(2), ..counter(json!({ "bytes": LARGE })) };
    let recycled = lab.load_with("counter", options).unwrap();
    for count in 1..=4 {
        assert_eq!(answer(&recycled, "").await, format!("null null {count}"));
    }
    assert_eq!((recycled.stats().instances, recycled.stats().traps), (2, 0));
}

#[tokio::test]
async fn after_a_large_state_a_host_call_carries_no_more_than_before() {
    let lab = Lab::new();
    let caps = LimitOverrides { host_memory: Some(ByteSize(64 << 10)), ..LimitOverrides::default() };
    let options =
        LoadOptions { config: json!({ "bytes": 1 << 20 }), manifest: counter(json!({})).manifest, ..capped(caps) };
    let plugin = lab.load_with("counter", options).unwrap();
    let large = Signal { signal_type: "x".repeat(100 << 10), ..Signal::text("") };
    let call = &mut Call::new();
    assert_eq!(plugin.export_state(call).await.unwrap().len(), 1 << 20);
    let error = plugin.process_signal(call, &large).await.unwrap_err();
    assert_eq!(limit(&error), Limit::HostMemory, "it comes back with the signal");
}

#[tokio::test]
async fn state_on_its_way_counts_as_memory_of_all_plugins() {
    const STATE: u64 = 4 << 20;
    let options = || counter(json!({ "bytes": STATE }));
    // What an instance uses that has exported its state once, and one that has not.
    let exported = async |lab: &Lab| {
        let plugin = lab.activate("counter", options()).await;
        let fresh = {
            plugin.start().await.unwrap();
            plugin.stats().peak_memory
        };
        assert_eq!(plugin.export_state(&mut Call::new()).await.unwrap().len() as u64, STATE);
        (plugin.clone(), fresh, plugin.stats().peak_memory)
    };
    let (_, fresh, used) = exported(&Lab::new()).await;
    for (memory, fits) in [(used + fresh + STATE - 1, false), (2 * used + STATE, true)] {
        let mut totals = HostLimits::default();
        totals.memory = ByteSize(memory);
        let lab = Lab::with_totals(totals);
        let (plugin, ..) = exported(&lab).await;
        match lab.manager.replace(&lab.guest("counter"), options(), Widening::Refuse).await {
            Ok(swap) => assert_eq!((swap.state, fits), (STATE, true)),
            Err(Error::NotReplaced { step, source, .. }) => {
                assert!(source.to_string().contains("all plugins together"), "{source}");
                assert_eq!((step, fits), (Step::ExportState, false));
            }
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(answer(&plugin, "").await, "null null 1", "nothing was lost");
    }
}

/// An active plugin that obeys orders to call another, within a time that a test can wait for.
async fn caller(lab: &Lab, id: &str, target: &str, config: Value, runtime: RuntimeOverrides) -> Plugin {
    let caps = LimitOverrides { call_time: Some(Duration::from_secs(5)), ..LimitOverrides::default() };
    let manifest = Some(neuron(id, "L2", &[&format!("PluginCall:{target}")]));
    lab.activate("uses-plugins", LoadOptions { config, runtime, caps, manifest, ..LoadOptions::declared() }).await
}

/// What was said about calls that were refused.
fn refused(lab: &Lab) -> Vec<String> {
    lab.audit.take().into_iter().map(|event| event.message).filter(|said| said.contains("a call of")).collect()
}

#[tokio::test]
async fn an_instance_that_makes_room_knows_who_waits_for_it() {
    let lab = Lab::new();
    let a = caller(&lab, "test.a", "test.b", json!({}), RuntimeOverrides::default()).await;
    let config = json!({ "export": "ask test.a x" });
    let b = caller(&lab, "test.b", "test.a", config, recycled(2)).await;
    for _ in 0..4 {
        assert_eq!(answer(&a, "ask test.b hello").await, "hello");
    }
    let said = refused(&lab);
    assert!(said.len() == 1 && said[0].contains("test.a"), "{said:?}");
    assert_eq!((a.stats().traps, b.stats().traps, b.stats().instances), (0, 0, 2));
    // The pair: where nobody waits for it that it asks, it is answered.
    assert_eq!(answer(&b, "x").await, "x");
    assert!(refused(&lab).is_empty());
    assert_eq!((a.stats().calls, b.stats().instances), (5, 3));
}

#[tokio::test]
async fn while_all_calls_of_a_plugin_wait_it_calls_nobody() {
    let lab = Lab::new();
    let a = caller(&lab, "test.a", "test.b", json!({}), RuntimeOverrides::default()).await;
    let order = "ask test.a x";
    let config = json!({ "export": order, "import": order, "reconfigure": order, "shutdown": order });
    let b = caller(&lab, "test.b", "test.a", config.clone(), RuntimeOverrides::default()).await;
    assert_eq!(answer(&b, order).await, "x");
    let calls = a.stats().calls;
    b.reconfigure(&mut Call::new(), config.clone()).await.unwrap();
    assert_eq!(refused(&lab).len(), 1, "to reconfigure");
    let manifest = Some(neuron("test.b", "L2", &["PluginCall:test.a"]));
    let options = LoadOptions { config, manifest, ..LoadOptions::declared() };
    lab.manager.replace(&lab.guest("uses-plugins"), options, Widening::Refuse).await.unwrap();
    assert_eq!(refused(&lab).len(), 2, "to export, and to import");
    assert_eq!(a.stats().calls, calls + 1, "when the old instance was let go, calls went on");
    b.stop().await.unwrap();
    assert_eq!(refused(&lab).len(), 1, "to shut down");
    // The pair: in a call it is answered again.
    assert_eq!(answer(&b, order).await, "x");
    assert_eq!(a.stats().calls, calls + 2);
}

#[tokio::test]
async fn starting_and_asking_for_health_are_no_calls() {
    let lab = Lab::new();
    let options = LoadOptions { runtime: recycled(2), ..counter(json!({})) };
    let plugin = lab.load_with("counter", options).unwrap();
    for _ in 0..3 {
        plugin.start().await.unwrap();
        plugin.health(&mut Call::new()).await.unwrap();
    }
    assert_eq!((plugin.stats().calls, plugin.stats().instances), (0, 1));
    for _ in 0..2 {
        answer(&plugin, "").await;
    }
    plugin.start().await.unwrap();
    assert_eq!((plugin.stats().calls, plugin.stats().instances), (2, 1), "it has served two calls, and no more");
    assert_eq!(answer(&plugin, "").await, "null null 3");
    assert_eq!(plugin.stats().instances, 2);
    assert_eq!(plugin.stats().health, Health::Healthy);
}
