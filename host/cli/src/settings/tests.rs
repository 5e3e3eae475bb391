use std::time::Duration;

use hal9_host::Breaker;
use hal9_package::PermissionKind;

use super::*;

fn read(text: &str, environment: Option<&str>) -> Result<Settings, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hal9.toml");
    std::fs::write(&path, text).unwrap();
    Settings::read(&path, environment)
}

const TEXT: &str = r#"
    [host]
    memory = "1GiB"
    connections = 3

    [plugins."ai.hal9.x"]
    grant = ["Hal9Memory", "FileRead:./data=>/data"]
    deny = ["Hal9Memory:secret/"]
    limits = { memory = "32MiB", call_time = "1s" }
    config = { depth = 3, name = "a" }

    [env.production.plugins."ai.hal9.x"]
    deny = ["SystemTime"]
    limits = { memory = "16MiB" }
    config = { depth = 9 }
"#;

#[test]
fn an_environment_lies_over_the_rest() {
    let id: PluginId = "ai.hal9.x".parse().unwrap();
    let usual = read(TEXT, None).unwrap().plugin(&id);
    assert!(usual.grant.unwrap().contains(PermissionKind::Hal9Memory));
    assert_eq!((usual.config["depth"].as_u64(), usual.deny.to_string().as_str()), (Some(3), "Hal9Memory:secret/"));
    let production = read(TEXT, Some("production")).unwrap().plugin(&id);
    assert!(production.grant.is_some());
    assert_eq!(production.deny.to_string(), "SystemTime, Hal9Memory:secret/", "an environment denies besides");
    assert_eq!((&production.config["depth"], &production.config["name"]), (&9.into(), &"a".into()));
    assert_eq!(production.limits.memory.unwrap().0, 16 << 20);
    assert_eq!(production.limits.call_time.unwrap().as_secs(), 1);
}

#[test]
fn tables_of_an_environment_lie_over_tables_and_references_are_values() {
    let text = r#"
        [plugins."ai.hal9.x".config]
        server = { host = "a", port = 1 }
        token = { "$env" = "TOKEN" }
        list = [1, 2]
        [env.production.plugins."ai.hal9.x".config]
        server = { port = 2 }
        token = { "$file" = "token.txt" }
        list = [3]
    "#;
    let config = read(text, Some("production")).unwrap().plugin(&"ai.hal9.x".parse().unwrap()).config;
    let expected = serde_json::json!({
        "server": {"host": "a", "port": 2},
        "token": {"$file": "token.txt"},
        "list": [3],
    });
    assert_eq!(Value::Object(config), expected);
}

#[test]
fn what_is_said_of_instances_and_rests_is_taken_part_by_part() {
    let text = r#"
        [plugins."ai.hal9.x"]
        runtime = { parallel = 4, lazy = false }
        breaker = { failures = 2 }
        [env.production.plugins."ai.hal9.x"]
        runtime = { parallel = 8 }
        breaker = { cooldown = "250ms" }
    "#;
    let plugin = read(text, Some("production")).unwrap().plugin(&"ai.hal9.x".parse().unwrap());
    assert_eq!((plugin.runtime.parallel, plugin.runtime.lazy), (Some(8), Some(false)));
    assert_eq!(plugin.breaker(), Breaker { failures: 2, cooldown: Duration::from_millis(250) });
    assert_eq!(PluginSettings::default().breaker(), Breaker::default());
    for wrong in ["runtime = { parallel = 0 }", "breaker = { cooldown = \"2days\" }", "breaker = { fails = 1 }"] {
        assert!(read(&format!("[plugins.\"ai.hal9.x\"]\n{wrong}"), None).is_err(), "{wrong}");
    }
}

#[test]
fn totals_are_the_defaults_but_for_what_is_said() {
    let totals = read(TEXT, None).unwrap().totals();
    assert_eq!((totals.memory.0, totals.connections), (1 << 30, 3));
    assert_eq!(totals.open_files, HostLimits::default().open_files);
    assert_eq!(read("[host]\ninstances = 20000", None).unwrap().engine().max_instances, 20_000);
    assert!(read("[host]\ninstances = 0", None).is_err());
    assert!(read("[host]\ncores = 0", None).is_err() && read("[host]\ncore = 1", None).is_err());
}

#[test]
fn certificates_lie_beside_the_file_and_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[network]\nextra_roots = [\"ca.pem\"]\n";
    let network = || Settings::parse(text, &folder.path().join("hal9.toml"), None).unwrap().network();
    assert!(network().unwrap_err().message.contains("ca.pem"));
    std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    assert!(network().unwrap_err().message.contains("no certificates"));
    let pem = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
    std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
    assert_eq!(network().unwrap().extra_roots, [[0, 1, 2]]);
}

#[test]
fn relative_paths_begin_at_the_folder_of_the_file() {
    let settings = Settings::parse(TEXT, Path::new("/home/hal9.toml"), None).unwrap();
    let granted = settings.plugin(&"ai.hal9.x".parse().unwrap()).grant.unwrap();
    assert_eq!(granted.scopes(PermissionKind::FileRead).next(), Some(Some("/home/data=>/data")));
}

#[test]
fn what_is_malformed_is_an_error_that_names_the_line() {
    for text in ["[plugins", "[plugins.\"ai.hal9.x\"]\ngrants = []", "[plugins.\"ai.hal9.x\"]\ngrant = [\"All\"]"] {
        let failure = read(text, None).unwrap_err();
        assert!(failure.message.contains("hal9.toml: ") && failure.message.contains("line "), "{}", failure.message);
    }
    assert!(read(TEXT, Some("staging")).unwrap_err().help.unwrap().contains("production"));
    assert!(Settings::read(Path::new("/nowhere/hal9.toml"), None).unwrap().plugins.is_empty());
}
