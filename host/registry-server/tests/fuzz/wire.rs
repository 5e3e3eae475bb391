//! What no client sends: bytes on the wire that are hardly HTTP. Each is refused or its connection closed, none is the server's own fault,
//! and others are answered all the while.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};

use super::served::{HANGS, Served};

/// More than this nobody needs to be told.
const MAX_ANSWER: usize = 4 << 20;

/// Sends bytes and reads until the server closes: what it has answered. Nothing, where it closed without a word.
async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let talk = async {
        let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        // It may close while this is still on its way.
        let sending = async { drop(write.write_all(bytes).await) };
        let mut answer = Vec::new();
        let reading = async {
            let mut part = [0; 16 << 10];
            while let Ok(length @ 1..) = read.read(&mut part).await {
                answer.extend_from_slice(&part[..length]);
                assert!(answer.len() < MAX_ANSWER, "it does not stop answering");
            }
        };
        tokio::join!(sending, reading);
        String::from_utf8_lossy(&answer).into_owned()
    };
    time::timeout(HANGS, talk).await.expect("it answers or closes")
}

/// The statuses of the answers, one behind the other.
fn statuses(answer: &str) -> Vec<u16> {
    let lines = answer.match_indices("HTTP/1.").filter_map(|(at, _)| answer.get(at + 9..at + 12)?.parse().ok());
    lines.collect()
}

