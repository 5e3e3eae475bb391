//! How a plugin's instances are kept: when the first is made, how many serve at once, and how long each lives.

use std::pin::pin;

use futures::FutureExt as _;
use hal9_host::{Call, Error, LoadOptions, Widening};
use hal9_package::{ByteSize, LimitOverrides, RuntimeOverrides, RuntimePolicy};
use serde_json::json;

use crate::breaker::Gate;
use crate::lab::{Lab, answer, ask, capped, described, neuron};

fn policy(runtime: RuntimeOverrides, config: serde_json::Value) -> LoadOptions {
    LoadOptions { runtime, config, ..described(neuron("test.counter", "L2", &[])) }
}

fn parallel(instances: u32) -> RuntimeOverrides {
    RuntimeOverrides { parallel: Some(instances), ..RuntimeOverrides::default() }
}

fn recycled(calls: u64) -> RuntimeOverrides {
    RuntimeOverrides { recycle_after: Some(calls), ..RuntimeOverrides::default() }
}

async fn counts(plugin: &hal9_host::Plugin, calls: usize) -> Vec<String> {
    let mut counts = Vec::new();
    for _ in 0..calls {
        counts.push(answer(plugin, "").await.rsplit(' ').next().unwrap().to_owned());
    }
    counts
}

#[tokio::test]
async fn a_lazy_plugin_begins_with_its_first_call_and_another_with_its_activation() {
    let lab = Lab::new();
    for (lazy, instances) in [(true, 0), (false, 1)] {
        let runtime = RuntimeOverrides { lazy: Some(lazy), ..RuntimeOverrides::default() };
        let plugin = lab.manager.load(&lab.guest("counter"), policy(runtime, json!({}))).unwrap();
        lab.manager.activate(plugin.id()).await.unwrap();
        assert_eq!(plugin.stats().instances, instances);
        answer(&plugin, "").await;
        assert_eq!(plugin.stats().instances, 1);
        lab.manager.unload(plugin.id()).await.unwrap();
    }
}

