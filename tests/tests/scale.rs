//! Ten thousand plugins that live in one process: each is loaded for itself, has an instance of its own and answers, and the
//! one that would be too many is refused while all others go on. It asserts counts and bytes, and no times.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::Duration;

use hal9_host::{
    AuditEvent, AuditSink, Call, EngineConfig, Error, Host, Kind, Limit, LoadOptions, Manager, Plugin, Signal,
};
use hal9_package::Manifest;

const PLUGINS: usize = 10_000;

/// What all of them may take of memory together, with all that the host keeps of them.
const MEMORY: u64 = 640 << 20;

struct Silent;

impl AuditSink for Silent {
    fn record(&self, _: &AuditEvent) {}
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

fn manifest(id: &str) -> Manifest {
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": { "id": id, "name": "Normaliser", "version": "1.0.0", "author": "", "license": "Apache-2.0" },
        "capabilities": [{ "NeuronType": { "layer": "L2", "neuron_type": id, "description": "" } }],
        "permissions": [],
    });
    Manifest::parse(manifest.to_string().as_bytes()).unwrap()
}

/// Has a plugin answer a signal; how many it has answered by then.
async fn ask(plugin: &Plugin) -> Result<u64, Error> {
    let reply = plugin.process_signal(&mut Call::new(), &Signal::text("two  words")).await?;
    assert_eq!((reply.content.as_str(), reply.get("words")), ("two words", Some("2")));
    Ok(plugin.neuron_state(&mut Call::new()).await?.processed)
}

#[tokio::test]
async fn what_finds_no_place_in_the_pool_lives_under_the_same_limits() {
    let mut engine = EngineConfig::default();
    (engine.max_instances, engine.pooled_instances) = (2, 1);
    let host = Host::builder().engine(engine).audit(Arc::new(Silent)).build().unwrap();
    let component = host.compile_file(&hal9_tests::guest("faults")).unwrap();
    let mut options = LoadOptions::declared();
    options.caps.call_time = Some(Duration::from_millis(300));
    let [pooled, on_demand] = [(); 2].map(|()| host.load(&component, options.clone()).unwrap());
    let ask = async |plugin: &Plugin, order: &str| {
        let reply = plugin.process_signal(&mut Call::new(), &Signal::text(order)).await;
        reply.map(|reply| reply.content)
    };
    assert_eq!(ask(&pooled, "hello").await.unwrap(), "hello");
    for (order, limit) in [("spin", Limit::Deadline), ("grow", Limit::Memory), ("recurse", Limit::Stack)] {
        // The one place is taken, and is given back by none of these.
        assert_eq!(ask(&on_demand, "hello").await.unwrap(), "hello");
        let error = ask(&on_demand, order).await.unwrap_err();
        assert!(matches!(&error, Error::LimitExceeded { limit: reached, .. } if *reached == limit), "{order}: {error}");
        assert_eq!(ask(&pooled, "hello").await.unwrap(), "hello");
    }
}

#[test]
fn many_components_are_made_ready_at_once_each_with_its_own_outcome() {
    let host = Host::builder().audit(Arc::new(Silent)).build().unwrap();
    let [good, other] = ["raw-neuron", "memory-provider"].map(|guest| std::fs::read(hal9_tests::guest(guest)).unwrap());
    let components = [("a", &good[..]), ("b", b"nothing"), ("c", &other), ("d", &good[..9]), ("e", &good)];
    let done = host.compile_all(&components);
    let kinds: Vec<_> = done.iter().map(|done| done.as_ref().ok().map(|component| component.kinds()[0])).collect();
    assert_eq!(kinds, [Some(Kind::Neuron), None, Some(Kind::MemoryProvider), None, Some(Kind::Neuron)]);
    assert_eq!(done[1].as_ref().unwrap_err().plugin(), Some("b"));
    assert_eq!(done[3].as_ref().unwrap_err().plugin(), Some("d"));
    assert_eq!(host.compile_all(&[] as &[(&str, &[u8])]).len(), 0);
}

#[tokio::test]
async fn ten_thousand_plugins_live_and_the_one_too_many_is_refused() {
    let mut engine = EngineConfig::default();
    engine.max_instances = PLUGINS as u32 + 1;
    let manager = Manager::new(Host::builder().engine(engine).audit(Arc::new(Silent))).unwrap();
    let component = manager.host().compile_file(&hal9_tests::guest("raw-neuron")).unwrap();
    let load = async |id: String| {
        let options = LoadOptions { manifest: Some(manifest(&id)), ..LoadOptions::declared() };
        let plugin = manager.load(&component, options).unwrap();
        manager.activate(plugin.id()).await.unwrap();
        plugin
    };
    // The engines of all places are there, and the code is.
    let first = load("test.first".to_owned()).await;
    assert_eq!(ask(&first).await.unwrap(), 1);

    let before = resident();
    let mut plugins = Vec::new();
    for at in 0..PLUGINS {
        let plugin = load(format!("test.n{at}")).await;
        assert_eq!(ask(&plugin).await.unwrap(), 1, "plugin {at}");
        plugins.push(plugin);
    }
    let taken = resident().saturating_sub(before);
    assert!(taken <= MEMORY, "{} KiB a plugin, {} MiB in all", taken / PLUGINS as u64 / 1024, taken >> 20);

    let other = load("test.other".to_owned()).await;
    for _ in 0..2 {
        let error = ask(&other).await.unwrap_err();
        let Error::Unavailable { limit, help, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*limit, Some(Limit::Instances));
        assert!(error.to_string().contains("10001") && help.contains("max_instances"), "{error} {help}");
    }
    // Each has kept what was its own.
    for plugin in &plugins {
        assert_eq!(ask(plugin).await.unwrap(), 2);
    }
    plugins[PLUGINS - 1].stop().await.unwrap();
    assert_eq!(ask(&other).await.unwrap(), 1, "there is room again");
    let summaries = manager.list();
    assert_eq!(summaries.iter().map(|summary| summary.stats.calls).sum::<u64>(), 4 * PLUGINS as u64 + 6);
    assert_eq!(summaries.iter().map(|summary| summary.stats.traps).sum::<u64>(), 0);
}