async fn refused(served: &Served, what: &str, request: &[u8]) {
    let answer = send(served.address, request).await;
    let statuses = statuses(&answer);
    assert!(statuses.iter().all(|status| (400..500).contains(status)), "{what}: {answer:.500}");
    served.is_well().await;
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused() {
    let served = Served::open().await;
    let many: String = (0..10_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let parameters: String = (0..10_000).map(|n| format!("&p{n}={n}")).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a huge header", get("/health", &format!("X-Huge: {}\r\n", "x".repeat(1 << 20)))),
        ("many headers", get("/health", &many)),
        ("a huge name of a header", get("/health", &format!("{}: x\r\n", "x".repeat(1 << 20)))),
        ("a huge path", get(&format!("/{}", "a".repeat(1 << 20)), "")),
        ("10 000 parameters", get(&format!("/v1/plugins?q=a{parameters}"), "")),
        ("a huge token", get("/v1/account", &format!("Authorization: Bearer {}\r\n", "a".repeat(16 << 10)))),
        ("a line break in a header", get("/health", "X-A: b\r\n c\r\n")),
        ("a zero in a header", get("/health", "X-A: b\0c\r\n")),
        ("a zero in the path", b"GET /hea\0lth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("garbage", (0..=255).cycle().take(100_000).collect()),
        ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(100)),
        ("HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("no version", b"GET /health\r\n\r\n".to_vec()),
        ("version 9", b"GET /health HTTP/9.9\r\n\r\n".to_vec()),
        ("a tunnel", b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a trace", b"TRACE /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a method of its own", b"BREW /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("two lengths", post("/v1/accounts", "Content-Length: 2\r\nContent-Length: 3\r\n", b"{}")),
        (
            "a length and chunks",
            post("/v1/accounts", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        ),
        ("a length below zero", post("/v1/accounts", "Content-Length: -1\r\n", b"{}")),
        ("a length beyond all", post("/v1/accounts", "Content-Length: 99999999999999999999999\r\n", b"{}")),
        ("10 GB", post("/v1/accounts", "Content-Length: 10737418240\r\n", b"{}")),
        ("chunks that are none", post("/v1/accounts", "Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n")),
        ("a chunk beyond all", post("/v1/accounts", "Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n{}")),
        ("an encoding of its own", post("/v1/accounts", "Transfer-Encoding: br\r\n", b"{}")),
        ("endless chunks", {
            let body = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat().repeat(64);
            post("/v1/accounts", "Transfer-Encoding: chunked\r\n", &body)
        }),
        ("a part of an upload in chunks without end", {
            let body = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat().repeat(64);
            post("/v1/uploads/x", "Transfer-Encoding: chunked\r\nX-HTTP-Method-Override: PATCH\r\n", &body)
        }),
    ];
    for (what, request) in cases {
        refused(&served, what, &request).await;
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_lead_nowhere_but_where_the_document_says() {
    let served = Served::open().await;
    for path in [
        "/v1/blobs/..%2f..%2fkeys%2froot.key",
        "/v1/blobs/%2e%2e/%2e%2e/keys/root.key",
        "/v1/blobs/../../keys/root.key",
        "/v1/blobs/sha256:..%2f..%2f..",
        "/v1/blobs/%2fetc%2fpasswd",
        "/v1/blobs/sha256:%00",
        "/v1/index/shards/..%5c..%5cregistry.sqlite",
        "/v1/plugins/%00",
        "/v1/plugins/fuzz.tool%00.evil",
        "/v1/plugins/fuzz.tool%0d%0aX-Injected:%20yes",
        "/v1/plugins/%ff%fe",
        "/v1/plugins/%f0%9f%92%a9",
        "/v1/plugins/..",
        "/v1/plugins/fuzz.tool/versions/..%2f..%2f",
        "/v1/plugins/fuzz.tool/versions/99999999999999999999.0.0",
        "/v1/plugins/fuzz.tool/versions/0.1.0%00",
        "/v1/plugins/fuzz.tool/reviews?skip=-1",
        "/v1/plugins/fuzz.tool/reviews?limit=18446744073709551616",
        "/v1/plugins?limit=4294967296",
        "/v1/plugins?skip=4294967295",
        "/v1/plugins?order=;drop%20table",
        "/v1/authors/ada%27%20or%201=1--",
        "/v1/root/18446744073709551615",
        "/v1/root/-1",
        "//v1//plugins",
        "/v1/../../../../etc/passwd",
        "/assets/../registry.sqlite",
        "/assets/..%2fregistry.sqlite",
        "/assets/%2e%2e%2f%2e%2e%2fCargo.toml",
        "/%",
        "/%zz",
        "/v1/plugins/%",
        "http://example.com/v1/nothing",
        "*",
    ] {
        let answer = send(served.address, &get(path, "")).await;
        let status = statuses(&answer);
        assert!(matches!(status.as_slice(), [400..500]), "{path}: {answer:.500}");
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        assert!(!head.to_lowercase().contains("x-injected"), "{path}: {answer:.500}");
    }
    // What people search for is never a mistake of theirs.
    for query in [
        "%22",
        "%27",
        "AND",
        "NEAR(",
        "*",
        "a*b*",
        "-",
        "%28%28%28",
        "NOT%20OR",
        "%00",
        "col:x",
        "%22a%22%20%22",
        "%EF%BF%BF",
    ] {
        let answer = send(served.address, &get(&format!("/v1/plugins?q={query}"), "")).await;
        assert_eq!(statuses(&answer), [200], "{query}: {answer:.500}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_request_is_another_one_or_the_end() {
    let served = Served::open().await;
    let health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = send(served.address, format!("{}{}", health.repeat(20), "garbage \0\r\n\r\n").as_bytes()).await;
    let found = statuses(&answer);
    assert!(found.len() >= 20 && found[..20].iter().all(|status| *status == 200), "{found:?}");
    assert!(found[20..].iter().all(|status| *status == 400), "{found:?}");
    // A body that is longer than its length is the next request: one that nobody has signed.
    let smuggled = "{}DELETE /v1/tokens/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let request = post("/v1/accounts", "Content-Length: 2\r\n", smuggled.as_bytes());
    let found = statuses(&send(served.address, &request).await);
    assert!(found.iter().all(|status| (400..500).contains(status)), "{found:?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_those_of_the_package_or_all_of_it() {
    let served = Served::open().await;
    let path = format!("/v1/blobs/{}", served.digest);
    let whole = served.anonymous(reqwest::Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
    let many = (0..1000).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(",");
    for range in [
        "bytes=0-0",
        "bytes=-1",
        "bytes=0-",
        "bytes=5-2",
        "bytes=-0",
        "bytes=99999999-",
        "bytes=0-99999999999",
        "bytes=18446744073709551615-18446744073709551615",
        "bytes=18446744073709551616-",
        "bytes=-18446744073709551615",
        "bytes=-9223372036854775809",
        "bytes=0-0,1-1",
        "bytes=",
        "bytes=-",
        "bytes=--1",
        "bytes=a-b",
        "lines=0-1",
        "bytes",
        "",
        &format!("bytes={many}"),
        "bytes=0-0,0-0,0-0,0-0",
        "bytes= 0 - 1 ",
        "BYTES=0-1",
    ] {
        let request = served.anonymous(reqwest::Method::GET, &path).header("range", range);
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        match status {
            200 => assert_eq!(body, whole, "{range}"),
            206 => {
                let told = headers["content-range"].to_str().unwrap();
                let (from, to) =
                    told.strip_prefix("bytes ").unwrap().split_once('/').unwrap().0.split_once('-').unwrap();
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                assert_eq!(body, whole[from..=to], "{range}: {told}");
            }
            416 => assert!(headers.contains_key("content-range"), "{range}"),
            _ => panic!("{range}: {status}"),
        }
    }
    served.stop().await;
}
