//! Heads and bodies that are too large, too slow, or not what they say.

use super::*;
use hal9_package::{ByteSize, LimitOverrides};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNK: &[u8] = b"10\r\n0123456789abcdef\r\n";

fn bodies(most: u64) -> Limits {
    Limits::default().with(&LimitOverrides { http_body: Some(ByteSize(most)), ..LimitOverrides::default() })
}

/// Holds the guard against a response without end: it is an error, recorded once, and its connection is closed.
#[tokio::test]
async fn a_body_without_end_is_cut() {
    let stand = Stand::new(writing(CHUNKED, CHUNK, Duration::ZERO));
    let plugin = stand.plugin(&["NetworkHttp"], &bodies(1_000), NetworkConfig::default());
    let mut response = send(&plugin, get("http://allowed.example/")).await.unwrap();
    let (mut received, mut ended) = (0, None);
    while let Some(frame) = response.frame().await {
        match frame {
            Ok(frame) => received += frame.data_ref().unwrap().len(),
            Err(error) => {
                ended = Some(format!("{error:?}"));
                break;
            }
        }
    }
    assert_eq!(ended.as_deref(), Some("HttpResponseBodySize(Some(1000))"));
    assert!((900..=1_000).contains(&received), "{received}");
    assert_eq!(stand.records(), ["reached its http-body limit: a response of allowed.example:80 is larger"]);
    // Its benign twin is as large as it may be.
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", "a".repeat(1_000));
    let stand = Stand::new(writing(whole, b"", Duration::ZERO));
    let plugin = stand.plugin(&["NetworkHttp"], &bodies(1_000), NetworkConfig::default());
    assert_eq!(got(&plugin, "http://allowed.example/").await.len(), "200 ".len() + 1_000);
    assert_eq!(stand.records(), [""; 0]);
}

/// Holds the guard against servers that take their time: before the head, between bytes, and for good.
#[tokio::test]
async fn a_slow_server_is_given_up() {
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(3_600));
    let patient = || NetworkConfig {
        first_byte_time: long,
        between_bytes_time: long,
        total_time: long,
        ..NetworkConfig::default()
    };
    let silent = || writing("", b"", short);
    let stalled = || writing(format!("{CHUNKED}1\r\na\r\n"), b"", short);
    let dripping = || writing(CHUNKED, CHUNK, Duration::from_millis(5));
    for (serve, config, expected) in [
        (silent(), NetworkConfig { first_byte_time: short, ..patient() }, "HttpResponseTimeout"),
        (silent(), NetworkConfig { total_time: short, ..patient() }, "HttpResponseTimeout"),
        (stalled(), NetworkConfig { between_bytes_time: short, ..patient() }, "200 ConnectionReadTimeout"),
        (stalled(), NetworkConfig { total_time: short, ..patient() }, "HttpResponseTimeout"),
        (dripping(), NetworkConfig { total_time: 4 * short, ..patient() }, "HttpResponseTimeout"),
    ] {
        let stand = Stand::new(serve);
        // A plugin asks for more time, and does not get it.
        let options = RequestOptions {
            connect_timeout: Some(long),
            first_byte_timeout: Some(long),
            between_bytes_timeout: Some(long),
        };
        let plugin = stand.plugin(&["NetworkHttp"], &Limits::default(), config);
        let sent = send_with(&plugin, get("http://allowed.example/"), Some(options)).await;
        let said = outcome(sent).await;
        // With the head before it, or without, as fast as the machine is.
        assert!(said.ends_with(expected), "{said}");
    }
    for (serve, options, expected) in [
        (silent(), RequestOptions { first_byte_timeout: Some(short), ..Default::default() }, "HttpResponseTimeout"),
        (
            silent(),
            RequestOptions { first_byte_timeout: Some(Duration::ZERO), ..Default::default() },
            "HttpResponseTimeout",
        ),
        (
            stalled(),
            RequestOptions { between_bytes_timeout: Some(short), ..Default::default() },
            "200 ConnectionReadTimeout",
        ),
    ] {
        // A plugin asks for less, and gets that.
        let stand = Stand::new(serve);
        let plugin = stand.plugin(&["NetworkHttp"], &Limits::default(), patient());
        let sent = send_with(&plugin, get("http://allowed.example/"), Some(options)).await;
        assert_eq!(outcome(sent).await, expected);
    }
}

/// Holds the guard against heads without end, and against servers that are none.
#[tokio::test]
async fn a_head_that_is_none_is_an_error() {
    let large = format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(200 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: a\r\n".repeat(1_000));
    for (answer, expected) in [
        (large.as_str(), "HttpResponseHeaderSectionSize(None)"),
        (many.as_str(), "HttpResponseHeaderSectionSize(None)"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", "HttpProtocolError"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na", "HttpProtocolError"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", "200 HttpProtocolError"),
    ] {
        let stand = Stand::new(writing(answer, b"", Duration::ZERO));
        assert_eq!(got(&stand.granted(&["NetworkHttp"]), "http://allowed.example/").await, expected, "{answer:.40}");
    }
}

/// Holds the guard against a body that was cut off and looks whole.
#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "200 HttpResponseIncomplete"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "200 HttpResponseIncomplete"),
        ("HTTP/1.1 200 OK\r\n\r\nabc", "200 abc"),
        ("HTTP/1.1 200", "HttpResponseIncomplete"),
        ("", "HttpResponseIncomplete"),
    ] {
        let stand = Stand::new(Arc::new(move |mut stream: DuplexStream| {
            Box::pin(async move {
                read_head(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            })
        }));
        assert_eq!(got(&stand.granted(&["NetworkHttp"]), "http://allowed.example/").await, expected, "{answer}");
    }
}

/// Holds the guard against request smuggling by a length that is not that of the body.
#[tokio::test]
async fn a_request_is_as_long_as_it_says() {
    let stand = Stand::new(hello());
    let plugin = stand.granted(&["NetworkHttp"]);
    for (length, text, expected) in [
        ("3", "abc", "200 hello"),
        ("2", "abc", "HttpRequestBodySize(Some(3))"),
        ("4", "abc", "HttpRequestBodySize(Some(3))"),
        // Nothing of it is sent.
        ("0", "GET /evil HTTP/1.1\r\n\r\n", "200 hello"),
        ("+3", "abc", "HttpProtocolError"),
    ] {
        let request =
            Request::post("http://allowed.example/").header("content-length", length).body(body(text)).unwrap();
        assert_eq!(outcome(send(&plugin, request).await).await, expected, "{length} of {text:?}");
    }
    for (name, value) in [("transfer-encoding", "chunked"), ("connection", "upgrade"), ("host", "evil")] {
        let request = Request::post("http://allowed.example/").header(name, value).body(body("abc")).unwrap();
        assert_eq!(outcome(send(&plugin, request).await).await, "HttpProtocolError", "{name}");
    }
}
