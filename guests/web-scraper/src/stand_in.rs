//! A web for tests: it has the pages that a test gives it, and notes what is asked of it. What it does not have is 404.

use crate::transport::{Head, Response, Transport};
use crate::visit::Visitor;
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use std::collections::BTreeMap;
use url::Url;

#[derive(Debug, Default)]
pub(crate) struct StandIn {
    pages: BTreeMap<String, Response>,
    failing: BTreeMap<String, ErrorCode>,
    /// The URLs that were asked for, in order.
    pub(crate) asked: Vec<String>,
    /// How many bytes of bodies were wanted of it.
    pub(crate) given: usize,
}

impl StandIn {
    pub(crate) fn of<'a>(pages: impl IntoIterator<Item = (&'a str, Response)>) -> Self {
        pages.into_iter().fold(Self::default(), |web, (url, response)| web.with(url, response))
    }

    pub(crate) fn with(mut self, url: &str, response: Response) -> Self {
        self.pages.insert(url.to_owned(), response);
        self
    }

    pub(crate) fn failing(mut self, url: &str, code: ErrorCode) -> Self {
        self.failing.insert(url.to_owned(), code);
        self
    }
}

/// A visitor that knows no other web.
pub(crate) fn visitor(web: StandIn) -> Visitor<StandIn> {
    let mut visitor = Visitor::default();
    visitor.transport = web;
    visitor
}

impl Transport for StandIn {
    fn get(&mut self, url: &Url, wanted: &dyn Fn(&Head) -> usize) -> Result<Response, PluginError> {
        self.asked.push(url.to_string());
        if let Some(code) = self.failing.get(url.as_str()) {
            return err(*code, "the network is not as it should be");
        }
        let mut response = self.pages.get(url.as_str()).cloned().unwrap_or_else(|| answer(404, &[], ""));
        let most = wanted(&response.head);
        response.truncated = most > 0 && response.body.len() > most;
        response.body.truncate(most);
        self.given += response.body.len();
        Ok(response)
    }
}

/// A response with headers and a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Response { head: Head { status, headers }, body: body.as_ref().to_vec(), truncated: false }
}

/// A page of HTML.
pub(crate) fn page(body: impl AsRef<[u8]>) -> Response {
    answer(200, &[("content-type", "text/html; charset=utf-8")], body)
}

/// A plain text.
pub(crate) fn text(body: &str) -> Response {
    answer(200, &[("content-type", "text/plain")], body)
}
