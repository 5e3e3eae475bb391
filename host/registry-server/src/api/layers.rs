//! What holds for every request: it is logged, counted, bounded in time, and answered even where the server breaks. It does not know what was asked
//! for.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use hal9_registry_index::api::Scope;
use tower_http::compression::{
    CompressionLayer, Predicate as _,
    predicate::{And, DefaultPredicate, NotForContentType},
};
use tracing::Instrument as _;

use super::extract::{Client, address, bearer};
use crate::{AppState, Refusal};

/// Whoever is slower than this sends nothing that is waited for.
const TIME: Duration = Duration::from_secs(120);

/// The media type of packages, which are compressed already.
pub(crate) const PACKAGE: &str = "application/vnd.hal9.package+zip";

/// What may be read of a private registry by anybody: what it is, and what it takes to sign in.
const PUBLIC: [&str; 4] = ["/v1/registry", "/v1/nonces", "/v1/accounts", "/v1/tokens"];

/// Answers are compressed where the client takes that and they are not compressed already.
pub(super) fn compression() -> CompressionLayer<And<DefaultPredicate, NotForContentType>> {
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new(PACKAGE)))
}

/// Logs a request and counts it, bounds its time, and answers where what answers it breaks.
pub(super) async fn every(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let (mut parts, body) = request.into_parts();
    let client = address(&state, &parts);
    parts.extensions.insert(Client(client));
    // The template, as a path may name what only its owner should know.
    let path = parts.extensions.get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", method = %parts.method, path, %client);
    let answering = async {
        if let Err(refusal) = state.limits().request(client) {
            return refusal.into_response();
        }
        let answer = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind();
        match tokio::time::timeout(TIME, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Refusal::internal("what answers this request panicked").into_response(),
            Err(_) => {
                Refusal::unavailable("timeout", format!("this took more than {} s", TIME.as_secs())).into_response()
            }
        }
    };
    let mut response = answering.instrument(span.clone()).await;
    let headers = response.headers_mut();
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), milliseconds, "answered"));
    response
}

/// Lets in whoever may read, where the registry is private: with a token that may.
pub(super) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Pages ask the interface as their visitor does, and show what that answers.
    if !state.config().private || PUBLIC.contains(&path) || !path.starts_with("/v1/") {
        return next.run(request).await;
    }
    match reader(&state, request.headers()).await {
        Ok(()) => {
            let mut response = next.run(request).await;
            // No cache between here and the reader keeps it for others.
            let cached = response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
            let private = cached.map_or_else(|| "private".to_owned(), |value| value.replace("public", "private"));
            if let Ok(value) = HeaderValue::from_str(&private) {
                response.headers_mut().insert(header::CACHE_CONTROL, value);
            }
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn reader(state: &AppState, headers: &axum::http::HeaderMap) -> Result<(), Refusal> {
    let token = bearer(headers).ok_or_else(|| {
        let help = "run `hal9 auth login`, or send `Authorization: Bearer`";
        Refusal::unauthenticated("this registry is private").help(help)
    })?;
    state.authenticate(token).await?.may(Scope::Read)
}
