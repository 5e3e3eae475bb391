use hal9_registry_index::{Endorsement, sign};
use serde_json::{Value, json};

use crate::site::{Author, Site, package};

async fn plugin() -> (Site, String, Author) {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    site.published(&token, &author, &package("test.words", "1.0.0")).await;
    (site, token, author)
}

#[tokio::test]
async fn a_yanked_version_is_in_the_index_with_the_reason_and_is_found_no_more() {
    let (site, token, author) = plugin().await;
    let path = "/v1/plugins/test.words/versions/1.0.0/yank";
    assert_eq!(site.put(path, &token, json!({"reason": "it is wrong"})).await.status, 204);
    let record = site.record("test.words").await.unwrap();
    assert_eq!(record.versions[0].yanked.as_deref(), Some("it is wrong"));
    let search = |all: bool| site.get(if all { "/v1/plugins?all=true" } else { "/v1/plugins" });
    assert_eq!(search(false).await.json::<Value>()["total"], 0);
    assert_eq!(search(true).await.json::<Value>()["total"], 1);
    let blob = site.get(&format!("/v1/blobs/{}", record.versions[0].package)).await;
    assert_eq!(blob.status, 200, "whoever has it keeps it");
    // The newest that is not yanked stands for the plugin.
    site.published(&token, &author, &package("test.words", "0.9.0")).await;
    assert_eq!(search(false).await.json::<Value>()["hits"][0]["version"], "0.9.0");
    assert_eq!(site.put(path, &token, json!({"reason": ""})).await.status, 204);
    assert_eq!(site.record("test.words").await.unwrap().versions[1].yanked.as_deref(), Some(""));
    assert_eq!(site.delete(path, &token).await.status, 204);
    assert_eq!(search(false).await.json::<Value>()["hits"][0]["version"], "1.0.0");
    assert!(site.record("test.words").await.unwrap().versions[1].yanked.is_none());
    let other = "/v1/plugins/test.words/versions/3.0.0/yank";
    site.put(other, &token, json!({"reason": "x"})).await.refused(404, "not-found", "");
    for reason in [" ", "a\nb", "\u{202e}", &"x".repeat(401)] {
        site.put(path, &token, json!({"reason": reason})).await.refused(400, "usage", "");
    }
}

#[tokio::test]
async fn deprecation_and_notices_are_in_the_index() {
    let (site, token, _) = plugin().await;
    let path = "/v1/plugins/test.words";
    let deprecation = json!({"deprecation": {"message": "use the other", "instead": "test.other"}});
    assert_eq!(site.put(&format!("{path}/deprecation"), &token, deprecation).await.status, 204);
    let report = |versions: &str, url: &str| json!({"severity": "critical", "versions": versions, "summary": "It leaks.", "url": url});
    let notices = format!("{path}/notices");
    let notice = site.post(&notices, &token, report("<1.0.1", "https://example.com/1")).await;
    assert_eq!(notice.status, 201, "{}", notice.text());
    let number = notice.json::<Value>()["id"].as_u64().unwrap();
    let record = site.record("test.words").await.unwrap();
    assert_eq!(record.deprecated.unwrap().instead.unwrap().as_str(), "test.other");
    assert!(record.notices[0].id == number && record.notices[0].is_about(&"1.0.0".parse().unwrap()));
    let page: Value = site.get(path).await.json();
    assert_eq!(
        (page["notices"][0]["summary"].as_str(), page["summary"]["deprecated"].as_bool()),
        (Some("It leaks."), Some(true))
    );
    assert_eq!(site.get("/v1/plugins").await.json::<Value>()["total"], 0);
    for (versions, url) in [("nonsense", "https://example.com"), ("*", "javascript:alert(1)"), ("*", "https://a b")] {
        site.post(&notices, &token, report(versions, url)).await.refused(400, "usage", "");
    }
    assert_eq!(site.delete(&format!("{notices}/{number}"), &token).await.status, 204);
    site.delete(&format!("{notices}/{number}"), &token).await.refused(404, "not-found", "");
    site.delete(&format!("{notices}/18446744073709551615"), &token).await.refused(404, "not-found", "");
    assert_eq!(site.delete(&format!("{path}/deprecation"), &token).await.status, 204);
    let record = site.record("test.words").await.unwrap();
    assert!(record.deprecated.is_none() && record.notices.is_empty());
    assert_eq!(site.get("/v1/plugins").await.json::<Value>()["total"], 1);
}

