//! Answers that never end, never come, or send elsewhere; and what is asked again.

use std::{io::Write as _, process::Stdio};

use hal9_registry_client::Registry;
use hal9_registry_index::api::{ProblemCode, Query};
use tempfile::TempDir;

use crate::{
    documents::{ID, Keys, NOW},
    server::{Reply, Server, client, settings},
};

fn status(status: u16, text: &str) -> Reply {
    Reply::Status(status, Vec::new(), text.to_owned())
}

#[tokio::test]
async fn what_never_ends_is_not_read_to_its_end() {
    let keys = Keys::new();
    let shard = hal9_package::Digest::of(b"a part of the index");
    for path in ["/v1/root/1", "/v1/root/2", "/v1/index", &format!("/v1/index/shards/{shard}")] {
        let (server, folder) = (Server::with(&keys, 1, &[]).await, TempDir::new().unwrap());
        if path.contains("shards") {
            let mut head = keys.head(1, &[]);
            head.shards.insert("00".parse().unwrap(), shard);
            server.head(&keys.sign_head(&head));
        }
        server.get(path, Reply::Endless);
        let error = client(&server.url, &folder).sync(NOW).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (ProblemCode::LimitExceeded, Some("size")), "{path}: {error}");
        assert!(!folder.path().join("head.json").exists());
    }
    let server = Server::start().await;
    server.get("/v1/registry", Reply::Endless);
    let error = client(&server.url, &TempDir::new().unwrap()).about().await.unwrap_err();
    assert_eq!(error.reason(), Some("size"), "{error}");
}

#[tokio::test]
async fn what_is_small_and_becomes_large_is_not_unpacked_to_its_end() {
    let server = Server::start().await;
    // 64 MiB of blanks.
    let mut packed = std::process::Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = packed.stdin.take().unwrap();
    let writer = std::thread::spawn(move || (0..64).try_for_each(|_| stdin.write_all(&[b' '; 1 << 20])));
    let packed = packed.wait_with_output().unwrap().stdout;
    writer.join().unwrap().unwrap();
    assert!(packed.len() < 1 << 20);
    server.get("/v1/registry", Reply::Encoded("gzip", packed));
    let error = client(&server.url, &TempDir::new().unwrap()).about().await.unwrap_err();
    assert_eq!(error.reason(), Some("size"), "{error}");
}

#[tokio::test]
async fn nobody_is_followed_to_another_place() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let elsewhere = Server::with(&keys, 1, &[]).await;
    for status in [301, 302, 303, 307, 308] {
        for to in [&format!("{}v1/index", elsewhere.url), &format!("//{}", &elsewhere.url[7..]), "file:///etc/passwd"] {
            server.get("/v1/index", Reply::Status(status, vec![("location", (*to).to_owned())], String::new()));
            let error = client(&server.url, &folder).sync(NOW).await.unwrap_err();
            assert_eq!(error.reason(), Some("redirected"), "{to}: {error}");
        }
    }
    assert!(elsewhere.paths().is_empty());
    // At its own place it may send on, and not in a circle.
    server.get("/v1/index", Reply::Status(302, vec![("location", "/v2/index".to_owned())], String::new()));
    server.document("/v2/index", &keys.sign_head(&keys.head(1, &[])));
    client(&server.url, &folder).sync(NOW).await.unwrap();
    server.get("/v2/index", Reply::Status(302, vec![("location", "/v1/index".to_owned())], String::new()));
    let error = client(&server.url, &folder).sync(NOW).await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
}

#[tokio::test]
async fn a_passing_fault_is_got_over() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let good = serde_json::to_vec(&keys.sign_head(&keys.head(4, &[]))).unwrap();
    let late = Reply::Status(429, vec![("retry-after", "1".to_owned())], String::new());
    let replies = [status(503, ""), Reply::Cut(good.clone(), 50), late, Reply::Bytes(good)];
    server.replies("GET", "/v1/index", replies);
    assert_eq!(client(&server.url, &folder).sync(NOW).await.unwrap().version, 4);
}

#[tokio::test]
async fn nobody_waits_as_long_as_he_is_told_to() {
    let server = Server::start().await;
    let forever = Reply::Status(429, vec![("retry-after", "4000000000".to_owned())], String::new());
    server.get("/v1/registry", forever);
    let error = client(&server.url, &TempDir::new().unwrap()).about().await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::LimitExceeded, "{error}");
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn what_a_registry_says_is_passed_on_and_cannot_command_a_terminal() {
    let server = Server::start().await;
    let message = format!("no \\u001b[2J{}", "x".repeat(10_000));
    let text =
        format!(r#"{{"error":{{"code":"conflict","reason":"a\\u0007","message":"{message}","help":"do\\nit"}}}}"#);
    server.get("/v1/registry", status(409, &text.replace("\\\\", "\\")));
    let registry = client(&server.url, &TempDir::new().unwrap());
    let error = registry.about().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ProblemCode::Conflict, Some("a\\u{7}")), "{error}");
    let shown = error.to_string();
    assert!(shown.len() < 1000 && shown.contains("no \\u{1b}[2Jxxx"), "{shown}");
    assert_eq!(error.help().as_deref(), Some("do\\u{a}it"));
    // What is no problem's text, and one that is too long for any.
    server.get("/v1/registry", status(404, "<html>not here</html>"));
    assert_eq!(registry.about().await.unwrap_err().code(), ProblemCode::NotFound);
    server.get("/v1/registry", status(400, &"x".repeat(1 << 20)));
    assert_eq!(registry.about().await.unwrap_err().code(), ProblemCode::LimitExceeded);
}

#[tokio::test]
async fn a_registry_may_be_below_a_path_and_ids_are_parts_of_it() {
    let server = Server::start().await;
    let registry = Registry::open(settings(&format!("{}team/a", server.url)), TempDir::new().unwrap().path()).unwrap();
    let _ = registry.about().await;
    let _ = registry.version(&ID.parse().unwrap(), &"1.0.0-a.1+b.2".parse().unwrap()).await;
    let query = Query { q: "a&b=c #d".to_owned(), tag: Some("é".to_owned()), limit: 5, ..Query::default() };
    let _ = registry.search(&query).await;
    let paths = server.paths();
    assert_eq!(paths[0], "/team/a/v1/registry");
    assert_eq!(paths[1], format!("/team/a/v1/plugins/{ID}/versions/1.0.0-a.1+b.2"));
    let parts: Vec<_> = paths[2].split(['?', '&']).collect();
    assert_eq!(parts, ["/team/a/v1/plugins", "q=a%26b%3Dc+%23d", "tag=%C3%A9", "order=relevance", "skip=0", "limit=5"]);
}

#[tokio::test]
async fn a_mirror_gets_bytes_by_path_and_nothing_else() {
    let (keys, folder) = (Keys::new(), TempDir::new().unwrap());
    let server = Server::with(&keys, 1, &[]).await;
    let registry = client(&server.url, &folder);
    let signed = keys.sign_head(&keys.head(2, &[]));
    server.head(&signed);
    let bytes = registry.fetch("/v1/index", 1 << 20).await.unwrap().unwrap();
    assert_eq!(bytes, serde_json::to_vec(&signed).unwrap());
    assert_eq!(registry.fetch("/v1/root/2", 1 << 20).await.unwrap(), None);
    assert_eq!(registry.fetch("/v1/index", 10).await.unwrap_err().reason(), Some("size"));
    for bad in ["", "/", "/v1/../secret", "//elsewhere/v1"] {
        assert!(registry.fetch(bad, 1 << 20).await.is_err(), "{bad}");
    }
}
