//! What the index has room for: one version, one plugin, one account, one part of it; and what is said of a plugin in one that is full.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::site::{Author, Site, manifest, package, package_of};

/// So many plugins fill a part of the index.
const FULL: u32 = 1_000;

fn database(site: &Site) -> Connection {
    Connection::open(site.data().join("registry.db")).unwrap()
}

/// Puts plugins of nobody, or of an account, into the part of the index that `test.words` belongs to.
fn fill(site: &Site, count: u32, owner: Option<&str>) {
    let database = database(site);
    database
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO plugin (name, shard, made) SELECT 'fill.n' || i, shard, 0 FROM n, plugin WHERE name = 'test.words'",
            [count],
        )
        .unwrap();
    if let Some(owner) = owner {
        database
            .execute(
                "INSERT INTO owner SELECT plugin.id, account.id, 0 FROM plugin, account
                 WHERE plugin.name LIKE 'fill.n%' AND account.name = ?1",
                [owner],
            )
            .unwrap();
    }
}

#[tokio::test]
async fn a_version_that_asks_for_too_much_to_be_read_is_refused() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let asking = |count: usize| {
        let mut manifest = manifest("test.words", "1.0.0");
        let hosts: Vec<_> = (0..count).map(|at| json!(format!("NetworkHttps:{at:040}.example.com"))).collect();
        manifest["permissions"] = hosts.into();
        package_of(&manifest)
    };
    site.publish(&token, &author, &asking(300)).await.refused(422, "invalid-package", "weight");
    assert!(site.record("test.words").await.is_none());
    site.published(&token, &author, &asking(100)).await;
}

#[tokio::test]
async fn a_plugin_whose_record_is_too_large_takes_no_more_versions() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    let yank = "/v1/plugins/test.words/versions/1.0.0/yank";
    // As if it had a thousand versions: its signature is a long one.
    database(&site).execute("UPDATE version SET signature = hex(zeroblob(524288))", []).unwrap();
    assert_eq!(site.put(yank, &token, json!({"reason": "wrong"})).await.status, 204);
    site.publish(&token, &author, &package("test.words", "1.1.0")).await.refused(409, "conflict", "versions");
    assert_eq!(site.delete(yank, &token).await.status, 204);
    site.published(&token, &author, &package("test.other", "1.0.0")).await;
}

#[tokio::test]
async fn in_a_full_part_of_the_index_all_is_said_and_nothing_new_published() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    fill(&site, FULL, None);
    site.publish(&token, &author, &package("test.words", "1.1.0")).await.refused(409, "conflict", "full");
    let path = "/v1/plugins/test.words";
    let yank = format!("{path}/versions/1.0.0/yank");
    assert_eq!(site.put(&yank, &token, json!({"reason": "\"".repeat(400)})).await.status, 204);
    let deprecation = json!({"deprecation": {"message": "\"".repeat(1_000)}});
    assert_eq!(site.put(&format!("{path}/deprecation"), &token, deprecation).await.status, 204);
    let report = json!({"severity": "high", "versions": "*", "summary": "It leaks."});
    assert_eq!(site.post(&format!("{path}/notices"), &token, report).await.status, 201);
    assert_eq!(site.record("test.words").await.unwrap().notices.len(), 1);
    // Its other parts have room.
    site.published(&token, &author, &package("test.other", "1.0.0")).await;
}

#[tokio::test]
async fn an_account_does_not_fill_a_part_of_the_index_alone() {
    let site = Site::start().await;
    let (ada, eve, author) = (site.account("ada").await, site.account("eve").await, Author::new());
    site.published(&ada, &author, &package("test.words", "1.0.0")).await;
    fill(&site, FULL / 6, Some("eve"));
    assert_eq!(site.put("/v1/plugins/test.words/owners/eve", &ada, json!(null)).await.status, 204);
    site.publish(&eve, &author, &package("test.words", "1.1.0")).await.refused(409, "conflict", "share");
    site.published(&ada, &author, &package("test.words", "1.1.0")).await;
}

#[tokio::test]
async fn the_notices_of_a_plugin_are_bounded_in_all() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    let notices = "/v1/plugins/test.words/notices";
    let report = |versions: &str| json!({"severity": "low", "versions": versions, "summary": "\"".repeat(1_000), "url": "https://x"});
    let long = format!("=1.0.0-{}", "a".repeat(300));
    site.post(notices, &token, report(&long)).await.refused(400, "usage", "");
    let mut numbers = Vec::new();
    let refused = loop {
        let answer = site.post(notices, &token, report("*")).await;
        if answer.status != 201 {
            break answer;
        }
        numbers.push(answer.json::<Value>()["id"].as_u64().unwrap());
        assert!(numbers.len() < 20, "they have no end");
    };
    refused.refused(409, "conflict", "notices");
    assert_eq!(site.record("test.words").await.unwrap().notices.len(), numbers.len());
    assert_eq!(site.delete(&format!("{notices}/{}", numbers[0]), &token).await.status, 204);
    assert_eq!(site.post(notices, &token, report("*")).await.status, 201);
}
