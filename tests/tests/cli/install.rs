use serde_json::json;

use super::home::Home;
use super::packages::Shelf;

const ID: &str = "test.one";

#[test]
fn a_package_is_installed_runs_and_is_taken_out_again() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let value = home.install(&shelf.guest("sentiment-analyzer", "0.1.0"));
    assert_eq!(value["installed"][0]["granted"], json!(["SystemTime", "Hal9Memory"]), "{value}");
    assert_eq!(home.versions(), ["ai.hal9.sentiment-analyzer 0.1.0"]);
    let label = || home.hal9(["--json", "signal", "send", "--layer", "L2", "I love this!"]);
    assert_eq!(label().json()["replies"][0]["signal"]["metadata"]["label"], "positive");
    // Nothing of the file is needed any more.
    drop(shelf);
    label().ok();
    let listed = home.hal9(["plugin", "files", "sentiment-analyzer"]).ok().stdout;
    assert!(listed.contains("README.md") && listed.contains("plugin.wasm"), "{listed}");
    let readme = home.hal9(["plugin", "files", "sentiment-analyzer", "README.md"]).ok();
    assert_eq!(readme.stdout, "# Sentiment Analyzer 0.1.0\n");
    home.hal9(["--json", "plugin", "files", "sentiment-analyzer", "other"]).error(3);
    let shown = home.hal9(["plugin", "uninstall", "sentiment-analyzer"]).ok().stdout;
    assert!(shown.contains("HAL9's memory stays"), "{shown}");
    assert!(home.versions().is_empty());
    label().error(3);
    let records = home.hal9(["--json", "audit", "show", "--kind", "install"]).json();
    let words: Vec<_> =
        records["records"].as_array().unwrap().iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(
        words[0].starts_with("version 0.1.0 installed, unsigned, sha256:") && words[1].contains("uninstalled"),
        "{words:?}"
    );
    home.hal9(["audit", "verify"]).ok();
}

#[test]
fn what_is_asked_for_must_be_granted_by_somebody() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let package = shelf.package(ID, "1.0.0", json!({ "permissions": ["Hal9Memory:notes/", "SystemTime"] }));
    let error = home.try_install(&package, &[]).error(6);
    assert_eq!((&error["reason"], &error["plugin"]), (&"widened".into(), &ID.into()), "{error}");
    let (message, help) = (error["message"].as_str().unwrap(), error["help"].as_str().unwrap());
    assert!(message.contains("read and write HAL9's memory: notes/ (Hal9Memory:notes/)"), "{message}");
    assert!(["--accept", "--grant", "--no-grants"].iter().all(|flag| help.contains(flag)), "{help}");
    assert!(home.versions().is_empty());
    let plan = home.try_install(&package, &["--dry-run"]).json();
    assert_eq!(plan["installed"][0]["asks"], json!(["SystemTime", "Hal9Memory:notes/"]), "{plan}");
    assert!(home.versions().is_empty());
    let granted = |args: &[&str]| {
        let home = Home::trusting();
        home.try_install(&package, args).ok();
        home.hal9(["--json", "plugin", "info", ID]).json()["granted"].clone()
    };
    assert_eq!(granted(&["--accept"]), json!(["SystemTime", "Hal9Memory:notes/"]));
    assert_eq!(granted(&["--grant", "Hal9Memory:notes/mine/"]), json!(["Hal9Memory:notes/mine/"]));
    assert_eq!(granted(&["--grant", "NetworkHttps:example.com"]), json!([]), "it did not ask for that");
    assert_eq!(granted(&["--no-grants"]), json!([]));
    // Whoever has decided in hal9.toml is not asked.
    std::fs::write(
        home.path().join("hal9.toml"),
        format!("[trust]\nallow_unsigned = true\n[plugins.\"{ID}\"]\ngrant = [\"SystemTime\"]\n"),
    )
    .unwrap();
    let value = home.try_install(&package, &[]).json();
    assert!(
        value["warnings"][0].as_str().unwrap().contains("hal9 policy grant test.one 'Hal9Memory:notes/'"),
        "{value}"
    );
    assert_eq!(home.hal9(["--json", "plugin", "info", ID]).json()["granted"], json!(["SystemTime"]));
}

