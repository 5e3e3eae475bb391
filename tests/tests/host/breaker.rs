//! A plugin that fails again and again is given a rest, is tried once, and works again; and what its health has to do with it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use hal9_host::{
    AuditKind, BackendError, Breaker, Call, Error, Health, LoadOptions, MemoryBackend, Plugin, Status, Stored, Widening,
};
use hal9_package::{LimitOverrides, PluginId, RuntimeOverrides};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::lab::{Lab, answer, ask, described, neuron, unbroken};

const HOUR: Duration = Duration::from_secs(3600);

fn breaking(failures: u32, cooldown: Duration) -> LoadOptions {
    LoadOptions { breaker: Breaker { failures, cooldown }, ..LoadOptions::declared() }
}

#[track_caller]
fn rests<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Unavailable { what, .. } => what,
        other => panic!("{other:?}"),
    }
}

fn of_breaker(lab: &Lab) -> Vec<String> {
    let records = lab.audit.take();
    records.into_iter().filter(|event| event.kind == AuditKind::Breaker).map(|event| event.message).collect()
}

#[tokio::test]
async fn five_failures_in_a_row_are_a_rest_and_calls_are_refused_at_once() {
    let lab = Lab::new();
    let plugin = lab.load_with("faults", breaking(Breaker::default().failures, HOUR)).unwrap();
    for _ in 0..4 {
        assert!(ask(&plugin, "panic").await.unwrap_err().is_fatal());
    }
    // What the plugin fails at by its own account is no failure of this sort, and it went well.
    ask(&plugin, "fail").await.unwrap_err();
    for _ in 0..5 {
        assert!(ask(&plugin, "panic").await.unwrap_err().is_fatal());
    }
    let stats = plugin.stats();
    assert_eq!((stats.health, stats.traps), (Health::Resting, 9));
    assert!(stats.resting.is_some_and(|left| left <= HOUR && left > HOUR / 2));
    assert_eq!(of_breaker(&lab).len(), 1);
    for _ in 0..3 {
        let said = rests(ask(&plugin, "hello").await);
        assert!(said.contains("not asked for 3600 s more"), "{said}");
    }
    assert_eq!(plugin.stats().calls, stats.calls, "it was not asked");
    assert!(lab.audit.take().is_empty(), "what is refused then is not on record again");
}

#[tokio::test]
async fn a_plugin_with_another_breaker_is_asked_on() {
    let lab = Lab::new();
    let plugin = lab.load_with("faults", unbroken()).unwrap();
    for _ in 0..10 {
        assert!(ask(&plugin, "panic").await.unwrap_err().is_fatal());
    }
    assert_eq!(answer(&plugin, "hello").await, "hello");
    assert_eq!((plugin.stats().health, of_breaker(&lab).len()), (Health::Healthy, 0));
}

#[tokio::test]
async fn after_the_rest_one_call_tries_it_and_a_good_one_ends_it() {
    let lab = Lab::new();
    let plugin = lab.load_with("faults", breaking(2, Duration::ZERO)).unwrap();
    for _ in 0..5 {
        assert!(ask(&plugin, "panic").await.unwrap_err().is_fatal(), "a rest of no time is over at once");
    }
    assert_eq!(of_breaker(&lab).len(), 1, "it opened once, and stayed open");
    assert_eq!(answer(&plugin, "hello").await, "hello");
    let said = of_breaker(&lab);
    assert!(said.len() == 1 && said[0].contains("works again"), "{said:?}");
    assert_eq!(plugin.stats().health, Health::Healthy);
}

