//! One version of a plugin makes room for another while it works: no call is lost, each is answered by one version, the state goes
//! on, and a version that fails on the way changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use hal9_host::{AuditKind, Call, Component, Error, Kind, LoadOptions, Manager, Plugin, Signal, Step, Swap, Widening};
use hal9_package::{ByteSize, LimitOverrides, Manifest, PluginId};
use serde_json::json;

use crate::lab::{Lab, answer, ask, capped, described, granted, neuron};

const ID: &str = "test.counter";

/// How the counter is loaded as a version, and what it is configured with beside that.
fn version(number: u64, config: serde_json::Value) -> LoadOptions {
    let manifest = json!({
        "api_version": 1,
        "metadata": { "id": ID, "name": "Counter", "version": format!("{number}.0.0"), "author": "", "license": "MIT" },
        "capabilities": [{ "NeuronType": { "layer": "L2", "neuron_type": "counter", "description": "" } }],
        "permissions": [],
        // It is asked as often as the machine can.
        "limits": { "host_calls": 100_000_000, "cpu_share": "100%" },
    });
    let mut config = config;
    config["version"] = json!(number);
    LoadOptions { config, ..described(Manifest::parse(manifest.to_string().as_bytes()).unwrap()) }
}

async fn counter(lab: &Lab, options: LoadOptions) -> Plugin {
    lab.activate("counter", options).await
}

async fn replace(lab: &Lab, options: LoadOptions) -> Result<Swap, Error> {
    lab.manager.replace(&lab.guest("counter"), options, Widening::Refuse).await
}

/// The step that a version did not get past, and why.
#[track_caller]
fn stopped<T: std::fmt::Debug>(result: Result<T, Error>) -> (Step, String, String) {
    match result.unwrap_err() {
        Error::NotReplaced { step, source, serving, .. } => (step, source.to_string(), serving),
        other => panic!("{other:?}"),
    }
}

/// The version that answered, and its count. It is one version: the one that the instance began with is the one that it has.
#[track_caller]
fn read(content: &str) -> (u64, u64) {
    let numbers: Vec<u64> = content.split(' ').map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers[0], numbers[1], "a mixture: {content}");
    (numbers[0], numbers[2])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_reloads_under_load_lose_no_call_and_carry_the_state_over() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    let done = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (plugin, done) = (plugin.clone(), done.clone());
            tokio::spawn(async move {
                let mut replies = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    replies.push(read(&answer(&plugin, "").await));
                    tokio::task::yield_now().await;
                }
                replies
            })
        })
        .collect();
    let mut replies = Vec::new();
    let mut serving = 1;
    for n in 1..=200 {
        if n % 20 == 0 {
            for broken in [json!({ "init": "fail" }), json!({ "import": "panic" }), json!({ "health": "fail" })] {
                stopped(replace(&lab, version(9, broken)).await);
            }
        }
        let next = 3 - serving;
        let swap = replace(&lab, version(next, json!({}))).await.unwrap();
        assert_eq!((swap.from.major, swap.to.major, swap.state), (serving, next, 8));
        serving = next;
        let (version, count) = read(&answer(&plugin, "").await);
        assert_eq!(version, serving, "what begins after the swap is the new version's");
        replies.push((version, count));
    }
    done.store(true, Ordering::Relaxed);
    for task in load {
        let of_task = task.await.unwrap();
        assert!(of_task.len() >= 50, "{} calls are no steady load", of_task.len());
        assert!(of_task.is_sorted_by_key(|(_, count)| *count), "a count went back");
        replies.extend(of_task);
    }
    let versions: BTreeSet<_> = replies.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, BTreeSet::from([1, 2]), "the broken ones answered nobody");
    let mut counts: Vec<_> = replies.iter().map(|(_, count)| *count).collect();
    counts.sort_unstable();
    let calls = counts.len() as u64;
    assert!(counts.into_iter().eq(1..=calls), "each count was given once");
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps), (calls, 0, 0));
    let reloads = lab.audit.all().iter().filter(|event| event.kind == AuditKind::Reload).count();
    assert_eq!(reloads, 200 + 30);
}

