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
