//! Ten thousand plugins that live in one process: each is loaded for itself, has an instance of its own and answers, and the
//! one that would be too many is refused while all others go on. It asserts counts and bytes, and no times.

use std::sync::Arc;

use hal9_host::{AuditEvent, AuditSink, Call, EngineConfig, Error, Host, Limit, LoadOptions, Manager, Plugin, Signal};
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