#[tokio::test]
async fn a_version_that_fails_on_the_way_changes_nothing_and_says_where() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    assert_eq!(answer(&plugin, "").await, "1 1 1");
    lab.audit.take();
    let cases = [
        (json!({ "init": "fail" }), Step::Start, "cannot init"),
        (json!({ "init": "panic" }), Step::Start, "trapped"),
        (json!({ "health": "fail" }), Step::Health, "is unhealthy: unavailable: cannot health"),
        (json!({ "import": "fail" }), Step::ImportState, "cannot import"),
        (json!({ "import": "panic" }), Step::ImportState, "trapped"),
    ];
    for (count, (config, step, why)) in (2..).zip(cases) {
        let (at, said, serving) = stopped(replace(&lab, version(2, config)).await);
        assert_eq!((at, serving.as_str()), (step, "version 1.0.0 serves on"));
        assert!(said.contains(why), "{said}");
        let records = lab.audit.take();
        let reload = records.iter().filter(|event| event.kind == AuditKind::Reload).count();
        assert_eq!(reload, 1, "{records:?}");
        assert_eq!(answer(&plugin, "").await, format!("1 1 {count}"), "after {step:?}");
        assert_eq!(plugin.manifest().metadata.version.major, 1);
    }
    // What cannot be linked: an import that was not declared.
    let undeclared = lab.manager.replace(&lab.guest("uses-signals"), version(2, json!({})), Widening::Refuse).await;
    let (at, said, _) = stopped(undeclared);
    assert!(at == Step::Link && said.contains("hal9:plugin/signals"), "{said}");
    assert_eq!(answer(&plugin, "").await, "1 1 7");
    assert_eq!((plugin.stats().traps, plugin.stats().errors), (0, 0), "what failed was not the plugin that serves");
    // The pair: nothing is in the way of one that works.
    assert_eq!(replace(&lab, version(2, json!({}))).await.unwrap().state, 8);
    assert_eq!(answer(&plugin, "").await, "2 2 8");
    assert_eq!(plugin.manifest().metadata.version.major, 2);
}

#[tokio::test]
async fn an_old_version_that_keeps_its_state_to_itself_serves_on_and_one_that_breaks_over_it_anew() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({ "export": "fail" }))).await;
    answer(&plugin, "").await;
    let (step, said, serving) = stopped(replace(&lab, version(2, json!({}))).await);
    assert_eq!((step, serving.as_str()), (Step::ExportState, "version 1.0.0 serves on"));
    assert!(said.contains("cannot export"), "{said}");
    assert_eq!(answer(&plugin, "").await, "1 1 2");

    plugin.reconfigure(&mut Call::new(), json!({ "version": 1, "export": "panic" })).await.unwrap();
    let (step, _, serving) = stopped(replace(&lab, version(2, json!({}))).await);
    assert_eq!(step, Step::ExportState);
    assert!(serving.contains("a fresh instance: the old one broke"), "{serving}");
    assert_eq!(answer(&plugin, "").await, "1 1 1", "what it knew is gone with it");
}

#[tokio::test]
async fn state_that_the_new_version_could_not_keep_is_not_dropped_silently() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    answer(&plugin, "").await;
    let mut fresh = version(2, json!({}));
    fresh.runtime.persistent = Some(false);
    let (step, said, _) = stopped(replace(&lab, fresh.clone()).await);
    assert!(step == Step::ImportState && said.contains("1 instances have state"), "{said}");
    // A component of the same id without a lifecycle.
    let without = lab.manager.replace(&lab.guest("wasi"), version(2, json!({})), Widening::Refuse).await;
    let (step, said, _) = stopped(without);
    assert!(step == Step::ImportState && said.contains("8 bytes of state"), "{said}");
    assert_eq!(answer(&plugin, "").await, "1 1 2");
    // Once it has none, it can.
    plugin.stop().await.unwrap();
    replace(&lab, fresh).await.unwrap();
    assert_eq!(answer(&plugin, "").await, "2 2 1");
    assert_eq!(answer(&plugin, "").await, "2 2 1");
}

