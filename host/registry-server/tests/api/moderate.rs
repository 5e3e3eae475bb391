//! What who runs a registry does while it is served: packages taken out, warnings, passwords and accounts that are shut.

use hal9_package::PluginId;
use hal9_registry_index::api::{AccountName, ProblemCode};
use hal9_registry_server::{
    Error, Retention, backup, disable, enable, prune, restore, set_password, unwarn, warn, withdraw,
};
use reqwest::Method;
use semver::Version;
use serde_json::{Value, json};

use crate::{
    operate::{YANK, published},
    site::{Answer, PASSWORD, Site, files, package},
};

fn words() -> (PluginId, Version) {
    ("test.words".parse().unwrap(), Version::new(1, 0, 0))
}

fn ada() -> AccountName {
    "ada".parse().unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, code: ProblemCode) {
    match result {
        Err(Error::Refused(problem)) => assert_eq!(problem.code, code, "{problem:?}"),
        other => panic!("{other:?}"),
    }
}

/// What signing in with a password comes to.
async fn sign_in(site: &Site, password: &str) -> Answer {
    let credentials = json!({"name": "ada", "password": password});
    let wanted = json!({"credentials": credentials, "token": {"label": "x", "scopes": ["read"], "days": 1}});
    site.send(Method::POST, "/v1/tokens", None, Some(wanted)).await
}

async fn whoami(site: &Site, token: &str) -> Answer {
    Answer::of(site.request(Method::GET, "/v1/account", Some(token))).await
}

#[tokio::test]
async fn a_withdrawn_version_is_had_no_more_and_stays_so() {
    let (site, token, author) = published().await;
    let (id, version) = words();
    let path = format!("/v1/blobs/{}", site.record("test.words").await.unwrap().versions[0].package);
    assert_eq!(site.get(&path).await.status, 200);
    let out = tempfile::tempdir().unwrap();
    let tar = out.path().join("backup.tar");
    backup(site.data(), &tar).unwrap();
    let index = withdraw(site.data(), &id, &version, "it steals keys").unwrap();
    assert_eq!(site.head().await.0.version, index);
    site.get(&path).await.refused(404, "not-found", "withdrawn");
    assert_eq!(files(&site.data().join("store/blobs")).len(), 1, "its package is off the disk");
    let gone = |record: hal9_registry_index::Record| (record.versions[0].withdrawn, record.versions[0].yanked.clone());
    let expected = (true, Some("it steals keys".to_owned()));
    assert_eq!(gone(site.record("test.words").await.unwrap()), expected);
    // No owner takes that back, or publishes another package in its place; the very same changes nothing.
    site.delete(YANK, &token).await.refused(409, "conflict", "withdrawn");
    site.put(YANK, &token, json!({"reason": "no matter"})).await.refused(409, "conflict", "withdrawn");
    let again = site.publish(&token, &author, &package("test.words", "1.0.0")).await;
    assert_eq!(again.status, 200);
    site.get(&path).await.refused(404, "not-found", "withdrawn");
    site.published(&token, &author, &package("test.words", "1.2.0")).await;
    // Nor does a backup of before bring it back, or tidying up stumble.
    restore(&tar, site.data()).unwrap();
    site.get(&path).await.refused(404, "not-found", "withdrawn");
    assert_eq!(gone(site.record("test.words").await.unwrap()), expected);
    prune(site.data(), &Retention::default()).unwrap();
    assert_eq!(files(&site.data().join("store/blobs")).len(), 1);
    assert_eq!(site.get("/v1/plugins").await.json::<Value>()["hits"][0]["version"], "1.1.0");

    refused(withdraw(site.data(), &id, &Version::new(9, 0, 0), "x"), ProblemCode::NotFound);
    refused(withdraw(site.data(), &"test.none".parse().unwrap(), &version, "x"), ProblemCode::NotFound);
    for reason in ["", "a\nb", &"x".repeat(401)] {
        refused(withdraw(site.data(), &id, &version, reason), ProblemCode::Usage);
    }
    assert!(matches!(withdraw(out.path(), &id, &version, "x"), Err(Error::Folder { .. })));
    assert!(!out.path().join("registry.db").exists(), "no registry is made by looking for one");
}

