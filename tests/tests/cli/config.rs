//! Configuring plugins: what is set, where it comes from, and what is refused.

use serde_json::{Value, json};

use super::home::Home;

fn settings(home: &Home, args: &[&str]) -> Vec<Value> {
    let args = [&["--json"], args].concat();
    home.hal9(args).json()["settings"].as_array().unwrap().clone()
}

fn of<'a>(settings: &'a [Value], key: &str) -> &'a Value {
    settings.iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no {key} in {settings:?}"))
}

/// What the plugin got.
fn configured(home: &Home, env: &[&str]) -> Value {
    let args = [&["--json"], env, &["signal", "send", "--layer", "L2", "-"]].concat();
    let content = home.hal9(args).json()["replies"][0]["signal"]["content"].clone();
    serde_json::from_str(content.as_str().unwrap()).unwrap()
}

#[test]
fn defaults_are_filled_in_and_each_value_says_where_it_comes_from() {
    let home = Home::new();
    home.load("settings");
    let expected = json!({"depth": 3, "mode": "fast", "server": {"host": "localhost", "port": 80}});
    assert_eq!(configured(&home, &[]), expected);

    let set = |args: &[&str]| home.hal9([&["plugin", "config", "set", "settings"], args].concat()).ok();
    set(&["depth", "5"]);
    set(&["name", "12"]);
    set(&["server.port", "8080"]);
    home.hal9(["--env", "test", "plugin", "list"]).error_text(2);
    home.hal9(["--json", "--env", "test", "plugin", "config", "set", "settings", "depth", "99"]).error(2);
    assert!(!home.text().contains("env.test"), "what is refused begins no environment");
    home.hal9(["--env", "test", "plugin", "config", "set", "settings", "server.host", "test.local"]).ok();

    let here = settings(&home, &["--env", "test", "plugin", "config", "get", "settings"]);
    for (key, value, from) in [
        ("depth", json!(5), "hal9.toml"),
        ("mode", json!("fast"), "default"),
        ("name", json!("12"), "hal9.toml"),
        ("server.host", json!("test.local"), "hal9.toml, env.test"),
        ("server.port", json!(8080), "hal9.toml"),
    ] {
        assert_eq!((&of(&here, key)["value"], &of(&here, key)["from"]), (&value, &from.into()), "{key}");
    }
    assert_eq!(of(&here, "api_key")["value"], Value::Null);
    assert_eq!(of(&here, "depth")["description"], "How deep it looks");
    assert_eq!(configured(&home, &["--env", "test"])["server"], json!({"host": "test.local", "port": 8080}));
    assert_eq!(configured(&home, &[])["server"], json!({"host": "localhost", "port": 8080}));

    let below = settings(&home, &["plugin", "config", "get", "settings", "server"]);
    assert_eq!(below.len(), 2, "{below:?}");
    home.hal9(["--json", "plugin", "config", "get", "settings", "serve"]).error(3);
    let text = home.hal9(["plugin", "config", "get", "settings"]).ok().stdout;
    assert!(text.contains("How deep it looks") && text.contains("8080"), "{text}");

    home.hal9(["plugin", "config", "unset", "settings", "depth"]).ok();
    assert_eq!(configured(&home, &[])["depth"], 3);
    home.hal9(["--json", "plugin", "config", "unset", "settings", "depth"]).error(3);
}

#[test]
fn what_the_schema_refuses_is_not_written_and_comments_stay() {
    let home = Home::new();
    home.load("settings");
    let before = "# mine\n[plugins.\"test.settings\".config]\ndepth = 4 # deep enough\n";
    std::fs::write(home.settings(), before).unwrap();
    for (key, value, allowed) in [
        ("depth", "10", "maximum of 9"),
        ("depth", "\"x\"", "integer"),
        ("mode", "best", "\"good\""),
        ("deep", "1", "deep"),
        ("server.name", "\"x\"", "name"),
    ] {
        let error = home.hal9(["--json", "plugin", "config", "set", "settings", key, value]).error(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(allowed) && error["plugin"] == "test.settings", "{key}={value}: {error}");
        assert_eq!(home.text(), before);
    }
    home.hal9(["--json", "plugin", "config", "set", "settings", "a..b", "1"]).error(2);
    home.hal9(["--json", "plugin", "config", "set", "settings", "depth", "--", "-1"]).error(2);
    home.hal9(["plugin", "config", "set", "settings", "depth", "5"]).ok();
    assert_eq!(home.text(), before.replace('4', "5"));
    // What was wrong before can be put right in steps, and says what is still wrong.
    std::fs::write(home.settings(), "[plugins.\"test.settings\".config]\ndepth = 99\nmode = \"best\"\n").unwrap();
    home.hal9(["--json", "signal", "send", "--layer", "L2", "-"]).error(2);
    let value = home.hal9(["--json", "plugin", "config", "set", "settings", "depth", "5"]).json();
    assert_eq!(value["missing"][0]["key"], "mode", "{value}");
    home.hal9(["plugin", "config", "set", "settings", "mode", "good"]).ok();
    assert_eq!(configured(&home, &[])["mode"], "good");
}

#[test]
fn what_is_taken_out_leaves_no_empty_table_and_what_must_be_there_is_not() {
    let home = Home::new();
    home.load("settings");
    home.hal9(["plugin", "config", "set", "settings", "depth", "5"]).ok();
    home.hal9(["plugin", "config", "unset", "settings", "depth"]).ok();
    assert_eq!(home.text().trim(), "");
    let error = home.hal9(["--json", "plugin", "config", "set", "settings", "depth", "abc"]).error(2);
    let help = error["help"].as_str().unwrap();
    assert!(help.contains("whole number") && !help.contains("quotes"), "{error}");

    let folder = home.path().join("needs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(hal9_tests::guest("raw-neuron"), folder.join("raw_neuron.wasm")).unwrap();
    let text = std::fs::read_to_string(hal9_tests::guests_dir().join("raw-neuron/manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    manifest["configuration"] =
        json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]});
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    let id = manifest["metadata"]["id"].as_str().unwrap();
    std::fs::write(home.settings(), format!("[plugins.\"{id}\".config]\npath = \"a\"\n")).unwrap();
    home.hal9(["plugin".as_ref(), "load".as_ref(), "--dev".as_ref(), folder.as_os_str()]).ok();
    let error = home.hal9(["--json", "plugin", "config", "unset", id, "path"]).error(2);
    assert!(error["help"].as_str().unwrap().contains(&format!("config set {id} path VALUE")), "{error}");
}

#[test]
fn instances_and_rests_are_configured_as_well() {
    let home = Home::new();
    home.load("settings");
    std::fs::write(home.settings(), "[plugins.\"test.settings\"]\nruntime = { persistent = false, parallel = 2 }\n")
        .unwrap();
    configured(&home, &[]);
    let info = home.hal9(["--json", "plugin", "info", "settings"]).json();
    let runtime = json!({"lazy": true, "persistent": false, "parallel": 2, "recycle_after": null});
    assert_eq!((&info["runtime"], &info["config"]["depth"]), (&runtime, &json!(3)), "{info}");
    std::fs::write(home.settings(), "[plugins.\"test.settings\"]\nruntime = { parallel = 65 }\n").unwrap();
    let error = home.hal9(["--json", "plugin", "list"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("1 to 64"), "{error}");
}