#[tokio::test]
async fn what_may_do_more_takes_over_only_if_that_is_accepted() {
    let lab = Lab::new();
    let signals = lab.guest("uses-signals");
    let manifest = || LoadOptions {
        manifest: Some(neuron(ID, "L2", &["Hal9Signal:L3", "Hal9Signal:L4"])),
        ..LoadOptions::default()
    };
    let may = |permissions: &[&str]| LoadOptions { grant: granted(permissions).grant, ..manifest() };
    lab.manager.load(&signals, may(&["Hal9Signal:L3"])).unwrap();
    let plugin = lab.manager.get(&id(ID)).unwrap();
    lab.audit.all();
    let wider = || may(&["Hal9Signal:L3", "Hal9Signal:L4"]);
    match lab.manager.replace(&signals, wider(), Widening::Refuse).await.unwrap_err() {
        Error::Widened { permissions, .. } => assert_eq!(permissions.to_string(), "Hal9Signal:L4"),
        other => panic!("{other:?}"),
    }
    assert_eq!(plugin.granted().to_string(), "Hal9Signal:L3");
    let event = lab.audit.one();
    assert!(event.kind == AuditKind::Reload && event.message.contains("Hal9Signal:L4"), "{event:?}");
    lab.manager.replace(&signals, wider(), Widening::Accept).await.unwrap();
    assert_eq!(plugin.granted().len(), 2);
    // The same and less are nothing new; a denial that is gone is.
    lab.manager.replace(&signals, wider(), Widening::Refuse).await.unwrap();
    let denied = LoadOptions { deny: crate::lab::permissions(&["Hal9Signal:L4"]), ..wider() };
    lab.manager.replace(&signals, denied, Widening::Refuse).await.unwrap();
    assert_eq!(plugin.granted().to_string(), "Hal9Signal:L3");
    let back = lab.manager.replace(&signals, wider(), Widening::Refuse).await.unwrap_err();
    assert!(matches!(back, Error::Widened { .. }), "{back:?}");
}

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

async fn sent(manager: &Manager, layer: &str) -> Option<String> {
    let routed = manager.send(layer, None, Signal::text("")).await.ok()?;
    assert_eq!(routed.deliveries.len(), 1);
    Some(routed.deliveries.into_iter().next().unwrap().outcome.unwrap().content)
}

#[tokio::test]
async fn what_a_version_can_do_is_found_from_the_swap_on() {
    let lab = Lab::new();
    counter(&lab, version(1, json!({}))).await;
    assert_eq!(sent(&lab.manager, "L2").await.as_deref(), Some("1 1 1"));
    let mut elsewhere = version(2, json!({}));
    elsewhere.manifest.as_mut().unwrap().capabilities = neuron(ID, "L5", &[]).capabilities;
    replace(&lab, elsewhere).await.unwrap();
    assert_eq!(sent(&lab.manager, "L2").await, None);
    assert_eq!(sent(&lab.manager, "L5").await.as_deref(), Some("2 2 2"));
}

#[tokio::test]
async fn neurons_keep_their_places_in_a_layer() {
    let lab = Lab::new();
    let named = |id: &str| described(neuron(id, "L2", &[]));
    let ids = ["test.a", "test.b", "test.c"];
    for id in ids {
        lab.activate("counter", named(id)).await;
    }
    let order = async || -> Vec<String> {
        let routed = lab.manager.send("L2", None, Signal::text("")).await.unwrap();
        routed.deliveries.into_iter().map(|delivery| delivery.plugin.to_string()).collect()
    };
    assert_eq!(order().await, ids);
    for id in ids {
        lab.manager.replace(&lab.guest("counter"), named(id), Widening::Refuse).await.unwrap();
        assert_eq!(order().await, ids, "after {id}");
    }
}

