//! The HTTP interface: which path is answered by what, and what holds for every request. It does not know what the answers say.

mod account;
mod extract;
mod layers;
mod maintain;
mod openapi;
mod packages;
mod plugins;
mod publish;
mod registry;

use axum::{Extension, Router, extract::DefaultBodyLimit, http::StatusCode, middleware};
use hal9_registry_index::api::ProblemCode;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use extract::{Asked, Body, Client, Fresh, Named, Patient, Peer, SignedIn};

use crate::{AppState, Refusal, pages};

/// The most bytes of a body, but for parts of uploads and forms with packages.
const MAX_BODY: usize = 256 << 10;

/// All that the server answers.
pub(crate) fn router(state: AppState) -> Router {
    let (router, document) = routes().split_for_parts();
    let document = openapi::finish(document, &state);
    let router = router
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(Extension(document))
        .with_state(state.clone())
        .layer(middleware::from_fn_with_state(state.clone(), layers::guard));
    let (pages, elsewhere) = pages::router(router.clone(), state.config().url.as_deref());
    router
        .merge(pages)
        .fallback_service(elsewhere)
        .layer(layers::compression())
        .layer(middleware::from_fn_with_state(state, layers::every))
        .layer(middleware::from_fn(pages::friendly))
}

/// The paths of the HTTP interface, each with what the OpenAPI document says of it.
fn routes() -> OpenApiRouter<AppState> {
    let (schemas, paths, methods) = routes!(publish::progress, publish::part, publish::abandon);
    let parts = (schemas, paths, methods.layer(publish::part_limit()));
    OpenApiRouter::with_openapi(openapi::begin())
        .routes(routes!(registry::health))
        .routes(routes!(openapi::document))
        .routes(routes!(registry::about))
        .routes(routes!(registry::root))
        .routes(routes!(registry::root_of_version))
        .routes(routes!(registry::index))
        .routes(routes!(registry::shard))
        .routes(routes!(packages::blob))
        .routes(routes!(plugins::search, publish::publish))
        .routes(routes!(plugins::plugin))
        .routes(routes!(plugins::version))
        .routes(routes!(plugins::author))
        .routes(routes!(account::nonce))
        .routes(routes!(account::register))
        .routes(routes!(account::make_token, account::tokens))
        .routes(routes!(account::revoke))
        .routes(routes!(account::account))
        .routes(routes!(account::add_key))
        .routes(routes!(publish::begin))
        .routes(parts)
        .routes(routes!(maintain::yank, maintain::unyank))
        .routes(routes!(maintain::deprecate, maintain::undeprecate))
        .routes(routes!(maintain::report))
        .routes(routes!(maintain::take_back))
        .routes(routes!(maintain::add_owner, maintain::remove_owner))
        .routes(routes!(maintain::endorse))
        .routes(routes!(maintain::reviews, maintain::review, maintain::remove_review))
}

async fn other_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::Usage, "this path is not asked with that method")
        .reason("method")
        .help("/openapi.json says which methods it takes")
}
