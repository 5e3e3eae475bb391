//! Where requests go, and where they do not.

use super::*;

const NARROW: [&str; 6] = [
    "NetworkHttp:wrapped.example",
    "NetworkHttp:allowed.example",
    "NetworkHttp:inside.example",
    "NetworkHttp:mixed.example",
    "NetworkHttp:localhost",
    "NetworkHttp:10.1.0.0/16:8080",
];

/// Holds the guard against addresses in odd forms, and against names that lead to the host's own network: nothing is connected
/// to, and every refusal is recorded once.
#[tokio::test]
async fn what_was_not_granted_is_not_connected_to() {
    let stand = Stand::new(hello());
    let (narrow, wide) = (stand.granted(&NARROW), stand.granted(&["NetworkHttp:*", "NetworkHttps:*:*"]));
    let (invalid, denied, prohibited) = ("HttpRequestUriInvalid", "HttpRequestDenied", "DestinationIpProhibited");
    for (uri, by_narrow, by_wide) in [
        ("http://127.1/", invalid, invalid),
        ("http://2130706433/", invalid, invalid),
        ("http://0x7f.0.0.1/", invalid, invalid),
        ("http://allowed.example@evil/", invalid, invalid),
        ("http://allowed.example:80@evil/", invalid, invalid),
        ("http://allowed.example:99999/", invalid, invalid),
        ("http://127.0.0.1/", denied, prohibited),
        ("http://[::ffff:127.0.0.1]/", denied, prohibited),
        ("http://[::1]/", denied, prohibited),
        ("http://169.254.169.254/latest/meta-data", denied, prohibited),
        ("http://[64:ff9b::a9fe:a9fe]/", denied, prohibited),
        ("http://10.1.2.3/", denied, prohibited),
        ("http://10.2.0.1:8080/", denied, denied),
        ("https://127.0.0.1:8443/", denied, prohibited),
        ("http://allowed.example:8080/", denied, denied),
        ("http://mapped.example/", denied, prohibited),
        ("http://localhost./", prohibited, prohibited),
        ("http://inside.example/", prohibited, prohibited),
        ("http://mixed.example/", prohibited, prohibited),
    ] {
        for (plugin, expected) in [(&narrow, by_narrow), (&wide, by_wide)] {
            assert_eq!(got(plugin, uri).await, expected, "{uri}");
            assert_eq!(stand.connected(), [""; 0], "{uri}");
            assert_eq!(stand.records().len(), usize::from(expected != invalid), "{uri}");
            let resolved = stand.resolved();
            assert!(expected == prohibited || resolved.is_empty(), "{uri}");
        }
    }
    // Their benign twins.
    for (uri, address) in [
        ("http://allowed.example/", "93.184.216.34:80"),
        ("http://ALLOWED.example./", "93.184.216.34:80"),
        ("http://wrapped.example/", "93.184.216.34:80"),
        ("http://10.1.2.3:8080/", "10.1.2.3:8080"),
        ("http://[::ffff:10.1.2.3]:8080/", "10.1.2.3:8080"),
    ] {
        assert_eq!(got(&narrow, uri).await, "200 hello", "{uri}");
        assert_eq!(stand.connected(), [address], "{uri}");
    }
    assert_eq!(stand.records(), [""; 0]);
}

/// Holds the guard against a name that is public when it is checked and private when it is connected to.
#[tokio::test]
async fn a_name_is_resolved_once_for_each_request() {
    let stand = Stand::new(hello());
    let plugin = stand.granted(&["NetworkHttp:turning.example"]);
    assert_eq!(got(&plugin, "http://turning.example/").await, "200 hello");
    assert_eq!(stand.resolved(), ["turning.example"]);
    assert_eq!(got(&plugin, "http://turning.example/").await, "DestinationIpProhibited");
    assert_eq!(stand.resolved(), ["turning.example"]);
    assert_eq!(stand.connected(), ["93.184.216.34:80"]);
}

/// Holds the guard against a granted server that sends a plugin elsewhere: where to go next is the plugin's to ask.
#[tokio::test]
async fn a_redirect_is_an_answer() {
    let stand = Stand::new(answering(|_| {
        Response::builder().status(302).header("location", "http://127.0.0.1/").body(Full::default()).unwrap()
    }));
    let response = send(&stand.granted(&["NetworkHttp"]), get("http://allowed.example/")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (302, &"http://127.0.0.1/".parse().unwrap())
    );
    drop(response);
    assert_eq!(stand.connected(), ["93.184.216.34:80"]);
}

#[tokio::test]
async fn a_server_gets_what_was_asked_by_the_name_that_was_granted() {
    let stand = Stand::new(answering(|request| {
        let header = |name| request.headers().get(name).map_or("-", |value| value.to_str().unwrap());
        let said = format!("{} {} {} {}", request.method(), request.uri(), header("host"), header("x-a"));
        Response::new(Full::from(said))
    }));
    let plugin = stand.granted(&["NetworkHttp:allowed.example:*"]);
    let request =
        |uri: &str| Request::put(uri).header("x-a", "1").header("content-length", "2").body(body("ab")).unwrap();
    let sent = send(&plugin, request("http://Allowed.EXAMPLE.:8080/a?b=c")).await;
    assert_eq!(outcome(sent).await, "200 PUT /a?b=c allowed.example:8080 1");
    let sent = send(&plugin, request("http://allowed.example:80?b")).await;
    assert_eq!(outcome(sent).await, "200 PUT /?b allowed.example 1");
}