#[tokio::test]
async fn so_many_instances_serve_at_once_and_no_more() {
    for instances in [1, 2, 3] {
        let gate = Gate::closed();
        let lab = Lab::with_memory(gate.clone());
        let options = LoadOptions { runtime: parallel(instances), ..LoadOptions::declared() };
        let plugin = lab.load_with("uses-memory", options).unwrap();
        let mut calls: Vec<_> = (0..4).map(|_| Box::pin(ask(&plugin, "get gate"))).collect();
        for call in &mut calls {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert_eq!(plugin.stats().instances, u64::from(instances), "made on demand, and as many as may be");
        gate.0.add_permits(4);
        for reply in futures::future::join_all(calls).await {
            assert_eq!(reply.unwrap().content, "Ok(None)");
        }
        let stats = plugin.stats();
        assert_eq!((stats.calls, stats.errors, stats.instances), (4, 0, u64::from(instances)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_side_by_side_lose_no_call_and_no_count() {
    let lab = Lab::new();
    let plugin = lab.load_with("counter", policy(parallel(4), json!({}))).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    let result = ask(&plugin, if n % 10 == 9 { "panic" } else { "" }).await;
                    assert_eq!(result.is_err(), n % 10 == 9, "{result:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps), (400, 40, 40));
}

#[tokio::test]
async fn a_fresh_instance_serves_each_call_and_a_persistent_one_all() {
    let lab = Lab::new();
    for (persistent, expected, instances) in [(false, ["1", "1", "1"], 3), (true, ["1", "2", "3"], 1)] {
        let runtime = RuntimeOverrides { persistent: Some(persistent), ..RuntimeOverrides::default() };
        let plugin = lab.load_with("counter", policy(runtime, json!({}))).unwrap();
        assert_eq!(counts(&plugin, 3).await, expected);
        assert_eq!(plugin.stats().instances, instances);
    }
}

#[tokio::test]
async fn an_instance_is_replaced_after_its_calls_and_what_it_knew_goes_on() {
    let lab = Lab::new();
    let plugin = lab.load_with("counter", policy(recycled(3), json!({}))).unwrap();
    assert_eq!(counts(&plugin, 7).await, ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(plugin.stats().instances, 3);
    assert_eq!(plugin.stats().calls, 7, "recycling is no call");
    let plugin = lab.load_with("counter", policy(RuntimeOverrides::default(), json!({}))).unwrap();
    counts(&plugin, 7).await;
    assert_eq!(plugin.stats().instances, 1);
    // Without a lifecycle there is nothing to hand over.
    let options = LoadOptions { runtime: recycled(2), ..LoadOptions::declared() };
    let plugin = lab.load_with("echo", options).unwrap();
    for _ in 0..5 {
        answer(&plugin, "hello").await;
    }
    assert_eq!((plugin.stats().calls, plugin.stats().instances), (5, 3));
}

#[tokio::test]
async fn who_waits_while_instances_are_replaced_keeps_the_turn() {
    const CALLS: usize = 100;
    let lab = Lab::new();
    let plugin = lab.load_with("counter", policy(recycled(1), json!({}))).unwrap();
    let polls = std::cell::Cell::new(0);
    let calls = (0..CALLS).map(|_| {
        let mut call = Box::pin(answer(&plugin, ""));
        let polls = &polls;
        futures::future::poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            call.as_mut().poll(cx)
        })
    });
    let replies = futures::future::join_all(calls).await;
    let expected: Vec<_> = (1..=CALLS).map(|count| format!("null null {count}")).collect();
    assert_eq!(replies, expected, "in the order in which they came");
    assert_eq!(plugin.stats().instances as usize, CALLS);
    // Each is woken for its turn and for what it waits for then; whoever loses the turn is woken for that of all others too.
    assert!(polls.get() < 10 * CALLS, "{} polls", polls.get());
}

#[tokio::test]
async fn one_that_cannot_be_replaced_serves_on_and_is_tried_again() {
    let lab = Lab::new();
    for (config, instances) in [(json!({ "import": "fail" }), 4), (json!({ "export": "fail" }), 1)] {
        let plugin = lab.load_with("counter", policy(recycled(2), config)).unwrap();
        assert_eq!(counts(&plugin, 7).await, ["1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(plugin.stats().instances, instances, "one for each try, and the first");
        assert_eq!(plugin.stats().errors, 0);
    }
}

#[tokio::test]
async fn a_learning_algorithm_keeps_its_one_instance() {
    let lab = Lab::shared();
    let load = |runtime| lab.load_with("learning-algorithm", LoadOptions { runtime, ..LoadOptions::declared() });
    let fresh = RuntimeOverrides { persistent: Some(false), ..RuntimeOverrides::default() };
    for (runtime, names) in
        [(parallel(2), "`parallel` 2"), (fresh, "`persistent` false"), (recycled(9), "`recycle_after` 9")]
    {
        let error = load(runtime).unwrap_err();
        assert!(matches!(&error, Error::InvalidInput { what, .. } if what.contains(names)), "{error:?}");
    }
    load(parallel(1)).unwrap();
}

#[tokio::test]
async fn counts_that_cannot_be_are_refused() {
    let lab = Lab::shared();
    for runtime in [parallel(0), parallel(RuntimePolicy::MAX_PARALLEL + 1), recycled(0)] {
        let error = lab.load_with("counter", policy(runtime, json!({}))).unwrap_err();
        assert!(matches!(error, Error::InvalidInput { .. }), "{error:?}");
    }
    lab.load_with("counter", policy(parallel(RuntimePolicy::MAX_PARALLEL), json!({}))).unwrap();
}

#[tokio::test]
async fn state_is_exported_and_imported_and_bounded() {
    let lab = Lab::new();
    let plugin = lab.load_with("counter", policy(RuntimeOverrides::default(), json!({}))).unwrap();
    let call = &mut Call::new();
    counts(&plugin, 3).await;
    let state = plugin.export_state(call).await.unwrap();
    plugin.stop().await.unwrap();
    plugin.import_state(call, &state).await.unwrap();
    assert_eq!(counts(&plugin, 1).await, ["4"]);
    let too_much = vec![0; plugin.limits().memory.0 as usize + 1];
    let error = plugin.import_state(call, &too_much).await.unwrap_err();
    assert_eq!(crate::lab::limit(&error), hal9_host::Limit::Memory);
    assert_eq!(counts(&plugin, 1).await, ["5"], "it was not asked");
    let echo = lab.load("echo");
    assert!(matches!(echo.export_state(call).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn how_many_serve_at_once_changes_with_the_version() {
    let gate = Gate::closed();
    let lab = Lab::with_memory(gate.clone());
    let options = |instances| LoadOptions { runtime: parallel(instances), ..LoadOptions::declared() };
    let plugin = lab.activate("uses-memory", options(1)).await;
    for (instances, at_once) in [(3, 3), (2, 2), (1, 1), (2, 2)] {
        let guest = lab.guest("uses-memory");
        lab.manager.replace(&guest, options(instances), Widening::Refuse).await.unwrap();
        let before = plugin.stats().calls;
        let mut calls: Vec<_> = (0..4).map(|_| Box::pin(ask(&plugin, "get gate"))).collect();
        for call in &mut calls {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert_eq!(plugin.stats().calls - before, at_once, "of {instances}");
        gate.0.add_permits(4);
        futures::future::join_all(calls).await.into_iter().for_each(|reply| drop(reply.unwrap()));
    }
}

#[tokio::test]
async fn a_call_that_runs_ends_with_the_version_that_it_began_with() {
    let gate = Gate::closed();
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.activate("uses-memory", LoadOptions { runtime: parallel(2), ..LoadOptions::declared() }).await;
    let mut running = pin!(ask(&plugin, "get gate"));
    assert!(running.as_mut().now_or_never().is_none());
    let manager = lab.manager.clone();
    let guest = lab.guest("uses-memory");
    let options = LoadOptions { runtime: parallel(2), ..LoadOptions::declared() };
    let mut replacing = Box::pin(manager.replace(&guest, options, Widening::Refuse));
    // There is no state to move: the new version serves while the old one's call goes on.
    while plugin.stats().instances < 2 {
        assert!(replacing.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    assert_eq!(answer(&plugin, "get a").await, "Ok(None)");
    assert!(replacing.as_mut().now_or_never().is_none(), "it waits for the old call to be over");
    gate.0.add_permits(1);
    assert_eq!(running.await.unwrap().content, "Ok(None)");
    assert!(replacing.await.unwrap().paused.is_zero());
}

#[tokio::test]
async fn who_waits_for_a_turn_while_the_swap_happens_gets_the_new_version() {
    let gate = Gate::closed();
    let lab = Lab::with_memory(gate.clone());
    let plugin = lab.activate("uses-memory", LoadOptions::declared()).await;
    let guest = lab.guest("uses-memory");
    let tighter = capped(LimitOverrides { memory_value: Some(ByteSize(1)), ..LimitOverrides::default() });
    let mut running = pin!(ask(&plugin, "get gate"));
    assert!(running.as_mut().now_or_never().is_none());
    let mut waiting = pin!(ask(&plugin, "set key longer"));
    assert!(waiting.as_mut().now_or_never().is_none());
    let mut replacing = pin!(lab.manager.replace(&guest, tighter, Widening::Refuse));
    while plugin.limits().memory_value != ByteSize(1) {
        assert!(replacing.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    gate.0.add_permits(1);
    assert_eq!(running.await.unwrap().content, "Ok(None)");
    let said = waiting.await.unwrap().content;
    assert!(said.starts_with("Err("), "the old version would have let it: {said}");
    replacing.await.unwrap();
    assert_eq!(plugin.stats().instances, 2, "the one that was tried serves");
}
