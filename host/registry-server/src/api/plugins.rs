//! Finding plugins and reading of them. It does not know how they are found.

use axum::{Json, extract::State};
use hal9_package::PluginId;
use hal9_registry_index::api::{AccountName, AuthorPage, Found, PluginPage, Problem, Query, VersionPage};
use semver::Version;

use super::{Asked, Named};
use crate::{AppState, Refusal};

/// Plugins that a query finds, with how they are divided.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", params(Query), responses((status = 200, body = Found)))]
pub(super) async fn search(State(state): State<AppState>, Asked(query): Asked<Query>) -> Result<Json<Found>, Refusal> {
    Ok(Json(state.read(move |catalogue| catalogue.search(&query)).await?))
}

/// A plugin with its versions, owners, keys, notices, downloads and those that need it.
#[utoipa::path(get, path = "/v1/plugins/{id}", tag = "plugins",
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$", example = "ai.hal9.text-tools")),
    responses((status = 200, body = PluginPage), (status = 404, body = Problem)))]
pub(super) async fn plugin(
    State(state): State<AppState>,
    Named(id): Named<PluginId>,
) -> Result<Json<PluginPage>, Refusal> {
    Ok(Json(state.read(move |catalogue| catalogue.plugin(&id)).await?))
}

/// A version, whole: what it offers, asks for, imports and exports, its README and its files.
#[utoipa::path(get, path = "/v1/plugins/{id}/versions/{version}", tag = "plugins",
    params(("id" = String, Path, description = "The plugin's id.", pattern = "^[a-z0-9.-]{1,128}$", example = "ai.hal9.text-tools"),
        ("version" = String, Path, description = "The version.", example = "1.2.0")),
    responses((status = 200, body = VersionPage), (status = 404, body = Problem)))]
pub(super) async fn version(
    State(state): State<AppState>,
    Named((id, version)): Named<(PluginId, Version)>,
) -> Result<Json<VersionPage>, Refusal> {
    Ok(Json(state.read(move |catalogue| catalogue.version(&id, &version)).await?))
}

/// An account with the plugins that it owns.
#[utoipa::path(get, path = "/v1/authors/{name}", tag = "plugins",
    params(("name" = String, Path, description = "The account.", example = "ada")),
    responses((status = 200, body = AuthorPage), (status = 404, body = Problem)))]
pub(super) async fn author(
    State(state): State<AppState>,
    Named(name): Named<AccountName>,
) -> Result<Json<AuthorPage>, Refusal> {
    Ok(Json(state.read(move |catalogue| catalogue.author(&name)).await?))
}
