//! Publishing, finding, judging and following, with a real registry.

use serde_json::{Value, json};

use super::home::Home;
use super::site::{Site, publish, signed, signed_up};

const ID: &str = "ai.hal9.word-count";

fn outdated(home: &Home) -> Value {
    home.hal9(["--json", "plugin", "outdated"]).json()[0].clone()
}

#[test]
fn a_plugin_from_its_author_to_its_user_and_on() {
    let site = Site::new();
    let (ada, bob) = (site.author("ada"), site.author("bob"));
    let first = publish(&ada, &signed(&ada, ID, "1.0.0", "# Counts words")).json();
    assert_eq!((&first["new"], &first["version"]), (&json!(true), &json!("1.0.0")), "{first}");
    let again = publish(&ada, &signed(&ada, ID, "1.0.0", "# Counts words")).json();
    assert_eq!(again["new"], false, "the very same is no news");

    let found = bob.hal9(["--json", "plugin", "search", "count", "words"]).json();
    assert_eq!(found[0]["found"]["hits"][0]["id"], ID, "{found}");
    let none = bob.hal9(["--json", "plugin", "search", "--asks", "NetworkHttps"]).json();
    assert_eq!(none[0]["found"]["total"], 0, "{none}");
    let offline = bob.hal9(["--json", "plugin", "search", "--kind", "tool", "--without", "network"]).json();
    assert_eq!(offline[0]["found"]["total"], 1, "{offline}");

    // By the last part of its id, as nobody else's ends so.
    bob.hal9(["plugin", "install", "word-count", "--accept"]).ok();
    bob.hal9(["plugin", "review", ID, "--stars", "4", "--text", "Counts."]).ok();
    let reviews = bob.hal9(["--json", "plugin", "reviews", ID]).json();
    assert_eq!((&reviews["reviews"]["total"], &reviews["unbelieved"]), (&json!(1), &json!(0)), "{reviews}");
    let own = ada.hal9(["--json", "plugin", "review", ID, "--stars", "5"]).error(6);
    assert_eq!(own["reason"], "own-plugin", "{own}");

    assert_eq!(outdated(&bob)["newest"], Value::Null);
    let notes = ada.path().join("CHANGES.md");
    std::fs::write(&notes, "Counts faster.").unwrap();
    let second = signed(&ada, ID, "1.1.0", "# Counts words faster");
    ada.hal9(["plugin", "publish", second.to_str().unwrap(), "--notes", notes.to_str().unwrap()]).ok();
    ada.hal9(["plugin", "yank", &format!("{ID}@1.0.0"), "--reason", "miscounts"]).ok();
    ada.hal9(["plugin", "warn", ID, "--versions", "<1.1.0", "--severity", "high", "Tells the words to others."]).ok();
    ada.hal9(["plugin", "deprecate", ID, "--message", "It is done.", "--instead", "ai.hal9.words"]).ok();
    let told = outdated(&bob);
    assert_eq!(
        (&told["newest"], &told["yanked"], &told["deprecated"]["instead"], &told["notices"][0]["severity"]),
        (&json!("1.1.0"), &json!("miscounts"), &json!("ai.hal9.words"), &json!("high")),
        "{told}"
    );
    bob.hal9(["--json", "plugin", "outdated", "--exit-code"]).error(10);
    let text = bob.hal9(["plugin", "outdated"]).ok().stdout;
    assert!(
        ["miscounts", "dangerous", "deprecated", "hal9 plugin upgrade"].iter().all(|it| text.contains(it)),
        "{text}"
    );
    let value = bob.hal9(["--json", "plugin", "upgrade"]).json();
    assert_eq!(value["installed"][0]["version"], "1.1.0", "{value}");
    assert!(value["warnings"][0].as_str().unwrap().contains("deprecated"), "{value}");
    let told = outdated(&bob);
    assert_eq!(
        (&told["newest"], &told["yanked"], &told["notices"]),
        (&Value::Null, &Value::Null, &json!([])),
        "{told}"
    );

    // Who has none gets no yanked one, unless he names it.
    let eve = site.visitor();
    eve.hal9(["--json", "plugin", "install", &format!("{ID}@=1.0.0"), "--accept"]).ok();
    let page = bob.hal9(["--json", "plugin", "show", ID]).json();
    assert_eq!(page["versions"].as_array().unwrap().len(), 2, "{page}");
    let version = bob.hal9(["--json", "plugin", "show", &format!("{ID}@1.1.0")]).json();
    assert_eq!((&version["notes"], &version["readme"]), (&json!("Counts faster."), &json!("# Counts words faster")));
}