#[tokio::test]
async fn a_start_that_fails_counts_and_another_configuration_mends_it() {
    let lab = Lab::new();
    let options = LoadOptions { config: json!({ "init": "fail" }), ..breaking(2, HOUR) };
    let plugin = lab.load_with("lifecycle", options).unwrap();
    for _ in 0..2 {
        assert!(matches!(ask(&plugin, "").await, Err(Error::Failed { .. })));
    }
    rests(ask(&plugin, "").await);
    // What does not begin either is not taken, and mends nothing.
    let error = plugin.reconfigure(&mut Call::new(), json!({ "init": "panic" })).await.unwrap_err();
    assert!(matches!(error, Error::Trapped { .. }), "{error:?}");
    rests(ask(&plugin, "").await);
    plugin.reconfigure(&mut Call::new(), json!({ "a": 1 })).await.unwrap();
    assert_eq!(answer(&plugin, "").await, r#"init {"a":1}"#);
    assert_eq!(of_breaker(&lab).len(), 2, "it opened, and closed");
}

/// A memory that answers when the test lets it.
#[derive(Clone)]
pub(crate) struct Gate(pub(crate) Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

#[async_trait]
impl MemoryBackend for Gate {
    async fn get(&self, _: &PluginId, key: &str) -> Result<Option<Vec<u8>>, BackendError> {
        if key == "gate" {
            self.0.acquire().await.unwrap().forget();
        }
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

/// Has a plugin trap: a signal that does not fit into its memory limit does.
async fn breaks(plugin: &Plugin) {
    assert!(ask(plugin, "fill key 1000000000").await.unwrap_err().is_fatal());
}

#[tokio::test]
async fn while_one_call_tries_it_others_are_refused_and_one_that_gives_up_has_tried_nothing() {
    let gate = Gate::closed();
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.load_with("uses-memory", breaking(1, Duration::ZERO)).unwrap();
    breaks(&plugin).await;
    {
        let mut trial = pin!(ask(&plugin, "get gate"));
        assert!(trial.as_mut().now_or_never().is_none());
        let said = rests(ask(&plugin, "get a").await);
        assert!(said.contains("until the call that tries it now is over"), "{said}");
    }
    // The caller gave up: nothing is known yet, so the next one tries it.
    assert_eq!(of_breaker(&lab).len(), 1);
    assert_eq!(answer(&plugin, "get a").await, "Ok(None)");
    assert_eq!(of_breaker(&lab).len(), 1);
    assert_eq!(plugin.stats().health, Health::Healthy);
}

#[tokio::test]
async fn the_health_of_all_active_plugins_is_asked_and_an_unhealthy_one_comes_to_rest() {
    let lab = Lab::new();
    let unhealthy = LoadOptions {
        manifest: Some(neuron("test.unwell", "L2", &[])),
        config: json!({ "health": "fail" }),
        ..breaking(2, HOUR)
    };
    let plugin = lab.activate("counter", unhealthy).await;
    lab.activate("counter", described(neuron("test.well", "L2", &[]))).await;
    lab.activate("echo", LoadOptions::declared()).await;
    lab.manager.load(&lab.guest("tool"), LoadOptions::declared()).unwrap();
    for _ in 0..2 {
        let checks = lab.manager.check_health().await;
        let seen: Vec<_> = checks
            .iter()
            .map(|check| (check.plugin.as_str(), check.outcome.as_ref().map(|report| report.status).ok()))
            .collect();
        let all = [("test.echo", Status::Healthy), ("test.unwell", Status::Unhealthy), ("test.well", Status::Healthy)];
        assert_eq!(seen, all.map(|(plugin, status)| (plugin, Some(status))));
        assert!(checks[1].outcome.as_ref().unwrap().reason.contains("cannot health"));
    }
    assert_eq!(plugin.stats().traps, 0, "no instance was lost");
    rests(ask(&plugin, "").await);
    let checks = lab.manager.check_health().await;
    assert!(matches!(checks[1].outcome, Err(Error::Unavailable { .. })), "{:?}", checks[1].outcome);
    assert_eq!(checks[1].stats.health, Health::Resting);
    assert!(checks[0].outcome.is_ok() && checks[2].outcome.is_ok(), "others have nothing to do with it");
}

#[tokio::test]
async fn what_the_old_version_breaks_at_is_not_held_against_the_new_one() {
    let gate = Gate::closed();
    let lab = Lab::with_memory(gate);
    // Without a lifecycle, so that the new version does not wait for the calls of the old one.
    let options = || LoadOptions {
        runtime: RuntimeOverrides { parallel: Some(8), ..RuntimeOverrides::default() },
        caps: LimitOverrides { call_time: Some(Duration::from_millis(500)), ..LimitOverrides::default() },
        ..breaking(3, HOUR)
    };
    let plugin = lab.activate("uses-memory", options()).await;
    let mut old: Vec<_> = (0..4).map(|_| Box::pin(ask(&plugin, "get gate"))).collect();
    assert!(old.iter_mut().all(|call| call.now_or_never().is_none()));
    let guest = lab.guest("uses-memory");
    let replaced = lab.manager.replace(&guest, options(), Widening::Refuse);
    let (ended, replaced) = tokio::join!(futures::future::join_all(old), replaced);
    replaced.unwrap();
    assert!(ended.iter().all(|ended| ended.as_ref().is_err_and(Error::is_fatal)), "{ended:?}");
    assert!(of_breaker(&lab).is_empty());
    assert_eq!(plugin.stats().health, Health::Healthy);
    assert_eq!(answer(&plugin, "get a").await, "Ok(None)");
    // The pair: what the new one breaks at is.
    for _ in 0..3 {
        breaks(&plugin).await;
    }
    rests(ask(&plugin, "get a").await);
}

#[tokio::test]
async fn what_asks_the_plugin_nothing_does_not_end_its_rest() {
    let lab = Lab::new();
    let plugin = lab.load_with("faults", breaking(2, Duration::ZERO)).unwrap();
    let call = &mut Call::new();
    for _ in 0..2 {
        ask(&plugin, "panic").await.unwrap_err();
        // Neither do these come between two failures in a row.
        plugin.start().await.unwrap();
        let error = plugin.execute_tool(call, "x", "{}").await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    }
    for _ in 0..2 {
        assert_eq!(plugin.stats().health, Health::Resting);
        plugin.execute_tool(call, "x", "{}").await.unwrap_err();
        plugin.start().await.unwrap();
        plugin.health(call).await.unwrap();
    }
    assert_eq!(plugin.stats().health, Health::Resting);
    assert_eq!(of_breaker(&lab).len(), 1);
    assert_eq!(answer(&plugin, "hello").await, "hello");
    assert_eq!(plugin.stats().health, Health::Healthy);
}

#[tokio::test]
async fn a_start_that_goes_well_makes_up_for_starts_that_failed_and_for_nothing_else() {
    let lab = Lab::new();
    let options = LoadOptions { config: json!({ "init": "fail" }), ..breaking(3, HOUR) };
    let plugin = lab.load_with("lifecycle", options).unwrap();
    for _ in 0..2 {
        plugin.start().await.unwrap_err();
    }
    assert_eq!(plugin.stats().health, Health::Degraded);
    plugin.reconfigure(&mut Call::new(), json!({})).await.unwrap();
    for _ in 0..2 {
        ask(&plugin, "panic").await.unwrap_err();
        plugin.start().await.unwrap();
    }
    assert_eq!(plugin.stats().health, Health::Degraded);
    ask(&plugin, "panic").await.unwrap_err();
    rests(ask(&plugin, "").await);
}

#[tokio::test]
async fn one_that_rests_is_not_healthy_though_it_has_nothing_to_say_so_with() {
    let lab = Lab::new();
    let plugin = lab.activate("faults", breaking(2, HOUR)).await;
    assert_eq!(plugin.health(&mut Call::new()).await.unwrap().status, Status::Healthy);
    for _ in 0..2 {
        ask(&plugin, "panic").await.unwrap_err();
    }
    let checks = lab.manager.check_health().await;
    assert!(matches!(checks[0].outcome, Err(Error::Unavailable { .. })), "{:?}", checks[0].outcome);
}