#[test]
fn what_would_not_load_is_not_installed() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let package = shelf.guest("uses-memory", "0.1.0");
    let error = home.try_install(&package, &["--no-grants"]).error(6);
    assert_eq!((&error["reason"], &error["plugin"]), (&"ungranted".into(), &"test.uses-memory".into()), "{error}");
    let newer = shelf.package(ID, "1.0.0", json!({ "min_hal9_version": "99.0.0" }));
    let error = home.try_install(&newer, &[]).error(10);
    assert!(error["message"].as_str().unwrap().contains("99.0.0"), "{error}");
    std::fs::write(shelf.path().join("bad.hal9"), "PK").unwrap();
    home.try_install(&shelf.path().join("bad.hal9"), &[]).error(4);
    home.try_install(&shelf.path().join("none.hal9"), &[]).error(3);
    home.try_install(shelf.path(), &[]).error(2);
    assert!(home.versions().is_empty());
    home.try_install(&package, &["--accept"]).ok();
}

#[test]
fn the_same_again_is_fine_and_the_same_version_with_other_content_is_not() {
    let (home, shelf, other) = (Home::trusting(), Shelf::new(), Shelf::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    home.install(&package);
    let value = home.install(&package);
    assert_eq!((&value["installed"], &value["unchanged"][0]["id"]), (&json!([]), &ID.into()), "{value}");
    let different = other.package(ID, "1.0.0", json!({ "permissions": ["SystemTime"] }));
    let error = home.try_install(&different, &["--accept"]).error(10);
    assert_eq!((&error["reason"], &error["plugin"]), (&"different".into(), &ID.into()), "{error}");
    assert_eq!(home.hal9(["--json", "plugin", "info", ID]).json()["declared"], json!([]));
}

#[test]
fn a_damaged_file_is_told_and_mended() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let package = shelf.package(ID, "1.0.0", json!({}));
    home.install(&package);
    let info = home.hal9(["--json", "plugin", "info", ID]).json();
    let blob = |member: &str| {
        let digest = info["installed"][member].as_str().unwrap().trim_start_matches("sha256:").to_owned();
        home.path().join("store/blobs").join(&digest[..2]).join(&digest)
    };
    let component = blob("component");
    std::fs::remove_file(&component).unwrap();
    std::fs::write(&component, "no component").unwrap();
    let send = || home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", ID, "hello"]);
    let error = send().error(11);
    assert!(error["message"].as_str().unwrap().contains("hal9 doctor --fix"), "{error}");
    // Or it is installed again.
    home.install(&package);
    send().ok();
    std::fs::remove_file(blob("package")).unwrap();
    home.hal9(["--json", "plugin", "files", ID]).error(11);
    home.install(&package);
    home.hal9(["plugin", "files", ID]).ok();
}

#[test]
fn two_commands_at_once_are_safe() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let same = shelf.package("test.same", "1.0.0", json!({}));
    let others: Vec<_> = (0..3).map(|n| shelf.package(&format!("test.number{n}"), "1.0.0", json!({}))).collect();
    std::thread::scope(|scope| {
        let mut runs = Vec::new();
        for package in others.iter().chain([&same, &same, &same]) {
            runs.push(scope.spawn(|| home.try_install(package, &["--accept"])));
        }
        for run in runs {
            run.join().unwrap().ok();
        }
    });
    assert_eq!(home.versions().len(), 4);
    let checks = home.hal9(["--json", "doctor"]).stdout;
    let checks: serde_json::Value = serde_json::from_str(&checks).unwrap();
    let store = checks["checks"].as_array().unwrap().iter().find(|row| row["name"] == "store").unwrap().clone();
    assert_eq!(store["state"], "ok", "{store}");
}

