//! Owns the page that searches, and the part of it that a script asks for while somebody types. It refuses to know how plugins are found.

use askama::Template;
use axum::{
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use hal9_registry_index::api::{Found, ProblemBody};

use super::{
    assets,
    failure::Refused,
    filters::{self, Filters, ORDERS, PAGE},
    frame::{self, Frame, Visit, page},
    permissions, words,
};

/// What was found, or why nothing was.
struct Results {
    filters: Filters,
    found: Found,
    problem: Option<ProblemBody>,
    status: StatusCode,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    results: Results,
}

#[derive(Template)]
#[template(path = "found.html")]
struct Fragment {
    results: Results,
}

/// The page of a search; only what was found, where a script asks.
pub(super) async fn show(
    visit: Visit,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let filters = Filters::read(pairs);
    let (found, problem, status) = match visit.caller.get::<Found>(&filters.question()).await {
        Ok(found) => (found, None, StatusCode::OK),
        // A filter that is none is told beside the filters.
        Err(refused) if refused.status == StatusCode::BAD_REQUEST => {
            (Found { total: 0, hits: Vec::new(), facets: Default::default() }, Some(*refused.problem), refused.status)
        }
        Err(refused) => return Err(refused),
    };
    let mut frame = visit.frame;
    filters.get("q").clone_into(&mut frame.q);
    let results = Results { filters, found, problem, status };
    Ok(if frame::is_fragment(&headers) {
        page(results.status, &Fragment { results })
    } else {
        page(results.status, &SearchPage { frame, results })
    })
}
