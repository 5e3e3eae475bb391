//! Signals on their way: to layers and neurons, on from those, and no further than the bounds.

use std::collections::BTreeMap;

use hal9_host::{Error, Limit, LoadOptions, Manager, Plugin, Routed, Signal};
use serde_json::json;

use crate::lab::{Lab, described, hurried, limit, manifest, neuron};

/// An active neuron that emits what it is told to.
async fn emitter(lab: &Lab, id: &str, layer: &str) -> Plugin {
    lab.activate("uses-signals", described(neuron(id, layer, &["Hal9Signal"]))).await
}

async fn send(manager: &Manager, layer: &str, order: serde_json::Value) -> Routed {
    manager.send(layer, None, Signal::text(&order.to_string())).await.unwrap()
}

/// Who got something, on which hop.
fn got(routed: &Routed) -> Vec<(&str, u32)> {
    routed.deliveries.iter().map(|delivery| (delivery.plugin.as_str(), delivery.hop)).collect()
}

#[tokio::test]
async fn a_signal_goes_to_every_active_neuron_of_its_layer() {
    let lab = Lab::new();
    lab.activate("echo", LoadOptions::declared()).await;
    let faults = lab.activate("faults", hurried()).await;
    let idle = lab.manager.load(&lab.guest("two-kinds"), LoadOptions::declared()).unwrap();
    lab.activate("wasi", described(neuron("test.elsewhere", "L3", &[]))).await;
    let routed = lab.manager.send("L2", None, Signal::text("hello")).await.unwrap();
    assert_eq!(got(&routed), [("test.echo", 0), ("test.faults", 0)]);
    let delivery = &routed.deliveries[0];
    assert_eq!((delivery.neuron.as_str(), delivery.layer.as_str()), ("echo", "L2"));
    assert_eq!(delivery.outcome.as_ref().unwrap().content, "hello");
    assert!(delivery.peak_memory > 0 && !delivery.elapsed.is_zero());

    // One that fails, breaks or hangs does not keep others from theirs.
    for content in ["fail", "panic", "spin"] {
        let routed = lab.manager.send("L2", None, Signal::text(content)).await.unwrap();
        assert_eq!(routed.deliveries[0].outcome.as_ref().unwrap().content, content);
        let error = routed.deliveries[1].outcome.as_ref().unwrap_err();
        assert_eq!(error.plugin(), Some("test.faults"));
    }
    lab.manager.activate(idle.id()).await.unwrap();
    lab.manager.deactivate(faults.id()).await.unwrap();
    let routed = lab.manager.send("L2", None, Signal::text("hello")).await.unwrap();
    assert_eq!(got(&routed), [("test.echo", 0), ("test.two-kinds", 0)]);
}

#[tokio::test]
async fn a_signal_goes_to_one_neuron_by_type_or_by_plugin() {
    let lab = Lab::new();
    lab.activate("echo", LoadOptions::declared()).await;
    lab.activate("two-kinds", LoadOptions::declared()).await;
    for (name, plugin) in [("echo", "test.echo"), ("counter", "test.two-kinds"), ("test.two-kinds", "test.two-kinds")] {
        let routed = lab.manager.send("L2", Some(name), Signal::text("hello")).await.unwrap();
        assert_eq!(got(&routed), [(plugin, 0)], "{name}");
    }
}

#[tokio::test]
async fn where_no_neuron_is_the_sender_is_told_where_some_are() {
    let lab = Lab::new();
    let send = async |layer: &str, neuron| lab.manager.send(layer, neuron, Signal::text("hello")).await.unwrap_err();
    let error = send("L2", None).await;
    assert!(matches!(&error, Error::NotFound { help, .. } if help.contains("load and activate")), "{error:?}");
    lab.activate("echo", LoadOptions::declared()).await;
    for (layer, neuron) in [("L9", None), ("l2", None), ("", None), ("L2", Some("no-such")), ("L9", Some("echo"))] {
        let error = send(layer, neuron).await;
        assert!(matches!(&error, Error::NotFound { help, .. } if help.contains("L2")), "{error:?}");
    }
}

