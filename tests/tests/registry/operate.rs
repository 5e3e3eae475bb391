//! Keeping a registry: backups, mirrors, retention and new keys, by the command and while it serves.

use serde_json::json;

use super::home::Home;
use super::site::{Site, publish, signed, signed_up};

const ID: &str = "ai.hal9.word-count";

#[test]
fn a_backup_is_brought_back_while_the_registry_serves() {
    let site = Site::new();
    let ada = site.author("ada");
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    let (file, data) = (site.keeper.path().join("plugins.tar"), site.data.clone());
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    let saved = site.keeper.hal9(["--json", "registry", "backup", "--data", data, "-o", file]).json();
    assert_eq!(saved["packages"], 1, "{saved}");
    site.keeper.hal9(["--json", "registry", "backup", "--data", data, "-o", file]).error(10);
    let bob = site.visitor();
    bob.hal9(["plugin", "install", ID, "--accept"]).ok();
    publish(&ada, &signed(&ada, "ai.hal9.other-words", "1.0.0", "b")).ok();
    assert_eq!(bob.hal9(["--json", "plugin", "search"]).json()[0]["found"]["total"], 2);
    let back = site.keeper.hal9(["--json", "registry", "restore", file, "--data", data]).json();
    assert_eq!(back["plugins"], 1, "{back}");
    // Nobody takes what it says now for something old.
    assert_eq!(bob.hal9(["--json", "plugin", "search"]).json()[0]["found"]["total"], 1);
    let told = bob.hal9(["--json", "plugin", "outdated"]).json();
    assert_eq!((&told[0]["unknown"], &told[0]["registry"]), (&json!(null), &json!("main")), "{told}");
    publish(&ada, &signed(&ada, "ai.hal9.other-words", "1.0.0", "b")).ok();
    // On an empty folder, it is the same registry.
    let elsewhere = site.keeper.path().join("elsewhere");
    site.keeper.hal9(["registry", "restore", file, "--data", elsewhere.to_str().unwrap()]).ok();
    let other = Site::at(Home::new(), elsewhere, &[]);
    let settings = bob.text().replace(&site.url, &other.url);
    std::fs::write(bob.settings(), settings).unwrap();
    let told = bob.hal9(["--json", "plugin", "outdated"]).json();
    assert_eq!(told[0]["unknown"], json!(null), "{told}");
    std::fs::write(file, "no tar").unwrap();
    site.keeper.hal9(["--json", "registry", "restore", file, "--data", data]).error(4);
}

#[test]
fn a_mirror_answers_by_the_signatures_of_the_other() {
    let site = Site::new();
    let ada = site.author("ada");
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    let data = site.keeper.path().join("mirror");
    let mirror = |site: &Site| {
        let args = ["--json", "registry", "mirror", site.url.as_str(), "--data"];
        site.keeper.hal9(args.iter().copied().chain([data.to_str().unwrap()]))
    };
    assert_eq!(mirror(&site).json()["new_packages"], 1);
    publish(&ada, &signed(&ada, ID, "1.1.0", "b")).ok();
    assert_eq!(mirror(&site).json()["new_packages"], 1, "what is there is not fetched again");
    let keys = std::fs::read_to_string(site.data.join("keys/root.pub")).ok();
    let served = Site::at(Home::new(), data.clone(), &[]);
    let bob = Home::new();
    bob.hal9(["registry", "add", "main", &served.url]).ok();
    let value = bob.hal9(["--json", "plugin", "install", ID, "--accept"]).json();
    assert_eq!(value["installed"][0]["version"], "1.1.0", "{value} {keys:?}");
    let error = signed_up(&bob, ["--json", "auth", "register", "bob"]);
    assert_ne!(error.status, 0, "a mirror takes nothing: {error:#?}");
    // Whoever has its keys from the other one takes the mirror for it.
    let eve = site.visitor();
    eve.hal9(["plugin", "outdated"]).ok();
    let settings = eve.text().replace(&site.url, &served.url);
    std::fs::write(eve.settings(), settings).unwrap();
    eve.hal9(["plugin", "install", ID, "--accept"]).ok();
}

#[test]
fn clients_follow_new_keys() {
    let site = Site::new();
    let ada = site.author("ada");
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    let bob = site.visitor();
    bob.hal9(["plugin", "install", ID, "--accept"]).ok();
    let (keeper, data) = site.stop();
    let folder = data.to_str().unwrap().to_owned();
    let rotated = keeper.hal9(["--json", "registry", "rotate-keys", "--data", &folder, "--root"]).json();
    assert_eq!(rotated["root"], 2, "{rotated}");
    keeper.hal9(["registry", "rotate-keys", "--data", &folder]).ok();
    let site = Site::at(keeper, data, &[]);
    for home in [&ada, &bob] {
        let text = home.text();
        let old = text.split('"').find(|word| word.starts_with("http://")).unwrap().to_owned();
        std::fs::write(home.settings(), text.replace(&old, &site.url)).unwrap();
    }
    signed_up(&ada, ["auth", "login", "ada"]).ok();
    publish(&ada, &signed(&ada, ID, "1.1.0", "b")).ok();
    let value = bob.hal9(["--json", "plugin", "upgrade"]).json();
    assert_eq!(value["installed"][0]["version"], "1.1.0", "{value}");
}

