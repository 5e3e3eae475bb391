//! Who is signed in: nonces, tokens, and uploads that are broken off.

use hal9_registry_client::{Registry, Secret};
use hal9_registry_index::api::{
    About, AccountName, Credentials, NewToken, Nonce, ProblemCode, Published, Scope, Upload,
};
use tempfile::TempDir;

use crate::{
    documents::{ID, NOW, key, package, signature},
    server::{Asked, Reply, Server, client, settings},
};

fn json(value: &impl serde::Serialize) -> Reply {
    Reply::Bytes(serde_json::to_vec(value).unwrap())
}

fn nonce(text: &str) -> Reply {
    json(&Nonce { nonce: text.to_owned(), expires: NOW })
}

fn problem(status: u16, code: &str, reason: &str) -> Reply {
    let text = format!(r#"{{"error":{{"code":"{code}","reason":"{reason}","message":"no"}}}}"#);
    Reply::Status(status, Vec::new(), text)
}

fn signed_in(server: &Server, folder: &TempDir) -> Registry {
    let mut settings = settings(&server.url);
    settings.token = Some(Secret::new("hal9_17_abc"));
    Registry::open(settings, folder.path()).unwrap()
}

fn header<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    asked.headers.get(name).map(|value| value.to_str().unwrap())
}

fn changes(server: &Server, path: &str) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.path == path).collect()
}

