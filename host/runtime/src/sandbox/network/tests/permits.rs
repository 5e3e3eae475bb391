//! Connections are bounded, and every permit comes back.

use super::*;
use hal9_package::LimitOverrides;

fn connections(most: u32) -> Limits {
    Limits::default().with(&LimitOverrides { connections: Some(most), ..LimitOverrides::default() })
}

/// A server whose body never ends.
fn open() -> Serve {
    writing("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab", b"", Duration::ZERO)
}

/// Holds the guard against a plugin that opens connections without end.
#[tokio::test]
async fn the_eleventh_connection_waits_for_another_to_end() {
    let stand = Stand::new(open());
    let plugin = stand.granted(&["NetworkHttp"]);
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(send(&plugin, get("http://allowed.example/")).await.unwrap());
    }
    assert_eq!(got(&plugin, "http://allowed.example/").await, "ConnectionLimitReached");
    assert_eq!(stand.connected().len(), 10);
    assert_eq!(stand.records(), ["reached its connections limit: another connection is over the plugin's own bound"]);
    held.pop();
    held.push(send(&plugin, get("http://allowed.example/")).await.unwrap());
    assert_eq!(got(&plugin, "http://allowed.example/").await, "ConnectionLimitReached");
}

#[tokio::test]
async fn all_plugins_share_another_bound() {
    let stand = Stand::new(open());
    let all = Arc::new(Pool::new(1));
    let network = stand.granted(&[]).network;
    let plugin = |id| Outgoing::new(Guard::of(id, &["NetworkHttp"]), network.clone(), &connections(10), all.clone());
    let (a, b) = (plugin("test.a"), plugin("test.b"));
    let held = send(&a, get("http://allowed.example/")).await.unwrap();
    assert_eq!(got(&b, "http://allowed.example/").await, "ConnectionLimitReached");
    drop(held);
    send(&b, get("http://allowed.example/")).await.unwrap();
}

/// Holds the guard against permits that leak: with one of them, each request needs that of the one before it.
#[tokio::test]
async fn a_permit_comes_back_however_a_request_ends() {
    let stand = Stand::new(open());
    let plugin = stand.plugin(&["NetworkHttp:*:*"], &connections(1), NetworkConfig::default());
    for uri in
        ["http://nowhere.example/", "http://inside.example/", "http://allowed.example:1/", "http://panic.example/"]
    {
        assert_ne!(got(&plugin, uri).await, "ConnectionLimitReached", "{uri}");
    }
    for _ in 0..3 {
        // Given up before there is a connection, and while there is an answer.
        let pending = plugin.clone();
        let task = tokio::spawn(async move { got(&pending, "http://silent.example/").await });
        while stand.resolved().last().is_none_or(|name| name != "silent.example") {
            tokio::task::yield_now().await;
        }
        assert_eq!(got(&plugin, "http://allowed.example/").await, "ConnectionLimitReached");
        task.abort();
        send(&plugin, get("http://allowed.example/")).await.unwrap();
    }
    // Read to its end, while its body is still held.
    let stand = Stand::new(hello());
    let plugin = stand.plugin(&["NetworkHttp"], &connections(1), NetworkConfig::default());
    let mut kept = send(&plugin, get("http://allowed.example/")).await.unwrap();
    while let Some(frame) = kept.frame().await {
        frame.unwrap();
    }
    assert_eq!(got(&plugin, "http://allowed.example/").await, "200 hello");
    // Without an answer.
    let stand = Stand::new(writing("", b"", Duration::ZERO));
    let config = NetworkConfig { first_byte_time: Duration::from_millis(50), ..NetworkConfig::default() };
    let plugin = stand.plugin(&["NetworkHttp"], &connections(1), config);
    for _ in 0..2 {
        assert_eq!(got(&plugin, "http://allowed.example/").await, "HttpResponseTimeout");
    }
}

/// Holds the guard against permits that come back late: a plugin that lets a response go may send the next request at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_is_dropped_gives_its_permit_back_at_once() {
    let stand = Stand::new(open());
    let plugin = stand.plugin(&["NetworkHttp"], &connections(1), NetworkConfig::default());
    for _ in 0..100 {
        drop(send(&plugin, get("http://allowed.example/")).await.unwrap());
        drop(plugin.connections.hold().unwrap());
    }
}

/// Holds the guard against a plugin that keeps connections and does not read them: their time ends all the same.
#[tokio::test]
async fn a_connection_that_nobody_reads_is_closed() {
    let stand = Stand::new(open());
    let config = NetworkConfig { total_time: Duration::from_millis(500), ..NetworkConfig::default() };
    let plugin = stand.plugin(&["NetworkHttp"], &connections(1), config);
    let held = send(&plugin, get("http://allowed.example/")).await.unwrap();
    let mut tries = 0;
    while got(&plugin, "http://allowed.example/").await == "ConnectionLimitReached" {
        tries += 1;
        assert!(tries < 1_000, "the permit does not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(outcome(Ok(held)).await, "200 HttpResponseTimeout");
}
