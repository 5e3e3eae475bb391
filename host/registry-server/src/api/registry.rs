//! What the registry is, and its signed index. It does not know what is in the index.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hal9_package::Digest;
use hal9_registry_index::{
    Signed,
    api::{About, Health, Problem},
};

use super::Named;
use crate::{AppState, Refusal, clock::now};

/// What never changes under its address.
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Whether the server is well: its database answers, and its index is not expired.
#[utoipa::path(get, path = "/health", tag = "registry", responses((status = 200, body = Health)))]
pub(super) async fn health(State(state): State<AppState>) -> Result<Response, Refusal> {
    let health = state.read(|catalogue| catalogue.health()).await?;
    if health.expires < now() {
        return Err(Refusal::unavailable("stale-index", "the index has expired, and is not signed anew"));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(health)).into_response())
}

/// What this registry is.
#[utoipa::path(get, path = "/v1/registry", tag = "registry", responses((status = 200, body = About)))]
pub(super) async fn about(State(state): State<AppState>) -> Result<Json<About>, Refusal> {
    Ok(Json(state.about().await?))
}

/// The newest root: which keys speak for the registry.
#[utoipa::path(get, path = "/v1/root", tag = "index",
    responses((status = 200, body = Signed), (status = 304, description = "It is still the one of `If-None-Match`.")))]
pub(super) async fn root(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Refusal> {
    let signed = state.read(|catalogue| catalogue.root(None)).await?;
    Ok(tagged(&headers, &signed))
}

/// The root of a version, from 1: each is signed by a key of the one before.
#[utoipa::path(get, path = "/v1/root/{version}", tag = "index",
    params(("version" = u64, Path, description = "The version.", example = 1)),
    responses((status = 200, body = Signed), (status = 304, description = "It is still the one of `If-None-Match`."), (status = 404, body = Problem)))]
pub(super) async fn root_of_version(
    State(state): State<AppState>,
    Named(version): Named<u64>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // The database counts to 2^63.
    let version = i64::try_from(version).map_err(|_| Refusal::not_found("there is no root of this version"))?;
    let signed = state.read(move |catalogue| catalogue.root(Some(version.unsigned_abs()))).await?;
    Ok(tagged(&headers, &signed))
}

/// The signed head of the index.
#[utoipa::path(get, path = "/v1/index", tag = "index",
    responses((status = 200, body = Signed), (status = 304, description = "It is still the one of `If-None-Match`.")))]
pub(super) async fn index(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Refusal> {
    let signed = state.read(|catalogue| catalogue.head()).await?;
    Ok(tagged(&headers, &signed))
}

/// A part of the index by its digest, which the head names. One that an earlier head names can be had for a while.
#[utoipa::path(get, path = "/v1/index/shards/{digest}", tag = "index",
    params(("digest" = String, Path, description = "The digest.", pattern = "^sha256:[0-9a-f]{64}$")),
    responses((status = 200, description = "The part, as `Shard` of the documentation says.", content_type = "application/json", body = Object),
        (status = 304, description = "It is the one of `If-None-Match`."), (status = 404, body = Problem)))]
pub(super) async fn shard(
    State(state): State<AppState>,
    Named(digest): Named<Digest>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let bytes = state.read(move |catalogue| catalogue.shard(&digest)).await?;
    let tag = tag(&digest);
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let about = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE)),
        (header::ETAG, tag),
    ];
    Ok((about, Bytes::from(bytes)).into_response())
}

/// The tag of what has a digest.
pub(super) fn tag(digest: &Digest) -> HeaderValue {
    // A digest in hexadecimal digits can stand in a header.
    HeaderValue::from_str(&format!("\"{}\"", digest.hex())).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether the client has what this tag is of.
pub(super) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let (known, tag) = (headers.get(header::IF_NONE_MATCH), tag.to_str().unwrap_or_default());
    known.and_then(|known| known.to_str().ok()).is_some_and(|known| {
        // One that was compressed on the way is marked as weak.
        known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
    })
}

/// A document that may have another text the next time.
fn tagged(headers: &HeaderMap, signed: &Signed) -> Response {
    let text = serde_json::to_vec(signed).unwrap_or_default();
    let tag = tag(&Digest::of(&text));
    let about = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache")),
        (header::ETAG, tag.clone()),
    ];
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, text).into_response()
}
