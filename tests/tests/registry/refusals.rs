//! A registry that lies, or somebody between it and its users: each lie is refused by the command, and nothing is changed.

use std::time::{SystemTime, UNIX_EPOCH};

use hal9_package::SecretKey;
use hal9_registry_index::{Head, Record};
use serde_json::Value;

use super::documents::{DAY, Keys, endorsed, key, package, record, shards, version};
use super::home::{Home, Run};
use super::server::{Reply, Server, blob_path};

const ID: &str = "ai.hal9.word-count";

/// A registry of the test's, with one plugin of one version, and a home that uses it.
struct Stage {
    home: Home,
    keys: Keys,
    author: SecretKey,
    server: Server,
    runtime: tokio::runtime::Runtime,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Stage {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let keys = Keys::of(&uuid::Uuid::new_v4().to_string());
        let server = runtime.block_on(Server::start());
        let root = hal9_registry_index::sign(&keys.root(), &[&keys.root], "root").unwrap();
        server.root(1, &root);
        let about = serde_json::json!({
            "registry": keys.identity, "name": "test", "version": "0.1.0", "root": 1, "open": false, "private": false, "mirror": false,
            "max_package": 1000, "max_part": 1000,
        });
        server.get("/v1/registry", Reply::Bytes(about.to_string().into_bytes()));
        let stage = Self { home: Home::new(), keys, author: key(), server, runtime };
        let one = package(ID, "1.0.0", "first");
        stage.server.blob(&one);
        stage.index(10, &[(ID, record(&stage.author, &[version(&one, &stage.author)]))]);
        stage.home.hal9(["registry", "add", "test", &stage.server.url]).ok();
        stage
    }

    /// Has the registry say this, in an index of now.
    fn index(&self, number: u64, plugins: &[(&str, Record)]) {
        self.index_with(number, plugins, |head| head);
    }

    fn index_with(&self, number: u64, plugins: &[(&str, Record)], change: impl FnOnce(Head) -> Head) {
        let shards = shards(plugins);
        let head = Head { issued: now(), expires: now() + DAY, ..self.keys.head(number, &shards) };
        self.server.head(&self.keys.sign_head(&change(head)));
        shards.iter().for_each(|shard| self.server.shard(shard));
    }

    fn install(&self, name: &str) -> Run {
        self.home.hal9(["--json", "plugin", "install", name, "--accept"])
    }

    fn installed(&self) -> Vec<String> {
        let list = self.home.hal9(["--json", "plugin", "list"]).json();
        let plugins = list["plugins"].as_array().unwrap().iter();
        plugins.map(|one| format!("{} {}", one["id"].as_str().unwrap(), one["version"].as_str().unwrap())).collect()
    }

    /// Version 1.0.0 is installed, and the next command is refused with this status and reason; it goes on as before.
    #[track_caller]
    fn refuses(&self, args: &[&str], status: i32, reason: &str) -> Value {
        let before = self.installed();
        let error = self.home.hal9(["--json"].iter().chain(args)).error(status);
        assert_eq!(error["reason"], reason, "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty() && !error["help"].is_null(), "{error}");
        assert_eq!(self.installed(), before, "nothing is changed by what is refused");
        error
    }
}

/// The record of a plugin with these packages, by the stage's author.
fn versions(stage: &Stage, packages: &[&[u8]]) -> Record {
    let versions: Vec<_> = packages.iter().map(|package| version(package, &stage.author)).collect();
    record(&stage.author, &versions)
}

#[test]
fn what_a_registry_vouches_for_is_installed_and_bound_to_it() {
    let stage = Stage::new();
    let value = stage.install(ID).json();
    assert_eq!(value["installed"][0]["key"], stage.author.public().id().to_string(), "{value}");
    assert_eq!(stage.installed(), [format!("{ID} 1.0.0")]);
    let settings = stage.home.text();
    assert!(
        settings.contains(&stage.author.public().to_string()),
        "its author's key is trusted from now on: {settings}"
    );
    // The same again, and by its requirement.
    let again = stage.install(&format!("{ID}@^1")).json();
    assert_eq!(again["unchanged"][0]["version"], "1.0.0", "{again}");
    stage.refuses(&["plugin", "install", &format!("{ID}@^2"), "--accept"], 10, "dependencies");
    let error = stage.home.hal9(["--json", "plugin", "install", "no.such-plugin"]).error(10);
    assert!(error["message"].as_str().unwrap().contains("no.such-plugin"), "{error}");
}

#[test]
fn a_rolled_back_index_is_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let two = package(ID, "1.1.0", "second");
    stage.server.blob(&two);
    stage.index(9, &[(ID, versions(&stage, &[&package(ID, "1.0.0", "first"), &two]))]);
    stage.refuses(&["plugin", "upgrade", "--accept"], 5, "rolled-back");
    // Two that say they are the same one.
    stage.index(10, &[(ID, versions(&stage, &[&package(ID, "1.0.0", "first"), &two]))]);
    stage.refuses(&["plugin", "upgrade", "--accept"], 5, "mixed-index");
    stage.index(11, &[(ID, versions(&stage, &[&package(ID, "1.0.0", "first"), &two]))]);
    stage.home.hal9(["plugin", "upgrade", "--accept"]).ok();
    assert_eq!(stage.installed(), [format!("{ID} 1.1.0")]);
}

