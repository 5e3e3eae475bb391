//! Owns the head of a request: where it goes, by one reading of its authority, and what may stand in it. It refuses to know
//! who may send it.

use hal9_package::Host;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error as HttpError};

/// The longest path with its query.
const URI_BYTES: usize = 8 << 10;

/// The most that all headers may take up.
const HEADERS_BYTES: usize = 32 << 10;

/// Whether a header is the host's to set: what frames a message or belongs to the connection, and not to the request.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || *name == TE
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) secure: bool,
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Target {
    /// Reads the scheme and the authority. Nothing is resolved, and nothing is guessed: user information, an empty port and
    /// the odd forms of addresses are errors.
    pub(super) fn of(uri: &Uri) -> Result<Self, HttpError> {
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(HttpError::HttpRequestUriInvalid),
        };
        let authority = uri.authority().ok_or(HttpError::HttpRequestUriInvalid)?.as_str();
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand before the bracket.
            Some((host, port)) if !port.contains(']') => (host, number(port).ok_or(HttpError::HttpRequestUriInvalid)?),
            _ => (authority, if secure { 443 } else { 80 }),
        };
        let host = host.parse().map_err(|_| HttpError::HttpRequestUriInvalid)?;
        Ok(Self { secure, host, port })
    }

    /// The value of the `host` header.
    fn header(&self) -> Result<HeaderValue, HttpError> {
        let Self { host, port, .. } = self;
        let text =
            if *port == if self.secure { 443 } else { 80 } { host.to_string() } else { format!("{host}:{port}") };
        HeaderValue::try_from(text).map_err(|_| HttpError::HttpRequestUriInvalid)
    }
}

fn number(port: &str) -> Option<u16> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port != 0)
}

/// Makes a request fit to be sent to `target`: bounded, without what would have server and host disagree where it ends. Gives the
/// length of its body, where it names one.
pub(super) fn prepare<B>(request: &mut Request<B>, target: &Target) -> Result<Option<u64>, HttpError> {
    if *request.method() == Method::CONNECT {
        return Err(HttpError::HttpRequestMethodInvalid);
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    if path.len() > URI_BYTES {
        return Err(HttpError::HttpRequestUriTooLong);
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    *request.uri_mut() = path.parse().map_err(|_| HttpError::HttpRequestUriInvalid)?;
    let headers = request.headers_mut();
    if headers.keys().any(is_forbidden) {
        return Err(HttpError::HttpProtocolError);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    if bytes > HEADERS_BYTES {
        return Err(HttpError::HttpRequestHeaderSectionSize(u32::try_from(bytes).ok()));
    }
    let length = content_length(headers)?;
    headers.insert(HOST, target.header()?);
    // Every request has a connection of its own, so that none learns of another's.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(length)
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, HttpError> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(None) };
    let digits = length.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|text| text.parse().ok()), lengths.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(HttpError::HttpProtocolError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(scheme: &str, authority: &str) -> Result<Target, HttpError> {
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build();
        Target::of(&uri.map_err(|_| HttpError::HttpRequestUriInvalid)?)
    }

    fn request(path: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().uri(format!("https://example.com{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    /// What is sent, as lines.
    fn sent(mut request: Request<()>) -> Result<(String, Vec<String>), HttpError> {
        prepare(&mut request, &target("https", "Example.com.:8443").unwrap())?;
        let headers = request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        Ok((request.uri().to_string(), headers.collect()))
    }

    /// Holds the guard against addresses that the host reads otherwise than what connects to them.
    #[test]
    fn an_authority_is_read_one_way_or_not_at_all() {
        for odd in [
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "allowed.example@evil",
            "user:pass@allowed.example",
            "allowed.example:80@evil",
            "allowed.example:",
            "allowed.example:0",
            "allowed.example:+80",
            "allowed.example:65536",
            "allowed.example:99999",
            "[::1",
            "[fe80::1%25eth0]",
            "",
        ] {
            assert!(matches!(target("http", odd), Err(HttpError::HttpRequestUriInvalid)), "{odd}");
        }
        assert!(target("ftp", "allowed.example").is_err());
        let is = |scheme, authority, host: &str, port| {
            let Target { host: found, port: at, .. } = target(scheme, authority).unwrap();
            assert_eq!((found.to_string().as_str(), at), (host, port));
        };
        is("https", "ALLOWED.example.", "allowed.example", 443);
        is("http", "localhost.:8080", "localhost", 8080);
        is("http", "[::ffff:127.0.0.1]", "127.0.0.1", 80);
        is("https", "[2001:db8::1]:8443", "[2001:db8::1]", 8443);
    }

    #[test]
    fn the_host_is_named_by_the_host() {
        let (uri, headers) = sent(request("?q=1", &[("accept", "*/*")])).unwrap();
        assert_eq!(uri, "/?q=1");
        assert_eq!(headers, ["accept: */*", "host: example.com:8443", "connection: close"]);
    }

    /// Holds the guard against request smuggling.
    #[test]
    fn what_frames_a_message_is_not_the_plugins_to_set() {
        for (name, value) in [
            ("host", "evil"),
            ("connection", "x-secret"),
            ("keep-alive", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", ""),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic"),
            ("content-length", "+5"),
            ("content-length", "5, 5"),
            ("content-length", ""),
            ("content-length", "99999999999999999999"),
        ] {
            let refused = sent(request("/", &[(name, value)]));
            assert!(matches!(refused, Err(HttpError::HttpProtocolError)), "{name}: {value}");
        }
        assert!(sent(request("/", &[("content-length", "5"), ("content-length", "6")])).is_err());
        let mut connect = request("/", &[]);
        *connect.method_mut() = Method::CONNECT;
        assert!(matches!(sent(connect), Err(HttpError::HttpRequestMethodInvalid)));
        let mut plain = request("/", &[("content-length", "5"), ("authorization", "Bearer x")]);
        assert_eq!(prepare(&mut plain, &target("https", "a.example").unwrap()).unwrap(), Some(5));
    }

    #[test]
    fn a_head_is_bounded() {
        let long = format!("/{}", "a".repeat(URI_BYTES));
        assert!(matches!(sent(request(&long, &[])), Err(HttpError::HttpRequestUriTooLong)));
        sent(request(&long[..URI_BYTES], &[])).unwrap();
        let large = "a".repeat(HEADERS_BYTES);
        let refused = sent(request("/", &[("x", &large)]));
        assert!(matches!(refused, Err(HttpError::HttpRequestHeaderSectionSize(Some(_)))));
        sent(request("/", &[("x", &large[..HEADERS_BYTES - 5])])).unwrap();
    }
}
