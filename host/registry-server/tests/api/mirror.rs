use std::collections::BTreeMap;

use hal9_package::SecretKey;
use hal9_registry_index::{Shard, ShardId, sign};
use hal9_registry_server::{Config, Error, Fetch, Server, mirror, rotate_keys};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    operate::{YANK, published},
    site::{Answer, Author, Site, package},
};

/// Another registry over HTTP, of which a test may change an answer.
struct Over<'a> {
    site: &'a Site,
    changed: BTreeMap<String, Vec<u8>>,
}

impl Fetch for Over<'_> {
    async fn fetch(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
        if let Some(changed) = self.changed.get(path) {
            return Ok(Some(changed.clone()));
        }
        let answer = self.site.get(path).await;
        match answer.status.as_u16() {
            200 if answer.body.len() as u64 <= most => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(answer.text()),
        }
    }
}

impl<'a> Over<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, changed: BTreeMap::new() }
    }
}

#[tokio::test]
async fn a_mirror_answers_with_the_documents_of_its_source_and_only_answers() {
    let (site, token, author) = published().await;
    let folder = tempfile::tempdir().unwrap();
    let first = mirror("http://source", &Over::new(&site), folder.path(), None).await.unwrap();
    assert_eq!((first.plugins, first.packages), (1, 2));
    let copy = Site::on(folder, |_| {}).await;
    assert_eq!(copy.get("/v1/index").await.body, site.get("/v1/index").await.body);
    assert_eq!(copy.record("test.words").await, site.record("test.words").await);
    let record = copy.record("test.words").await.unwrap();
    assert_eq!(copy.get(&format!("/v1/blobs/{}", record.versions[1].package)).await.status, 200);
    assert_eq!(copy.get("/v1/plugins?q=hummingbird").await.json::<Value>()["total"], 1);
    let about: Value = copy.get("/v1/registry").await.json();
    assert_eq!((about["mirror"].as_bool(), about["open"].as_bool()), (Some(true), Some(false)));
    for (method, path) in [(Method::POST, "/v1/nonces"), (Method::POST, "/v1/accounts"), (Method::POST, "/v1/tokens")] {
        Answer::of(copy.request(method, path, None)).await.refused(405, "usage", "mirror");
    }

    // What is new comes, also while it is served; keys change, and versions are yanked.
    site.published(&token, &author, &package("test.words", "1.2.0")).await;
    assert_eq!(site.put(YANK, &token, json!({"reason": "wrong"})).await.status, 204);
    rotate_keys(site.data(), true).unwrap();
    let second = mirror("http://source", &Over::new(&site), copy.data(), None).await.unwrap();
    assert!(second.index > first.index && second.packages == 1);
    assert_eq!(copy.record("test.words").await, site.record("test.words").await);
    assert_eq!(copy.head().await.1.version, 2);
    assert_eq!(mirror("http://source", &Over::new(&site), copy.data(), None).await.unwrap().packages, 0);
    assert!(matches!(mirror("http://copy", &Over::new(&copy), site.data(), None).await, Err(Error::Folder { .. })));
    assert!(rotate_keys(copy.data(), false).is_err());
}

