//! What owners and reviewers say of plugins, over HTTP. It does not know who may.

use axum::{Json, extract::State, http::StatusCode};
use hal9_package::PluginId;
use hal9_registry_index::{
    AuthorKey, Notice, Signed,
    api::{AccountName, Deprecate, Endorse, Problem, Report, ReviewPage, SignedReview, Yank},
};
use semver::Version;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Asked, Body, Fresh, Named, SignedIn};
use crate::{AppState, Refusal};

/// Says that nobody should begin to use a version. Whoever has it keeps it.
#[utoipa::path(put, path = "/v1/plugins/{id}/versions/{version}/yank", tag = "maintaining", security(("token" = ["maintain"])),
    request_body(content = Yank, example = json!({"reason": "it loses the last word"})),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), ("version" = String, Path, description = "The version."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is yanked."), (status = 404, body = Problem)))]
pub(super) async fn yank(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named((id, version)): Named<(PluginId, Version)>,
    Body(yank): Body<Yank>,
) -> Result<StatusCode, Refusal> {
    state.yank(&caller, id, version, Some(yank.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes that back.
#[utoipa::path(delete, path = "/v1/plugins/{id}/versions/{version}/yank", tag = "maintaining", security(("token" = ["maintain"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), ("version" = String, Path, description = "The version."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is not yanked."), (status = 404, body = Problem)))]
pub(super) async fn unyank(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named((id, version)): Named<(PluginId, Version)>,
) -> Result<StatusCode, Refusal> {
    state.yank(&caller, id, version, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that a plugin should not be used any more.
#[utoipa::path(put, path = "/v1/plugins/{id}/deprecation", tag = "maintaining", security(("token" = ["maintain"])),
    request_body(content = Deprecate, example = json!({"deprecation": {"message": "use the other one", "instead": "ai.hal9.text-tools"}})),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is deprecated."), (status = 404, body = Problem)))]
pub(super) async fn deprecate(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
    Body(deprecate): Body<Deprecate>,
) -> Result<StatusCode, Refusal> {
    state.deprecate(&caller, id, Some(deprecate.deprecation)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes that back.
#[utoipa::path(delete, path = "/v1/plugins/{id}/deprecation", tag = "maintaining", security(("token" = ["maintain"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is not deprecated."), (status = 404, body = Problem)))]
pub(super) async fn undeprecate(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
) -> Result<StatusCode, Refusal> {
    state.deprecate(&caller, id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reports something dangerous in a plugin of one's own.
#[utoipa::path(post, path = "/v1/plugins/{id}/notices", tag = "maintaining", security(("token" = ["maintain"])),
    request_body(content = Report, example = json!({"severity": "high", "versions": "<1.2.3", "summary": "It tells whom it should not: update."})),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 201, body = Notice), (status = 404, body = Problem)))]
pub(super) async fn report(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
    Body(report): Body<Report>,
) -> Result<(StatusCode, Json<Notice>), Refusal> {
    Ok((StatusCode::CREATED, Json(state.report(&caller, id, report).await?)))
}

/// Takes a notice back.
#[utoipa::path(delete, path = "/v1/plugins/{id}/notices/{notice}", tag = "maintaining", security(("token" = ["maintain"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), ("notice" = u64, Path, description = "Its number."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is gone."), (status = 404, body = Problem)))]
pub(super) async fn take_back(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named((id, notice)): Named<(PluginId, u64)>,
) -> Result<StatusCode, Refusal> {
    state.take_back(&caller, id, notice).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets another account publish a plugin as well.
#[utoipa::path(put, path = "/v1/plugins/{id}/owners/{account}", tag = "maintaining", security(("token" = ["own"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), ("account" = String, Path, description = "The account."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is an owner."), (status = 404, body = Problem)))]
pub(super) async fn add_owner(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named((id, account)): Named<(PluginId, AccountName)>,
) -> Result<StatusCode, Refusal> {
    state.add_owner(&caller, id, account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes that right away; the last owner keeps it.
#[utoipa::path(delete, path = "/v1/plugins/{id}/owners/{account}", tag = "maintaining", security(("token" = ["own"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), ("account" = String, Path, description = "The account."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is no owner."), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn remove_owner(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named((id, account)): Named<(PluginId, AccountName)>,
) -> Result<StatusCode, Refusal> {
    state.remove_owner(&caller, id, account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a key that may sign a plugin's packages, endorsed by one that may. Gives all of its keys.
#[utoipa::path(post, path = "/v1/plugins/{id}/keys", tag = "maintaining", security(("token" = ["own"])), request_body = Endorse,
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 200, body = [AuthorKey]), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn endorse(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
    Body(endorse): Body<Endorse>,
) -> Result<Json<Vec<AuthorKey>>, Refusal> {
    Ok(Json(state.endorse(&caller, id, endorse).await?))
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// So many are passed over; at most 10 000.
    #[param(maximum = 10000)]
    skip: u32,
    /// So many are wanted, 1 to 100; 20 where it is 0.
    #[param(maximum = 100)]
    limit: u32,
}

/// The reviews of a plugin, newest first, each with what proves whose it is.
#[utoipa::path(get, path = "/v1/plugins/{id}/reviews", tag = "reviews",
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"), Part),
    responses((status = 200, body = ReviewPage), (status = 404, body = Problem)))]
pub(super) async fn reviews(
    State(state): State<AppState>,
    Named(id): Named<PluginId>,
    Asked(part): Asked<Part>,
) -> Result<Json<ReviewPage>, Refusal> {
    Ok(Json(state.read(move |catalogue| catalogue.reviews(&id, part.skip, part.limit)).await?))
}

/// Publishes a review that one of the account's keys has signed, in the place of an earlier one about the same version.
#[utoipa::path(put, path = "/v1/plugins/{id}/reviews", tag = "reviews", security(("token" = ["review"])), request_body = Signed,
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 200, body = SignedReview), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn review(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
    Body(signed): Body<Signed>,
) -> Result<Json<SignedReview>, Refusal> {
    Ok(Json(state.review(&caller, id, signed).await?))
}

/// Takes one's own reviews of a plugin back.
#[utoipa::path(delete, path = "/v1/plugins/{id}/reviews", tag = "reviews", security(("token" = ["review"])),
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$"),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "They are gone."), (status = 404, body = Problem)))]
pub(super) async fn remove_review(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<PluginId>,
) -> Result<StatusCode, Refusal> {
    state.remove_review(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
