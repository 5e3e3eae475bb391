use hal9_registry_index::{Distrust, Head, Root, Signed};
use hal9_registry_server::rotate_keys;
use serde_json::{Value, json};

use crate::site::{Answer, Author, Site, now, package};

#[tokio::test]
async fn an_empty_registry_has_an_index_that_its_root_vouches_for() {
    let site = Site::start().await;
    let (head, root) = site.head().await;
    assert_eq!((head.plugins, head.shards.len(), root.version), (0, 0, 1));
    assert!(head.expires > now() + 6 * 86_400, "a week");
    assert_eq!(head.registry, site.identity().await);
    for key in ["keys/root.key", "keys/index.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(site.data().join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    site.get("/v1/root/2").await.refused(404, "not-found", "");
    site.get("/v1/root/x").await.refused(400, "usage", "");
    site.get("/v1/root/18446744073709551615").await.refused(404, "not-found", "");
}

#[tokio::test]
async fn every_change_makes_a_newer_index_and_the_part_before_stays_for_a_while() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    let (first, _) = site.head().await;
    let yank = json!({"reason": "it is wrong"});
    assert_eq!(site.put("/v1/plugins/test.words/versions/1.0.0/yank", &token, yank).await.status, 204);
    let (second, _) = site.head().await;
    assert!(second.version > first.version);
    assert_ne!(first.shards, second.shards);
    let old = first.shards.values().next().unwrap();
    let part = site.get(&format!("/v1/index/shards/{old}")).await;
    assert_eq!(part.status, 200);
    assert!(part.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let known = site.request(reqwest::Method::GET, &format!("/v1/index/shards/{old}"), None);
    let known = Answer::of(known.header("if-none-match", part.headers["etag"].clone())).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    // What is undone has the bytes that it had.
    assert_eq!(site.delete("/v1/plugins/test.words/versions/1.0.0/yank", &token).await.status, 204);
    let (third, _) = site.head().await;
    assert!(third.version > second.version && third.shards == first.shards);
    let none = format!("/v1/index/shards/{}", hal9_package::Digest::of(b"none"));
    site.get(&none).await.refused(404, "not-found", "");
    site.get("/v1/index/shards/x").await.refused(400, "usage", "");
}

#[tokio::test]
async fn an_index_that_is_known_is_not_sent_again() {
    let site = Site::start().await;
    for path in ["/v1/index", "/v1/root"] {
        let first = site.get(path).await;
        let again =
            site.request(reqwest::Method::GET, path, None).header("if-none-match", first.headers["etag"].clone());
        assert_eq!(Answer::of(again).await.status, 304, "{path}");
    }
}

#[tokio::test]
async fn keys_change_while_it_is_served_and_clients_follow() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let (before, first) = site.head().await;
    assert_eq!(rotate_keys(site.data(), false).unwrap(), 2);
    let (head, second) = site.head().await;
    assert!(head.version > before.version && head.root == 2);
    assert_eq!(second.root_keys, first.root_keys);
    assert_ne!(second.index_keys, first.index_keys);
    let signed: Signed = site.get("/v1/index").await.json();
    assert!(matches!(Head::verify(&signed, &first, None, now()), Err(Distrust::Unsigned { .. })));
    // The server signs with the new key from now on.
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    assert!(site.record("test.words").await.is_some());
    assert_eq!(rotate_keys(site.data(), true).unwrap(), 3);
    assert_eq!(rotate_keys(site.data(), true).unwrap(), 4);
    let (_, fourth) = site.head().await;
    assert_ne!(fourth.root_keys, first.root_keys);
    assert_eq!(site.get("/v1/registry").await.json::<Value>()["root"], 4);
    let pinned = Root::first(&site.get("/v1/root/1").await.json(), Some(&first.root_keys[0])).unwrap();
    assert_eq!(pinned.registry, fourth.registry);
}

#[tokio::test]
async fn without_the_root_key_nothing_changes_and_without_the_index_key_nothing_is_served() {
    let site = Site::start().await;
    let folder = site.stop().await;
    std::fs::rename(folder.path().join("keys/root.key"), folder.path().join("away")).unwrap();
    let error = rotate_keys(folder.path(), false).unwrap_err().to_string();
    assert!(error.contains("root.key"), "{error}");
    let site = Site::on(folder, |_| {}).await;
    assert_eq!(site.head().await.1.version, 1);
    let folder = site.stop().await;
    std::fs::remove_file(folder.path().join("keys/index.key")).unwrap();
    let error = hal9_registry_server::Server::open(hal9_registry_server::Config::new(folder.path())).unwrap_err();
    assert!(error.to_string().contains("index.key"), "{error}");
}

#[tokio::test]
async fn an_index_whose_time_was_made_shorter_is_signed_anew_at_once() {
    let site = Site::start().await;
    let folder = site.stop().await;
    let site = Site::on(folder, |config| config.index_lifetime = std::time::Duration::from_secs(3_600)).await;
    // The server does that by itself when it begins: this waits for it, not for a time.
    for _ in 0..100_000 {
        if site.head().await.0.expires <= now() + 3_600 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it was not signed anew");
}
