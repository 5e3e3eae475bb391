//! Permissions: what is declared and granted is linked, and of what is linked no more may be used than the scopes say.
//! What opens WASI is in `sandbox`, the edges between plugins are in `calls`.

use hal9_host::{Error, LoadOptions};
use hal9_package::PermissionKind;
use serde_json::json;

use crate::lab::{Lab, answer, described, granted, manifest, neuron};
use crate::raw::Raw;

/// Every import interface that needs a permission, with a guest that uses it and what that answers.
const INTERFACES: [(&str, PermissionKind, &str); 6] = [
    ("clock", PermissionKind::SystemTime, "SystemTime"),
    ("memory", PermissionKind::Hal9Memory, "Hal9Memory"),
    ("signals", PermissionKind::Hal9Signal, "Hal9Signal"),
    ("metrics", PermissionKind::Hal9Metrics, "Hal9Metrics"),
    ("learning", PermissionKind::Hal9Learning, "Hal9Learning"),
    ("plugins", PermissionKind::PluginCall, "PluginCall:test.echo"),
];

#[track_caller]
fn refused(error: Error, interface: &str, kind: PermissionKind, was_declared: bool) {
    let text = error.to_string();
    let Error::Ungranted { plugin, interface: import, permission, declared, help } = error else { panic!("{error:?}") };
    assert_eq!((permission, declared), (kind, was_declared));
    assert_eq!(import, format!("hal9:plugin/{interface}@0.1.0"));
    for named in [plugin.as_str(), &import, kind.as_str(), if declared { "granted" } else { "declared" }] {
        assert!(text.contains(named), "{text} names {named}");
    }
    let line =
        if declared { format!("[plugins.\"{plugin}\"]: grant = [\"{kind}") } else { format!("Permission::{kind}") };
    assert!(help.contains(&line), "{help} has {line}");
}

#[tokio::test]
async fn an_interface_is_linked_if_it_is_declared_and_granted() {
    let lab = Lab::shared();
    for (interface, kind, permission) in INTERFACES {
        assert_eq!(PermissionKind::of_interface(&format!("hal9:plugin/{interface}@0.1.0")), [kind]);
        let guest = lab.guest(&format!("uses-{interface}"));
        assert!(guest.imports().iter().any(|import| import == &format!("hal9:plugin/{interface}@0.1.0")));
        let declaring = |permissions: &[&str]| Some(neuron("test.probe", "L2", permissions));
        let load = |options| lab.manager.host().load(&guest, options);

        let options = LoadOptions { manifest: declaring(&[permission]), ..granted(&[permission]) };
        let plugin = load(options).unwrap();
        assert!(plugin.granted().contains(kind));
        let options = LoadOptions { manifest: declaring(&[permission]), ..LoadOptions::default() };
        refused(load(options).unwrap_err(), interface, kind, true);
        let others: Vec<_> = INTERFACES.iter().map(|(.., other)| *other).filter(|other| *other != permission).collect();
        let options = LoadOptions { manifest: declaring(&[permission]), ..granted(&others) };
        refused(load(options).unwrap_err(), interface, kind, true);
    }
}

#[tokio::test]
async fn a_grant_of_what_was_not_declared_grants_nothing() {
    let lab = Lab::shared();
    refused(
        lab.load_with("undeclared", granted(&["Hal9Memory"])).unwrap_err(),
        "memory",
        PermissionKind::Hal9Memory,
        false,
    );
    for (interface, kind, permission) in INTERFACES {
        let world = format!("import hal9:plugin/{interface}@0.1.0; export hal9:plugin/tool@0.1.0;");
        let bytes = Raw { world: &world, ..Raw::default() }.component();
        let component = lab.manager.host().compile("raw", &bytes).unwrap();
        let declaring = |permissions: &[&str]| Some(manifest("test.raw", json!([]), permissions));
        let load = |options| lab.manager.host().load(&component, options);
        refused(
            load(LoadOptions { manifest: declaring(&[]), ..granted(&[permission]) }).unwrap_err(),
            interface,
            kind,
            false,
        );
        load(LoadOptions { manifest: declaring(&[permission]), ..granted(&[permission]) }).unwrap();
    }
}