#[tokio::test]
async fn a_network_that_fails_says_how() {
    let stand = Stand::new(hello());
    let short = NetworkConfig { connect_time: Duration::from_millis(50), ..NetworkConfig::default() };
    let plugin = stand.plugin(&["NetworkHttp:*:*"], &Limits::default(), short);
    for (uri, expected) in [
        ("http://nowhere.example/", "DnsError { rcode: None, info_code: None }"),
        ("http://empty.example/", "DnsError { rcode: None, info_code: None }"),
        ("http://silent.example/", "DnsTimeout"),
        ("http://allowed.example:1/", "ConnectionRefused"),
        ("http://allowed.example:2/", "ConnectionTimeout"),
    ] {
        assert_eq!(got(&plugin, uri).await, expected, "{uri}");
    }
    assert!(got(&plugin, "http://panic.example/").await.starts_with("InternalError"));
    assert_eq!(got(&plugin, "http://allowed.example/").await, "200 hello");
}

/// Holds the guard against a plugin whose lookups hang, and would hang those of others.
#[tokio::test]
async fn lookups_that_hang_are_the_plugin_s_own() {
    let stand = Stand::new(hello());
    let short = || NetworkConfig { connect_time: Duration::from_millis(50), ..NetworkConfig::default() };
    let plugin = || stand.plugin(&["NetworkHttp:*:*"], &Limits::default(), short());
    let (plugin, other) = (plugin(), plugin());
    for _ in 0..4 {
        assert_eq!(got(&plugin, "http://silent.example/").await, "DnsTimeout");
    }
    assert_eq!(got(&plugin, "http://allowed.example/").await, "DnsTimeout");
    assert_eq!(stand.resolved.lock().unwrap().len(), 4, "the fifth was not begun");
    assert_eq!(got(&other, "http://allowed.example/").await, "200 hello");
}

/// Holds the guard against a body without end that is sent.
#[tokio::test]
async fn a_request_has_no_larger_body_than_it_may() {
    let stand = Stand::new(hello());
    let limits = Limits { http_body: hal9_package::ByteSize(4), ..Limits::default() };
    let plugin = stand.plugin(&["NetworkHttp:*:*"], &limits, NetworkConfig::default());
    let request = |text: &'static str| Request::post("http://allowed.example/").body(body(text)).unwrap();
    let sent = send(&plugin, request("four!")).await;
    assert!(outcome(sent).await.contains("HttpRequestBodySize"));
}

#[tokio::test]
async fn one_address_after_the_other_is_tried() {
    let stand = Stand::new(hello());
    let second = "93.184.216.35".parse().unwrap();
    stand.names.lock().unwrap().get_mut("allowed.example").unwrap()[0].push(second);
    let plugin = stand.granted(&["NetworkHttp:*:*"]);
    assert_eq!(got(&plugin, "http://allowed.example:1/").await, "ConnectionRefused");
    assert_eq!(stand.connected(), ["93.184.216.34:1", "93.184.216.35:1"]);
}

/// Holds the guard against an embedder's runtime without I/O, whose sockets panic.
#[test]
fn a_runtime_without_io_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let granted: Permissions = ["NetworkHttp:127.0.0.1:9"].iter().map(|text| text.parse().unwrap()).collect();
    let rights = Rights::new(&granted, &Permissions::new());
    let audit = Arc::new(crate::audit::TracingAudit);
    let guard = Arc::new(Guard::new("test.a".parse().unwrap(), granted, rights, 1_000, audit, None));
    let network = Arc::new(Network::new(NetworkSetup::default()).unwrap());
    let plugin = Outgoing::new(guard, network, &Limits::default(), Arc::new(Pool::new(1)));
    let said = runtime.block_on(got(&plugin, "http://127.0.0.1:9/"));
    assert!(said.starts_with("InternalError"), "{said}");
}

/// The real resolver and the real connector, against a server on this machine that was granted by its address.
#[tokio::test]
async fn tcp_reaches_what_was_granted_by_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let grants = [format!("NetworkHttp:127.0.0.1:{port}"), format!("NetworkHttp:localhost:{port}")];
    let network = Arc::new(Network::new(NetworkSetup::default()).unwrap());
    let plugin = |granted: &[String]| {
        let granted: Vec<_> = granted.iter().map(String::as_str).collect();
        Outgoing::new(Guard::of("test.a", &granted), network.clone(), &Limits::default(), Arc::new(Pool::new(1)))
    };
    assert_eq!(got(&plugin(&grants[..1]), &format!("http://127.0.0.1:{port}/")).await, "200 hello");
    assert_eq!(got(&plugin(&grants[1..]), &format!("http://localhost:{port}/")).await, "DestinationIpProhibited");
}