#[test]
fn a_mixed_index_a_stale_one_and_one_by_another_key_are_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let one = package(ID, "1.0.0", "first");
    let head =
        |stage: &Stage, change: fn(Head) -> Head| stage.index_with(20, &[(ID, versions(stage, &[&one]))], change);
    head(&stage, |head| Head { expires: now() - 3 * DAY, ..head });
    stage.refuses(&["plugin", "upgrade"], 5, "stale-index");
    head(&stage, |head| Head { registry: "6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned(), ..head });
    stage.refuses(&["plugin", "upgrade"], 5, "other-registry");
    let stranger = Keys::of(&stage.keys.identity);
    let of_stranger = Head { issued: now(), expires: now() + DAY, ..stranger.head(20, &shards(&[])) };
    stage.server.head(&stranger.sign_head(&of_stranger));
    stage.refuses(&["plugin", "upgrade"], 5, "untrusted-index");
    // A part of the index that is not the one which the head names.
    let shard = shards(&[(ID, versions(&stage, &[&one, &package(ID, "1.2.0", "third")]))]).remove(0);
    head(&stage, |head| head);
    let named =
        shards(&[(ID, Record { deprecated: None, ..versions(&stage, &[&one, &package(ID, "1.1.0", "second")]) })]);
    let real = Head { issued: now(), expires: now() + DAY, ..stage.keys.head(21, &named) };
    stage.server.head(&stage.keys.sign_head(&real));
    let path = format!("/v1/index/shards/{}", hal9_package::Digest::of(&named[0].to_bytes()));
    stage.server.get(&path, Reply::Bytes(shard.to_bytes()));
    stage.refuses(&["plugin", "upgrade"], 5, "mixed-index");
}

#[test]
fn a_changed_package_is_refused() {
    let stage = Stage::new();
    let one = package(ID, "1.0.0", "first");
    let mut changed = one.clone();
    *changed.last_mut().unwrap() ^= 1;
    stage.server.get(&blob_path(&one), Reply::Bytes(changed));
    stage.refuses(&["plugin", "install", ID, "--accept"], 5, "changed-package");
    // Another package that the author has signed, in the place of this one.
    stage.server.get(&blob_path(&one), Reply::Bytes(package(ID, "1.0.0", "other")));
    stage.refuses(&["plugin", "install", ID, "--accept"], 5, "changed-package");
    stage.server.blob(&one);
    stage.install(ID).ok();
}

#[test]
fn a_stolen_name_is_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let thief = key();
    let (one, two) = (package(ID, "1.0.0", "first"), package(ID, "1.1.0", "second"));
    stage.server.blob(&two);
    // All of it by another key.
    stage.index(11, &[(ID, record(&thief, &[version(&one, &thief), version(&two, &thief)]))]);
    let error = stage.refuses(&["plugin", "upgrade", "--accept"], 5, "stolen-name");
    assert_eq!(error["plugin"], ID);
    // A key more, which nobody has endorsed; and one that only the new key itself has.
    for (number, endorsement) in [(12, None), (13, endorsed(ID, thief.public(), &thief).endorsement)] {
        let mut taken = versions(&stage, &[&one]);
        taken.keys.push(hal9_registry_index::AuthorKey { key: thief.public().clone(), endorsement });
        taken.versions.push(version(&two, &thief));
        stage.index(number, &[(ID, taken)]);
        stage.refuses(&["plugin", "upgrade", "--accept"], 5, "stolen-name");
    }
}

