//! Those who take their time: they are waited for a while, and others are answered meanwhile.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time,
};

use super::served::{HANGS, Served, package};

async fn impatient() -> Served {
    Served::with(|config| {
        (config.headers_time, config.stall_time) = (Duration::from_secs(1), Duration::from_secs(1));
        config.max_connections = 64;
    })
    .await
}

/// Sends a beginning and nothing more, and reads to the end.
async fn begin(served: &Served, beginning: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    // An end that is a reset is one as well.
    let _ = time::timeout(HANGS, reading).await.expect("the server waits for ever");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_and_does_not_go_on_is_not_waited_for() {
    let served = impatient().await;
    let digest = package("tool", "0.5.0", "slow").digest().to_string();
    let (_, upload) = served.change(Method::POST, "/v1/uploads", &json!({"package": digest, "size": 1000})).await;
    let upload = format!(
        "PATCH /v1/uploads/{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\n0123456789",
        upload["id"].as_str().unwrap(),
        served.token
    );
    let body = format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: x\r\nReplay-Nonce: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{\"name\":",
        served.nonce().await
    );
    let beginnings = [
        "",
        "GET ",
        "GET /health HTTP/1.1\r\nHost: x\r\nX-",
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        body.as_str(),
        upload.as_str(),
    ];
    for beginning in beginnings {
        let answer = begin(&served, beginning.as_bytes()).await;
        assert!(!answer.contains("HTTP/1.1 5"), "{beginning}: {answer}");
    }
    // More of them than there may be connections: who comes after them is answered when they are gone.
    let loris = join_all((0..100).map(|_| begin(&served, b"GET /health HTTP/1.1\r\nX-")));
    let (_, ()) = tokio::join!(loris, served.is_well());
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_many_connections_leaves_some_for_others() {
    let served = Served::with(|config| {
        (config.max_connections, config.address_connections) = (16, 8);
        // Nobody is told to go for being slow.
        (config.headers_time, config.drain) = (Duration::from_secs(3600), Duration::from_millis(100));
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..100 {
        let socket = TcpSocket::new_v4().unwrap();
        // Another address than that of the others, and as much this machine's.
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(served.address).await.unwrap();
        // One that is closed already says so here or not at all.
        let _ = stream.write_all(b"GET /health HTTP/1.1\r\nX-").await;
        held.push(stream);
    }
    // On a connection of its own: those of before are open still.
    let answer = begin(&served, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(held);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_does_not_read_is_not_waited_for() {
    let served = impatient().await;
    let requests = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(10_000);
    // As many as there may be connections.
    let asked = join_all((0..64).map(async |_| {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // The server takes no more when nobody reads what it answers; then the connection ends.
        while stream.write_all(requests.as_bytes()).await.is_ok() {}
        stream
    }));
    let asked = time::timeout(HANGS, asked).await.expect("the server waits for ever");
    served.is_well().await;
    drop(asked);
    served.stop().await;
}
