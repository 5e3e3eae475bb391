//! Accounts and tokens over HTTP. It does not know how secrets are kept.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hal9_registry_index::api::{Account, AddKey, Credentials, Nonce, Problem, Token, TokenMade, TokenRequest};

use super::{Body, Fresh, Named, Patient, SignedIn};
use crate::{AppState, Refusal};

/// A number for one request that changes something.
#[utoipa::path(post, path = "/v1/nonces", tag = "accounts",
    responses((status = 200, body = Nonce, headers(("replay-nonce" = String, description = "The same number.")))))]
pub(super) async fn nonce(State(state): State<AppState>) -> Result<Response, Refusal> {
    state.check_writable()?;
    let nonce = state.nonce();
    let header = nonce.nonce.clone();
    Ok(([("replay-nonce", header), ("cache-control", "no-store".to_owned())], Json(nonce)).into_response())
}

/// Makes an account, where anybody may.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body(content = Credentials, example = json!({"name": "ada", "password": "correct horse battery staple"})),
    params(("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 201, body = Account), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn register(
    State(state): State<AppState>,
    _: Patient,
    _: Fresh,
    Body(credentials): Body<Credentials>,
) -> Result<(StatusCode, Json<Account>), Refusal> {
    Ok((StatusCode::CREATED, Json(state.register(credentials).await?)))
}

/// Makes a token, by name and password. Its secret is told this once.
#[utoipa::path(post, path = "/v1/tokens", tag = "accounts", request_body(content = TokenRequest, example = json!({"credentials": {"name": "ada", "password": "correct horse battery staple"},
        "token": {"label": "laptop", "scopes": ["publish", "maintain"], "days": 90}})),
    params(("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 201, body = TokenMade), (status = 401, body = Problem)))]
pub(super) async fn make_token(
    State(state): State<AppState>,
    _: Patient,
    _: Fresh,
    Body(request): Body<TokenRequest>,
) -> Result<Response, Refusal> {
    let made = state.token_by_password(request.credentials, request.token).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(made)).into_response())
}

/// The tokens of the account, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", tag = "accounts", security(("token" = ["tokens"])),
    responses((status = 200, body = [Token])))]
pub(super) async fn tokens(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<Token>>, Refusal> {
    Ok(Json(state.tokens(&caller).await?))
}

/// Revokes a token; the one that asks may always revoke itself.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "accounts", security(("token" = ["tokens"])),
    params(("id" = String, Path, description = "The token's number."),
        ("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 204, description = "It is none any more."), (status = 404, body = Problem)))]
pub(super) async fn revoke(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Named(id): Named<String>,
) -> Result<StatusCode, Refusal> {
    state.revoke(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/account", tag = "accounts", security(("token" = [])),
    responses((status = 200, body = Account)))]
pub(super) async fn account(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Account>, Refusal> {
    Ok(Json(state.account(&caller).await?))
}

/// Registers a key that the account signs reviews with.
#[utoipa::path(post, path = "/v1/account/keys", tag = "accounts", security(("token" = ["review"])), request_body = AddKey,
    params(("Replay-Nonce" = String, Header, description = "A number of `/v1/nonces`.")),
    responses((status = 200, body = Account), (status = 422, body = Problem)))]
pub(super) async fn add_key(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Fresh,
    Body(add): Body<AddKey>,
) -> Result<Json<Account>, Refusal> {
    Ok(Json(state.add_key(&caller, add).await?))
}