#[test]
fn a_key_that_the_author_endorsed_is_taken() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let next = key();
    let (one, two) = (package(ID, "1.0.0", "first"), package(ID, "1.1.0", "second"));
    stage.server.blob(&two);
    let mut grown = versions(&stage, &[&one]);
    grown.keys.push(endorsed(ID, next.public(), &stage.author));
    grown.versions.push(version(&two, &next));
    stage.index(11, &[(ID, grown)]);
    stage.home.hal9(["plugin", "upgrade", "--accept"]).ok();
    assert_eq!(stage.installed(), [format!("{ID} 1.1.0")]);
    let settings = stage.home.text();
    assert!(
        settings.contains(&next.public().to_string()) && settings.contains(&stage.author.public().to_string()),
        "{settings}"
    );
    // A key that is revoked endorses nothing.
    let fresh = Home::new();
    fresh.hal9(["registry", "add", "test", &stage.server.url]).ok();
    fresh.hal9(["policy", "revoke-key", &stage.author.public().to_string()]).ok();
    let error = fresh.hal9(["--json", "plugin", "install", ID, "--accept"]).error(5);
    assert_eq!(error["reason"], "untrusted-key", "{error}");
}

#[test]
fn a_version_that_was_published_again_is_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let other = package(ID, "1.0.0", "republished");
    stage.server.blob(&other);
    stage.index(11, &[(ID, versions(&stage, &[&other]))]);
    stage.refuses(&["plugin", "upgrade", "--accept"], 5, "changed-version");
    stage.refuses(&["plugin", "install", ID, "--accept"], 5, "changed-version");
    // One that has vanished.
    stage.index(12, &[(ID, versions(&stage, &[&package(ID, "1.1.0", "second")]))]);
    stage.refuses(&["plugin", "upgrade", "--accept"], 5, "changed-version");
}

#[test]
fn a_look_alike_is_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let alike = "ai.hal9.vvord-count";
    let (one, fake) = (package(ID, "1.0.0", "first"), package(alike, "1.0.0", "fake"));
    stage.server.blob(&fake);
    let thief = key();
    stage.index(11, &[(ID, versions(&stage, &[&one])), (alike, record(&thief, &[version(&fake, &thief)]))]);
    let error = stage.refuses(&["plugin", "install", alike, "--accept"], 10, "look-alike");
    assert!(error["help"].as_str().unwrap().contains("--allow-look-alike"), "{error}");
    stage.home.hal9(["plugin", "install", alike, "--accept", "--allow-look-alike"]).ok();
}