#[test]
fn retention_takes_packages_and_leaves_versions() {
    let site = Site::new();
    let ada = site.author("ada");
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    publish(&ada, &signed(&ada, ID, "1.1.0", "b")).ok();
    ada.hal9(["plugin", "yank", &format!("{ID}@1.0.0"), "--reason", "old"]).ok();
    let data = site.data.to_str().unwrap().to_owned();
    let gone = site.keeper.hal9(["--json", "registry", "prune", "--data", &data]).json();
    assert_eq!(gone["withdrawn"], 0, "{gone}");
    let gone = site.keeper.hal9(["--json", "registry", "prune", "--data", &data, "--yanked", "0s"]).json();
    assert_eq!(gone["withdrawn"], 1, "{gone}");
    let bob = site.visitor();
    bob.hal9(["--json", "plugin", "install", &format!("{ID}@=1.0.0"), "--accept"]).error(10);
    assert_eq!(
        publish(&ada, &signed(&ada, ID, "1.0.0", "again")).error(10)["reason"],
        "different",
        "a number is taken for good"
    );
    bob.hal9(["plugin", "install", ID, "--accept"]).ok();
}

#[test]
fn a_closed_and_private_registry_is_for_those_who_were_let_in() {
    let keeper = Home::new();
    let data = keeper.path().join("registry");
    let site = Site::at(keeper, data, &["--closed", "--private"]);
    let data = site.data.to_str().unwrap().to_owned();
    let nobody = Home::new();
    let added = nobody.hal9(["--json", "registry", "add", "work", &site.url]).json();
    assert_eq!(added["private"], true, "{added}");
    let made = ["registry", "account", "add", "ada", "--data"];
    super::home::Run::of(
        site.keeper.command(made.iter().copied().chain([data.as_str()])).env("HAL9_PASSWORD", "correct horse battery"),
    )
    .ok();
    let ada = Home::new();
    ada.hal9(["registry", "add", "work", &site.url]).ok();
    signed_up(&ada, ["auth", "register", "eve"]).error_text(6);
    signed_up(&ada, ["auth", "login", "ada"]).ok();
    ada.hal9(["plugin", "keygen", "--no-password"]).ok();
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    ada.hal9(["plugin", "install", ID, "--accept"]).ok();
    nobody.hal9(["--json", "plugin", "install", ID, "--accept"]).error(6);
}

#[test]
fn who_runs_a_registry_can_act() {
    let site = Site::new();
    let (ada, bob) = (site.author("ada"), site.visitor());
    publish(&ada, &signed(&ada, ID, "1.0.0", "a")).ok();
    publish(&ada, &signed(&ada, ID, "1.1.0", "b")).ok();
    bob.hal9(["plugin", "install", ID, "--accept"]).ok();
    let data = site.data.to_str().unwrap();
    let keeper = |args: &[&str]| {
        let mut command = site.keeper.command([&["--json", "registry"], args, &["--data", data]].concat());
        super::home::Run::of(command.env("HAL9_PASSWORD", "another correct horse"))
    };
    keeper(&["withdraw", &format!("{ID}@1.1.0"), "--reason", "mines coins"]).ok();
    keeper(&["warn", ID, "--versions", "<=1.1.0", "--severity", "critical", "Take it out."]).ok();
    let told = bob.hal9(["--json", "plugin", "outdated"]).json();
    assert_eq!(
        (&told[0]["yanked"], &told[0]["notices"][0]["severity"]),
        (&json!("mines coins"), &json!("critical")),
        "{told}"
    );
    let eve = site.visitor();
    eve.hal9(["--json", "plugin", "install", &format!("{ID}@=1.1.0"), "--accept"]).error(10);
    // A token that was stolen is none any more.
    keeper(&["account", "password", "ada"]).ok();
    publish(&ada, &signed(&ada, ID, "1.2.0", "c")).error(6);
    signed_up(&ada, ["--json", "auth", "login", "ada"]).error(6);
    keeper(&["account", "disable", "ada"]).ok();
    let login = |home: &Home| {
        super::home::Run::of(
            home.command(["--json", "auth", "login", "ada"]).env("HAL9_PASSWORD", "another correct horse"),
        )
    };
    login(&ada).error(6);
    keeper(&["account", "enable", "ada"]).ok();
    login(&ada).ok();
    publish(&ada, &signed(&ada, ID, "1.2.0", "c")).ok();
    keeper(&["account", "disable", "nobody"]).error(3);
}