#[test]
fn an_id_that_looks_like_another_one_is_told() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.package("org.example.text-tools", "1.0.0", json!({})));
    let alike = shelf.package("org.example.text-too1s", "1.0.0", json!({}));
    // Somebody must say that it is meant, before it is there.
    home.try_install(&alike, &["--accept"]).error(10);
    let error = home.try_install(&alike, &[]).error(10);
    assert_eq!(
        (&error["reason"], &error["plugin"]),
        (&"look-alike".into(), &"org.example.text-too1s".into()),
        "{error}"
    );
    assert!(error["message"].as_str().unwrap().contains("taken for org.example.text-tools"), "{error}");
    assert_eq!(home.versions(), ["org.example.text-tools 1.0.0"]);
    let planned = home.try_install(&alike, &["--dry-run"]).json();
    assert!(planned["warnings"][0].as_str().unwrap().contains("taken for org.example.text-tools"), "{planned}");
    let value = home.try_install(&alike, &["--accept", "--allow-look-alike"]).json();
    assert!(value["warnings"][0].as_str().unwrap().contains("taken for org.example.text-tools"), "{value}");
    let value = home.install(&shelf.package("org.example.weather", "1.0.0", json!({})));
    assert_eq!(value["warnings"], json!([]));
}

#[test]
fn what_was_refused_is_recorded_once_each() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let refusals = || {
        let records = home.hal9(["--json", "audit", "show", "--kind", "deny"]).json();
        records["records"].as_array().unwrap().iter().map(|it| it["count"].as_u64().unwrap()).sum::<u64>()
    };
    std::fs::write(shelf.path().join("bad.hal9"), "PK").unwrap();
    home.try_install(&shelf.path().join("bad.hal9"), &[]).error(4);
    assert_eq!(refusals(), 1);
    let wants = shelf.package(ID, "1.0.0", json!({ "permissions": ["SystemTime"] }));
    home.try_install(&wants, &[]).error(6);
    assert_eq!(refusals(), 2);
    home.install(&shelf.package(ID, "0.9.0", json!({})));
    home.install(&wants);
    home.try_install(&shelf.package(ID, "0.8.0", json!({})), &[]).error(10);
    assert_eq!(refusals(), 3);
    home.hal9([
        "--json",
        "plugin",
        "upgrade",
        shelf.path().join("one-0.8.0.hal9").to_str().unwrap(),
        "--allow-unsigned",
    ])
    .error(10);
    assert_eq!(refusals(), 4);
    home.install(&shelf.needing("test.user", "1.0.0", &[(ID, "^1")]));
    home.hal9(["--json", "plugin", "use", ID, "0.9.0"]).error(10);
    assert_eq!(refusals(), 5);
    // What the host refuses a plugin that is tried is the same refusal.
    home.try_install(&shelf.guest("uses-memory", "0.1.0"), &["--no-grants"]).error(6);
    assert_eq!(refusals(), 6);
    // What was not there was not refused.
    home.try_install(&shelf.path().join("none.hal9"), &[]).error(3);
    assert_eq!(refusals(), 6);
}

#[test]
fn a_folder_that_is_loaded_serves_before_what_is_installed() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.load("uses-memory");
    let value = home.install(&shelf.guest("uses-memory", "0.2.0"));
    assert!(value["warnings"][0].as_str().unwrap().contains("hal9 plugin unload"), "{value}");
    assert_eq!(home.versions(), ["test.uses-memory 0.1.0"]);
    home.hal9(["plugin", "unload", "uses-memory"]).ok();
    assert_eq!(home.versions(), ["test.uses-memory 0.2.0"]);
}

#[test]
fn a_plugin_that_is_not_configured_yet_is_installed_and_says_so() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let schema = json!({ "type": "object", "required": ["depth"] });
    let value = home.install(&shelf.package(ID, "1.0.0", json!({ "configuration": schema })));
    assert!(value["warnings"][0].as_str().unwrap().contains("depth"), "{value}");
    let send = || home.hal9(["--json", "signal", "send", "--layer", "L1", "--neuron", ID, "hello"]);
    send().error(2);
    let text = format!("[plugins.\"{ID}\".config]\ndepth = 3\n");
    std::fs::write(home.path().join("hal9.toml"), text).unwrap();
    send().ok();
}
