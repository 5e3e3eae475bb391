use serde_json::{Value, json};

use super::home::Home;
use super::packages::{Shelf, Signer};

fn ids(value: &Value) -> Vec<String> {
    let id = |step: &Value| step["id"].as_str().unwrap().trim_start_matches("test.").to_owned();
    value["installed"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn what_a_plugin_needs_is_installed_before_it_from_folders() {
    let (home, shelf, other) = (Home::trusting(), Shelf::new(), Shelf::new());
    let top = shelf.needing("test.top", "1.0.0", &[("test.left", "^1"), ("test.right", "^1")]);
    let signer = Signer::new();
    let left = shelf.needing("test.left", "1.3.0", &[("test.base", ">=1.2, <2")]);
    let right = other.needing("test.right", "1.0.0", &[("test.base", "^1")]);
    signer.publish(&home, [&left, &right]);
    let bases = ["1.0.0", "1.2.0", "1.4.0", "2.0.0"].map(|version| other.package("test.base", version, json!({})));
    signer.publish(&home, &bases);
    let error = home.try_install(&top, &[]).error(10);
    assert_eq!(error["reason"], "dependencies", "{error}");
    assert!(error["message"].as_str().unwrap().contains("test.right"), "{error}");
    let value = home.try_install(&top, &["--from", other.path().to_str().unwrap()]).json();
    let order = ids(&value);
    assert_eq!((order[0].as_str(), order[3].as_str()), ("base", "top"), "{order:?}");
    assert_eq!(home.versions(), ["test.base 1.4.0", "test.left 1.3.0", "test.right 1.0.0", "test.top 1.0.0"]);
    let info = home.hal9(["--json", "plugin", "info", "test.base"]).json();
    assert_eq!(info["dependents"], json!(["test.left", "test.right"]), "{info}");
}

#[test]
fn what_is_installed_already_is_taken_and_goes_on_to_work() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.package("test.base", "1.0.0", json!({})));
    let signer = Signer::new();
    signer.publish(&home, [&shelf.package("test.base", "1.5.0", json!({}))]);
    let value = home.install(&shelf.needing("test.one", "1.0.0", &[("test.base", "^1")]));
    assert_eq!(ids(&value), ["one"], "nothing is upgraded without need");
    let value = home.install(&shelf.needing("test.two", "1.0.0", &[("test.base", "^1.5")]));
    assert_eq!(ids(&value), ["base", "two"]);
    // A new version of what others need must do for them.
    let next = shelf.package("test.base", "2.0.0", json!({}));
    signer.sign(&next);
    let error = home.try_install(&next, &[]).error(10);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("test.one 1.0.0") && message.contains("test.base"), "{message}");
    home.hal9(["--json", "plugin", "upgrade", "--allow-unsigned"]).ok();
    assert_eq!(home.versions()[0], "test.base 1.5.0");
}

#[test]
fn the_first_folder_that_has_a_plugin_answers_for_it() {
    let (home, shelf, mine, theirs) = (Home::trusting(), Shelf::new(), Shelf::new(), Shelf::new());
    let top = shelf.needing("test.top", "1.0.0", &[("test.base", ">=1")]);
    let signer = Signer::new();
    signer.publish(&home, [&mine.package("test.base", "1.0.0", json!({}))]);
    // Whoever can put a file somewhere else names a version that is newer than all.
    signer.sign(&theirs.package("test.base", "99.0.0", json!({})));
    signer.sign(&shelf.package("test.base", "98.0.0", json!({})));
    let folder = |shelf: &Shelf| shelf.path().to_str().unwrap().to_owned();
    home.try_install(&top, &["--from", &folder(&mine), "--from", &folder(&theirs)]).ok();
    assert_eq!(home.versions(), ["test.base 1.0.0", "test.top 1.0.0"]);
}

#[test]
fn conflicts_and_cycles_are_explained() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    let top = shelf.needing("test.top", "1.0.0", &[("test.left", "^1"), ("test.right", "^1")]);
    shelf.needing("test.left", "1.0.0", &[("test.base", "^1")]);
    shelf.needing("test.right", "1.0.0", &[("test.base", "^2")]);
    shelf.package("test.base", "1.0.0", json!({}));
    shelf.package("test.base", "2.0.0", json!({}));
    let error = home.try_install(&top, &[]).error(10);
    let (message, help) = (error["message"].as_str().unwrap(), error["help"].as_str().unwrap());
    for word in ["test.left 1.0.0", "test.right 1.0.0", "test.base", "^1", "^2"] {
        assert!(message.contains(word), "no {word} in {message}");
    }
    assert!(!help.is_empty());
    let one = shelf.needing("test.one", "1.0.0", &[("test.two", "*")]);
    shelf.needing("test.two", "1.0.0", &[("test.one", "*")]);
    let error = home.try_install(&one, &[]).error(10);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("test.one") && message.contains("test.two"), "{message}");
    assert!(home.versions().is_empty());
}

