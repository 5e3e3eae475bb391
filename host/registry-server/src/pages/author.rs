//! Owns the page of an author: the plugins of an account. It refuses to know who that is.

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use hal9_registry_index::api::AuthorPage;

use super::{
    ask::encoded,
    assets,
    failure::Refused,
    frame::{Frame, Visit, page},
    permissions, words,
};

#[derive(Template)]
#[template(path = "author.html")]
struct Author {
    frame: Frame,
    author: AuthorPage,
    downloads: u64,
}

/// The page of an author.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> Result<Response, Refused> {
    let author: AuthorPage =
        visit.caller.get(&format!("/v1/authors/{}", encoded(&name))).await.map_err(Refused::at_address)?;
    let downloads = author.plugins.iter().map(|hit| hit.downloads).sum();
    Ok(page(StatusCode::OK, &Author { frame: visit.frame, author, downloads }))
}
