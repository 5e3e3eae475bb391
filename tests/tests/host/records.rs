//! The record that is made of whatever a plugin tries: one, with its kind, its plugin and what to do about it.

use hal9_host::{AuditKind, LoadOptions};
use hal9_package::{ByteSize, LimitOverrides, PluginId};

use crate::lab::{Lab, answer, ask, capped, granted, hurried, neuron};

#[tokio::test]
async fn what_breaks_or_reaches_a_limit_is_recorded_once() {
    let lab = Lab::new();
    let small = || capped(LimitOverrides { memory: Some(ByteSize::mib(8)), ..LimitOverrides::default() });
    let rate = || LimitOverrides { host_calls: Some(50), ..LimitOverrides::default() };
    for (guest, content, options, kind, says) in [
        ("faults", "panic", hurried(), AuditKind::Trap, "unreachable"),
        ("faults", "exit", hurried(), AuditKind::Trap, "exited with status 1"),
        ("faults", "spin", hurried(), AuditKind::Limit, "deadline"),
        ("faults", "sleep", hurried(), AuditKind::Limit, "deadline"),
        ("faults", "grow", small(), AuditKind::Limit, "memory"),
        ("faults", "recurse", hurried(), AuditKind::Limit, "stack"),
        ("flood", "lines 100000", hurried(), AuditKind::Limit, "output"),
        ("flood", "lines 1000", capped(rate()), AuditKind::Limit, "rate"),
        ("hoard", "pollables 2000", hurried(), AuditKind::Limit, "resources"),
    ] {
        let plugin = lab.load_with(guest, options).unwrap();
        answer(&plugin, "before").await;
        ask(&plugin, content).await.unwrap_err();
        let event = lab.audit.one();
        assert_eq!((event.kind, event.plugin.as_ref()), (kind, Some(plugin.id())), "{content}");
        assert!(event.message.contains(says), "{content}: {}", event.message);
        assert!(!event.message.contains(char::is_control), "{:?}", event.message);
        assert_eq!(event.help.is_empty(), kind == AuditKind::Trap, "{}", event.help);
        // A benign call after it is no record.
        answer(&plugin, "after").await;
        assert!(lab.audit.take().is_empty());
    }
}