#[tokio::test]
async fn a_warning_is_in_the_index_and_no_owner_takes_it_back() {
    let (site, token, _) = published().await;
    let (id, _) = words();
    let report = json!({"severity": "critical", "versions": "<1.1.0", "summary": "It steals keys: remove it."});
    let notices = "/v1/plugins/test.words/notices";
    // However much its owners have said.
    while site
        .post(notices, &token, json!({"severity": "low", "versions": "*", "summary": "x".repeat(1_000)}))
        .await
        .status
        == 201
    {}
    let before = site.record("test.words").await.unwrap().notices.len();
    let notice = warn(site.data(), &id, serde_json::from_value(report.clone()).unwrap()).unwrap();
    let record = site.record("test.words").await.unwrap();
    assert_eq!((record.notices.len(), &record.notices[0]), (before + 1, &notice));
    let path = format!("{notices}/{}", notice.id);
    site.delete(&path, &token).await.refused(403, "permission-denied", "official");
    assert_eq!(site.record("test.words").await.unwrap().notices[0], notice);
    unwarn(site.data(), &id, notice.id).unwrap();
    assert_eq!(site.record("test.words").await.unwrap().notices.len(), before);
    refused(unwarn(site.data(), &id, notice.id), ProblemCode::NotFound);
    refused(
        warn(site.data(), &"test.none".parse().unwrap(), serde_json::from_value(report).unwrap()),
        ProblemCode::NotFound,
    );
    let empty = json!({"severity": "low", "versions": "*", "summary": " "});
    refused(warn(site.data(), &id, serde_json::from_value(empty).unwrap()), ProblemCode::Usage);
}

#[tokio::test]
async fn another_password_ends_all_that_was_signed_in() {
    let site = Site::start().await;
    let tokens = [site.account("ada").await, site.token("ada", &["read"]).await];
    let eve = site.account("eve").await;
    let out = tempfile::tempdir().unwrap();
    let tar = out.path().join("backup.tar");
    backup(site.data(), &tar).unwrap();
    assert_eq!(whoami(&site, &tokens[0]).await.status, 200, "it is one that is remembered");
    assert_eq!(set_password(site.data(), &ada(), "another horse battery").unwrap(), 2);
    for restored in [false, true] {
        if restored {
            restore(&tar, site.data()).unwrap();
        }
        for token in &tokens {
            whoami(&site, token).await.refused(401, "permission-denied", "unauthenticated");
        }
        sign_in(&site, PASSWORD).await.refused(401, "permission-denied", "wrong-password");
        assert_eq!(sign_in(&site, "another horse battery").await.status, 201);
    }
    assert_eq!(whoami(&site, &eve).await.status, 200);
    refused(set_password(site.data(), &"nobody".parse().unwrap(), PASSWORD), ProblemCode::NotFound);
    refused(set_password(site.data(), &ada(), "short"), ProblemCode::Usage);
}

#[tokio::test]
async fn an_account_that_is_shut_signs_in_no_more_until_it_is_opened() {
    let (site, token, author) = published().await;
    let out = tempfile::tempdir().unwrap();
    let tar = out.path().join("backup.tar");
    backup(site.data(), &tar).unwrap();
    assert_eq!(disable(site.data(), &ada()).unwrap(), 1);
    for restored in [false, true] {
        if restored {
            restore(&tar, site.data()).unwrap();
        }
        whoami(&site, &token).await.refused(401, "permission-denied", "unauthenticated");
        sign_in(&site, PASSWORD).await.refused(403, "permission-denied", "disabled");
        sign_in(&site, "another horse battery").await.refused(401, "permission-denied", "wrong-password");
    }
    let again = json!({"name": "ada", "password": PASSWORD});
    site.send(Method::POST, "/v1/accounts", None, Some(again)).await.refused(409, "conflict", "taken");
    assert_eq!(site.record("test.words").await.unwrap().versions.len(), 2, "what it has published stays");
    enable(site.data(), &ada()).unwrap();
    whoami(&site, &token).await.refused(401, "permission-denied", "unauthenticated");
    let token = site.token("ada", &["publish"]).await;
    site.published(&token, &author, &package("test.words", "1.2.0")).await;
    for nobody in
        [disable(site.data(), &"nobody".parse().unwrap()).map(drop), enable(site.data(), &"nobody".parse().unwrap())]
    {
        refused(nobody, ProblemCode::NotFound);
    }
}
