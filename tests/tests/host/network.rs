//! The network as plugins get it: HTTP to servers that they were granted, within limits, and no sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hal9_host::{AuditKind, Error, Limit, LoadOptions, Plugin};
use hal9_package::{ByteSize, LimitOverrides, PermissionKind};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::lab::{Lab, answer, ask, described, granted, limit, manifest, neuron};
use crate::raw::{Raw, TOOL};

/// A server on this machine that gives one answer to everybody, and then waits for the other side to close.
struct Server {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, open) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let counted = open.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counted = counted.clone();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = serve(stream, answer).await;
                    counted.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, open }
    }

    async fn hello() -> Self {
        Self::start("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await
    }

    /// Begins a body, and does not end it.
    async fn stalled() -> Self {
        Self::start("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe").await
    }

    fn permission(&self) -> String {
        format!("NetworkHttp:{}", self.address)
    }

    /// Waits until nobody is connected.
    async fn left(&self) {
        for _ in 0..1_000 {
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a connection stays open");
    }
}

async fn serve(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.read_to_end(&mut head).await.map(drop)
}

/// The guest that sends requests, to servers, within limits.
fn plugin(lab: &Lab, servers: &[&Server], caps: LimitOverrides) -> Plugin {
    let permissions: Vec<_> = servers.iter().map(|server| server.permission()).collect();
    let permissions: Vec<_> = permissions.iter().map(String::as_str).collect();
    lab.load_with("uses-http", LoadOptions { caps, ..described(neuron("test.http", "L2", &permissions)) }).unwrap()
}

fn one_connection() -> LimitOverrides {
    LimitOverrides { connections: Some(1), ..LimitOverrides::default() }
}

#[tokio::test]
async fn a_server_that_was_granted_answers_and_another_is_refused_and_recorded() {
    let lab = Lab::new();
    let (server, other) = (Server::hello().await, Server::hello().await);
    let plugin = plugin(&lab, &[&server], LimitOverrides::default());
    assert_eq!(answer(&plugin, &format!("get http {}", server.address)).await, "200 hello");
    assert!(lab.audit.take().is_empty());
    let refused = answer(&plugin, &format!("get http {}", other.address)).await;
    assert_eq!(refused, "ErrorCode::HttpRequestDenied");
    let event = lab.audit.one();
    assert_eq!((event.kind, event.plugin.as_ref()), (AuditKind::Deny, Some(plugin.id())));
    assert_eq!(event.permission.unwrap().to_string(), other.permission());
    assert_eq!(other.open.load(Ordering::SeqCst), 0);
}

/// Holds the guard against a component that imports the network and does not say so; one that says so and was granted
/// nothing runs, and reaches nobody.
#[tokio::test]
async fn the_network_is_linked_if_it_is_declared_and_open_if_it_is_granted() {
    let lab = Lab::new();
    let server = Server::hello().await;
    let load = |declared: &[&str], given: &[&str]| {
        let manifest = Some(neuron("test.http", "L2", declared));
        lab.load_with("uses-http", LoadOptions { manifest, ..granted(given) })
    };
    for permission in ["NetworkHttp:a.example", "NetworkHttps", "NetworkHttps:*.example:8443"] {
        load(&[permission], &[permission]).unwrap();
    }
    let plugin = load(&["NetworkHttp"], &[]).unwrap();
    let refused = answer(&plugin, &format!("get http {}", server.address)).await;
    assert_eq!(refused, "ErrorCode::HttpRequestDenied");
    let event = lab.audit.one();
    assert!(event.help.contains(&format!("hal9 policy grant test.http '{}'", server.permission())), "{}", event.help);
    assert_eq!(server.open.load(Ordering::SeqCst), 0);
    let error = load(&[], &["NetworkHttp", "NetworkHttps"]).unwrap_err();
    assert!(
        matches!(&error, Error::Ungranted { declared: false, permission: PermissionKind::NetworkHttps, help, .. }
            if help.contains("Permission::NetworkHttps")),
        "{error:?}"
    );
}

const HTTP: &str = "package wasi:http@0.2.0 {
    interface types { resource fields; }
    interface incoming-handler { use types.{fields}; handle: func(fields: fields); }
    interface outgoing-handler { handle: func(); }
}";

/// Who answers requests needs the types of HTTP, and no network.
#[tokio::test]
async fn an_api_extension_needs_no_network() {
    let lab = Lab::shared();
    let load = |world: &str| {
        let bytes = Raw { world, packages: HTTP, ..Raw::default() }.component();
        lab.load_raw(&bytes, manifest("test.raw", json!([]), &[]))
    };
    let extension = load("export wasi:http/incoming-handler@0.2.0;").unwrap();
    assert!(extension.granted().is_empty());
    let error = load(&format!("import wasi:http/outgoing-handler@0.2.0; {TOOL}")).unwrap_err();
    assert!(matches!(error, Error::Ungranted { declared: false, .. }), "{error:?}");
}