#[test]
fn what_others_need_stays() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    for version in ["1.0.0", "1.1.0"] {
        home.install(&shelf.package("test.base", version, json!({})));
    }
    home.install(&shelf.needing("test.top", "1.0.0", &[("test.base", "^1.1")]));
    for args in
        [vec!["uninstall", "base"], vec!["uninstall", "base", "--version", "1.1.0"], vec!["use", "base", "1.0.0"]]
    {
        let error = home.hal9([vec!["--json", "plugin"], args].concat()).error(10);
        assert_eq!((&error["reason"], &error["plugin"]), (&"dependents".into(), &"test.base".into()), "{error}");
        assert!(error["message"].as_str().unwrap().contains("test.top needs test.base ^1.1"), "{error}");
    }
    assert_eq!(home.versions(), ["test.base 1.1.0", "test.top 1.0.0"]);
    home.hal9(["plugin", "uninstall", "base", "--version", "1.0.0"]).ok();
    home.hal9(["plugin", "uninstall", "top"]).ok();
    home.hal9(["plugin", "uninstall", "base"]).ok();
    assert!(home.versions().is_empty());
}

#[test]
fn what_lies_in_a_folder_does_not_stand_in_for_what_others_need() {
    let (home, shelf, place) = (Home::trusting(), Shelf::new(), Shelf::new());
    home.install(&shelf.guest("two-kinds", "0.1.0"));
    home.install(&shelf.needing("test.top", "1.0.0", &[("test.two-kinds", "*")]));
    let plugins = place.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    for guest in ["two-kinds", "settings"] {
        std::fs::copy(hal9_tests::guest(guest), plugins.join(format!("{guest}.wasm"))).unwrap();
    }
    let here = |args: &[&str]| {
        let args = [&["--json", "plugin"], args].concat();
        super::home::Run::of(home.command(args).current_dir(place.path()))
    };
    assert_eq!(here(&["uninstall", "two-kinds"]).error(10)["reason"], "dependents");
    let error = here(&["uninstall", "settings"]).error(10);
    assert!(error["message"].as_str().unwrap().contains("not in the home"), "{error}");
    home.hal9(["plugin", "uninstall", "top"]).ok();
    assert_eq!(here(&["uninstall", "two-kinds"]).json()["linked"], false);
}

#[test]
fn what_is_needed_is_not_taken_out_while_another_command_counts_on_it() {
    let shelf = Shelf::new();
    let base = shelf.package("test.base", "1.0.0", json!({}));
    let top = shelf.needing("test.top", "1.0.0", &[("test.base", "^1")]);
    let elsewhere = Shelf::new();
    let top = {
        let to = elsewhere.path().join("top.hal9");
        std::fs::copy(top, &to).unwrap();
        to
    };
    for round in 0..6 {
        let home = Home::trusting();
        home.install(&base);
        let (installed, uninstalled) = std::thread::scope(|scope| {
            let install = scope.spawn(|| home.try_install(&top, &[]));
            let uninstall = scope.spawn(|| home.hal9(["--json", "plugin", "uninstall", "base"]));
            (install.join().unwrap(), uninstall.join().unwrap())
        });
        let versions = home.versions();
        match installed.status {
            0 => {
                assert_eq!(versions, ["test.base 1.0.0", "test.top 1.0.0"], "round {round}");
                uninstalled.error(10);
            }
            _ => {
                assert!(versions.is_empty(), "round {round}: {versions:?}");
                installed.error(10);
            }
        }
    }
}

