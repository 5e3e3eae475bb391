use super::home::Home;

fn load(home: &Home, guest: &str, more: &[&str]) -> super::home::Run {
    let file = hal9_tests::guest(guest);
    home.hal9([&["--json", "plugin", "load", "--dev", file.to_str().unwrap()], more].concat())
}

#[test]
fn an_import_that_is_not_granted_is_refused_with_the_line_that_grants_it_which_does() {
    let home = Home::new();
    let error = load(&home, "uses-memory", &["--no-grants"]).error(6);
    assert_eq!((&error["code"], &error["reason"]), (&"permission-denied".into(), &"ungranted".into()));
    let (message, help) = (error["message"].as_str().unwrap(), error["help"].as_str().unwrap());
    assert!(message.contains("hal9:plugin/memory@0.1.0") && message.contains("Hal9Memory"), "{message}");
    let plugin = error["plugin"].as_str().unwrap();
    assert!(help.contains(&format!("[plugins.\"{plugin}\"]")) && help.contains("grant = [\"Hal9Memory\"]"), "{help}");
    assert!(home.hal9(["--json", "plugin", "list"]).json()["plugins"].as_array().unwrap().is_empty());
    // The very lines.
    std::fs::write(home.path().join("hal9.toml"), format!("[plugins.\"{plugin}\"]\ngrant = [\"Hal9Memory\"]\n"))
        .unwrap();
    assert_eq!(load(&home, "uses-memory", &["--no-grants"]).json()["granted"], serde_json::json!(["Hal9Memory"]));
}

#[test]
fn an_import_that_is_not_declared_is_refused_whatever_is_granted() {
    let error = load(&Home::new(), "undeclared", &["--grant", "Hal9Memory"]).error(6);
    assert_eq!(error["reason"], "undeclared");
    assert!(error["help"].as_str().unwrap().contains("Permission::Hal9Memory"), "{error}");
}

#[test]
fn a_grant_that_is_taken_back_holds_for_what_is_loaded() {
    let home = Home::new();
    load(&home, "sentiment-analyzer", &[]).ok();
    std::fs::write(home.path().join("hal9.toml"), "[plugins.\"ai.hal9.sentiment-analyzer\"]\ngrant = []\n").unwrap();
    home.hal9(["--json", "signal", "send", "--layer", "L2", "x"]).error(6);
}

#[test]
fn a_policy_that_is_malformed_is_an_error_and_grants_nothing() {
    let home = Home::new();
    std::fs::write(home.path().join("hal9.toml"), "[plugins.\"test.uses-memory\"]\ngrant = [\"Everything\"]\n")
        .unwrap();
    let error = load(&home, "uses-memory", &[]).error(2);
    assert!(error["message"].as_str().unwrap().contains("line 2"), "{error}");
}