/// Holds the guard against permits that leak with an instance.
#[tokio::test]
async fn connections_end_with_the_instance_that_opened_them() {
    let lab = Lab::new();
    let (server, good) = (Server::stalled().await, Server::hello().await);
    let hurried = LimitOverrides { call_time: Some(Duration::from_secs(2)), ..one_connection() };
    let plugin = plugin(&lab, &[&server, &good], hurried);
    let (stalled, works) = (|what| format!("{what} http {}", server.address), format!("get http {}", good.address));

    let trapped = ask(&plugin, &stalled("break")).await.unwrap_err();
    assert!(matches!(trapped, Error::Trapped { .. }), "{trapped:?}");
    assert_eq!(answer(&plugin, &works).await, "200 hello");

    let late = ask(&plugin, &stalled("get")).await.unwrap_err();
    assert_eq!(limit(&late), Limit::Deadline);
    assert_eq!(answer(&plugin, &works).await, "200 hello");

    assert_eq!(answer(&plugin, &stalled("hold")).await, "holds 1");
    assert_eq!(answer(&plugin, &works).await, "ErrorCode::ConnectionLimitReached");
    plugin.stop().await.unwrap();
    assert_eq!(answer(&plugin, &works).await, "200 hello");

    server.left().await;
}

/// Holds the guard against a server that never answers.
#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_the_server_does() {
    let lab = Lab::new();
    let server = Server::start("").await;
    let hurried = LimitOverrides { call_time: Some(Duration::from_millis(250)), ..one_connection() };
    let plugin = plugin(&lab, &[&server], hurried);
    for _ in 0..2 {
        let late = ask(&plugin, &format!("get http {}", server.address)).await.unwrap_err();
        assert_eq!(limit(&late), Limit::Deadline);
        assert_eq!(lab.audit.one().kind, AuditKind::Limit);
    }
    server.left().await;
}

#[tokio::test]
async fn a_guest_is_told_what_ended_a_body() {
    let lab = Lab::new();
    let server = Server::hello().await;
    let get = format!("get http {}", server.address);
    let bodies = |most| LimitOverrides { http_body: Some(ByteSize(most)), ..LimitOverrides::default() };
    assert_eq!(answer(&plugin(&lab, &[&server], bodies(5)), &get).await, "200 hello");
    assert!(lab.audit.take().is_empty());
    let small = plugin(&lab, &[&server], bodies(4));
    assert_eq!(answer(&small, &get).await, "ErrorCode::HttpResponseBodySize(Some(4))");
    let event = lab.audit.one();
    assert_eq!(event.kind, AuditKind::Limit);
    assert!(event.message.contains("http-body") && event.help.contains("http_body"), "{event:?}");
}

/// Holds the guard against requests without end.
#[tokio::test]
async fn requests_have_a_rate() {
    let lab = Lab::new();
    let server = Server::hello().await;
    let rate = LimitOverrides { host_calls: Some(20), ..LimitOverrides::default() };
    let plugin = plugin(&lab, &[&server], rate);
    let error = ask(&plugin, "often http [::1]").await.unwrap_err();
    assert_eq!(limit(&error), Limit::Rate);
}

/// Holds the guard against request smuggling, where a guest first comes to it.
#[tokio::test]
async fn headers_that_frame_a_message_are_the_hosts() {
    let lab = Lab::shared();
    let server = Server::hello().await;
    let plugin = plugin(lab, &[&server], LimitOverrides::default());
    for header in ["host evil", "transfer-encoding chunked", "connection close", "te trailers", "Upgrade h2c"] {
        assert_eq!(answer(&plugin, &format!("header {header}")).await, "Err(HeaderError::Forbidden)", "{header}");
    }
    assert_eq!(answer(&plugin, "header a x\r\nhost:y").await, "Err(HeaderError::InvalidSyntax)");
    assert_eq!(answer(&plugin, "header accept text/html").await, "Ok(())");
}

/// Holds the guard against sockets: nobody is knocked at, and every try is recorded once.
#[tokio::test]
async fn sockets_stay_closed_whatever_is_granted() {
    let lab = Lab::new();
    let server = Server::hello().await;
    let permission = server.permission();
    let options = described(neuron("test.wasi", "L2", &[&permission, "NetworkHttp", "NetworkHttps"]));
    let plugin = lab.load_with("wasi", options).unwrap();
    let port = server.address.port();
    for (to, what) in [(format!("127.0.0.1:{port}"), "a TCP socket"), (format!("localhost:{port}"), "a name")] {
        let said = answer(&plugin, &format!("connect {to}")).await;
        assert!(!said.starts_with("ok"), "{said}");
        let event = lab.audit.one();
        assert_eq!((event.kind, event.plugin.as_ref()), (AuditKind::Deny, Some(plugin.id())));
        assert!(event.message.contains(what) && event.message.ends_with("by HTTP only"), "{}", event.message);
        assert!(event.help.contains("wasi:http/outgoing-handler"), "{}", event.help);
    }
    assert_eq!(server.open.load(Ordering::SeqCst), 0);
}
