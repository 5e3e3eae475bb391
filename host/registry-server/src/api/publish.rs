//! Uploads and publishing over HTTP. It does not know what may be published.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hal9_registry_index::api::{Begin, Problem, ProblemCode, Publish, Published, Upload};

use super::{Body, Fresh, Named, SignedIn, openapi::Octets};
use crate::{AppState, Refusal, publish::MAX_PART};

/// The media type of a part, as tus 1.0 has it.
const PART: &str = "application/offset+octet-stream";

/// Bodies of parts may be larger than others.
pub(super) fn part_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(usize::try_from(MAX_PART).unwrap_or(usize::MAX))
}

/// Begins an upload, or finds the one of the same account and package again.
#[utoipa::path(post, path = "/v1/uploads", tag = "publishing", security(("token" = ["publish"])), request_body(content = Begin, example = json!({"size": 52431,
        "package": "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})),
    params(("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 201, body = Upload), (status = 413, body = Problem)))]
pub(super) async fn begin(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Body(begin): Body<Begin>,
) -> Result<Response, Refusal> {
    Ok(told(StatusCode::CREATED, state.begin_upload(&caller, begin).await?))
}

/// How far an upload is.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "publishing", security(("token" = ["publish"])),
    params(("id" = String, Path, description = "The upload's number.")),
    responses((status = 200, body = Upload), (status = 404, body = Problem)))]
pub(super) async fn progress(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<String>,
) -> Result<Response, Refusal> {
    Ok(told(StatusCode::OK, state.upload(&caller, &id).await?))
}

/// Adds a part, at the offset that the upload is at. It needs no number: the offset is good once.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "publishing", security(("token" = ["publish"])),
    params(("id" = String, Path, description = "The upload's number."),
        ("Upload-Offset" = u64, Header, description = "Where the part begins: where the upload is.", example = 0)),
    request_body(content = Octets, content_type = PART),
    responses((status = 200, body = Upload, headers(("upload-offset" = u64, description = "Where the upload is now."))),
        (status = 404, body = Problem),
        (status = 409, body = Problem, headers(("upload-offset" = u64, description = "Where the upload is."))),
        (status = 413, body = Problem), (status = 415, body = Problem)))]
pub(super) async fn part(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<String>,
    headers: HeaderMap,
    part: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Refusal> {
    let named = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if named(header::CONTENT_TYPE.as_str()) != Some(PART) {
        let message = format!("the body is not `{PART}`");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemCode::Usage, message).reason("media-type"));
    }
    let offset = named("upload-offset").and_then(|text| text.parse().ok());
    let offset = offset.ok_or_else(|| Refusal::usage("the header `Upload-Offset` says where the part begins"))?;
    let part = part.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(format!("a part has at most {MAX_PART} bytes")),
        _ => Refusal::usage(error.body_text()),
    })?;
    Ok(told(StatusCode::OK, state.add_part(&caller, &id, offset, part).await?))
}

/// Gives an upload up.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "publishing", security(("token" = ["publish"])),
    params(("id" = String, Path, description = "The upload's number."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is forgotten."), (status = 404, body = Problem)))]
pub(super) async fn abandon(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<String>,
) -> Result<StatusCode, Refusal> {
    state.abandon_upload(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes a package that was uploaded whole. Publishing the very same again changes nothing.
#[utoipa::path(post, path = "/v1/plugins", tag = "publishing", security(("token" = ["publish"])), request_body = Publish,
    params(("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 201, body = Published), (status = 200, description = "The very same was published before.", body = Published),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn publish(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Body(publish): Body<Publish>,
) -> Result<(StatusCode, Json<Published>), Refusal> {
    let published = state.publish_upload(&caller, publish).await?;
    let status = if published.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(published)))
}

fn told(status: StatusCode, upload: Upload) -> Response {
    let headers = [("upload-offset", upload.offset.to_string()), ("cache-control", "no-store".to_owned())];
    (status, headers, Json(upload)).into_response()
}
