use std::path::{Path, PathBuf};

use serde_json::json;

use super::home::Home;
use super::packages::{Shelf, Signer};

#[test]
fn a_plugin_is_loaded_shown_deactivated_and_unloaded() {
    let home = Home::new();
    home.load("two-kinds");
    let list = || home.hal9(["--json", "plugin", "list"]).json()["plugins"].clone();
    assert_eq!((&list()[0]["id"], &list()[0]["active"]), (&"test.two-kinds".into(), &true.into()));
    let call = || home.hal9(["--json", "tool", "call", "counter"]);
    call().ok();
    home.hal9(["plugin", "deactivate", "two-kinds"]).ok();
    assert_eq!(list()[0]["active"], false);
    call().error(3);
    home.hal9(["plugin", "activate", "Two kinds"]).ok();
    call().ok();
    let info = home.hal9(["--json", "plugin", "info", "test.two-kinds"]).json();
    assert_eq!((&info["source"], &list()[0]["source"]), (&"linked".into(), &"linked".into()));
    for path in ["folder", "component"] {
        assert!(std::path::Path::new(info[path].as_str().unwrap()).exists(), "{path} of {info}");
    }
    let usage = info["usage"].clone();
    assert!(usage["calls"] == 2 && usage["time_us"].as_u64() > Some(0), "its starts are no calls: {usage}");
    assert_eq!(usage["so_far"], "steady");
    home.hal9(["plugin", "unload", "test.two-kinds"]).ok();
    assert!(list().as_array().unwrap().is_empty());
    home.hal9(["--json", "plugin", "info", "test.two-kinds"]).error(3);
}

#[test]
fn info_shows_grants_and_every_limit() {
    let home = Home::new();
    std::fs::write(
        home.path().join("hal9.toml"),
        "[plugins.\"ai.hal9.sentiment-analyzer\".limits]\nmemory = \"32MiB\"\n",
    )
    .unwrap();
    home.load("sentiment-analyzer");
    let value = home.hal9(["--json", "plugin", "info", "sentiment-analyzer"]).json();
    assert_eq!(value["granted"], serde_json::json!(["SystemTime", "Hal9Memory"]));
    for limit in ["memory", "call_time", "host_memory", "handles", "resources", "random_bytes", "output"] {
        assert!(value["limits"][limit].is_string(), "no {limit} in {}", value["limits"]);
    }
    assert_eq!(value["limits"]["memory"].as_str().unwrap().replace(' ', ""), "32MiB");
    let run = home.hal9(["plugin", "info", "sentiment-analyzer"]).ok();
    assert!(run.stdout.contains("Hal9Memory") && run.stdout.contains("call_time"), "{}", run.stdout);
}

#[test]
fn what_a_plugin_logs_can_be_read_and_cannot_reach_the_terminal() {
    let home = Home::new();
    home.load("flood");
    home.hal9(["signal", "send", "--layer", "L2", "lines 3"]).ok();
    home.hal9(["signal", "send", "--layer", "L2", "stderr 2"]).ok();
    let value = home.hal9(["--json", "plugin", "logs", "flood"]).json();
    let lines: Vec<_> =
        value["lines"].as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(lines, ["0", "1", "2", "0123456789", "0123456789"]);
    let value = home.hal9(["--json", "plugin", "logs", "flood", "--level", "warn", "--tail", "1"]).json();
    assert_eq!((&value["lines"][0]["source"], value["lines"].as_array().unwrap().len()), (&"stderr".into(), 1));
}

#[test]
fn a_plugin_gets_its_configuration_by_environment() {
    let home = Home::new();
    std::fs::write(
        home.path().join("hal9.toml"),
        "[plugins.\"ai.hal9.sentiment-analyzer\".config]\ncache = false\n\
         [env.test.plugins.\"ai.hal9.sentiment-analyzer\".config]\npositive_threshold = 1.0\n",
    )
    .unwrap();
    home.load("sentiment-analyzer");
    let label = |env: &[&str]| {
        let args = [&["--json"], env, &["signal", "send", "--layer", "L2", "This is nice."]].concat();
        home.hal9(args).json()["replies"][0]["signal"]["metadata"].clone()
    };
    assert_eq!((&label(&[])["label"], &label(&[])["cache"]), (&"positive".into(), &"off".into()));
    assert_eq!(label(&["--env", "test"])["label"], "neutral");
    home.hal9(["--json", "--env", "other", "plugin", "list"]).error(2);
}

#[test]
fn the_list_says_what_keeps_a_plugin_from_working() {
    let (home, shelf, signer) = (Home::new(), Shelf::new(), Signer::new());
    let key = signer.key().to_string();
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]});
    let packages = [
        shelf.package("test.fine", "1.0.0", json!({})),
        shelf.package("test.needy", "1.0.0", json!({ "configuration": schema })),
    ];
    for package in &packages {
        signer.sign(package);
        home.hal9(["plugin", "install", package.to_str().unwrap(), "--accept", "--key", &key]).ok();
    }
    let states = || {
        let list = home.hal9(["--json", "plugin", "list"]).json();
        let states =
            list["plugins"].as_array().unwrap().iter().map(|plugin| plugin["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    assert_eq!(states(), ["active", "unconfigured"]);
    home.hal9(["plugin", "config", "set", "test.needy", "path", "a"]).ok();
    assert_eq!(states(), ["active", "active"]);
    home.hal9(["plugin", "deactivate", "test.needy"]).ok();
    assert_eq!(states(), ["active", "inactive"]);
    let info = home.hal9(["--json", "plugin", "info", "test.fine"]).json();
    let digest = info["component"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let blob = find(home.path(), &digest).expect("the component is a file of its digest's name");
    let bytes = std::fs::read(&blob).unwrap();
    std::fs::remove_file(&blob).unwrap();
    assert_eq!(states()[0], "damaged");
    std::fs::write(&blob, bytes).unwrap();
    home.hal9(["policy", "revoke-key", &key]).ok();
    assert_eq!(states(), ["revoked", "revoked"]);
    assert!(home.hal9(["plugin", "list"]).ok().stdout.contains(" revoked "));
}

/// The file of this name below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find_map(|path| match path.is_dir() {
        true => find(&path, name),
        false => (path.file_name()? == name).then_some(path),
    })
}