#[tokio::test]
async fn every_change_carries_a_fresh_number_and_one_that_is_not_taken_is_replaced_once() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let registry = signed_in(&server, &folder);
    let path = format!("/v1/plugins/{ID}/versions/1.0.0/yank");
    let numbers = ["a", "b", "c", "d", "e"].map(nonce);
    server.replies("POST", "/v1/nonces", numbers);
    let bad = || problem(409, "conflict", "bad-nonce");
    server.replies("PUT", &path, [bad(), Reply::Status(204, Vec::new(), String::new())]);
    let id = ID.parse().unwrap();
    registry.yank(&id, &"1.0.0".parse().unwrap(), "broken").await.unwrap();
    let asked = changes(&server, &path);
    assert_eq!(asked.iter().map(|one| header(one, "replay-nonce")).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    assert!(asked.iter().all(|one| header(one, "authorization") == Some("Bearer hal9_17_abc")));
    assert_eq!(asked[0].body, br#"{"reason":"broken"}"#);

    server.replies("PUT", &path, [bad()]);
    let error = registry.yank(&id, &"1.0.0".parse().unwrap(), "broken").await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ProblemCode::Conflict, Some("bad-nonce")), "{error}");
    assert_eq!(changes(&server, &path).len(), 4, "once, and not for ever");
    server.replies("POST", "/v1/nonces", [nonce("a\r\nX-Evil: 1")]);
    let error = registry.yank(&id, &"1.0.0".parse().unwrap(), "broken").await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    server.replies("POST", "/v1/nonces", [nonce("a")]);
    server.replies("POST", "/v1/tokens", [problem(503, "unavailable", "later")]);
    let credentials =
        Credentials { name: "ada".parse::<AccountName>().unwrap(), password: "a long password".to_owned() };
    let token = || NewToken { label: "laptop".to_owned(), scopes: vec![Scope::Publish], days: 30 };
    let registry = signed_in(&server, &folder);
    let error = registry.log_in(credentials.clone(), token()).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Unavailable, "{error}");
    assert_eq!(changes(&server, "/v1/tokens").len(), 1);
    server.replies("POST", "/v1/tokens", [Reply::Cut(vec![b' '; 100], 1)]);
    registry.log_in(credentials.clone(), token()).await.unwrap_err();
    let asked = changes(&server, "/v1/tokens");
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|one| header(one, "authorization").is_none()), "a password goes without a token");

    // A yank may be said twice.
    let path = format!("/v1/plugins/{ID}/versions/1.0.0/yank");
    let done = Reply::Status(204, Vec::new(), String::new());
    server.replies("PUT", &path, [problem(503, "unavailable", "later"), Reply::Cut(vec![b' '; 100], 1), done]);
    registry.yank(&ID.parse().unwrap(), &"1.0.0".parse().unwrap(), "broken").await.unwrap();
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_before_anything_is_sent() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let mut registry = client(&server.url, &folder);
    let author = key();
    let bytes = package(ID, "1.0.0", "one");
    let text = signature(&bytes, &author);
    for error in [
        registry.whoami().await.unwrap_err(),
        registry.log_out().await.unwrap_err(),
        registry.publish(&bytes, author.public(), &text, "", &|_| {}).await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.reason()), (ProblemCode::PermissionDenied, Some("signed-out")), "{error}");
        assert!(error.help().unwrap().contains("--registry test"), "{error}");
    }
    registry.set_token(Some(Secret::new("line\nbreak")));
    assert_eq!(registry.whoami().await.unwrap_err().code(), ProblemCode::Usage);
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn a_package_that_would_be_refused_is_not_sent() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let (registry, author) = (signed_in(&server, &folder), key());
    let bytes = package(ID, "1.0.0", "one");
    let text = signature(&bytes, &author);
    let error = registry.publish(b"PK junk", author.public(), &text, "", &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::InvalidPackage, "{error}");
    let error = registry.publish(&bytes, key().public(), &text, "", &|_| {}).await.unwrap_err();
    assert_eq!(error.reason(), Some("bad-signature"), "{error}");
    let error = registry.publish(&bytes, author.public(), &text, &"x".repeat(70_000), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Usage, "{error}");
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn an_upload_that_is_broken_off_goes_on_where_the_registry_says() {
    let (server, folder) = (Server::start().await, TempDir::new().unwrap());
    let (registry, author) = (signed_in(&server, &folder), key());
    let bytes = package(ID, "1.0.0", &"read me ".repeat(1000));
    let text = signature(&bytes, &author);
    let (size, digest) = (bytes.len() as u64, hal9_package::Digest::of(&bytes));
    let about = About {
        registry: "r".to_owned(),
        name: "test".to_owned(),
        version: "0.1.0".to_owned(),
        root: 1,
        open: true,
        private: false,
        mirror: false,
        max_package: size,
        max_part: 4000,
    };
    let upload = |offset| Upload { id: "u1".to_owned(), package: digest, size, offset, expires: NOW };
    let ok = |offset: u64| Reply::Status(204, vec![("upload-offset", offset.to_string())], String::new());
    server.get("/v1/registry", json(&about));
    server.replies("POST", "/v1/nonces", [nonce("a")]);
    // Somebody has sent 1000 bytes before.
    server.replies("POST", "/v1/uploads", [json(&upload(1000))]);
    let mut parts = vec![ok(5000), problem(409, "conflict", "offset"), problem(503, "unavailable", "later")];
    parts.extend((0..).map(|at| (3000 + 4000 * (at + 1)).min(size)).take(size as usize / 4000 + 1).map(ok));
    server.replies("PATCH", "/v1/uploads/u1", parts);
    server.replies("GET", "/v1/uploads/u1", [json(&upload(3000))]);
    let published = Published {
        plugin: ID.parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        package: digest,
        index: 2,
        new: true,
        warnings: Vec::new(),
    };
    server.replies("POST", "/v1/plugins", [problem(503, "unavailable", "later"), json(&published)]);
    let done = registry.publish(&bytes, author.public(), &text, "notes", &|_| {}).await.unwrap();
    assert_eq!(done, published);

    let sent = changes(&server, "/v1/uploads/u1");
    let parts: Vec<_> = sent.iter().filter(|one| one.method == axum::http::Method::PATCH).collect();
    let offsets: Vec<u64> = parts.iter().map(|one| header(one, "upload-offset").unwrap().parse().unwrap()).collect();
    assert_eq!(offsets[..4], [1000, 5000, 3000, 3000], "from where the registry says");
    for (part, offset) in parts.iter().zip(offsets) {
        let from = offset as usize;
        assert_eq!(part.body, bytes[from..(from + 4000).min(bytes.len())]);
        assert_eq!(header(part, "content-type"), Some("application/offset+octet-stream"));
        assert_eq!(header(part, "replay-nonce"), None);
    }

    // One that takes nothing is left, and one that says that it has published something else is not believed.
    server.replies("PATCH", "/v1/uploads/u1", [problem(409, "conflict", "offset")]);
    let error = registry.publish(&bytes, author.public(), &text, "", &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), ProblemCode::Unavailable, "{error}");
    server.replies("POST", "/v1/uploads", [json(&upload(size))]);
    let other = Published { package: hal9_package::Digest::of(b"another"), ..published };
    server.replies("POST", "/v1/plugins", [json(&other)]);
    let error = registry.publish(&bytes, author.public(), &text, "", &|_| {}).await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
    server.replies("POST", "/v1/uploads", [json(&upload(size + 1))]);
    let error = registry.publish(&bytes, author.public(), &text, "", &|_| {}).await.unwrap_err();
    assert_eq!(error.reason(), Some("not-a-registry"), "{error}");
}