#[tokio::test]
async fn a_name_that_another_has_keeps_a_version_out() {
    let lab = Lab::new();
    lab.activate("tool", LoadOptions::declared()).await;
    let tool = |name: &str, version: &str| {
        let tools = json!([{ "ToolProvider": { "tool_name": name, "description": "" } }]);
        let mut manifest = crate::lab::manifest("test.other", tools, &[]);
        manifest.metadata.version = version.parse().unwrap();
        described(manifest)
    };
    let guest: Component = lab.guest("bad-reply");
    let other = lab.activate("bad-reply", tool("mine", "1.0.0")).await;
    let (step, said, _) = stopped(lab.manager.replace(&guest, tool("add", "2.0.0"), Widening::Refuse).await);
    assert!(step == Step::Link && said.contains("`add` is provided by test.tool"), "{said}");
    assert_eq!(lab.manager.find(Kind::Tool, "mine").unwrap().id(), other.id());
    lab.manager.replace(&guest, tool("also-mine", "2.0.0"), Widening::Refuse).await.unwrap();
    assert_eq!(lab.manager.find(Kind::Tool, "also-mine").unwrap().id(), other.id());
    lab.manager.find(Kind::Tool, "mine").unwrap_err();
}

#[tokio::test]
async fn who_calls_a_plugin_goes_on_with_its_next_version() {
    let lab = Lab::new();
    counter(&lab, version(1, json!({}))).await;
    let edges = [format!("PluginCall:{ID}")];
    let edges: Vec<_> = edges.iter().map(String::as_str).collect();
    let caller = lab.activate("uses-plugins", described(neuron("test.a", "L1", &edges))).await;
    let order = format!("ask {ID} x");
    assert_eq!(answer(&caller, &order).await, "1 1 1");
    replace(&lab, version(2, json!({}))).await.unwrap();
    assert_eq!(answer(&caller, &order).await, "2 2 2");
    assert_eq!(caller.stats().instances, 1);
}

