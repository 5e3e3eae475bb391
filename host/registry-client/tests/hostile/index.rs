//! What is believed of an index, and what is not: nothing of what is not believed is kept.

use hal9_registry_client::{Error, Freshness, Registry};
use hal9_registry_index::{Root, Shard, ShardId, sign};
use tempfile::TempDir;

use crate::{
    documents::{DAY, ID, Keys, NOW, key, package, record, shards, version},
    server::{Reply, Server, client, settings},
};

fn word_count() -> hal9_registry_index::Record {
    let author = key();
    record(&author, &[version(&package(ID, "1.0.0", "one"), &author)])
}

/// What is refused is refused with this reason and status 5, and what was believed before is as it was.
async fn refuses(registry: &Registry, reason: &str) {
    let error = registry.sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some(reason), "{error}");
    assert_eq!(error.code(), hal9_registry_index::api::ProblemCode::Signature, "{error}");
    assert!(error.help().is_some(), "{error}");
}

fn files(folder: &TempDir) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in ["trust.json", "head.json"] {
        files.push((name.to_owned(), std::fs::read(folder.path().join(name)).unwrap_or_default()));
    }
    for entry in std::fs::read_dir(folder.path().join("shards")).unwrap() {
        let path = entry.unwrap().path();
        files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    files.sort();
    files
}

#[tokio::test]
async fn an_index_is_believed_kept_and_only_what_changed_is_fetched_again() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let (one, two) = (word_count(), word_count());
    let server = Server::with(&keys, 7, &[(ID, one.clone()), ("ai.hal9.other", two.clone())]).await;
    let registry = client(&server.url, &folder);
    let synced = registry.sync(NOW).await.unwrap();
    assert_eq!((synced.version, synced.plugins, synced.fetched), (7, 2, 2));
    assert_eq!(synced.freshness, Freshness::Fresh);
    assert_eq!(synced.registry, keys.identity);
    assert_eq!(synced.pinned, [keys.root.public().id()], "who uses it first is told whom he believes");
    assert_eq!(registry.record(&ID.parse().unwrap()).await.unwrap().record, one);

    let again = registry.sync(NOW).await.unwrap();
    assert_eq!((again.fetched, again.pinned.len()), (0, 0));

    let mut later = two.clone();
    later.deprecated = Some(hal9_registry_index::Deprecation { message: "old".to_owned(), instead: None });
    server.index(&keys, 8, &[(ID, one), ("ai.hal9.other", later.clone())]);
    server.paths();
    assert_eq!(registry.sync(NOW).await.unwrap().fetched, 1);
    assert_eq!(server.paths().iter().filter(|path| path.contains("/shards/")).count(), 1);
    assert_eq!(registry.record(&"ai.hal9.other".parse().unwrap()).await.unwrap().record, later);
    let unknown = registry.record(&"ai.hal9.none".parse().unwrap()).await.unwrap_err();
    assert!(matches!(unknown, Error::Unknown { .. }), "{unknown}");
}

#[tokio::test]
async fn of_one_plugin_only_its_part_is_fetched() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[(ID, word_count()), ("ai.hal9.other", word_count())]).await;
    let registry = client(&server.url, &folder);
    let synced = registry.sync_for(&[ID.parse().unwrap()], NOW).await.unwrap();
    assert_eq!(synced.fetched, 1);
    registry.record(&ID.parse().unwrap()).await.unwrap();
    server.paths();
    registry.record(&"ai.hal9.other".parse().unwrap()).await.unwrap();
    assert_eq!(server.paths().len(), 1, "the other part is fetched when it is asked for");
}

#[tokio::test]
async fn an_index_that_was_rolled_back_is_refused() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 9, &[(ID, word_count())]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let before = files(&folder);
    server.index(&keys, 8, &[(ID, word_count())]);
    refuses(&registry, "rolled-back").await;
    refuses(&client(&server.url, &folder), "rolled-back").await;
    assert_eq!(files(&folder), before);

    // Two of one version are not both honest.
    server.index(&keys, 9, &[(ID, word_count())]);
    refuses(&registry, "mixed-index").await;

    // Without the cache, what was seen is still known.
    std::fs::remove_file(folder.path().join("head.json")).unwrap();
    server.index(&keys, 8, &[(ID, word_count())]);
    refuses(&client(&server.url, &folder), "rolled-back").await;
}

#[tokio::test]
async fn parts_of_another_index_are_refused() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[(ID, word_count())]).await;
    let honest = shards(&[(ID, word_count())]);
    let head = keys.head(2, &honest);
    server.head(&keys.sign_head(&head));
    let path = format!("/v1/index/shards/{}", head.shards.values().next().unwrap());
    // A good shard of another time.
    server.get(&path, Reply::Bytes(shards(&[(ID, word_count())])[0].to_bytes()));
    refuses(&client(&server.url, &folder), "mixed-index").await;
    assert!(!folder.path().join("head.json").exists(), "nothing of it is kept");
    assert_eq!(std::fs::read_dir(folder.path().join("shards")).unwrap().count(), 0);
    // None at all.
    server.replies("GET", &path, []);
    refuses(&client(&server.url, &folder), "mixed-index").await;

    // The right digest of a shard that has a plugin which belongs elsewhere.
    let id: hal9_package::PluginId = ID.parse().unwrap();
    let other: ShardId = if ShardId::of(&id).to_string() == "00" { "01" } else { "00" }.parse().unwrap();
    let foreign = Shard { shard: other, plugins: [(id, word_count())].into() };
    server.head(&keys.sign_head(&keys.head(3, std::slice::from_ref(&foreign))));
    server.shard(&foreign);
    refuses(&client(&server.url, &folder), "mixed-index").await;
}

