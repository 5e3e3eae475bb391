//! GET requests over `wasi:http/outgoing-handler`, and what its errors are to a caller. It knows no page.

use crate::robots::PRODUCT;
use crate::transport::{Head, Response, Transport};
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use url::Url;
use wasip2::http::outgoing_handler::{RequestOptions, handle};
use wasip2::http::types::{
    ErrorCode as HttpError, Fields, IncomingResponse, Method, OutgoingRequest, Scheme, http_error_code,
};
use wasip2::io::streams::StreamError;

const ACCEPT: &str = "text/html,application/xhtml+xml,text/plain;q=0.8,*/*;q=0.1";
/// Nanoseconds; the host's `call_time` is over all of them.
const PATIENCE: u64 = 10_000_000_000;
/// Bytes read at once.
const READ: u64 = 64 * 1024;

/// The network, as far as the host lets this plugin use it.
#[derive(Debug, Default)]
pub(crate) struct WasiHttp;

impl Transport for WasiHttp {
    fn get(&mut self, url: &Url, wanted: &dyn Fn(&Head) -> usize) -> Result<Response, PluginError> {
        let response = send(url)?;
        let head = Head { status: response.status(), headers: response.headers().entries() };
        let most = wanted(&head);
        if most == 0 {
            return Ok(Response { head, ..Response::default() });
        }
        let (body, truncated) = read(url, &response, most)?;
        Ok(Response { head, body, truncated })
    }
}

fn send(url: &Url) -> Result<IncomingResponse, PluginError> {
    let headers = [
        ("user-agent", format!("{PRODUCT}/{}", env!("CARGO_PKG_VERSION"))),
        ("accept", ACCEPT.to_owned()),
        ("accept-encoding", "identity".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes()));
    let headers = Fields::from_list(&headers).map_err(|error| internal(url, &format!("{error:?}")))?;
    let request = OutgoingRequest::new(headers);
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    let set = request
        .set_method(&Method::Get)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(url.authority())))
        .and_then(|()| request.set_path_with_query(Some(&url[url::Position::BeforePath..url::Position::AfterQuery])));
    if set.is_err() {
        return err(ErrorCode::InvalidInput, format!("the host takes no request for {url}: check the URL"));
    }
    let options = RequestOptions::new();
    // A host that keeps other times keeps them.
    let _ = options.set_connect_timeout(Some(PATIENCE));
    let _ = options.set_first_byte_timeout(Some(PATIENCE));
    let _ = options.set_between_bytes_timeout(Some(PATIENCE));
    let answer = handle(request, Some(options)).map_err(|error| failure(url, &error))?;
    loop {
        match answer.get() {
            None => answer.subscribe().block(),
            Some(Ok(response)) => return response.map_err(|error| failure(url, &error)),
            Some(Err(())) => return Err(internal(url, "its answer was taken twice")),
        }
    }
}

/// As much of a body as is wanted, and whether there was more.
fn read(url: &Url, response: &IncomingResponse, most: usize) -> Result<(Vec<u8>, bool), PluginError> {
    let body = response.consume().map_err(|()| internal(url, "its body was taken twice"))?;
    let stream = body.stream().map_err(|()| internal(url, "its body was read twice"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(more) => bytes.extend_from_slice(&more),
            Err(StreamError::Closed) => return Ok((bytes, false)),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(match http_error_code(&error) {
                    Some(error) => failure(url, &error),
                    None => unavailable(url, &error.to_debug_string()),
                });
            }
        }
        if bytes.len() > most {
            bytes.truncate(most);
            return Ok((bytes, true));
        }
    }
}