#[tokio::test]
async fn what_a_neuron_emits_goes_on_to_its_layer() {
    let lab = Lab::new();
    emitter(&lab, "test.first", "L2").await;
    emitter(&lab, "test.second", "L3").await;
    lab.activate("wasi", described(neuron("test.third", "L4", &[]))).await;
    let order = json!({ "layer": "L3", "content": json!({ "layer": "L4", "content": "environment" }).to_string() });
    let routed = send(&lab.manager, "L2", order).await;
    assert_eq!(got(&routed), [("test.first", 0), ("test.second", 1), ("test.third", 2)]);
    assert_eq!(routed.deliveries[2].outcome.as_ref().unwrap().content, "0 0");
    assert!(routed.dropped.is_empty());

    let routed = send(&lab.manager, "L2", json!({ "layer": "L9", "content": "" })).await;
    assert_eq!(got(&routed), [("test.first", 0)]);
    let dropped = &routed.dropped[0];
    assert_eq!((dropped.plugin.as_str(), dropped.layer.as_str()), ("test.first", "L9"));
    assert!(dropped.reason.contains("no active neuron"), "{dropped:?}");
    assert!(routed.deliveries[0].outcome.is_ok(), "nothing happens to who emitted it");

    for then in ["fail", "panic"] {
        let routed = send(&lab.manager, "L2", json!({ "layer": "L3", "content": "{}", "then": then })).await;
        assert_eq!((routed.deliveries.len(), routed.dropped.len()), (1, 0), "{then}");
    }
}

#[tokio::test]
async fn a_receiver_s_own_limit_holds_for_what_others_emit() {
    let lab = Lab::new();
    emitter(&lab, "test.first", "L2").await;
    let mut small = neuron("test.small", "L3", &[]);
    small.limits.signal_bytes = hal9_package::ByteSize(100);
    lab.activate("wasi", described(small)).await;
    let routed = send(&lab.manager, "L2", json!({ "layer": "L3", "content": "x", "repeat": 200 })).await;
    assert_eq!(limit(routed.deliveries[1].outcome.as_ref().unwrap_err()), Limit::Size);
}

#[tokio::test]
async fn a_signal_that_is_sent_on_and_on_ends_after_eight_hops() {
    let lab = Lab::new();
    let plugin = emitter(&lab, "test.loop", "L2").await;
    // Without content, what is emitted is the order itself: to its own layer, for ever.
    let routed = send(&lab.manager, "L2", json!({ "layer": "L2" })).await;
    assert_eq!(routed.deliveries.iter().map(|delivery| delivery.hop).collect::<Vec<_>>(), (0..=8).collect::<Vec<_>>());
    assert_eq!(routed.dropped.len(), 1);
    assert!(routed.dropped[0].reason.contains('8'), "{:?}", routed.dropped);
    assert_eq!((plugin.stats().calls, plugin.stats().errors), (9, 0), "nine signals");
}

#[tokio::test]
async fn a_signal_that_multiplies_ends_after_so_many_deliveries() {
    let lab = Lab::new();
    for id in ["test.a", "test.b", "test.c"] {
        emitter(&lab, id, "L2").await;
    }
    let routed = send(&lab.manager, "L2", json!({ "layer": "L2", "count": 8 })).await;
    assert!((1_000..=1_024).contains(&routed.deliveries.len()), "{}", routed.deliveries.len());
    let reasons: BTreeMap<_, usize> = routed.dropped.iter().fold(BTreeMap::new(), |mut reasons, dropped| {
        *reasons.entry(dropped.reason).or_default() += 1;
        reasons
    });
    assert!(reasons.keys().any(|reason| reason.contains("1024")), "{reasons:?}");
    assert!(routed.deliveries.iter().all(|delivery| delivery.outcome.is_ok()));
}

#[tokio::test]
async fn a_plugin_may_be_several_neurons() {
    let lab = Lab::new();
    let neuron =
        |layer: &str, name: &str| json!({ "NeuronType": { "layer": layer, "neuron_type": name, "description": "" } });
    let manifest = manifest("test.several", json!([neuron("L2", "one"), neuron("L3", "two")]), &[]);
    lab.activate("wasi", described(manifest)).await;
    for (layer, name) in [("L2", "one"), ("L3", "two")] {
        let routed = lab.manager.send(layer, None, Signal::text("time")).await.unwrap();
        assert_eq!(routed.deliveries.len(), 1);
        assert_eq!(routed.deliveries[0].neuron, name);
    }
}