#[tokio::test]
async fn logging_and_config_need_no_permission() {
    let lab = Lab::shared();
    for guest in ["uses-logging", "uses-config"] {
        let plugin = lab.load_with(guest, LoadOptions::default()).unwrap();
        answer(&plugin, "").await;
        assert!(plugin.granted().is_empty());
    }
}

#[tokio::test]
async fn a_guest_imports_what_it_calls_and_no_more() {
    let lab = Lab::shared();
    let imports = lab.guest("echo").imports().to_vec();
    let ours: Vec<_> = imports.iter().filter(|import| import.starts_with("hal9:")).collect();
    assert!(
        ours.iter().all(|import| import.starts_with("hal9:plugin/types@") || import.starts_with("hal9:plugin/config@")),
        "{ours:?}"
    );
}

#[tokio::test]
async fn layers_bound_where_signals_go() {
    let lab = Lab::shared();
    let guest = lab.guest("uses-signals");
    let load = |declared: &[&str], granted: &[&str]| {
        let options =
            LoadOptions { manifest: Some(neuron("test.emitter", "L2", declared)), ..crate::lab::granted(granted) };
        lab.manager.host().load(&guest, options).unwrap()
    };
    let cases = [
        (load(&["Hal9Signal"], &["Hal9Signal"]), "None", "None"),
        (load(&["Hal9Signal:L3"], &["Hal9Signal"]), "None", "Some(Denied)"),
        (load(&["Hal9Signal"], &["Hal9Signal:L3"]), "None", "Some(Denied)"),
        (load(&["Hal9Signal:L3", "Hal9Signal:L4"], &["Hal9Signal:L4", "Hal9Signal:L5"]), "Some(Denied)", "None"),
    ];
    for (plugin, to_l3, to_l4) in cases {
        assert_eq!(answer(&plugin, r#"{"layer":"L3","content":"on"}"#).await, to_l3, "{}", plugin.granted());
        assert_eq!(answer(&plugin, r#"{"layer":"L4","content":"on"}"#).await, to_l4, "{}", plugin.granted());
    }
}

#[tokio::test]
async fn prefixes_bound_which_keys_of_memory_a_plugin_has() {
    let lab = Lab::new();
    let guest = lab.guest("uses-memory");
    let plugin = lab.manager.host().load(&guest, granted(&["Hal9Memory:notes/"])).unwrap();
    lab.memory_of(&plugin, "other/1", b"secret").await;
    for (order, expected) in [
        ("set notes/1 x", "Ok(())"),
        ("get notes/1", r#"Ok(Some("x"))"#),
        ("keys notes/", r#"Ok(["notes/1"])"#),
        ("delete notes/1", "Ok(true)"),
        ("set other/2 x", "Err(Denied)"),
        ("get other/1", "Err(Denied)"),
        ("delete other/1", "Err(Denied)"),
        ("keys other/", "Err(Denied)"),
        ("keys ", "Err(Denied)"),
    ] {
        assert_eq!(answer(&plugin, order).await, expected, "{order}");
    }
}

#[tokio::test]
async fn prefixes_bound_which_metrics_a_plugin_reports() {
    let lab = Lab::new();
    let guest = lab.guest("uses-metrics");
    let plugin = lab.manager.host().load(&guest, granted(&["Hal9Metrics:work."])).unwrap();
    answer(&plugin, "increment work.calls 1\nincrement other.calls 1").await;
    let metrics = lab.metrics.of(plugin.id());
    assert_eq!(metrics.metrics.keys().map(String::as_str).collect::<Vec<_>>(), ["work.calls"]);
    assert_eq!(metrics.dropped, 1);
}

#[tokio::test]
async fn a_manifest_that_is_given_does_not_replace_the_one_that_is_carried() {
    let lab = Lab::shared();
    let given = neuron("test.given", "L9", &["Hal9Memory"]);
    let error = lab.load_with("undeclared", described(given)).unwrap_err();
    refused(error, "memory", PermissionKind::Hal9Memory, false);
}
