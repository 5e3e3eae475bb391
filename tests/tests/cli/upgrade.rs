use std::path::Path;

use serde_json::{Value, json};

use super::home::{Home, Run};
use super::packages::{Shelf, Signer};

const ID: &str = "test.one";

fn upgrade(home: &Home, args: &[&str]) -> Run {
    home.hal9([&["--json", "plugin", "upgrade", "--allow-unsigned"], args].concat())
}

fn folder(shelf: &Shelf) -> &str {
    shelf.path().to_str().unwrap()
}

fn permissions(texts: &[&str]) -> Value {
    json!({ "permissions": texts })
}

#[test]
fn the_newest_version_is_found_where_the_plugin_came_from() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.package(ID, "1.0.0", json!({})));
    shelf.package(ID, "1.1.0", json!({}));
    shelf.package(ID, "1.2.0", json!({}));
    let value = upgrade(&home, &["--dry-run"]).json();
    assert_eq!(
        (&value["installed"][0]["version"], &value["installed"][0]["before"]),
        (&"1.2.0".into(), &"1.0.0".into())
    );
    assert_eq!(home.versions(), ["test.one 1.0.0"]);
    upgrade(&home, &[]).ok();
    assert_eq!(home.versions(), ["test.one 1.2.0"]);
    let value = upgrade(&home, &["one"]).json();
    assert_eq!((&value["installed"], &value["unchanged"][0]["version"]), (&json!([]), &"1.2.0".into()), "{value}");
    let records = home.hal9(["--json", "audit", "show", "--kind", "install"]).json();
    assert!(
        records["records"][1]["message"].as_str().unwrap().starts_with("upgraded from 1.0.0 to 1.2.0"),
        "{records}"
    );
    upgrade(&home, &["test.absent"]).error(3);
}

#[test]
fn an_upgrade_asks_only_for_what_is_new_and_stops_for_it() {
    let (home, shelf, other) = (Home::trusting(), Shelf::new(), Shelf::new());
    home.install(&shelf.package(ID, "1.0.0", permissions(&["Hal9Memory:notes/", "SystemTime"])));
    let wider = other.package(ID, "1.1.0", permissions(&["Hal9Memory:notes/", "SystemTime", "Hal9Signal:L3"]));
    for error in [upgrade(&home, &["--from", folder(&other)]).error(6), home.try_install(&wider, &[]).error(6)] {
        assert_eq!((&error["reason"], &error["plugin"]), (&"widened".into(), &ID.into()), "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("newly wants to emit signals") && !message.contains("memory"), "{message}");
    }
    assert_eq!(home.versions(), ["test.one 1.0.0"]);
    let value = upgrade(&home, &["--from", folder(&other), "--accept"]).json();
    assert_eq!(value["installed"][0]["asks"], json!(["Hal9Signal:L3"]), "{value}");
    let granted = || home.hal9(["--json", "plugin", "info", ID]).json()["granted"].clone();
    assert_eq!(granted(), json!(["SystemTime", "Hal9Signal:L3", "Hal9Memory:notes/"]));
    // What was declared before, and not granted then, is not asked for again.
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.try_install(
        &shelf.package(ID, "1.0.0", permissions(&["Hal9Memory", "SystemTime"])),
        &["--grant", "SystemTime"],
    )
    .ok();
    shelf.package(ID, "1.1.0", permissions(&["Hal9Memory", "SystemTime"]));
    upgrade(&home, &[]).ok();
    assert_eq!(home.hal9(["--json", "plugin", "info", ID]).json()["granted"], json!(["SystemTime"]));
}

#[test]
fn an_older_version_is_never_taken_unless_somebody_says_so() {
    let (home, old, new) = (Home::trusting(), Shelf::new(), Shelf::new());
    let older = old.package(ID, "1.0.0", json!({}));
    home.install(&new.package(ID, "2.0.0", json!({})));
    let value = upgrade(&home, &["--from", folder(&old)]).json();
    assert_eq!(value["installed"], json!([]));
    for error in [upgrade(&home, &[older.to_str().unwrap()]).error(10), home.try_install(&older, &[]).error(10)] {
        assert_eq!((&error["reason"], &error["plugin"]), (&"downgrade".into(), &ID.into()), "{error}");
        assert!(error["help"].as_str().unwrap().contains("--allow-downgrade"), "{error}");
    }
    assert_eq!(home.versions(), ["test.one 2.0.0"]);
    home.try_install(&older, &["--allow-downgrade"]).ok();
    assert_eq!(home.versions(), ["test.one 1.0.0"]);
    let records = home.hal9(["--json", "audit", "show", "--kind", "install"]).json();
    assert!(records["records"].to_string().contains("downgraded from 2.0.0 to 1.0.0"), "{records}");
}

#[test]
fn a_version_that_does_not_start_leaves_the_old_one() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.guest("lifecycle", "0.1.0"));
    let policy = std::fs::read_to_string(home.path().join("hal9.toml")).unwrap();
    let broken = format!("{policy}\n[plugins.\"test.lifecycle\".config]\ninit = \"fail\"\n");
    std::fs::write(home.path().join("hal9.toml"), broken).unwrap();
    shelf.guest("lifecycle", "0.2.0");
    let error = upgrade(&home, &[]).error(8);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("0.2.0 was not installed; version 0.1.0 goes on") && message.contains("cannot init"),
        "{message}"
    );
    assert_eq!(home.versions(), ["test.lifecycle 0.1.0"]);
    std::fs::write(home.path().join("hal9.toml"), policy).unwrap();
    upgrade(&home, &[]).ok();
    // One whose schema refuses today's configuration.
    home.install(&shelf.package(ID, "1.0.0", json!({})));
    shelf.package(ID, "1.1.0", json!({ "configuration": { "type": "object", "required": ["depth"] } }));
    let error = upgrade(&home, &["one"]).error(2);
    assert!(error["message"].as_str().unwrap().contains("version 1.0.0 goes on"), "{error}");
    assert_eq!(home.versions(), ["test.lifecycle 0.2.0", "test.one 1.0.0"]);
}