#[test]
fn a_name_is_its_first_publishers() {
    let site = Site::new();
    let (ada, eve) = (site.author("ada"), site.author("eve"));
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    let error = publish(&eve, &signed(&eve, ID, "1.1.0", "b")).error(10);
    assert_eq!((&error["plugin"], &error["reason"]), (&json!(ID), &json!("taken")), "{error}");
    let error = publish(&ada, &signed(&ada, ID, "1.0.0", "other")).error(10);
    assert_eq!(error["reason"], "different", "{error}");
    let error = publish(&eve, &signed(&eve, "ai.hal9.w0rd-count", "1.0.0", "b")).error(10);
    assert_eq!(error["reason"], "look-alike", "{error}");
    // An owner more may publish, by a key that the first one has endorsed.
    ada.hal9(["plugin", "owner", ID, "--add", "eve"]).ok();
    let package = signed(&eve, ID, "1.1.0", "b");
    publish(&eve, &package).error(5);
    let key = eve.path().join("keys/default.pub");
    ada.hal9(["plugin", "endorse", ID, key.to_str().unwrap()]).ok();
    publish(&eve, &package).ok();
    let unsigned = ada.path().join("unsigned.hal9");
    std::fs::write(&unsigned, super::documents::package(ID, "2.0.0", "c")).unwrap();
    assert_eq!(publish(&ada, &unsigned).error(5)["reason"], "unsigned");
}

#[test]
fn who_is_not_logged_in_reads_and_no_more() {
    let site = Site::new();
    let ada = site.author("ada");
    let package = signed(&ada, ID, "1.0.0", "a");
    ada.hal9(["auth", "logout"]).ok();
    assert_eq!(publish(&ada, &package).error(6)["reason"], "signed-out");
    ada.hal9(["--json", "auth", "whoami"]).error(6);
    let wrong = hal9(&ada, ["--json", "auth", "login", "ada"], "another password");
    wrong.error(6);
    signed_up(&ada, ["auth", "login", "ada", "--scope", "review"]).ok();
    let error = publish(&ada, &package).error(6);
    assert!(error["message"].as_str().unwrap().contains("publish"), "{error}");
    signed_up(&ada, ["auth", "login", "ada"]).ok();
    publish(&ada, &package).ok();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(ada.path().join("credentials.toml")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // A token that is no more is none.
    let tokens = ada.hal9(["--json", "auth", "tokens"]).json();
    for token in tokens.as_array().unwrap() {
        let _ = ada.hal9(["auth", "tokens", "--revoke", token["id"].as_str().unwrap()]);
    }
    publish(&ada, &signed(&ada, ID, "1.1.0", "a")).error(6);
}

fn hal9<const N: usize>(home: &Home, args: [&str; N], password: &str) -> super::home::Run {
    super::home::Run::of(home.command(args).env("HAL9_PASSWORD", password))
}

#[test]
fn dependencies_come_from_registries_as_well() {
    let site = Site::new();
    let ada = site.author("ada");
    let base = signed(&ada, "ai.hal9.base-words", "1.2.0", "base");
    publish(&ada, &base).ok();
    let path = ada.path().join("user.hal9");
    let package = super::documents::package(ID, "1.0.0", "needs it");
    let read = hal9_package::Package::read(package).unwrap();
    let mut manifest: Value = serde_json::from_str(&read.manifest().to_json()).unwrap();
    manifest["dependencies"] = json!([{ "plugin_id": "ai.hal9.base-words", "version": "^1" }]);
    let manifest = hal9_package::Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let files = read.files().map(|file| file.path.to_owned()).collect::<Vec<_>>();
    let files = files.into_iter().filter(|path| path != "manifest.json");
    let files = files.map(|path| (path.clone(), read.file(&path).unwrap().unwrap())).collect();
    std::fs::write(&path, hal9_package::pack(&manifest, &files).unwrap()).unwrap();
    super::site::sign(&ada, &path);
    publish(&ada, &path).ok();
    let bob = site.visitor();
    let value = bob.hal9(["--json", "plugin", "install", ID, "--accept"]).json();
    let ids: Vec<&str> = value["installed"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["ai.hal9.base-words", ID], "{value}");
    let page = bob.hal9(["--json", "plugin", "show", "ai.hal9.base-words"]).json();
    assert_eq!(page["dependents"][0]["id"], ID, "{page}");
}
