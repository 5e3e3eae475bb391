//! Owns the page about how trust works in a registry, and how to use one from the command line. It refuses to know any plugin.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use hal9_package::PublicKey;
use hal9_registry_index::{Root, Signed};

use super::{
    Pages, assets,
    failure::Refused,
    frame::{Frame, Visit, page},
};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    frame: Frame,
    root_keys: Vec<PublicKey>,
    address: String,
}

/// The page.
pub(super) async fn show(State(pages): State<Pages>, visit: Visit, headers: HeaderMap) -> Result<Response, Refused> {
    let root: Signed = visit.caller.get("/v1/root").await?;
    let root: Root = root.read().map_err(|error| Refused::internal(&error))?;
    let docs = DocsPage { frame: visit.frame, root_keys: root.root_keys, address: address(&pages, &headers) };
    Ok(page(StatusCode::OK, &docs))
}

/// Where the visitor sees this registry.
pub(super) fn address(pages: &Pages, headers: &HeaderMap) -> String {
    if let Some(url) = &pages.url {
        return url.trim_end_matches('/').to_owned();
    }
    // What a browser writes there is where it is; what somebody else writes, he alone sees.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
