//! Owns what stands around every page: the registry's name, who is signed in, and where the visitor is. It refuses to know what is on the page.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
    response::{Html, IntoResponse, Response},
};
use hal9_registry_index::api::{About, Account};

use super::{Pages, ask::Caller, failure::Refused};

/// What stands around a page.
pub(crate) struct Frame {
    /// What the registry says of itself.
    pub(crate) about: About,
    /// Who is signed in.
    pub(crate) account: Option<Account>,
    /// Where this page is, for coming back after signing in.
    pub(crate) here: String,
    /// What the search box of the header begins with.
    pub(crate) q: String,
}

/// A visitor of a page.
pub(crate) struct Visit {
    pub(crate) caller: Caller,
    pub(crate) frame: Frame,
}

impl Visit {
    /// Who visits, as far as the API knows him; a cookie that is none any more counts as none.
    pub(crate) async fn of(pages: &Pages, parts: &Parts) -> Result<Self, Refused> {
        let mut caller = Caller::new(pages.api.clone(), &parts.extensions, &parts.headers);
        let mut account = None;
        if caller.token.is_some() {
            account = match caller.get::<Account>("/v1/account").await {
                Ok(account) => Some(account),
                Err(refused) if refused.status == StatusCode::UNAUTHORIZED => None,
                Err(refused) => return Err(refused),
            };
        }
        if account.is_none() {
            caller.token = None;
        }
        let about = caller.get("/v1/registry").await?;
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { caller, frame: Frame { about, account, here, q: String::new() } })
    }

    /// Who is signed in.
    pub(crate) fn account(&self) -> Result<&Account, Refused> {
        self.frame.account.as_ref().ok_or_else(Refused::sign_in)
    }
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Refused> {
        Self::of(pages, parts).await
    }
}

/// Whether a script asks for the part of a page that changes.
pub(crate) fn is_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("x-fragment")
}

/// A page, as an answer.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => Refused::internal(&error).into_response(),
    }
}