#[tokio::test]
async fn a_mirror_believes_nothing_that_is_not_signed() {
    let (site, token, _) = published().await;
    let (other, old) = (Site::start().await, site.get("/v1/index").await.body);
    let folder = tempfile::tempdir().unwrap();
    mirror("http://source", &Over::new(&site), folder.path(), None).await.unwrap();
    assert_eq!(site.put(YANK, &token, json!({"reason": "wrong"})).await.status, 204);
    let (head, root) = site.head().await;
    let shard = format!("/v1/index/shards/{}", head.shards.values().next().unwrap());
    let blob = format!("/v1/blobs/{}", site.record("test.words").await.unwrap().versions[0].package);
    let fresh = || tempfile::tempdir().unwrap();
    let over = |path: &str, bytes: Vec<u8>| Over { site: &site, changed: BTreeMap::from([(path.to_owned(), bytes)]) };
    let foreign = other.get("/v1/index").await.body;
    for (path, bytes) in [("/v1/index", foreign), (shard.as_str(), b"{}".to_vec()), ("/v1/index", b"{}".to_vec())] {
        for data in [folder.path(), fresh().path()] {
            let error = mirror("http://source", &over(path, bytes.clone()), data, None).await.unwrap_err();
            assert!(matches!(error, Error::Distrust(_) | Error::Fetch { .. }), "{path}: {error}");
        }
    }
    let error = mirror("http://source", &over(&blob, package("test.words", "1.0.1")), fresh().path(), None).await;
    assert!(matches!(error, Err(Error::Mirror { .. } | Error::Fetch { .. })), "{error:?}");
    let half = fresh();
    assert!(mirror("http://source", &over("/v1/index", b"{}".to_vec()), half.path(), None).await.is_err());
    assert!(Server::open(Config::new(half.path())).is_err(), "a mirror that is not whole is not served");
    let pinned = Author::new().public;
    let error = mirror("http://source", &Over::new(&site), fresh().path(), Some(&pinned)).await.unwrap_err();
    assert!(matches!(error, Error::Distrust(_)), "{error}");
    mirror("http://source", &Over::new(&site), fresh().path(), Some(&root.root_keys[0])).await.unwrap();
    mirror("http://source", &Over::new(&site), folder.path(), None).await.unwrap();
    // An index that was seen before, and is older than the last one.
    let error = mirror("http://source", &over("/v1/index", old), folder.path(), None).await.unwrap_err();
    assert!(error.to_string().contains("rolled back"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_named_is_one_of_any_root_and_asked_for_each_time() {
    let (site, _, _) = published().await;
    let first = site.head().await.1.root_keys[0].clone();
    rotate_keys(site.data(), true).unwrap();
    let second = site.head().await.1.root_keys[0].clone();
    assert_ne!(first, second);
    let other = Author::new().public;
    let folder = tempfile::tempdir().unwrap();
    let error = mirror("http://source", &Over::new(&site), folder.path(), Some(&other)).await.unwrap_err();
    assert!(matches!(error, Error::Distrust(_)), "{error}");
    let another = Site::start().await;
    // What was not believed has left nothing: the folder is as good as new for another registry.
    mirror("http://another", &Over::new(&another), folder.path(), None).await.unwrap();
    for key in [&first, &second] {
        let fresh = tempfile::tempdir().unwrap();
        mirror("http://source", &Over::new(&site), fresh.path(), Some(key)).await.unwrap();
        let error = mirror("http://source", &Over::new(&site), fresh.path(), Some(&other)).await.unwrap_err();
        assert!(matches!(error, Error::Distrust(_)), "{error}");
        mirror("http://source", &Over::new(&site), fresh.path(), Some(&second)).await.unwrap();
    }
}

/// What a source says whose index key signs whatever it is told to.
async fn lie(site: &Site, change: impl FnOnce(&mut hal9_registry_index::Record)) -> BTreeMap<String, Vec<u8>> {
    let key = std::fs::read_to_string(site.data().join("keys/index.key")).unwrap();
    let key = SecretKey::from_text(&key, None).unwrap();
    let id = "test.words".parse().unwrap();
    let (mut head, _) = site.head().await;
    let mut record = site.record("test.words").await.unwrap();
    change(&mut record);
    let shard = Shard { shard: ShardId::of(&id), plugins: BTreeMap::from([(id.clone(), record)]) };
    let (bytes, shard) = (shard.to_bytes(), ShardId::of(&id));
    let digest = hal9_package::Digest::of(&bytes);
    head.version += 1;
    head.shards.insert(shard, digest);
    let signed = serde_json::to_vec(&sign(&head, &[&key], "test").unwrap()).unwrap();
    BTreeMap::from([("/v1/index".to_owned(), signed), (format!("/v1/index/shards/{digest}"), bytes)])
}

#[tokio::test]
async fn a_mirror_does_not_follow_a_source_that_takes_names_over_or_changes_versions() {
    let (site, _, _) = published().await;
    let folder = tempfile::tempdir().unwrap();
    mirror("http://source", &Over::new(&site), folder.path(), None).await.unwrap();
    let before = site.get("/v1/index").await.body;
    let other = Author::new();
    let bytes = package("test.words", "1.0.0-other");
    let foreign = lie(&site, |record| record.versions[0].key = other.public.clone()).await;
    let taken = lie(&site, |record| record.keys[0].key = other.public.clone()).await;
    let lost = lie(&site, |record| drop(record.versions.remove(0))).await;
    let changed = lie(&site, |record| record.versions[0].package = hal9_package::Digest::of(&bytes)).await;
    for (at, changed) in [foreign, taken, lost, changed].into_iter().enumerate() {
        let error = mirror("http://source", &Over { site: &site, changed }, folder.path(), None).await.unwrap_err();
        assert!(matches!(error, Error::Mirror { .. }), "{at}: {error}");
    }
    // To one that has seen nothing before, the version's signature tells.
    let (digest, size) = (hal9_package::Digest::of(&bytes), bytes.len() as u64);
    let mut unsigned = lie(&site, |record| {
        (record.versions[0].package, record.versions[0].size) = (digest, size);
    })
    .await;
    unsigned.insert(format!("/v1/blobs/{digest}"), bytes);
    let fresh = tempfile::tempdir().unwrap();
    let error =
        mirror("http://source", &Over { site: &site, changed: unsigned }, fresh.path(), None).await.unwrap_err();
    assert!(matches!(error, Error::Mirror { .. }), "{error}");
    let copy = Site::on(folder, |_| {}).await;
    assert_eq!(copy.get("/v1/index").await.body, before);
}