#[tokio::test]
async fn a_stale_index_is_refused_however_it_is_signed() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let mut head = keys.head(2, &[]);
    (head.issued, head.expires) = (NOW - 8 * DAY, NOW - DAY);
    server.head(&keys.sign_head(&head));
    let mut settings = settings(&server.url);
    settings.allow_expired = true;
    refuses(&Registry::open(settings, folder.path()).unwrap(), "stale-index").await;
    refuses(&client(&server.url, &folder), "stale-index").await;
}

#[tokio::test]
async fn another_registry_behind_the_same_address_is_refused() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let before = files(&folder);
    let others = Keys::of("11111111-2222-4333-8444-555555555555");
    server.root(1, &sign(&others.root(), &[&others.root], "root").unwrap());
    server.index(&others, 2, &[(ID, word_count())]);
    refuses(&registry, "other-registry").await;
    refuses(&client(&server.url, &folder), "other-registry").await;

    // Also where it has gone on to a second root.
    let next = Root { version: 2, ..others.root() };
    server.root(2, &sign(&next, &[&others.root], "root").unwrap());
    refuses(&registry, "other-registry").await;
    assert_eq!(files(&folder), before);
}

#[tokio::test]
async fn keys_that_nobody_has_named_sign_nothing() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let stranger = Keys::new();
    server.index(&stranger, 2, &[]);
    refuses(&registry, "untrusted-index").await;
    // The root's key is not for the index.
    server.head(&sign(&keys.head(2, &[]), &[&keys.root], "index").unwrap());
    refuses(&registry, "untrusted-index").await;
    // A root that only its own key has signed.
    server.index(&keys, 2, &[]);
    server.root(2, &sign(&Root { version: 2, ..stranger.root() }, &[&stranger.root], "root").unwrap());
    refuses(&registry, "untrusted-index").await;
    // A text that was changed after it was signed.
    server.replies("GET", "/v1/root/2", []);
    let mut signed = keys.sign_head(&keys.head(3, &[]));
    signed.document = signed.document.replace("\"version\":3", "\"version\":4");
    server.head(&signed);
    refuses(&registry, "altered-index").await;
    // A signed document of another type.
    server.head(&sign(&keys.root(), &[&keys.index], "root").unwrap());
    refuses(&registry, "malformed-index").await;
}

#[tokio::test]
async fn keys_that_are_rotated_are_followed_and_old_ones_sign_nothing_more() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[(ID, word_count())]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();

    let (second, third) = (Keys::new(), Keys::new());
    let root = |keys: &Keys, version| Root { version, ..keys.root() };
    server.root(2, &sign(&root(&second, 2), &[&keys.root, &second.root], "root").unwrap());
    server.root(3, &sign(&root(&third, 3), &[&second.root, &third.root], "root").unwrap());
    server.index(&third, 2, &[(ID, word_count())]);
    let synced = registry.sync(NOW).await.unwrap();
    assert_eq!((synced.version, synced.pinned.len()), (2, 0), "nobody has to be asked");

    server.index(&keys, 3, &[]);
    refuses(&registry, "untrusted-index").await;
    refuses(&client(&server.url, &folder), "untrusted-index").await;

    // Who comes later walks the same way, and may name a key of any of the roots.
    server.index(&third, 4, &[]);
    for key in [&keys, &second, &third] {
        let mut settings = settings(&server.url);
        settings.key = Some(key.root.public().clone());
        let folder = TempDir::new().unwrap();
        assert_eq!(Registry::open(settings, folder.path()).unwrap().sync(NOW).await.unwrap().version, 4);
    }
    // A root of the right key with a number left out is none that follows.
    server.root(4, &sign(&root(&third, 5), &[&third.root], "root").unwrap());
    refuses(&registry, "malformed-index").await;
}

#[tokio::test]
async fn a_key_that_the_settings_name_is_held_against_the_root() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let open = |key: &hal9_package::PublicKey| {
        let mut settings = settings(&server.url);
        settings.key = Some(key.clone());
        Registry::open(settings, folder.path()).unwrap()
    };
    refuses(&open(key().public()), "untrusted-index").await;
    assert!(!folder.path().join("trust.json").exists(), "nothing is pinned");
    open(keys.root.public()).sync(NOW).await.unwrap();
    refuses(&open(key().public()), "untrusted-index").await;
}

#[tokio::test]
async fn what_is_no_registry_is_told_as_such() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    for text in ["", "<html>Sign in to the hotel's network</html>", "{}", &"[".repeat(100_000), "\u{1b}[31m"] {
        server.get("/v1/index", Reply::Bytes(text.as_bytes().to_vec()));
        let error = registry.sync(NOW).await.unwrap_err();
        assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
    let (named, second) =
        (Root { registry: "../../etc".to_owned(), ..keys.root() }, Root { version: 2, ..keys.root() });
    for root in [named, second] {
        server.root(1, &sign(&root, &[&keys.root], "root").unwrap());
        refuses(&client(&server.url, &TempDir::new().unwrap()), "malformed-index").await;
    }
    let nobody = Server::start().await;
    let error = client(&nobody.url, &TempDir::new().unwrap()).sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
}