#[test]
fn two_registries_do_not_answer_for_one_name() {
    let stage = Stage::new();
    let other = Stage::new();
    let add = ["registry", "add", "other", &other.server.url];
    stage.home.hal9(add).ok();
    let error = stage.refuses(&["plugin", "install", ID, "--accept"], 10, "ambiguous");
    assert!(error["help"].as_str().unwrap().contains("--registry"), "{error}");
    stage.home.hal9(["plugin", "install", ID, "--accept", "--registry", "test"]).ok();
    // From now on it is had from there, and from nowhere else: a newer one elsewhere is not one.
    let two = package(ID, "9.0.0", "other");
    other.server.blob(&two);
    other.index(11, &[(ID, versions(&other, &[&package(ID, "1.0.0", "first"), &two]))]);
    let value = stage.home.hal9(["--json", "plugin", "upgrade", "--accept"]).json();
    assert_eq!(value["installed"], serde_json::json!([]), "{value}");
    let error = stage.home.hal9(["--json", "plugin", "install", ID, "--accept", "--registry", "other"]).error(10);
    assert_eq!(error["reason"], "bound-elsewhere", "{error}");
    assert_eq!(stage.installed(), [format!("{ID} 1.0.0")]);
    // One that a registry claims is asked for there alone.
    let claimed = Home::new();
    claimed.hal9(["registry", "add", "test", &stage.server.url, "--plugins", "com.example.*"]).ok();
    claimed.hal9(["registry", "add", "work", &other.server.url, "--plugins", "ai.hal9.*"]).ok();
    let value = claimed.hal9(["--json", "plugin", "install", ID, "--accept"]).json();
    assert_eq!(value["installed"][0]["version"], "9.0.0", "{value}");
}