#[test]
fn a_lock_brings_back_exactly_what_was_there() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.package("test.base", "1.0.0", json!({})));
    home.install(&shelf.needing("test.top", "1.0.0", &[("test.base", "^1")]));
    let lock = shelf.path().join("hal9.lock");
    home.hal9(["plugin", "lock", "-o", lock.to_str().unwrap()]).ok();
    let text = std::fs::read_to_string(&lock).unwrap();
    assert_eq!(home.hal9(["plugin", "lock"]).ok().stdout, text);
    // Newer versions are of no interest.
    shelf.package("test.base", "1.9.0", json!({}));
    let from = shelf.path().to_str().unwrap();
    let again = |home: &Home, from: &str| {
        let args =
            ["--json", "plugin", "install", "--lock", lock.to_str().unwrap(), "--from", from, "--allow-unsigned"];
        home.hal9(args)
    };
    let other = Home::trusting();
    again(&other, from).ok();
    assert_eq!(other.versions(), home.versions());
    assert_eq!(other.hal9(["plugin", "lock"]).ok().stdout, text, "the lock of what a lock has brought is the same");
    let value = again(&other, from).json();
    assert_eq!((&value["installed"], value["unchanged"].as_array().unwrap().len()), (&json!([]), 2));
    // The same version with other content is not what was locked.
    let (forged, third) = (Shelf::new(), Home::trusting());
    forged.needing("test.top", "1.0.0", &[("test.base", "^1")]);
    forged.package("test.base", "1.0.0", json!({ "permissions": ["SystemTime"] }));
    let error = again(&third, forged.path().to_str().unwrap()).error(10);
    assert_eq!(error["plugin"], "test.base", "{error}");
    assert!(third.versions().is_empty());
    std::fs::write(&lock, text.replace("version", "versoin")).unwrap();
    again(&third, from).error(2);
}

#[test]
fn what_is_said_of_a_package_does_not_hold_for_what_it_needs() {
    let (home, shelf, evil, signer) = (Home::trusting(), Shelf::new(), Shelf::new(), Signer::new());
    let key = signer.key().to_string();
    home.install(&shelf.package("test.core", "1.0.0", json!({})));
    let package = evil.needing("test.evil", "1.0.0", &[("test.core", "^1.0.1")]);
    let core = evil.package("test.core", "1.0.1", json!({}));
    signer.sign(&package);
    let file = package.to_str().unwrap();
    let install = |args: &[&str]| home.hal9([&["--json", "plugin", "install", file, "--key", &key], args].concat());
    let error = install(&["--allow-unsigned"]).error(5);
    assert_eq!((&error["reason"], &error["plugin"]), (&"unsigned".into(), &"test.core".into()), "{error}");
    signer.sign(&core);
    let error = install(&[]).error(5);
    assert_eq!((&error["reason"], &error["plugin"]), (&"untrusted-key".into(), &"test.core".into()), "{error}");
    let (message, help) = (error["message"].as_str().unwrap(), error["help"].as_str().unwrap());
    assert!(message.contains("--key") && help.contains("hal9 policy trust test.core KEY"), "{error}");
    assert_eq!((home.versions(), home.text().contains(&key)), (vec!["test.core 1.0.0".to_owned()], false));
    home.hal9(["policy", "trust", "test.core", &key]).ok();
    install(&[]).ok();
    assert_eq!(home.versions(), ["test.core 1.0.1", "test.evil 1.0.0"]);
}

#[test]
fn what_is_loaded_from_a_folder_is_not_taken_from_who_needs_it() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.load("sentiment-analyzer");
    let id = home.hal9(["--json", "plugin", "list"]).json()["plugins"][0]["id"].as_str().unwrap().to_owned();
    home.install(&shelf.needing("test.d", "1.0.0", &[(&id, "^0.1")]));
    let error = home.hal9(["--json", "plugin", "lock"]).error(10);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("test.d 1.0.0 needs {id} ^0.1, which is loaded from ")), "{error}");
    let error = home.hal9(["--json", "plugin", "unload", &id]).error(10);
    assert_eq!((&error["reason"], &error["plugin"]), (&json!("dependents"), &json!(id)), "{error}");
    assert!(error["message"].as_str().unwrap().contains("test.d"), "{error}");
    assert_eq!(home.versions().len(), 2);
    // What is installed behind it does as well.
    home.install(&shelf.package(&id, "0.1.9", json!({})));
    home.hal9(["plugin", "unload", &id]).ok();
    home.hal9(["plugin", "lock"]).ok();
    home.hal9(["--json", "plugin", "uninstall", &id]).error(10);
    // One that is missing, as its row is gone, is called that.
    let registry = rusqlite::Connection::open(home.path().join("registry.db")).unwrap();
    registry.execute_batch(&format!("PRAGMA foreign_keys = ON; DELETE FROM plugin WHERE id = '{id}'")).unwrap();
    let error = home.hal9(["--json", "plugin", "lock"]).error(10);
    assert!(error["message"].as_str().unwrap().ends_with("which is not installed"), "{error}");
}
