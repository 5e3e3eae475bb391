//! Secrets in configurations: by reference only, there when the plugin is loaded, and in nothing that anybody reads.

use super::home::{Home, Run};
use super::packages::Shelf;

const SECRET: &str = "hunter2-and-more";

/// A home whose plugin has its key from the environment.
fn home() -> Home {
    let home = Home::new();
    home.load("settings");
    home.hal9(["plugin", "config", "set", "settings", "api_key", "--from-env", "TEST_API_KEY"]).ok();
    home
}

fn with_key(home: &Home, args: &[&str]) -> Run {
    Run::of(home.command(args).env("TEST_API_KEY", SECRET))
}

#[test]
fn a_secret_reaches_the_plugin_and_nobody_else() {
    let home = home();
    let reply = with_key(&home, &["--json", "signal", "send", "--layer", "L2", "api_key"]).json();
    assert!(reply["replies"][0]["signal"]["content"].as_str().unwrap().contains(SECRET), "it is the plugin's to use");
    // The plugin has logged it.
    let logged = with_key(&home, &["--json", "plugin", "logs", "settings"]).json();
    assert!(logged["lines"][0]["message"].as_str().unwrap().contains("(secret)"), "{logged}");
    for args in [
        &["--json", "plugin", "config", "get", "settings"][..],
        &["plugin", "config", "get", "settings"],
        &["--json", "plugin", "info", "settings"],
        &["plugin", "info", "settings"],
        &["--json", "audit", "show"],
        &["plugin", "logs", "settings"],
    ] {
        let run = with_key(&home, args).ok();
        assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{args:?}: {run:#?}");
    }
    for file in walk(home.path()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|it| it == SECRET.as_bytes()), "{}", file.display());
    }
    let shown = with_key(&home, &["--json", "plugin", "config", "get", "settings", "api_key"]).json();
    assert_eq!(shown["settings"][0]["value"], serde_json::json!({"$env": "TEST_API_KEY"}));
    assert_eq!(shown["settings"][0]["secret"], true);
}

