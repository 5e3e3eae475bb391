//! Requests that are whole and mean harm: bodies that unpack to much or nest deeply, headers that come twice, numbers and tokens that were
//! used up, and many that want the same.

use std::collections::BTreeMap;

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::served::{ACCOUNT, PASSWORD, Served, answer, package};

/// Every path that takes a body of JSON.
const BODIES: [(&str, &str); 12] = [
    ("POST", "/v1/accounts"),
    ("POST", "/v1/tokens"),
    ("POST", "/v1/account/keys"),
    ("POST", "/v1/uploads"),
    ("POST", "/v1/plugins"),
    ("PUT", "/v1/plugins/fuzz.tool/versions/0.1.0/yank"),
    ("PUT", "/v1/plugins/fuzz.tool/deprecation"),
    ("POST", "/v1/plugins/fuzz.tool/notices"),
    ("POST", "/v1/plugins/fuzz.tool/keys"),
    ("PUT", "/v1/plugins/fuzz.tool/reviews"),
    ("PUT", "/v1/plugins/fuzz.tool/owners/bob"),
    ("PATCH", "/v1/uploads/1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none_are_refused_everywhere() {
    let served = Served::open().await;
    let deep = "[".repeat(100_000);
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let long = format!(r#"{{"name": "{}"}}"#, "a".repeat(200_000));
    let number = format!(r#"{{"size": {}}}"#, "9".repeat(10_000));
    let surrogate = r#"{"name": "\ud800", "password": "correct horse battery"}"#;
    let twice = r#"{"name": "ada", "name": "bob", "password": "correct horse battery"}"#;
    let bodies: [&[u8]; 13] = [
        b"",
        b"null",
        b"[]",
        b"\"",
        b"{",
        b"{\"a\": 1e999999}",
        b"\xff\xfe{\0}\0",
        b"{\"name\": \"\xc3\x28\"}",
        deep.as_bytes(),
        deep_object.as_bytes(),
        long.as_bytes(),
        number.as_bytes(),
        surrogate.as_bytes(),
    ];
    for (method, path) in BODIES {
        let method: Method = method.parse().unwrap();
        for body in bodies.iter().copied().chain([twice.as_bytes()]) {
            let request = served.request(method.clone(), path).header("replay-nonce", served.nonce().await);
            let request = request.header("content-type", "application/json").body(body.to_vec());
            let (status, refused) = answer(request).await;
            // Nothing is asked of the body where the path says it all.
            let said = path.contains("/owners/");
            assert!(status.is_client_error() || said, "{method} {path}: {status}, {refused}");
        }
        for media_type in
            ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16", ""]
        {
            let request = served.request(method.clone(), path).header("replay-nonce", served.nonce().await);
            let _ = answer(request.header("content-type", media_type).body("{}")).await;
        }
    }
    served.is_well().await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_unpacks_to_much_is_not_unpacked() {
    let served = Served::open().await;
    // 64 MiB of spaces, in some 64 KiB.
    let bomb = gzip_of_spaces(64 << 20);
    assert!(bomb.len() < 128 << 10, "{}", bomb.len());
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip"] {
        for (method, path) in BODIES {
            let request = served.request(method.parse().unwrap(), path).header("replay-nonce", served.nonce().await);
            let request = request.header("content-type", "application/json").header("content-encoding", encoding);
            let (status, refused) = answer(request.body(bomb.clone())).await;
            assert!(status.is_client_error() || path.contains("/owners/"), "{encoding} {path}: {status}, {refused}");
        }
    }
    served.stop().await;
}

/// So many spaces, packed by `gzip`, which is part of every Debian.
fn gzip_of_spaces(length: usize) -> Vec<u8> {
    let mut child = std::process::Command::new("gzip")
        .arg("-9")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        let part = vec![b' '; 1 << 20];
        (0..length >> 20).for_each(|_| std::io::Write::write_all(&mut input, &part).unwrap());
    });
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_good_once_and_only_if_it_was_given() {
    let served = Served::open().await;
    let yank = json!({"reason": "tests"});
    let path = "/v1/plugins/fuzz.tool/versions/0.1.0/yank";
    let send = async |nonces: &[&str]| {
        let mut request = served.request(Method::PUT, path).json(&yank);
        for nonce in nonces {
            request = request.header("replay-nonce", *nonce);
        }
        answer(request).await
    };
    let nonce = served.nonce().await;
    let (status, done) = send(&[&nonce]).await;
    assert!(status.is_success(), "{status}: {done}");
    let other = served.nonce().await;
    let mut changed = other.clone();
    let last = if changed.ends_with('a') { 'b' } else { 'a' };
    changed.pop();
    changed.push(last);
    let long = "a".repeat(8 << 10);
    for nonces in [&[nonce.as_str()][..], &[], &[""], &["1"], &[&changed], &[&nonce, &nonce], &[&long], &["\u{e9}"]] {
        let (status, refused) = send(nonces).await;
        let reason = &refused["error"]["reason"];
        assert_eq!((status, reason), (StatusCode::CONFLICT, &json!("bad-nonce")), "{nonces:?}: {refused}");
    }
    // Of many that send the same number at once, one has it.
    let one = [other.as_str()];
    let raced = join_all((0..16).map(|_| send(&one))).await;
    assert_eq!(raced.iter().filter(|(status, _)| status.is_success()).count(), 1, "{raced:?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_none_open_nothing() {
    let served = Served::open().await;
    let revoked = served.token_for(ACCOUNT, &["publish", "maintain"]).await;
    let id = revoked.split('_').nth(1).unwrap().to_owned();
    let whoami = async |authorization: &[u8]| {
        let request = served.anonymous(Method::GET, "/v1/account").header("authorization", authorization);
        answer(request).await.0
    };
    // It is remembered as verified; after it was revoked that must not help.
    assert_eq!(whoami(format!("Bearer {revoked}").as_bytes()).await, StatusCode::OK);
    let (status, _) = served.change(Method::DELETE, &format!("/v1/tokens/{id}"), &json!(null)).await;
    assert!(status.is_success(), "{status}");
    let good = &served.token;
    let swapped = format!("hal9_{id}_{}", good.rsplit('_').next().unwrap());
    let tokens = [
        revoked.clone(),
        swapped,
        good[..good.len() - 1].to_owned(),
        format!("{good}a"),
        good.to_uppercase(),
        "hal9__".to_owned(),
        "hal9_1_".to_owned(),
        "hal9_-1_x".to_owned(),
        "hal9_99999999999999999999_x".to_owned(),
        "a".repeat(8000),
        String::new(),
        "hal9_1' or '1'='1_x".to_owned(),
    ];
    for token in tokens {
        for scheme in ["Bearer", "bearer", "Basic", "Token", ""] {
            let status = whoami(format!("{scheme} {token}").as_bytes()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{scheme} {token}");
        }
    }
    assert_eq!(whoami(b"Bearer \xff\xfe").await, StatusCode::UNAUTHORIZED);
    // Two of them, the good one second: whichever counts, it is not both.
    let two = served.anonymous(Method::GET, "/v1/account").header("authorization", format!("Bearer {revoked}"));
    let (status, _) = answer(two.header("authorization", format!("Bearer {good}"))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_publish_one_version_one_wins() {
    let served = Served::open().await;
    let packages: Vec<_> = (0..8).map(|n| package("tool", "0.2.0", &format!("copy {n}"))).collect();
    let uploads = join_all(packages.iter().map(|package| served.upload(package.bytes()))).await;
    let bodies: Vec<_> =
        uploads.iter().zip(&packages).map(|(upload, package)| served.publication(upload, package)).collect();
    let published = join_all(bodies.iter().map(|body| served.change(Method::POST, "/v1/plugins", body))).await;
    let mut found: BTreeMap<u16, Vec<&Value>> = BTreeMap::new();
    for (status, body) in &published {
        found.entry(status.as_u16()).or_default().push(body);
    }
    assert_eq!((found[&201].len(), found[&409].len()), (1, 7), "{found:?}");
    assert!(found[&409].iter().all(|body| body["error"]["reason"] == "different"), "{found:?}");
    let (_, page) = answer(served.anonymous(Method::GET, "/v1/plugins/fuzz.tool/versions/0.2.0")).await;
    assert_eq!(page["summary"]["package"], found[&201][0]["package"], "what was acknowledged is what is there");

    // One upload, published by many at once: it is new once, and nobody is told of another version than the one that is there.
    let same = package("tool", "0.3.0", "same");
    let body = served.publication(&served.upload(same.bytes()).await, &same);
    let published = join_all((0..8).map(|_| served.change(Method::POST, "/v1/plugins", &body))).await;
    assert_eq!(published.iter().filter(|(_, body)| body["new"] == true).count(), 1, "{published:?}");
    let digest = json!(same.digest().to_string());
    let told = published.iter().filter(|(status, _)| status.is_success());
    assert!(told.clone().all(|(_, body)| body["package"] == digest), "{published:?}");
    let (status, again) = served.publish(&same).await;
    assert_eq!((status, &again["new"]), (StatusCode::OK, &json!(false)), "{again}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_want_one_name_one_has_it() {
    let served = Served::open().await;
    let credentials = json!({"name": "bob", "password": PASSWORD});
    let made = join_all((0..8).map(|_| served.change(Method::POST, "/v1/accounts", &credentials))).await;
    assert_eq!(made.iter().filter(|(status, _)| *status == StatusCode::CREATED).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count(), 7, "{made:?}");
    // Passwords that are tried at once are each looked at, and none is let in by another's.
    let token = json!({"label": "tests", "scopes": ["read"], "days": 1});
    let tries = (0..8).map(|n| {
        let password = if n == 3 { PASSWORD.to_owned() } else { format!("wrong password {n}") };
        json!({"credentials": {"name": ACCOUNT, "password": password}, "token": token})
    });
    let tries: Vec<_> = tries.collect();
    let had = join_all(tries.iter().map(|body| served.change(Method::POST, "/v1/tokens", body))).await;
    for (n, (status, body)) in had.iter().enumerate() {
        let expected = if n == 3 { StatusCode::CREATED } else { StatusCode::UNAUTHORIZED };
        assert_eq!(*status, expected, "{body}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_of_uploads_that_lie_change_nothing() {
    let served = Served::open().await;
    let package = package("tool", "0.4.0", "parts");
    let bytes = package.bytes();
    let begin = json!({"package": package.digest().to_string(), "size": bytes.len()});
    let (_, upload) = served.change(Method::POST, "/v1/uploads", &begin).await;
    let path = format!("/v1/uploads/{}", upload["id"].as_str().unwrap());
    let part = async |offset: &str, bytes: &[u8]| {
        let request = served.request(Method::PATCH, &path).header("upload-offset", offset);
        let request = request.header("content-type", "application/offset+octet-stream");
        answer(request.body(bytes.to_vec())).await
    };
    for offset in ["1", "-1", "18446744073709551615", "18446744073709551616", "0x0", "", "0, 0", "1e0"] {
        let (status, refused) = part(offset, &bytes[..10]).await;
        assert!(matches!(status.as_u16(), 400 | 409 | 413), "{offset}: {status}, {refused}");
    }
    let (status, refused) = part("0", &[bytes, b"more"].concat()).await;
    assert!(status.is_client_error(), "more than was announced: {refused}");
    // Of two that send the same part, one is taken; the other is told where to go on.
    let raced = join_all((0..4).map(|_| part("0", &bytes[..1000]))).await;
    assert_eq!(raced.iter().filter(|(status, _)| status.is_success()).count(), 1, "{raced:?}");
    assert!(raced.iter().all(|(status, _)| status.is_success() || *status == StatusCode::CONFLICT), "{raced:?}");
    let (status, _) = part("1000", &bytes[1000..]).await;
    assert!(status.is_success(), "{status}");
    let publication = served.publication(upload["id"].as_str().unwrap(), &package);
    let (status, published) = served.change(Method::POST, "/v1/plugins", &publication).await;
    assert_eq!(status, StatusCode::CREATED, "{published}");
    served.stop().await;
}
