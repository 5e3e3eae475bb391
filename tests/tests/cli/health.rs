//! How plugins feel, asked of themselves.

use super::home::Home;

#[test]
fn plugins_are_asked_and_one_that_is_unhealthy_is_a_failure() {
    let home = Home::new();
    home.hal9(["plugin", "health"]).ok();
    home.load("settings");
    home.load("flood");
    let status = |args: &[&str]| {
        let value = home.hal9([&["--json", "plugin", "health"], args].concat()).json();
        let plugins = value["plugins"].as_array().unwrap().clone();
        plugins.iter().map(|plugin| plugin["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(status(&[]), ["healthy", "healthy"]);
    home.hal9(["plugin", "config", "set", "settings", "feels", "degraded"]).ok();
    assert_eq!(status(&["settings"]), ["degraded"]);
    home.hal9(["plugin", "config", "set", "settings", "feels", "unhealthy"]).ok();
    let run = home.hal9(["--json", "plugin", "health"]);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(shown["plugins"][1]["reason"], "was told to", "{shown}");
    let error = run.error(8);
    assert_eq!((&error["reason"], &error["plugin"]), (&"unhealthy".into(), &"test.settings".into()));
    assert_eq!(status(&["flood"]), ["healthy"]);
    let list = home.hal9(["--json", "plugin", "list"]).json();
    for plugin in list["plugins"].as_array().unwrap() {
        assert_eq!((&plugin["usage"]["calls"], &plugin["usage"]["so_far"]), (&0.into(), &"unused".into()), "{plugin}");
    }
}

#[test]
fn one_that_cannot_start_is_unhealthy_and_says_why() {
    let home = Home::new();
    home.load("lifecycle");
    std::fs::write(home.settings(), "[plugins.\"test.lifecycle\".config]\ninit = \"fail\"\n").unwrap();
    let run = home.hal9(["--json", "plugin", "health"]);
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&shown["plugins"][0]["answered"], &shown["plugins"][0]["status"]),
        (&false.into(), &"unhealthy".into())
    );
    let error = run.error(8);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("cannot init") && message.matches("test.lifecycle").count() == 1, "{error}");
    // What is counted is counted, this time included, and it is told once whose error it is.
    let told = shown["plugins"][0]["usage"].clone();
    assert_eq!(told, home.hal9(["--json", "plugin", "info", "lifecycle"]).json()["usage"]);
    let text = home.hal9(["plugin", "health"]).error_text(8);
    assert_eq!(text.lines().next().unwrap().matches("test.lifecycle").count(), 1, "{text}");
}

#[test]
fn what_a_plugin_does_while_it_is_asked_is_counted_in_the_answer() {
    let home = Home::new();
    home.load("settings");
    let shown = home.hal9(["--json", "plugin", "health", "settings"]).json()["plugins"][0]["usage"].clone();
    assert_eq!(shown, home.hal9(["--json", "plugin", "info", "settings"]).json()["usage"]);
}