#[tokio::test]
async fn one_that_is_not_active_is_replaced_and_one_that_is_not_loaded_is_not_found() {
    let lab = Lab::new();
    let missing = replace(&lab, version(1, json!({}))).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing:?}");
    let plugin = lab.manager.load(&lab.guest("counter"), version(1, json!({}))).unwrap();
    replace(&lab, version(2, json!({}))).await.unwrap();
    assert_eq!(sent(&lab.manager, "L2").await, None, "replacing activates nothing");
    lab.manager.activate(&id(ID)).await.unwrap();
    assert_eq!(sent(&lab.manager, "L2").await.as_deref(), Some("2 2 1"));
    assert_eq!(answer(&plugin, "").await, "2 2 2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_unloading_and_configuring_at_once_end_well() {
    let lab = Lab::new();
    for n in 1..=20 {
        let plugin = counter(&lab, version(1, json!({}))).await;
        let other = version(2, json!({}));
        let third = version(3, json!({}));
        let (a, b, configured, ended) = tokio::join!(
            replace(&lab, other),
            replace(&lab, third),
            async { plugin.reconfigure(&mut Call::new(), json!({ "version": n })).await },
            async {
                tokio::task::yield_now().await;
                if n % 2 == 0 { lab.manager.unload(&id(ID)).await } else { lab.manager.deactivate(&id(ID)).await }
            }
        );
        ended.unwrap();
        configured.unwrap();
        for result in [a, b] {
            match result {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                // It was unloaded meanwhile.
                Err(Error::NotReplaced { step: Step::Swap, .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(sent(&lab.manager, "L2").await, None, "it was deactivated");
        assert_eq!(lab.manager.get(&id(ID)).is_ok(), n % 2 == 1);
        // It is a plugin in hand yet, of one version.
        read(&answer(&plugin, "").await);
        let _ = lab.manager.unload(&id(ID)).await;
        plugin.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_model_of_the_old_version_says_that_it_is_gone() {
    let lab = Lab::new();
    let plugin = lab.activate("learning-algorithm", LoadOptions::declared()).await;
    let call = &mut Call::new();
    let model = plugin.create_model(call, "{}").await.unwrap();
    model.save(call).await.unwrap();
    lab.manager.replace(&lab.guest("learning-algorithm"), LoadOptions::declared(), Widening::Refuse).await.unwrap();
    let error = model.save(call).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { what, .. } if what.contains("the model is gone")), "{error:?}");
    drop(model);
    plugin.create_model(call, "{}").await.unwrap();
}

#[tokio::test]
async fn counts_go_on_over_a_reload() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    ask(&plugin, "panic").await.unwrap_err();
    answer(&plugin, "").await;
    replace(&lab, version(2, json!({}))).await.unwrap();
    answer(&plugin, "").await;
    let stats = plugin.stats();
    assert_eq!((stats.calls, stats.errors, stats.traps, stats.instances), (3, 1, 1, 3));
}

#[tokio::test]
async fn a_reload_gives_nobody_a_new_allowance() {
    let lab = Lab::new();
    let capped = |names| capped(LimitOverrides { metric_names: Some(names), ..LimitOverrides::default() });
    let plugin = lab.activate("uses-metrics", capped(1)).await;
    let guest = lab.guest("uses-metrics");
    answer(&plugin, "gauge a 1").await;
    lab.manager.replace(&guest, capped(1), Widening::Refuse).await.unwrap();
    answer(&plugin, "gauge b 1").await;
    assert_eq!(lab.metrics.of(plugin.id()).dropped, 1, "its one name is used up");
    lab.manager.replace(&guest, capped(2), Widening::Refuse).await.unwrap();
    answer(&plugin, "gauge b 1").await;
    assert_eq!(lab.metrics.of(plugin.id()).dropped, 1, "it may have another");
    // That another limit changes gives it no new one.
    let smaller =
        LimitOverrides { metric_names: Some(2), memory: Some(ByteSize::mib(32)), ..LimitOverrides::default() };
    lab.manager.replace(&guest, crate::lab::capped(smaller), Widening::Refuse).await.unwrap();
    answer(&plugin, "gauge c 1").await;
    answer(&plugin, "gauge d 1").await;
    assert_eq!(lab.metrics.of(plugin.id()).dropped, 2, "b and c are its two");
}

#[tokio::test]
async fn state_goes_on_where_more_instances_may_serve_and_where_fewer_may() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    answer(&plugin, "").await;
    for (number, instances) in [(2, 3), (3, 2), (4, 1)] {
        let mut next = version(number, json!({}));
        next.runtime.parallel = Some(instances);
        assert_eq!(replace(&lab, next).await.unwrap().state, 8);
        assert_eq!(answer(&plugin, "").await, format!("{number} {number} {number}"));
        assert_eq!(plugin.runtime().parallel, instances);
    }
}

#[tokio::test]
async fn replacing_goes_on_when_its_caller_gives_up() {
    let lab = Lab::new();
    let plugin = counter(&lab, version(1, json!({}))).await;
    answer(&plugin, "").await;
    let mut replacing = Box::pin(replace(&lab, version(2, json!({}))));
    assert!(replacing.as_mut().now_or_never().is_none());
    drop(replacing);
    // Whoever changes the plugin next waits for that.
    assert_eq!(replace(&lab, version(3, json!({}))).await.unwrap().from.major, 2);
    assert_eq!(answer(&plugin, "").await, "3 3 2");
}