#[tokio::test]
async fn others_may_not_and_there_must_be_such_a_plugin() {
    let (site, ada, _) = plugin().await;
    let eve = site.account("eve").await;
    let key = Author::new();
    let endorsement = Endorsement { plugin: "test.words".parse().unwrap(), key: key.public.clone() };
    let endorsement = sign(&endorsement, &[&key.secret], "test").unwrap();
    for (id, token, status, code, reason) in
        [("test.words", &eve, 403, "permission-denied", "not-owner"), ("test.none", &ada, 404, "not-found", "")]
    {
        let path = format!("/v1/plugins/{id}");
        let report = json!({"severity": "low", "versions": "*", "summary": "x"});
        let deprecation = json!({"deprecation": {"message": "x"}});
        let refuse = |answer: crate::site::Answer| answer.refused(status, code, reason);
        refuse(site.put(&format!("{path}/versions/1.0.0/yank"), token, json!({"reason": "x"})).await);
        refuse(site.delete(&format!("{path}/versions/1.0.0/yank"), token).await);
        refuse(site.put(&format!("{path}/deprecation"), token, deprecation).await);
        refuse(site.delete(&format!("{path}/deprecation"), token).await);
        refuse(site.post(&format!("{path}/notices"), token, report).await);
        refuse(site.delete(&format!("{path}/notices/1"), token).await);
        refuse(site.put(&format!("{path}/owners/eve"), token, json!(null)).await);
        refuse(site.delete(&format!("{path}/owners/ada"), token).await);
        let endorse = json!({"key": key.public, "endorsement": endorsement});
        refuse(site.post(&format!("{path}/keys"), token, endorse).await);
    }
    assert!(site.record("test.words").await.unwrap().versions[0].yanked.is_none());
}

#[tokio::test]
async fn somebody_always_owns_a_plugin() {
    let (site, ada, _) = plugin().await;
    let eve = site.account("eve").await;
    let owner = |name: &str| format!("/v1/plugins/test.words/owners/{name}");
    site.delete(&owner("ada"), &ada).await.refused(409, "conflict", "last-owner");
    site.put(&owner("nobody"), &ada, json!(null)).await.refused(404, "not-found", "");
    site.delete(&owner("eve"), &ada).await.refused(404, "not-found", "");
    assert_eq!(site.put(&owner("eve"), &ada, json!(null)).await.status, 204);
    assert_eq!(site.delete(&owner("ada"), &eve).await.status, 204);
    let page: Value = site.get("/v1/plugins/test.words").await.json();
    assert_eq!(page["owners"][0]["account"], "eve");
    assert_eq!(site.get("/v1/authors/eve").await.json::<Value>()["plugins"][0]["id"], "test.words");
    assert_eq!(site.get("/v1/authors/ada").await.json::<Value>()["plugins"], json!([]));
    site.get("/v1/authors/nobody").await.refused(404, "not-found", "");
}

#[tokio::test]
async fn another_key_signs_once_one_of_the_plugins_has_endorsed_it() {
    let (site, token, author) = plugin().await;
    let next = Author::new();
    let bytes = package("test.words", "1.1.0");
    site.publish(&token, &next, &bytes).await.refused(422, "signature", "foreign-key");
    let endorse = |plugin: &str, by: &Author| {
        let endorsement = Endorsement { plugin: plugin.parse().unwrap(), key: next.public.clone() };
        json!({"key": next.public, "endorsement": sign(&endorsement, &[&by.secret], "test").unwrap()})
    };
    let path = "/v1/plugins/test.words/keys";
    site.post(path, &token, endorse("test.words", &next)).await.refused(422, "signature", "foreign-key");
    site.post(path, &token, endorse("test.other", &author)).await.refused(422, "signature", "foreign-endorsement");
    for _ in 0..2 {
        let keys = site.post(path, &token, endorse("test.words", &author)).await;
        assert_eq!(keys.json::<Value>().as_array().unwrap().len(), 2);
    }
    site.published(&token, &next, &bytes).await;
    let record = site.record("test.words").await.unwrap();
    let believed = record.believed_from(&"test.words".parse().unwrap(), &author.public);
    assert_eq!(believed, [author.public, next.public]);
}