#[test]
fn an_upgrade_by_somebody_else_is_refused() {
    let (home, shelf) = (Home::new(), Shelf::new());
    let (author, other) = (Signer::new(), Signer::new());
    let first = shelf.package(ID, "1.0.0", json!({}));
    author.sign(&first);
    let args = ["--json", "plugin", "install", first.to_str().unwrap(), "--key", &author.key().to_string()];
    home.hal9(args).ok();
    let next = shelf.package(ID, "1.1.0", json!({}));
    let file = next.to_str().unwrap();
    upgrade(&home, &[file]).error(5);
    other.sign(&next);
    let error = upgrade(&home, &[file]).error(5);
    assert_eq!((&error["reason"], &error["plugin"]), (&"untrusted-key".into(), &ID.into()), "{error}");
    // One that was not named is passed over, and that is said.
    let value = upgrade(&home, &[]).json();
    assert!(value["warnings"][0].as_str().unwrap().contains("test.one 1.1.0 was passed over"), "{value}");
    assert_eq!(home.versions(), ["test.one 1.0.0"]);
    author.sign(&next);
    upgrade(&home, &[]).ok();
    assert_eq!(home.versions(), ["test.one 1.1.0"]);
}

#[test]
fn another_installed_version_can_serve_again() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    home.install(&shelf.guest("uses-memory", "0.1.0"));
    home.install(&shelf.guest("uses-memory", "0.2.0"));
    let send = |content: &str| home.hal9(["--json", "signal", "send", "--layer", "L2", content]).json();
    send("set a 1");
    let value = home.hal9(["--json", "plugin", "use", "uses-memory", "0.1.0"]).json();
    assert_eq!((&value["before"], &value["changed"]), (&"0.2.0".into(), &true.into()));
    assert_eq!(home.versions(), ["test.uses-memory 0.1.0"]);
    let info = home.hal9(["--json", "plugin", "info", "uses-memory"]).json();
    let versions: Vec<_> =
        info["versions"].as_array().unwrap().iter().map(|it| it["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["0.2.0", "0.1.0"]);
    assert!(send("get a").to_string().contains('1'), "what it keeps stays");
    let error = home.hal9(["--json", "plugin", "use", "uses-memory", "9.9.9"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("0.2.0, 0.1.0"), "{error}");
    // The newest that is left serves.
    home.hal9(["plugin", "uninstall", "uses-memory", "--version", "0.1.0"]).ok();
    assert_eq!(home.versions(), ["test.uses-memory 0.2.0"]);
    let value = home.hal9(["--json", "plugin", "uninstall", "uses-memory", "--purge"]).json();
    assert_eq!((&value["purged_keys"], &value["uninstalled"]), (&1.into(), &json!(["0.2.0"])), "{value}");
    home.install(Path::new(&shelf.guest("uses-memory", "0.1.0")));
    assert!(!send("get a").to_string().contains("Some"), "{}", send("get a"));
}

#[test]
fn a_file_that_nobody_trusts_keeps_no_upgrade_from_happening() {
    let (home, shelf, signer) = (Home::trusting(), Shelf::new(), Signer::new());
    let first = shelf.package(ID, "2.0.0", json!({}));
    signer.publish(&home, [&first]);
    home.hal9(["plugin", "install", first.to_str().unwrap()]).ok();
    // Of one version, whichever file is first by its name.
    let stray = shelf.package(ID, "3.0.0", json!({ "permissions": ["SystemTime"] }));
    std::fs::rename(stray, shelf.path().join("a.hal9")).unwrap();
    signer.sign(&shelf.package(ID, "3.0.0", json!({})));
    shelf.package(ID, "99.0.0", json!({}));
    let value = upgrade(&home, &[]).json();
    let warnings = value["warnings"].to_string();
    assert!(warnings.contains("99.0.0 was passed over") && warnings.contains("not signed"), "{value}");
    assert_eq!(home.versions(), ["test.one 3.0.0"]);
    // Where nothing else will do, the reason is why it may not be taken.
    let user = shelf.needing("test.user", "1.0.0", &[(ID, "^99")]);
    let error = home.try_install(&user, &[]).error(5);
    assert_eq!((&error["reason"], &error["plugin"]), (&"unsigned".into(), &ID.into()), "{error}");
}

#[test]
fn a_plugin_is_looked_for_where_it_came_from() {
    let (home, shelf) = (Home::trusting(), Shelf::new());
    // Folders are in the order of their names, whichever plugin came from them.
    let folder = |name: &str| {
        let folder = shelf.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    let put = |name: &str, package: std::path::PathBuf| {
        let to = folder(name).join(package.file_name().unwrap());
        std::fs::rename(package, &to).unwrap();
        to
    };
    home.install(&put("a", shelf.package("test.y", "1.0.0", json!({}))));
    put("a", shelf.package("test.x", "0.9.0", json!({})));
    home.install(&put("b", shelf.package("test.x", "1.0.0", json!({}))));
    put("b", shelf.package("test.x", "2.0.0", json!({})));
    upgrade(&home, &[]).ok();
    assert_eq!(home.versions(), ["test.x 2.0.0", "test.y 1.0.0"]);
}
