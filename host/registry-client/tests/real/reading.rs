//! Reading: the index and packages are believed, also after keys were rotated and while nobody is there.

use hal9_registry_client::{Freshness, Pins, Registry};
use hal9_registry_index::api::{ProblemCode, Query};
use tempfile::TempDir;

use crate::site::{ID, Site, key, now, package, publish};

#[tokio::test]
async fn what_was_published_is_found_and_got_and_still_there_when_the_registry_is_not() {
    let (site, author, ada, ben) = (Site::start().await, key(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let writer = site.account(&ada, "ada").await;
    let bytes = package(ID, "1.0.0", b"one");
    let published = publish(&writer, &author, &bytes).await;
    assert!(published.new);

    let id = ID.parse().unwrap();
    let registries = [site.client(&ben)];
    let reader = &registries[0];
    let synced = reader.sync(now()).await.unwrap();
    assert_eq!((synced.plugins, synced.freshness), (1, Freshness::Fresh));
    assert!(synced.version >= published.index);
    assert_eq!(synced.registry, reader.about().await.unwrap().registry);
    let mut pins = Pins::open(&ben.path().join("pins.toml")).unwrap();
    let chosen = pins.choose(&id, &registries).await.unwrap();
    let version = &chosen.listed.record.versions[0];
    let got = reader.download(&id, version, &chosen.believed, &|_| {}).await.unwrap();
    assert_eq!(got.package.bytes(), bytes);
    pins.bind(&id, chosen.pin(&version.key)).await.unwrap();

    let found = reader.search(&Query { q: "word".to_owned(), ..Query::default() }).await.unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), [ID]);
    let without = Query { without: Some("network".to_owned()), ..Query::default() };
    assert_eq!(reader.search(&without).await.unwrap().total, 0);
    let bad = Query { without: Some("nonsense".to_owned()), ..Query::default() };
    assert_eq!(reader.search(&bad).await.unwrap_err().code(), ProblemCode::Usage);
    assert_eq!(reader.plugin(&id).await.unwrap().versions.len(), 1);
    assert_eq!(reader.version(&id, &version.version).await.unwrap().notes, "Notes");
    assert_eq!(reader.author(&"ada".parse().unwrap()).await.unwrap().plugins.len(), 1);
    let missing = reader.plugin(&"ai.hal9.none".parse().unwrap()).await.unwrap_err();
    assert_eq!(missing.code(), ProblemCode::NotFound, "{missing}");

    site.stop().await;
    let synced = reader.sync(now()).await.unwrap();
    assert!(matches!(synced.freshness, Freshness::Offline { .. }), "{synced:?}");
    let chosen = pins.choose(&id, &registries).await.unwrap();
    reader.download(&id, &chosen.listed.record.versions[0], &chosen.believed, &|_| {}).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_rotated_are_followed_and_a_registry_made_anew_is_not_the_same() {
    let (site, author, ada, ben) = (Site::start().await, key(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let writer = site.account(&ada, "ada").await;
    publish(&writer, &author, &package(ID, "1.0.0", b"one")).await;
    let reader = site.client(&ben);
    let before = reader.sync(now()).await.unwrap();
    for root in [false, true] {
        hal9_registry_server::rotate_keys(site.data(), root).unwrap();
        let after = reader.sync(now()).await.unwrap();
        assert!(after.version > before.version, "{after:?}");
        assert_eq!((after.registry, after.pinned.len()), (before.registry.clone(), 0));
    }
    assert_eq!(reader.root().unwrap().unwrap().version, 3);
    // Who comes now walks the same way.
    let late = site.client(&TempDir::new().unwrap()).sync(now()).await;
    assert_eq!(late.unwrap().registry, before.registry);

    let address = site.address();
    site.stop().await;
    let site = Site::on(TempDir::new().unwrap(), &address, |_| {}).await;
    let error = site.client(&ben).sync(now()).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Signature, "{error}");
    assert_eq!(error.reason(), Some("other-registry"), "{error}");
}

#[tokio::test]
async fn a_private_registry_answers_who_is_signed_in() {
    let (ada, ben) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let site = Site::on(TempDir::new().unwrap(), "127.0.0.1:0", |config| config.private = true).await;
    let writer = site.account(&ada, "ada").await;
    let (author, bytes) = (key(), package(ID, "1.0.0", b"one"));
    publish(&writer, &author, &bytes).await;
    let id = ID.parse().unwrap();
    writer.sync(now()).await.unwrap();
    let listed = writer.record(&id).await.unwrap();
    writer.download(&id, &listed.record.versions[0], &[author.public().clone()], &|_| {}).await.unwrap();
    let reader: Registry = site.client(&ben);
    for error in [
        reader.sync(now()).await.unwrap_err(),
        reader.download(&id, &listed.record.versions[0], &[author.public().clone()], &|_| {}).await.unwrap_err(),
        reader.search(&Query::default()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), ProblemCode::PermissionDenied, "{error}");
    }
}