/// What an error of `wasi:http` is to a caller.
fn failure(url: &Url, error: &HttpError) -> PluginError {
    let target = target(url);
    match error {
        HttpError::HttpRequestDenied => {
            let permission = if url.scheme() == "https" { "NetworkHttps" } else { "NetworkHttp" };
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            PluginError::new(
                ErrorCode::Denied,
                format!(
                    "the host refused {target}: the permission {permission} for it is missing; the operator can grant \
                     \"{permission}:{host}{port}\""
                ),
            )
        }
        HttpError::DestinationIpProhibited => PluginError::new(
            ErrorCode::Denied,
            format!("the host refused {target}: its address is one that this plugin may not reach"),
        ),
        HttpError::ConnectionLimitReached => {
            PluginError::new(ErrorCode::LimitExceeded, format!("no further connection is allowed, to {target}"))
        }
        HttpError::HttpResponseBodySize(_)
        | HttpError::HttpResponseHeaderSectionSize(_)
        | HttpError::HttpResponseHeaderSize(_)
        | HttpError::HttpResponseTrailerSectionSize(_)
        | HttpError::HttpResponseTrailerSize(_) => {
            PluginError::new(ErrorCode::LimitExceeded, format!("{target} answered more than the host takes"))
        }
        HttpError::HttpRequestUriInvalid | HttpError::HttpRequestUriTooLong => {
            PluginError::new(ErrorCode::InvalidInput, format!("the host takes no request for {url}: check the URL"))
        }
        HttpError::DnsTimeout
        | HttpError::ConnectionTimeout
        | HttpError::ConnectionReadTimeout
        | HttpError::ConnectionWriteTimeout
        | HttpError::HttpResponseTimeout => unavailable(url, "it took too long"),
        HttpError::DnsError(_) | HttpError::DestinationNotFound => unavailable(url, "there is no such host"),
        HttpError::DestinationUnavailable | HttpError::DestinationIpUnroutable => {
            unavailable(url, "there is no way to it")
        }
        HttpError::ConnectionRefused => unavailable(url, "it refused the connection"),
        HttpError::ConnectionTerminated | HttpError::HttpResponseIncomplete => unavailable(url, "it broke off"),
        HttpError::TlsCertificateError => unavailable(url, "its certificate is not to be trusted"),
        HttpError::TlsProtocolError | HttpError::TlsAlertReceived(_) => unavailable(url, "TLS was not agreed on"),
        HttpError::HttpProtocolError => unavailable(url, "its answer is no HTTP"),
        HttpError::InternalError(Some(reason)) => unavailable(url, reason),
        other => unavailable(url, &format!("{other:?}")),
    }
}

/// Scheme, host and port, whether or not the URL names the port.
fn target(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn unavailable(url: &Url, reason: &str) -> PluginError {
    PluginError::new(ErrorCode::Unavailable, format!("{} could not be read: {reason}", target(url)))
}

fn internal(url: &Url, reason: &str) -> PluginError {
    PluginError::new(ErrorCode::Internal, format!("{url} could not be asked for: {reason}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Guards what an operator is told where the host refuses: which permission, for what.
    #[test]
    fn a_refusal_names_the_permission_and_what_it_is_for() {
        for (url, target, grant) in [
            ("https://example.org/a?b", "https://example.org:443", "\"NetworkHttps:example.org\""),
            ("http://example.org:8080/", "http://example.org:8080", "\"NetworkHttp:example.org:8080\""),
            ("http://[::1]/", "http://[::1]:80", "\"NetworkHttp:[::1]\""),
        ] {
            let error = failure(&Url::parse(url).unwrap(), &HttpError::HttpRequestDenied);
            assert_eq!(error.code, ErrorCode::Denied);
            assert!(error.message.contains(target) && error.message.contains(grant), "{}", error.message);
            assert!(error.message.contains("is missing"), "{}", error.message);
        }
    }

    #[test]
    fn every_other_error_has_its_code() {
        let url = Url::parse("https://example.org/").unwrap();
        for (error, code) in [
            (HttpError::DestinationIpProhibited, ErrorCode::Denied),
            (HttpError::HttpResponseBodySize(Some(9)), ErrorCode::LimitExceeded),
            (HttpError::ConnectionLimitReached, ErrorCode::LimitExceeded),
            (HttpError::HttpRequestUriInvalid, ErrorCode::InvalidInput),
            (HttpError::ConnectionTimeout, ErrorCode::Unavailable),
            (HttpError::ConnectionRefused, ErrorCode::Unavailable),
            (HttpError::TlsCertificateError, ErrorCode::Unavailable),
            (HttpError::InternalError(None), ErrorCode::Unavailable),
        ] {
            let failure = failure(&url, &error);
            assert_eq!(failure.code, code, "{error:?}");
            assert!(!failure.message.is_empty());
        }
    }
}
