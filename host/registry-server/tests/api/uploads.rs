use hal9_package::Digest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Author, Site, files, package};

#[tokio::test]
async fn an_upload_goes_on_where_it_ended_also_after_the_server_was_started_again() {
    let site = Site::start().await;
    let token = site.account("ada").await;
    let bytes = package("test.words", "1.0.0");
    let begin = json!({"package": Digest::of(&bytes), "size": bytes.len()});
    let begun: Value = site.post("/v1/uploads", &token, begin.clone()).await.json();
    let id = begun["id"].as_str().unwrap().to_owned();
    let (first, rest) = bytes.split_at(1_000);
    let sent = site.part(&token, &id, 0, first).await;
    assert_eq!((sent.status.as_u16(), &sent.headers["upload-offset"]), (200, &"1000".parse().unwrap()));

    let site = Site::on(site.stop().await, |_| {}).await;
    let again: Value = site.post("/v1/uploads", &token, begin).await.json();
    assert_eq!((again["id"].as_str(), again["offset"].as_u64()), (Some(id.as_str()), Some(1_000)));
    // The same part a second time, and one from further on.
    for offset in [0, 2_000] {
        let wrong = site.part(&token, &id, offset, first).await;
        wrong.refused(409, "conflict", "offset");
        assert_eq!(wrong.headers["upload-offset"], "1000");
    }
    assert_eq!(site.part(&token, &id, 1_000, rest).await.status, 200);
    let author = Author::new();
    let body = json!({"upload": id, "key": author.public, "signature": author.sign(&bytes)});
    assert_eq!(site.post("/v1/plugins", &token, body.clone()).await.status, 201);
    assert_eq!(files(&site.data().join("uploads")).len(), 0, "what is published is no upload any more");
    site.post("/v1/plugins", &token, body).await.refused(404, "not-found", "upload");
}

#[tokio::test]
async fn uploads_are_bounded_and_ones_own() {
    let site = Site::with(|config| config.max_uploads = 2).await;
    let (ada, eve) = (site.account("ada").await, site.account("eve").await);
    let begin = |size: u64, of: &str| json!({"package": Digest::of(of.as_bytes()), "size": size});
    site.post("/v1/uploads", &ada, begin(0, "a")).await.refused(400, "usage", "");
    site.post("/v1/uploads", &ada, begin(11 << 20, "a")).await.refused(413, "limit-exceeded", "size");
    let first: Value = site.post("/v1/uploads", &ada, begin(10, "a")).await.json();
    assert_eq!(site.post("/v1/uploads", &ada, begin(10, "b")).await.status, 201);
    site.post("/v1/uploads", &ada, begin(10, "c")).await.refused(409, "conflict", "uploads");
    assert_eq!(site.post("/v1/uploads", &ada, begin(10, "a")).await.status, 201, "that is one of the two");
    let path = format!("/v1/uploads/{}", first["id"].as_str().unwrap());
    let id = first["id"].as_str().unwrap();
    site.part(&ada, id, 0, b"more than ten bytes").await.refused(413, "limit-exceeded", "size");
    site.part(&ada, id, 0, &vec![0; (2 << 20) + 1]).await.refused(413, "limit-exceeded", "size");
    Answer::of(site.request(Method::GET, &path, Some(&eve))).await.refused(404, "not-found", "upload");
    site.part(&eve, id, 0, b"x").await.refused(404, "not-found", "upload");
    site.delete(&path, &eve).await.refused(404, "not-found", "upload");
    let other = site.request(Method::PATCH, &path, Some(&ada)).body("x").header("upload-offset", 0);
    Answer::of(other).await.refused(415, "usage", "media-type");
    let none = site.request(Method::PATCH, &path, Some(&ada)).header("content-type", "application/offset+octet-stream");
    Answer::of(none.body("x")).await.refused(400, "usage", "");
    assert_eq!(site.delete(&path, &ada).await.status, 204);
    Answer::of(site.request(Method::GET, &path, Some(&ada))).await.refused(404, "not-found", "upload");
}

#[tokio::test]
async fn of_uploads_that_are_begun_anew_nothing_stays_on_the_disk() {
    let site = Site::with(|config| config.max_uploads = 2).await;
    let token = site.account("ada").await;
    let begin = |size: u64| json!({"package": Digest::of(b"a"), "size": size});
    for size in 100..110 {
        let begun: Value = site.post("/v1/uploads", &token, begin(size)).await.json();
        assert_eq!(begun["offset"], 0, "what was sent for another size is gone");
        let sent = site.part(&token, begun["id"].as_str().unwrap(), 0, &[0; 100]).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        assert_eq!(files(&site.data().join("uploads")).len(), 1);
    }
    // Those that are over as well.
    let database = rusqlite::Connection::open(site.data().join("registry.db")).unwrap();
    database.execute("UPDATE upload SET expires = 1", []).unwrap();
    assert_eq!(site.post("/v1/uploads", &token, begin(50)).await.status, 201);
    assert_eq!(files(&site.data().join("uploads")).len(), 0);
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_refused_and_begun_anew() {
    let site = Site::start().await;
    let (token, author) = (site.account("ada").await, Author::new());
    let bytes = package("test.words", "1.0.0");
    let begin = json!({"package": Digest::of(&bytes), "size": bytes.len()});
    let id = site.post("/v1/uploads", &token, begin.clone()).await.json::<Value>()["id"].as_str().unwrap().to_owned();
    let body = json!({"upload": id, "key": author.public, "signature": author.sign(&bytes)});
    site.part(&token, &id, 0, &bytes[..100]).await;
    site.post("/v1/plugins", &token, body.clone()).await.refused(409, "conflict", "offset");
    site.part(&token, &id, 100, &vec![0; bytes.len() - 100]).await;
    site.post("/v1/plugins", &token, body).await.refused(422, "invalid-package", "digest");
    let again: Value = site.post("/v1/uploads", &token, begin).await.json();
    assert_eq!(again["offset"], 0);
}