#[tokio::test]
async fn what_is_refused_is_recorded_once_with_what_would_allow_it() {
    let lab = Lab::new();
    let memory = lab.load_with("uses-memory", granted(&["Hal9Memory:notes/"])).unwrap();
    let metrics = lab.load_with("uses-metrics", granted(&["Hal9Metrics:work."])).unwrap();
    let load = |guest: &str, permission: &str| {
        let options =
            LoadOptions { manifest: Some(neuron("test.probe", "L2", &[permission])), ..LoadOptions::declared() };
        lab.load_with(guest, options).unwrap()
    };
    let signals = load("uses-signals", "Hal9Signal:L3");
    let calls = load("uses-plugins", "PluginCall:test.echo");
    for (plugin, good, bad, permission) in [
        (&memory, "get notes/1", "get other", "Hal9Memory:other"),
        (&metrics, "gauge work.x 1", "gauge other 1", "Hal9Metrics:other"),
        (&signals, r#"{"layer":"L3","content":""}"#, r#"{"layer":"L9","content":""}"#, "Hal9Signal:L9"),
        (&calls, "ask test.echo x", "ask test.faults x", "PluginCall:test.faults"),
    ] {
        answer(plugin, good).await;
        assert!(lab.audit.take().is_empty(), "{good}");
        answer(plugin, bad).await;
        let event = lab.audit.one();
        assert_eq!((event.kind, event.plugin.as_ref()), (AuditKind::Deny, Some(plugin.id())));
        assert_eq!(event.permission.unwrap().to_string(), permission);
        assert!(event.help.contains(permission.split(':').next().unwrap()), "{}", event.help);
    }
}

/// Guards `Guard::limited` wherever a plugin is told of a limit and goes on.
#[tokio::test]
async fn limits_that_do_not_end_a_call_are_recorded_too() {
    let lab = Lab::new();
    let caps = LimitOverrides {
        memory_keys: Some(1),
        memory_value: Some(ByteSize(10)),
        metric_names: Some(1),
        signal_bytes: Some(ByteSize(1_000)),
        ..LimitOverrides::default()
    };
    let memory = lab.load_with("uses-memory", capped(caps.clone())).unwrap();
    let metrics = lab.load_with("uses-metrics", capped(caps.clone())).unwrap();
    for (plugin, good, bad, limit) in [
        (&memory, "set a x", "set b x", "memory-keys"),
        (&memory, "set a x", "fill a 11", "memory-value"),
        (&metrics, "gauge a 1", "gauge b 1", "metric-names"),
    ] {
        answer(plugin, good).await;
        assert!(lab.audit.take().is_empty(), "{good}");
        answer(plugin, bad).await;
        let event = lab.audit.one();
        assert_eq!(event.kind, AuditKind::Limit);
        assert!(event.message.contains(&format!("its {limit} limit")), "{}", event.message);
        assert!(event.help.contains(&limit.replace('-', "_")), "{}", event.help);
    }
    ask(&memory, &"x".repeat(1_001)).await.unwrap_err();
    assert!(lab.audit.one().message.contains("size limit"), "what is too large to be sent");
}

/// Guards `PluginsCtx::edge`: what no permission allows is recorded as well.
#[tokio::test]
async fn calls_in_a_circle_are_recorded() {
    let lab = Lab::new();
    let manifest = Some(neuron("test.probe", "L2", &["PluginCall:test.probe"]));
    let plugin = lab.load_with("uses-plugins", LoadOptions { manifest, ..LoadOptions::declared() }).unwrap();
    answer(&plugin, "ask test.probe x").await;
    let event = lab.audit.one();
    assert!(event.kind == AuditKind::Deny && event.message.contains("waits for this one"), "{}", event.message);
}

/// Guards `Guard::inert`: who finds nothing is told why, once.
#[tokio::test]
async fn what_wasi_does_not_give_is_recorded_where_it_was_declared() {
    let lab = Lab::new();
    for (permission, order) in [
        ("SystemTime", "time"),
        ("SystemRandom", "random"),
        ("SystemEnv:PATH", "env PATH"),
        ("FileRead:/tmp=>/data", "read /data/file"),
        ("FileWrite:/tmp=>/data", "write /data/file"),
    ] {
        let options = |declared: &[&str]| LoadOptions {
            manifest: Some(neuron("test.probe", "L2", declared)),
            ..LoadOptions::default()
        };
        let plugin = lab.load_with("wasi", options(&[permission])).unwrap();
        answer(&plugin, order).await;
        answer(&plugin, order).await;
        let event = lab.audit.one();
        assert_eq!((event.kind, event.permission.unwrap().to_string().as_str()), (AuditKind::Deny, permission));
        // A plugin that does not say that it needs it is not told of.
        answer(&lab.load_with("wasi", options(&[])).unwrap(), order).await;
        assert!(lab.audit.take().is_empty(), "{order}");
    }
}

#[tokio::test]
async fn what_is_no_plugin_is_recorded() {
    let lab = Lab::new();
    lab.manager.host().compile("something", b"no component").unwrap_err();
    let event = lab.audit.one();
    assert!(event.kind == AuditKind::Deny && event.message.contains("something"), "{}", event.message);
}

#[tokio::test]
async fn a_plugin_that_may_not_be_loaded_is_recorded() {
    let lab = Lab::new();
    lab.load_with("uses-memory", LoadOptions::default()).unwrap_err();
    let event = lab.audit.one();
    assert_eq!(event.kind, AuditKind::Deny);
    assert!(event.message.contains("hal9:plugin/memory@0.1.0") && event.message.contains("Hal9Memory"));
    assert!(event.help.contains("hal9 policy grant test.uses-memory 'Hal9Memory'"), "{}", event.help);
    lab.load_with("undeclared", granted(&["Hal9Memory"])).unwrap_err();
    assert!(lab.audit.one().message.contains("not declared"));
}

#[tokio::test]
async fn a_denial_takes_away_what_was_granted() {
    let lab = Lab::new();
    let deny = crate::lab::permissions(&["Hal9Memory:secret/"]);
    let options = LoadOptions { deny, ..LoadOptions::declared() };
    let plugin = lab.load_with("uses-memory", options).unwrap();
    assert_eq!(answer(&plugin, "set notes x").await, "Ok(())");
    assert_eq!(answer(&plugin, "set secret/1 x").await, "Err(Denied)");
    assert_eq!(answer(&plugin, "keys ").await, "Err(Denied)", "what is denied would be among them");
    assert_eq!(answer(&plugin, "keys n").await, r#"Ok(["notes"])"#);
    let deny = crate::lab::permissions(&["Hal9Memory"]);
    lab.load_with("uses-memory", LoadOptions { deny, ..LoadOptions::declared() }).unwrap_err();
}

#[tokio::test]
async fn a_life_is_recorded_from_its_load_to_its_end() {
    let lab = Lab::new();
    let plugin = lab.activate("uses-memory", granted(&["Hal9Memory:a"])).await;
    let id: PluginId = plugin.id().clone();
    lab.manager.unload(&id).await.unwrap();
    let events = lab.audit.all();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [AuditKind::Load, AuditKind::Unload]);
    assert_eq!(events[0].message, "version 0.1.0, granted Hal9Memory:a");
}
