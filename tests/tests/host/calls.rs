//! Plugins that call plugins: only along granted edges, under the callee's own rights and limits, never in a circle.

use std::time::Duration;

use hal9_host::{Error, Limit, LoadOptions, Plugin};
use hal9_package::LimitOverrides;
use serde_json::json;

use crate::lab::{Lab, answer, ask, described, hurried, limit, neuron};

/// An active plugin that obeys orders to call others.
async fn caller(lab: &Lab, id: &str, edges: &[&str]) -> Plugin {
    configured_caller(lab, id, edges, LoadOptions::declared()).await
}

async fn configured_caller(lab: &Lab, id: &str, edges: &[&str], options: LoadOptions) -> Plugin {
    let edges: Vec<_> = edges.iter().map(|target| format!("PluginCall:{target}")).collect();
    let edges: Vec<_> = edges.iter().map(String::as_str).collect();
    lab.activate("uses-plugins", LoadOptions { manifest: Some(neuron(id, "L2", &edges)), ..options }).await
}

#[tokio::test]
async fn a_plugin_calls_a_tool_and_asks_a_neuron() {
    let lab = Lab::new();
    lab.activate("tool", LoadOptions::declared()).await;
    lab.activate("echo", LoadOptions::declared()).await;
    let a = caller(&lab, "test.a", &["test.tool", "test.echo"]).await;
    assert_eq!(answer(&a, r#"call test.tool add {"a":20,"b":22}"#).await, r#"{"sum":42}"#);
    assert_eq!(answer(&a, "ask test.echo hello").await, "hello");
    let failed = answer(&a, r#"call test.tool add {"a":20}"#).await;
    assert!(failed.starts_with("invalid input: test.tool: `b` must be"), "{failed}");
}

#[tokio::test]
async fn an_edge_that_was_not_granted_is_denied() {
    let lab = Lab::new();
    lab.activate("tool", LoadOptions::declared()).await;
    lab.activate("echo", LoadOptions::declared()).await;
    let a = caller(&lab, "test.a", &["test.tool"]).await;
    for order in ["ask test.echo hello", "call test.echo add {}", "ask test.unknown hello", "ask not/an/id hello"] {
        let said = answer(&a, order).await;
        assert!(said.starts_with("denied"), "{order}: {said}");
    }
    let declared = neuron("test.b", "L2", &["PluginCall:test.tool", "PluginCall:test.echo"]);
    let options = LoadOptions { manifest: Some(declared), ..crate::lab::granted(&["PluginCall:test.tool"]) };
    let b = lab.activate("uses-plugins", options).await;
    assert!(answer(&b, "ask test.echo hello").await.starts_with("denied"), "declared, and not granted");
    assert_eq!(answer(&b, r#"call test.tool add {"a":1,"b":1}"#).await, r#"{"sum":2}"#);
}

#[tokio::test]
async fn whoever_is_not_there_or_has_no_such_thing_is_not_found() {
    let lab = Lab::new();
    let tool = lab.activate("tool", LoadOptions::declared()).await;
    lab.activate("echo", LoadOptions::declared()).await;
    let a = caller(&lab, "test.a", &["test.tool", "test.echo", "test.unknown"]).await;
    let orders = ["ask test.unknown hello", "ask test.tool hello", "call test.echo add {}", "call test.tool sub {}"];
    for order in orders {
        let said = answer(&a, order).await;
        assert!(said.starts_with("not found"), "{order}: {said}");
    }
    lab.manager.deactivate(tool.id()).await.unwrap();
    let said = answer(&a, r#"call test.tool add {"a":1,"b":1}"#).await;
    assert!(said.starts_with("not found"), "loaded, and not active: {said}");
    assert_eq!(a.stats().instances, 1);
}

#[tokio::test]
async fn calls_in_a_circle_are_refused() {
    let lab = Lab::new();
    let a = caller(&lab, "test.a", &["test.a", "test.b"]).await;
    let b = caller(&lab, "test.b", &["test.a", "test.c"]).await;
    caller(&lab, "test.c", &["test.a", "test.b"]).await;
    for order in [
        "ask test.a hello",
        "ask test.b ask test.a hello",
        "ask test.b ask test.c ask test.a hello",
        "ask test.b ask test.c ask test.b hello",
    ] {
        let said = answer(&a, order).await;
        assert!(said.contains("is itself waiting for this call"), "{order}: {said}");
    }
    assert_eq!(answer(&a, "ask test.b ask test.c hello").await, "hello");
    assert_eq!(answer(&b, "ask test.a hello").await, "hello", "the circle was one call's, not the plugins'");
    assert_eq!((a.stats().instances, b.stats().instances), (1, 1));
}

#[tokio::test]
async fn a_circle_through_the_beginning_of_an_instance_is_refused() {
    let lab = Lab::new();
    let a = caller(&lab, "test.a", &["test.b"]).await;
    let options = LoadOptions { config: json!({ "init": "ask test.a hello" }), ..LoadOptions::declared() };
    let b = configured_caller(&lab, "test.b", &["test.a"], options).await;
    lab.log.take();
    b.stop().await.unwrap();
    // The call of `a` makes the instance of `b`, whose init calls `a`, which waits.
    let said = answer(&a, "ask test.b hello").await;
    assert!(said.contains("test.a is itself waiting for this call"), "{said}");
    assert_eq!(a.stats().instances, 1);
}

#[tokio::test]
async fn calls_of_calls_end_at_a_depth() {
    let lab = Lab::new();
    for n in 0..9 {
        caller(&lab, &format!("test.n{n}"), &[&format!("test.n{}", n + 1)]).await;
    }
    let first = lab.manager.get(&"test.n0".parse().unwrap()).unwrap();
    let order = |calls: usize| (1..=calls).map(|n| format!("ask test.n{n} ")).collect::<String>() + "hello";
    assert_eq!(answer(&first, &order(7)).await, "hello");
    let said = answer(&first, &order(8)).await;
    assert!(said.contains("too deep"), "{said}");
}

#[tokio::test]
async fn a_callee_that_breaks_is_broken_for_its_caller_and_replaced() {
    let lab = Lab::new();
    let tool = lab.activate("tool", LoadOptions::declared()).await;
    let faults = lab.activate("faults", hurried()).await;
    let a = caller(&lab, "test.a", &["test.tool", "test.faults"]).await;
    for order in ["call test.tool crash {}", "ask test.faults exit", "ask test.faults spin", "ask test.faults sleep"] {
        let said = answer(&a, order).await;
        assert!(said.contains("trapped or passed one of its limits"), "{order}: {said}");
        assert!(!said.contains("asked to"), "how it broke is not the caller's business: {said}");
    }
    assert_eq!(answer(&a, r#"call test.tool add {"a":1,"b":1}"#).await, r#"{"sum":2}"#);
    assert_eq!(answer(&a, "ask test.faults hello").await, "hello");
    assert_eq!((a.stats().instances, a.stats().errors), (1, 0));
    assert_eq!((tool.stats().traps, faults.stats().traps), (1, 3));
}

#[tokio::test]
async fn a_callee_s_time_is_its_caller_s_too() {
    let lab = Lab::new();
    let faults = lab.activate("faults", LoadOptions::declared()).await;
    let a = configured_caller(&lab, "test.a", &["test.faults"], hurried()).await;
    for content in ["spin", "sleep"] {
        let error = ask(&a, &format!("ask test.faults {content}")).await.unwrap_err();
        assert_eq!(limit(&error), Limit::Deadline);
        assert_eq!(error.plugin(), Some("test.a"), "it is the caller whose time is over");
        assert_eq!(answer(&a, "ask test.faults hello").await, "hello");
    }
    assert_eq!(faults.stats().traps, 2, "nobody waited for it any more");
}

#[tokio::test]
async fn a_callee_works_under_its_own_rights_and_lends_none() {
    let lab = Lab::new();
    let memory = lab.activate("uses-memory", LoadOptions::declared()).await;
    let a = caller(&lab, "test.a", &["test.b", "test.uses-memory"]).await;
    caller(&lab, "test.b", &["test.c"]).await;
    assert_eq!(answer(&a, "ask test.uses-memory set k v").await, "Ok(())");
    assert_eq!(answer(&memory, "get k").await, r#"Ok(Some("v"))"#, "it is the callee's memory");
    let said = answer(&a, "ask test.b ask test.uses-memory get k").await;
    assert!(said.starts_with("denied"), "what the caller may is not what the callee may: {said}");
}

#[tokio::test]
async fn what_a_callee_emits_goes_with_what_its_caller_emits() {
    let lab = Lab::new();
    lab.activate("echo", LoadOptions::declared()).await;
    let emitter = neuron("test.emitter", "L3", &["Hal9Signal"]);
    lab.activate("uses-signals", described(emitter)).await;
    let faults = neuron("test.sink", "L4", &[]);
    lab.activate("wasi", described(faults)).await;
    let manifest = neuron("test.a", "L1", &["PluginCall:test.emitter"]);
    lab.activate("uses-plugins", described(manifest)).await;
    let order = r#"ask test.emitter {"layer":"L4","content":"environment"}"#;
    let routed = lab.manager.send("L1", None, hal9_host::Signal::text(order)).await.unwrap();
    let got: Vec<_> = routed.deliveries.iter().map(|delivery| (delivery.plugin.as_str(), delivery.hop)).collect();
    assert_eq!(got, [("test.a", 0), ("test.sink", 1)]);
    assert_eq!(routed.deliveries[1].outcome.as_ref().unwrap().content, "0 0");

    let order = r#"ask test.emitter {"layer":"L4","content":"environment","then":"fail"}"#;
    let routed = lab.manager.send("L1", None, hal9_host::Signal::text(order)).await.unwrap();
    assert_eq!(routed.deliveries.len(), 1, "what a failed call emitted goes nowhere");
}

#[tokio::test]
async fn two_plugins_that_wait_for_each_other_are_let_go_by_their_deadlines() {
    let lab = Lab::new();
    let hurried = || LoadOptions {
        caps: LimitOverrides { call_time: Some(Duration::from_millis(300)), ..LimitOverrides::default() },
        ..LoadOptions::declared()
    };
    let a = configured_caller(&lab, "test.a", &["test.b"], hurried()).await;
    let b = configured_caller(&lab, "test.b", &["test.a"], hurried()).await;
    let (one, other) = futures::future::join(ask(&a, "ask test.b hello"), ask(&b, "ask test.a hello")).await;
    for result in [one, other] {
        match result {
            Ok(reply) => assert!(!reply.content.is_empty()),
            Err(error) => assert!(matches!(error, Error::LimitExceeded { limit: Limit::Deadline, .. }), "{error:?}"),
        }
    }
    assert_eq!(answer(&a, "ask test.b hello").await, "hello");
    assert_eq!(answer(&b, "ask test.a hello").await, "hello");
}