#[test]
fn a_registry_in_the_place_of_another_is_refused() {
    let stage = Stage::new();
    stage.install(ID).ok();
    // The same address, and somebody else's keys.
    let stranger = Keys::of("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    stage.server.root(1, &hal9_registry_index::sign(&stranger.root(), &[&stranger.root], "root").unwrap());
    let head = Head { issued: now(), expires: now() + DAY, ..stranger.head(99, &shards(&[])) };
    stage.server.head(&stranger.sign_head(&head));
    let error = stage.home.hal9(["--json", "plugin", "upgrade"]).error(5);
    assert!(["other-registry", "untrusted-index"].contains(&error["reason"].as_str().unwrap()), "{error}");
    // A key that was named is the only one that is believed.
    let home = Home::new();
    let wrong = key().public().to_string();
    let error = home.hal9(["--json", "registry", "add", "test", &stage.server.url, "--key", &wrong]).error(5);
    assert_eq!(error["reason"], "untrusted-index", "{error}");
    assert_eq!(home.text(), "", "what is refused is not written down");
}

#[test]
fn without_the_registry_what_was_seen_last_is_believed() {
    let stage = Stage::new();
    stage.install(ID).ok();
    let Stage { home, server, runtime, .. } = stage;
    runtime.block_on(server.stop());
    let told = home.hal9(["--json", "plugin", "outdated"]).json();
    assert_eq!((&told[0]["id"], &told[0]["newest"]), (&ID.into(), &Value::Null), "{told}");
    // What was fetched can be had again, also by who asks nobody.
    home.hal9(["plugin", "uninstall", ID]).ok();
    home.hal9(["plugin", "install", ID, "--accept", "--offline"]).ok();
    home.hal9(["plugin", "uninstall", ID]).ok();
    home.hal9(["plugin", "install", ID, "--accept"]).ok();
    let error = home.hal9(["--json", "plugin", "search", "word"]).error(11);
    assert_eq!(error["reason"], "unreachable", "{error}");
}

#[test]
fn what_is_installed_without_a_word_of_its_signer_follows_nobody() {
    let stage = Stage::new();
    // From a file, without a signature; and a registry has a plugin of that name.
    std::fs::write(stage.home.settings(), stage.home.text() + "[trust]\nallow_unsigned = true\n").unwrap();
    let file = stage.home.path().join("own.hal9");
    std::fs::write(&file, package(ID, "0.9.0", "own")).unwrap();
    stage.home.hal9(["plugin", "install", file.to_str().unwrap(), "--allow-unsigned", "--accept"]).ok();
    let value = stage.home.hal9(["--json", "plugin", "upgrade", "--accept"]).json();
    assert_eq!(value["installed"], serde_json::json!([]), "{value}");
    assert!(value["warnings"][0].as_str().unwrap().contains(ID), "{value}");
    stage.refuses(&["plugin", "install", ID, "--accept"], 5, "untrusted-key");
    stage.home.hal9(["policy", "trust", ID, &stage.author.public().to_string()]).ok();
    stage.home.hal9(["plugin", "upgrade", "--accept"]).ok();
    assert_eq!(stage.installed(), [format!("{ID} 1.0.0")]);
}

#[test]
fn what_one_registry_has_for_itself_is_not_had_from_another_that_is_named() {
    let (stage, work) = (Stage::new(), Stage::new());
    stage.home.hal9(["registry", "add", "work", &work.server.url, "--plugins", "ai.hal9.*"]).ok();
    let error = stage.refuses(&["plugin", "install", ID, "--accept", "--registry", "test"], 10, "claimed");
    assert!(error["help"].as_str().unwrap().contains("work"), "{error}");
    // Adding it again keeps what is not said again.
    stage.home.hal9(["registry", "add", "work", &work.server.url]).ok();
    stage.refuses(&["plugin", "install", ID, "--accept", "--registry", "test"], 10, "claimed");
}

#[test]
fn both_keys_of_an_author_are_believed_whichever_came_first() {
    let stage = Stage::new();
    let next = key();
    let (one, two) = (package(ID, "1.0.0", "first"), package(ID, "1.1.0", "second"));
    let three = package(ID, "1.2.0", "third");
    [&two, &three].into_iter().for_each(|package| stage.server.blob(package));
    let mut grown = versions(&stage, &[&one]);
    grown.keys.push(endorsed(ID, next.public(), &stage.author));
    grown.versions.push(version(&two, &next));
    stage.index(11, &[(ID, grown.clone())]);
    // The first that is had is signed by the second key.
    assert_eq!(stage.install(ID).json()["installed"][0]["version"], "1.1.0");
    grown.versions.push(version(&three, &stage.author));
    stage.index(12, &[(ID, grown)]);
    stage.home.hal9(["plugin", "upgrade", "--accept"]).ok();
    assert_eq!(stage.installed(), [format!("{ID} 1.2.0")]);
}

#[test]
fn a_version_that_is_critically_dangerous_is_not_installed_by_the_way() {
    let stage = Stage::new();
    let mut warned = versions(&stage, &[&package(ID, "1.0.0", "first")]);
    warned.notices.push(hal9_registry_index::Notice {
        id: 1,
        severity: hal9_registry_index::Severity::Critical,
        versions: "<2".parse().unwrap(),
        summary: "It tells all.".to_owned(),
        url: None,
        published: now(),
    });
    stage.index(11, &[(ID, warned)]);
    let error = stage.refuses(&["plugin", "install", ID, "--accept"], 10, "dangerous");
    assert!(error["message"].as_str().unwrap().contains("It tells all."), "{error}");
    stage.home.hal9(["plugin", "install", ID, "--accept", "--allow-dangerous"]).ok();
}

#[test]
fn outdated_ends_with_what_is_not_believed() {
    let stage = Stage::new();
    stage.install(ID).ok();
    stage.index(9, &[]);
    let run = stage.home.hal9(["--json", "plugin", "outdated"]);
    assert!(run.stdout.contains("rolled back"), "{run:#?}");
    assert_eq!(run.error(5)["reason"], "rolled-back");
    let text = stage.home.hal9(["plugin", "outdated"]);
    assert!(!text.stdout.contains("nothing is outdated"), "{text:#?}");
    stage.home.hal9(["plugin", "outdated", "--offline"]).ok();
}

#[test]
fn a_registry_can_be_forgotten_and_another_take_its_name() {
    let (stage, other) = (Stage::new(), Stage::new());
    let add = |url: &str| stage.home.hal9(["--json", "registry", "add", "test", url]);
    let error = add(&other.server.url).error(10);
    assert!(error["help"].as_str().unwrap().contains("--forget"), "{error}");
    stage.home.hal9(["registry", "remove", "test"]).ok();
    // What was seen under that name is not forgotten by the way.
    add(&other.server.url).error(5);
    add(&stage.server.url).ok();
    stage.home.hal9(["registry", "remove", "test", "--forget"]).ok();
    add(&other.server.url).ok();
    stage.home.hal9(["--json", "plugin", "search", "--registry", "none"]).error(3);
}
