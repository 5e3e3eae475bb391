//! The registry as people see it in a browser: pages that are rendered here and work without a script. Each of them asks the HTTP API, in this
//! very process and with the visitor's own token, so that a page can do nothing that the API does not allow; what is behind the API it refuses to know.

mod account;
mod ask;
mod assets;
mod author;
mod chart;
mod docs;
mod failure;
mod filters;
mod form;
mod frame;
mod guard;
mod home;
mod markdown;
mod permissions;
mod plugin;
mod publish;
mod review;
mod search;
mod session;
mod words;

use std::sync::Arc;

pub(crate) use failure::friendly;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use tokio::sync::Semaphore;

/// So many packages are looked at for a page at once; each is held in memory meanwhile.
const LOOKED_AT: usize = 12;

/// The longest form but for one with files.
const FORM: usize = 256 << 10;

/// What the pages are made with.
#[derive(Clone)]
pub(crate) struct Pages {
    api: Router,
    /// The address that people reach the registry by, where it is known.
    url: Option<Arc<str>>,
    readmes: Arc<markdown::Rendered>,
    packages: Arc<Semaphore>,
}

/// The pages over an API, and what answers where there is neither a page nor anything of the API. The API is the one that everybody asks, but for what counts
/// requests: a page is one, however often it asks. `url` is the address that people reach the registry by.
pub(crate) fn router(api: Router, url: Option<&str>) -> (Router, Router) {
    let packages = Arc::new(Semaphore::new(LOOKED_AT));
    let pages = Pages { api, url: url.map(Arc::from), readmes: Arc::default(), packages };
    let elsewhere = Router::new().fallback(failure::nothing);
    (guarded(routes(), &pages), guarded(elsewhere, &pages))
}

fn guarded(router: Router<Pages>, pages: &Pages) -> Router {
    router
        .layer(middleware::from_fn(guard::same_site))
        .layer(middleware::from_fn_with_state(pages.clone(), failure::show))
        .layer(middleware::from_fn(guard::headers))
        .with_state(pages.clone())
}

fn routes() -> Router<Pages> {
    Router::new()
        .route("/", get(home::show))
        .route("/search", get(search::show))
        .route("/plugins/{id}", get(plugin::newest))
        .route("/plugins/{id}/review", get(review::form).post(review::send))
        .route("/plugins/{id}/review/remove", post(review::remove))
        .route("/plugins/{id}/{version}", get(plugin::version))
        .route("/plugins/{id}/{version}/package.minisig", get(plugin::signature))
        .route("/authors/{name}", get(author::show))
        .route("/sign-in", get(session::sign_in_form).post(session::sign_in))
        .route("/sign-up", get(session::sign_up_form).post(session::sign_up))
        .route("/sign-out", post(session::sign_out))
        .route("/account", get(account::show))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/{id}/revoke", post(account::revoke_token))
        .route("/publish/confirm", post(publish::confirm))
        .route("/docs", get(docs::show))
        .layer(DefaultBodyLimit::max(FORM))
        // Read in parts and held against the registry's own limit, which is not known here.
        .route("/publish", get(publish::form).post(publish::check).layer(DefaultBodyLimit::disable()))
        .route("/assets/{file}", get(assets::serve))
        .method_not_allowed_fallback(failure::method)
}