#[test]
fn a_secret_is_masked_however_the_plugin_writes_it_and_one_too_short_for_that_is_told() {
    let home = home();
    let with = |secret: &str, args: &[&str]| Run::of(home.command(args).env("TEST_API_KEY", secret));
    // The plugin logs it as JSON.
    let send = with(r#"pa"ss\word1234"#, &["signal", "send", "--layer", "L2", "api_key"]).ok();
    assert!(!send.stderr.contains("not masked"), "{send:?}");
    let logged = home.hal9(["--json", "plugin", "logs", "settings"]).json();
    assert_eq!(logged["lines"][0]["message"], "api_key is \"(secret)\"", "{logged}");
    let short = with("secret1", &["signal", "send", "--layer", "L2", "-"]).ok();
    assert!(short.stderr.contains("`api_key` has less than 8 bytes, and is not masked"), "{short:?}");
    let help = home.hal9(["plugin", "config", "set", "--help"]).ok().stdout;
    assert!(help.replace('\n', " ").contains("shorter than 8 bytes"), "{help}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn what_is_not_there_or_not_allowed_is_said_without_the_value() {
    let home = home();
    let missing = home.hal9(["--json", "signal", "send", "--layer", "L2", "-"]).error(2);
    let message = missing["message"].as_str().unwrap();
    assert!(message.contains("`api_key`") && message.contains("TEST_API_KEY is not set"), "{missing}");
    assert_eq!(missing["plugin"], "test.settings");
    // Too short for the schema.
    let run = Run::of(home.command(["--json", "signal", "send", "--layer", "L2", "-"]).env("TEST_API_KEY", "zzz"));
    let short = run.error(2).to_string();
    assert!(short.contains("api_key") && short.contains("4") && !short.contains("zzz"), "{short}");
    // Looking at the plugin needs no secret.
    home.hal9(["plugin", "info", "settings"]).ok();
}

#[test]
fn a_secret_in_plain_text_is_refused_and_one_that_is_there_is_hidden() {
    let home = Home::new();
    home.load("settings");
    let run = home.hal9(["--json", "plugin", "config", "set", "settings", "api_key", SECRET]);
    assert!(!run.stderr.contains(SECRET), "{run:?}");
    let help = run.error(2)["help"].as_str().unwrap().to_owned();
    assert!(help.contains("--from-env") && help.contains("--from-file"), "{help}");
    assert!(!home.text().contains(SECRET));
    // Written by hand.
    std::fs::write(home.settings(), format!("[plugins.\"test.settings\".config]\napi_key = \"{SECRET}\"\n")).unwrap();
    for args in [&["--json", "plugin", "config", "get", "settings"][..], &["--json", "plugin", "info", "settings"]] {
        let run = home.hal9(args).ok();
        assert!(!run.stdout.contains(SECRET) && run.stdout.contains("$hidden"), "{run:?}");
    }
}

#[test]
fn a_secret_is_read_from_a_file_beside_the_settings() {
    let home = Home::new();
    home.load("settings");
    home.hal9(["plugin", "config", "set", "settings", "api_key", "--from-file", "key.txt"]).ok();
    let error = home.hal9(["--json", "plugin", "activate", "settings"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("key.txt"), "{error}");
    std::fs::write(home.path().join("key.txt"), format!("{SECRET}\n")).unwrap();
    let reply = home.hal9(["--json", "signal", "send", "--layer", "L2", "-"]).json();
    let content = reply["replies"][0]["signal"]["content"].as_str().unwrap();
    assert!(content.contains(&format!("\"api_key\":\"{SECRET}\"")), "{content}");
}

#[test]
fn a_plugin_with_a_secret_is_upgraded_and_switched() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let first = shelf.guest("settings", "0.1.0");
    home.install(&first);
    home.hal9(["plugin", "config", "set", "settings", "api_key", "--from-env", "TEST_API_KEY"]).ok();
    shelf.guest("settings", "0.2.0");
    let upgrade = ["--json", "plugin", "upgrade", "--allow-unsigned"];
    let error = home.hal9(upgrade).error(2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("TEST_API_KEY is not set") && message.contains("version 0.1.0 goes on"), "{error}");
    let short = Run::of(home.command(upgrade).env("TEST_API_KEY", "zzz")).error(2).to_string();
    assert!(short.contains("api_key") && !short.contains("zzz"), "{short}");
    with_key(&home, &upgrade).ok();
    assert_eq!(home.versions(), ["test.settings 0.2.0"]);
    with_key(&home, &["plugin", "use", "settings", "0.1.0"]).ok();
    assert_eq!(home.versions(), ["test.settings 0.1.0"]);
    with_key(&home, &["plugin", "use", "settings", "0.2.0"]).ok();
    let older = first.to_str().unwrap();
    with_key(&home, &["plugin", "install", older, "--allow-unsigned", "--allow-downgrade"]).ok();
    assert_eq!(home.versions(), ["test.settings 0.1.0"]);
}

#[test]
fn what_is_told_beside_a_result_has_no_secret_in_it() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let emits = std::fs::read(hal9_tests::guest("uses-signals")).unwrap();
    home.install(&shelf.packed("test.emits", "1.0.0", serde_json::json!({ "permissions": ["Hal9Signal"] }), &emits));
    home.load("lifecycle");
    let settings = "[trust]\nallow_unsigned = true\n[plugins.\"test.lifecycle\".config]\ninit = \"fail\"\ntoken = { \"$env\" = \"TEST_API_KEY\" }\n";
    std::fs::write(home.settings(), settings).unwrap();
    let send = |layer| with_key(&home, &["signal", "send", "--layer", layer, r#"{"count": 0}"#]);
    let failed = send("L2").error_text(8);
    assert!(failed.contains("cannot init with \"(secret)\""), "{failed}");
    // It is told here that a neuron cannot be reached, and the command goes on.
    let told = send("L1").ok().stderr;
    assert!(told.contains("test.lifecycle cannot be reached") && told.contains("(secret)"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}
