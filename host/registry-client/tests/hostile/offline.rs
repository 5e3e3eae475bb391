//! While the registry cannot be reached, the last index answers, and says how old it is.

use hal9_registry_client::{Error, Freshness, Registry};
use tempfile::TempDir;

use crate::{
    documents::{DAY, ID, Keys, NOW, key, package, record, version},
    server::{Reply, Server, client, settings},
};

#[tokio::test]
async fn the_last_index_answers_until_it_expires_and_then_only_who_says_so() {
    let (keys, folder, author) = (Keys::new(), TempDir::new().unwrap(), key());
    let bytes = package(ID, "1.0.0", "one");
    let told = record(&author, &[version(&bytes, &author)]);
    let server = Server::with(&keys, 1, &[(ID, told.clone())]).await;
    server.blob(&bytes);
    let url = server.url.clone();
    let registry = client(&url, &folder);
    registry.sync(NOW).await.unwrap();
    let id = ID.parse().unwrap();
    let believed = [author.public().clone()];
    registry.download(&id, &told.versions[0], &believed, &|_| {}).await.unwrap();
    server.stop().await;

    for registry in [registry, client(&url, &folder)] {
        let synced = registry.sync(NOW + DAY).await.unwrap();
        assert_eq!(synced.freshness, Freshness::Offline { age: 2 * DAY });
        let listed = registry.record(&id).await.unwrap();
        assert_eq!((listed.record, listed.freshness), (told.clone(), synced.freshness));
        registry.download(&id, &told.versions[0], &believed, &|_| {}).await.unwrap();

        let error = registry.sync(NOW + 8 * DAY).await.unwrap_err();
        assert!(matches!(error, Error::Expired { late, .. } if late == 2 * DAY), "{error}");
    }
    let mut allowing = settings(&url);
    (allowing.allow_expired, allowing.offline) = (true, true);
    let registry = Registry::open(allowing, folder.path()).unwrap();
    let synced = registry.sync(NOW + 8 * DAY).await.unwrap();
    assert_eq!(synced.freshness, Freshness::Expired { late: 2 * DAY });
    let error = registry.search(&Default::default()).await.unwrap_err();
    assert_eq!(error.reason(), Some("offline"), "{error}");

    // A clock that was put back does no harm.
    registry.sync(NOW - 400 * DAY).await.unwrap();
}

#[tokio::test]
async fn who_was_never_there_cannot_be_asked_offline() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let mut offline = settings(&server.url);
    offline.offline = true;
    let error = Registry::open(offline, folder.path()).unwrap().sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some("offline"), "{error}");
    assert!(server.paths().is_empty(), "offline is offline");

    let url = server.url.clone();
    server.stop().await;
    let error = client(&url, &folder).sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some("unreachable"), "{error}");
}

#[tokio::test]
async fn a_registry_that_is_ill_is_as_good_as_away_and_one_that_lies_is_not() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let good = keys.sign_head(&keys.head(2, &[]));
    let bytes = serde_json::to_vec(&good).unwrap();
    for ill in [
        Reply::Status(500, Vec::new(), String::new()),
        Reply::Status(503, Vec::new(), "<html>".to_owned()),
        Reply::Cut(bytes.clone(), 100),
        Reply::Silent,
    ] {
        server.get("/v1/index", ill);
        let synced = registry.sync(NOW).await.unwrap();
        assert_eq!(synced.freshness, Freshness::Offline { age: DAY });
    }
    // A lie is not taken for an absence: whoever lies would otherwise choose what is believed.
    server.get("/v1/index", Reply::Bytes(serde_json::to_vec(&Keys::new().sign_head(&keys.head(2, &[]))).unwrap()));
    let error = registry.sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some("untrusted-index"), "{error}");
}

#[tokio::test]
async fn what_was_kept_can_be_asked_offline_after_the_index_went_on() {
    let (keys, folder, author) = (Keys::new(), TempDir::new().unwrap(), key());
    let one = record(&author, &[version(&package(ID, "1.0.0", "one"), &author)]);
    let server = Server::with(&keys, 1, &[(ID, one.clone())]).await;
    let registry = client(&server.url, &folder);
    registry.sync(NOW).await.unwrap();
    let mut two = one.clone();
    two.versions.push(version(&package(ID, "2.0.0", "two"), &author));
    server.index(&keys, 2, &[(ID, two.clone()), ("ai.hal9.other", one)]);
    registry.sync_for(&["ai.hal9.other".parse().unwrap()], NOW).await.unwrap();
    let url = server.url.clone();
    server.stop().await;
    let registry = client(&url, &folder);
    registry.sync(NOW).await.unwrap();
    assert_eq!(registry.record(&ID.parse().unwrap()).await.unwrap().record, two);
}
