//! Which plugins there are: loaded, active, found by what they can do, and gone.

use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use hal9_host::{BackendError, Error, Health, Kind, LoadOptions, Manager, MemoryBackend, Signal, Stored};
use hal9_package::PluginId;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::lab::{Lab, answer, ask, configured, described, eager, manifest};

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

fn names(manager: &Manager) -> Vec<(String, bool)> {
    manager.list().into_iter().map(|summary| (summary.plugin.id().to_string(), summary.active)).collect()
}

#[track_caller]
fn conflict<T: std::fmt::Debug>(result: Result<T, Error>, names: &str) {
    match result.unwrap_err() {
        Error::Conflict { what, .. } => assert!(what.contains(names), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn not_found<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::NotFound { help, .. } => help,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn plugins_are_loaded_activated_deactivated_and_unloaded() {
    let lab = Lab::new();
    let manager = &lab.manager;
    let echo = id("test.echo");
    let plugin = manager.load(&lab.guest("echo"), eager(LoadOptions::declared())).unwrap();
    assert_eq!((names(manager), plugin.stats().instances), (vec![("test.echo".into(), false)], 0));
    conflict(manager.load(&lab.guest("echo"), LoadOptions::declared()), "test.echo is loaded");
    not_found(manager.send("L2", None, Signal::text("hello")).await);

    manager.activate(&echo).await.unwrap();
    manager.activate(&echo).await.unwrap();
    assert_eq!((names(manager), plugin.stats().instances), (vec![("test.echo".into(), true)], 1));
    assert_eq!(manager.send("L2", None, Signal::text("hello")).await.unwrap().deliveries.len(), 1);

    manager.deactivate(&echo).await.unwrap();
    manager.deactivate(&echo).await.unwrap();
    assert_eq!(names(manager), [("test.echo".to_owned(), false)]);
    not_found(manager.send("L2", None, Signal::text("hello")).await);
    manager.activate(&echo).await.unwrap();
    assert_eq!(manager.send("L2", None, Signal::text("hello")).await.unwrap().deliveries.len(), 1, "once, not twice");
    assert_eq!(plugin.stats().instances, 2);

    manager.unload(&echo).await.unwrap();
    assert!(names(manager).is_empty());
    not_found(manager.get(&echo));
    not_found(manager.activate(&echo).await);
    not_found(manager.deactivate(&echo).await);
    not_found(manager.unload(&echo).await);
    manager.load(&lab.guest("echo"), LoadOptions::declared()).unwrap();
}

#[tokio::test]
async fn what_cannot_begin_is_not_active() {
    let lab = Lab::new();
    let lifecycle = id("test.lifecycle");
    lab.manager.load(&lab.guest("lifecycle"), eager(configured(json!({ "init": "fail" })))).unwrap();
    let error = lab.manager.activate(&lifecycle).await.unwrap_err();
    assert!(matches!(&error, Error::Failed { message, .. } if message == "cannot init"), "{error:?}");
    assert_eq!(names(&lab.manager), [("test.lifecycle".to_owned(), false)]);
    not_found(lab.manager.send("L2", None, Signal::text("hello")).await);
}

#[tokio::test]
async fn what_cannot_end_is_gone_all_the_same() {
    let lab = Lab::new();
    let lifecycle = id("test.lifecycle");
    let load = || lab.manager.load(&lab.guest("lifecycle"), configured(json!({ "shutdown": "panic" })));
    load().unwrap();
    lab.manager.activate(&lifecycle).await.unwrap();
    lab.manager.get(&lifecycle).unwrap().start().await.unwrap();
    let error = lab.manager.unload(&lifecycle).await.unwrap_err();
    assert!(matches!(error, Error::Trapped { .. }), "{error:?}");
    assert!(names(&lab.manager).is_empty());
    load().unwrap();
}

#[tokio::test]
async fn what_plugins_can_do_is_found_by_name() {
    let lab = Lab::new();
    for guest in ["tool", "memory-provider", "learning-algorithm", "two-kinds"] {
        lab.activate(guest, LoadOptions::declared()).await;
    }
    let tools: Vec<_> = lab.manager.tools().into_iter().map(|tool| (tool.name, tool.plugin.id().to_string())).collect();
    let expected = [("add", "test.tool"), ("counter", "test.two-kinds"), ("crash", "test.tool")];
    assert_eq!(tools, expected.map(|(name, plugin)| (name.to_owned(), plugin.to_owned())));
    for (kind, name, plugin) in [
        (Kind::Tool, "add", "test.tool"),
        (Kind::MemoryProvider, "shelf", "test.memory-provider"),
        (Kind::LearningAlgorithm, "mean", "test.learning-algorithm"),
    ] {
        assert_eq!(lab.manager.find(kind, name).unwrap().id().as_str(), plugin);
        assert!(not_found(lab.manager.find(kind, "no-such")).contains(name), "it says what there is");
    }
    lab.manager.deactivate(&id("test.memory-provider")).await.unwrap();
    not_found(lab.manager.find(Kind::MemoryProvider, "shelf"));
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_until_it_is_free() {
    let lab = Lab::new();
    let manager = &lab.manager;
    lab.activate("tool", LoadOptions::declared()).await;
    let tools = json!([
        { "ToolProvider": { "tool_name": "first", "description": "" } },
        { "ToolProvider": { "tool_name": "add", "description": "" } },
    ]);
    let other = manager.load(&lab.guest("bad-reply"), described(manifest("test.other", tools, &[]))).unwrap();
    conflict(manager.activate(other.id()).await, "`add` is provided by test.tool");
    not_found(manager.find(Kind::Tool, "first"));
    assert_eq!(other.stats().instances, 0);
    manager.deactivate(&id("test.tool")).await.unwrap();
    manager.activate(other.id()).await.unwrap();
    assert_eq!(manager.find(Kind::Tool, "add").unwrap().id(), other.id());
    conflict(manager.activate(&id("test.tool")).await, "`add` is provided by test.other");
    // Two neurons of one type are no conflict: a signal goes to both.
    lab.activate("echo", LoadOptions::declared()).await;
    let neuron = json!([{ "NeuronType": { "layer": "L2", "neuron_type": "echo", "description": "" } }]);
    lab.activate("wasi", described(manifest("test.second", neuron, &[]))).await;
    assert_eq!(manager.send("L2", Some("echo"), Signal::text("time")).await.unwrap().deliveries.len(), 2);
}

#[tokio::test]
async fn a_plugin_s_calls_errors_traps_time_and_memory_are_counted() {
    let lab = Lab::new();
    let plugin = lab.activate("faults", LoadOptions::declared()).await;
    lab.activate("echo", LoadOptions::declared()).await;
    for content in ["hello", "fail", "panic", "hello", "exit"] {
        lab.manager.send("L2", None, Signal::text(content)).await.unwrap();
    }
    let list = lab.manager.list();
    let stats = &list.iter().find(|summary| summary.plugin.id() == plugin.id()).unwrap().stats;
    assert_eq!(*stats, plugin.stats());
    assert_eq!((stats.calls, stats.errors, stats.traps, stats.instances), (5, 3, 2, 2));
    assert_eq!((stats.timed, stats.health), (5, Health::Degraded));
    assert!(!stats.time.is_zero() && stats.peak_memory >= 1 << 20, "{stats:?}");
    let echo = &list.iter().find(|summary| summary.plugin.id().as_str() == "test.echo").unwrap().stats;
    assert_eq!((echo.calls, echo.errors, echo.instances, echo.health), (5, 0, 1, Health::Healthy));
}

/// A memory that answers when the test lets it.
#[derive(Clone)]
struct Gate(Arc<Semaphore>);

#[async_trait]
impl MemoryBackend for Gate {
    async fn get(&self, _: &PluginId, _: &str) -> Result<Option<Vec<u8>>, BackendError> {
        self.0.acquire().await.unwrap().forget();
        Ok(None)
    }
    async fn set(&self, _: &PluginId, _: &str, _: Vec<u8>, _: u32) -> Result<Stored, BackendError> {
        Ok(Stored::Yes)
    }
    async fn delete(&self, _: &PluginId, _: &str) -> Result<bool, BackendError> {
        Ok(false)
    }
    async fn list(&self, _: &PluginId, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, BackendError> {
        Ok(vec![])
    }
}

#[tokio::test]
async fn a_call_that_runs_is_over_before_its_plugin_is_unloaded() {
    let gate = Gate(Arc::new(Semaphore::new(0)));
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.activate("uses-memory", LoadOptions::declared()).await;
    let mut call = pin!(ask(&plugin, "get a"));
    assert!(call.as_mut().now_or_never().is_none());
    let mut unload = pin!(lab.manager.unload(plugin.id()));
    assert!(unload.as_mut().now_or_never().is_none());
    not_found(lab.manager.send("L2", None, Signal::text("get a")).await);
    gate.0.add_permits(1);
    let (reply, unloaded) = futures::future::join(call, unload).await;
    assert_eq!(reply.unwrap().content, "Ok(None)");
    unloaded.unwrap();
    assert!(names(&lab.manager).is_empty());
}

#[tokio::test]
async fn nothing_is_left_of_a_plugin_that_is_activated_while_it_is_unloaded() {
    let gate = Gate(Arc::new(Semaphore::new(0)));
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.manager.load(&lab.guest("uses-memory"), eager(LoadOptions::declared())).unwrap();
    // Its slot is taken, so that both have to wait; the activation comes first.
    let mut call = pin!(ask(&plugin, "get a"));
    assert!(call.as_mut().now_or_never().is_none());
    let mut activate = pin!(lab.manager.activate(plugin.id()));
    assert!(activate.as_mut().now_or_never().is_none());
    let mut unload = pin!(lab.manager.unload(plugin.id()));
    assert!(unload.as_mut().now_or_never().is_none());
    gate.0.add_permits(1);
    let (reply, _, unloaded) = futures::future::join3(call, activate, unload).await;
    reply.unwrap();
    unloaded.unwrap();
    assert!(names(&lab.manager).is_empty());
    not_found(lab.manager.send("L2", None, Signal::text("get a")).await);
}

#[tokio::test]
async fn a_plugin_in_hand_outlives_its_place_in_the_manager() {
    let lab = Lab::new();
    let plugin = lab.activate("echo", LoadOptions::declared()).await;
    lab.manager.unload(plugin.id()).await.unwrap();
    assert_eq!(answer(&plugin, "hello").await, "hello");
}

#[tokio::test]
async fn unloading_goes_on_when_its_caller_gives_up_and_who_waits_behind_it_is_refused() {
    let gate = Gate(Arc::new(Semaphore::new(0)));
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.activate("uses-memory", LoadOptions::declared()).await;
    let mut running = pin!(ask(&plugin, "get a"));
    assert!(running.as_mut().now_or_never().is_none());
    assert!(lab.manager.unload(plugin.id()).now_or_never().is_none());
    // What it began waits for the call by now, and others wait behind it.
    tokio::task::yield_now().await;
    let mut waiting = pin!(ask(&plugin, "get a"));
    assert!(waiting.as_mut().now_or_never().is_none());
    gate.0.add_permits(1);
    assert_eq!(running.await.unwrap().content, "Ok(None)");
    let error = waiting.await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { what, .. } if what.contains("was deactivated before")), "{error:?}");
    while !names(&lab.manager).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(plugin.stats().instances, 1);
    // Who stops a plugin that is on refuses nobody.
    gate.0.add_permits(2);
    let plugin = lab.activate("uses-memory", LoadOptions::declared()).await;
    let (stopped, reply) = tokio::join!(plugin.stop(), ask(&plugin, "get a"));
    stopped.unwrap();
    assert_eq!(reply.unwrap().content, "Ok(None)");
}
