//! Registries that are nothing of the kind: whatever they answer is an error in bounded time and memory.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use hal9_registry_client::oci::{Auth, OciReference, pull, push};

use super::{ada, packages::package, quiet};

async fn registry(answer: impl Fn(Request) -> Response + Clone + Send + Sync + 'static) -> OciReference {
    let router = Router::new().fallback(move |request: Request| std::future::ready(answer(request)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("oci://{address}/tests/echo:1").parse().unwrap()
}

fn endless() -> Body {
    Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 << 10]))))
}

/// What it is, how it is answered, and the code of the error of a pull.
type Case = (&'static str, fn(Request) -> Response, &'static str);

fn answers() -> Vec<Case> {
    vec![
        ("an endless document", |_| endless().into_response(), "unavailable"),
        ("an endless error", |_| (StatusCode::BAD_REQUEST, endless()).into_response(), "usage"),
        (
            "a length that is not true",
            |_| ([(header::CONTENT_LENGTH, "99999999999")], endless()).into_response(),
            "unavailable",
        ),
        (
            "an end in the middle",
            |_| {
                let parts = [Ok(Bytes::from("{")), Err(std::io::Error::other("gone"))];
                Body::from_stream(stream::iter(parts)).into_response()
            },
            "unavailable",
        ),
        ("a page", |_| "<html>".into_response(), "invalid-package"),
        ("deep brackets", |_| "[".repeat(1 << 19).into_response(), "invalid-package"),
        ("nothing", |_| StatusCode::NO_CONTENT.into_response(), "unavailable"),
        ("its own fault", |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), "unavailable"),
        ("too often", |_| StatusCode::TOO_MANY_REQUESTS.into_response(), "unavailable"),
        ("on and on", |_| (StatusCode::FOUND, [(header::LOCATION, "/v2/")]).into_response(), "unavailable"),
        (
            "a realm that is a file",
            |_| {
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, r#"Bearer realm="file:///etc/passwd""#)])
                    .into_response()
            },
            "permission-denied",
        ),
        (
            "terminal escapes",
            |_| {
                let body = "{\"errors\": [{\"code\": \"\\u001b[31mX\", \"message\": \"\\u001b]0;y\\u0007\"}]}";
                (StatusCode::FORBIDDEN, body).into_response()
            },
            "permission-denied",
        ),
    ]
}

#[tokio::test]
async fn whatever_is_answered_to_a_pull_is_an_error() {
    for (what, answer, code) in answers() {
        let at = registry(answer).await;
        let error = pull(&at, &ada(), &quiet).await.unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(!error.to_string().chars().any(char::is_control), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn whatever_is_answered_to_a_push_is_an_error() {
    let package = package("0.1.0", "");
    for location in [None, Some("http://["), Some("ftp://example.com/"), Some("data:,x"), Some("")] {
        let at = registry(move |request| match (request.method(), location) {
            (&Method::HEAD, _) => StatusCode::NOT_FOUND.into_response(),
            (&Method::POST, Some(location)) => (StatusCode::ACCEPTED, [(header::LOCATION, location)]).into_response(),
            (&Method::POST, None) => StatusCode::ACCEPTED.into_response(),
            _ => StatusCode::IM_A_TEAPOT.into_response(),
        });
        let error = push(&at.await, &package, None, &Auth::Anonymous, &quiet).await.unwrap_err();
        assert!(["unavailable", "usage"].contains(&error.code()), "{location:?}: {error}");
    }
    for (what, answer, _) in answers() {
        // All of them say that the blobs are there, as an answer without a body does.
        let at = registry(move |request| match *request.method() {
            Method::HEAD => StatusCode::OK.into_response(),
            _ => answer(request),
        });
        let error = push(&at.await, &package, None, &Auth::Anonymous, &quiet).await.unwrap_err();
        assert!(!error.to_string().chars().any(char::is_control), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_token_with_a_line_break_is_none() {
    let at = registry(|request| match request.uri().path() {
        "/token" => r#"{"token": "a\r\nX-Other: b"}"#.into_response(),
        _ => {
            let host = request.headers()[header::HOST].to_str().unwrap();
            let challenge = format!(r#"Bearer realm="http://{host}/token""#);
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
        }
    });
    let error = pull(&at.await, &Auth::Anonymous, &quiet).await.unwrap_err();
    assert_eq!(error.code(), "unavailable", "{error}");
}
