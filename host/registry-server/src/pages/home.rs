//! Owns the front page: what this registry is, what is new in it, what is used most, and the kinds of plugins. It refuses to know how they are found.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use hal9_registry_index::api::{Found, Hit};

use super::{
    assets,
    failure::Refused,
    frame::{Frame, Visit, page},
    permissions, words,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    total: u64,
    kinds: Vec<(String, u64)>,
    tags: Vec<(String, u64)>,
    used: Vec<Hit>,
    updated: Vec<Hit>,
}

/// The front page.
pub(super) async fn show(visit: Visit) -> Result<Response, Refused> {
    let (used, updated) = tokio::join!(
        visit.caller.get::<Found>("/v1/plugins?order=downloads&limit=6"),
        visit.caller.get::<Found>("/v1/plugins?order=updated&limit=6"),
    );
    let (used, updated) = (used?, updated?);
    let counts = |facets: Vec<hal9_registry_index::api::Facet>, most: usize| {
        facets.into_iter().take(most).map(|facet| (facet.value, facet.count)).collect()
    };
    let home = HomePage {
        frame: visit.frame,
        total: used.total,
        kinds: counts(used.facets.kinds, 8),
        tags: counts(used.facets.tags, 12),
        used: used.hits,
        updated: updated.hits,
    };
    Ok(page(StatusCode::OK, &home))
}
