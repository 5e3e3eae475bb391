//! One question to a registry. It refuses to know how it is sent.

use bytes::Bytes;
use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderValue},
};
use serde::Serialize;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// What it is for, for messages.
    pub(crate) what: String,
    pub(crate) body: Option<(&'static str, Bytes)>,
    pub(crate) headers: HeaderMap,
    pub(crate) max: u64,
    /// Whether it carries a fresh nonce.
    pub(crate) nonce: bool,
    /// Whether it may be sent again where nobody knows what became of it.
    pub(crate) repeatable: bool,
    pub(crate) signed_in: bool,
}

impl Ask {
    /// Sends JSON.
    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        // The types that are sent have text keys and no writer is involved.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.body("application/json", body.into())
    }

    /// Sends bytes.
    pub(crate) fn body(mut self, kind: &'static str, body: Bytes) -> Self {
        self.body = Some((kind, body));
        self
    }

    /// Reads so many bytes at most.
    pub(crate) fn at_most(mut self, max: u64) -> Self {
        self.max = max;
        self
    }

    /// May be sent again: the registry gives the same answer to the same question.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Goes without the token.
    pub(crate) fn signed_out(mut self) -> Self {
        self.signed_in = false;
        self
    }

    /// What is sought, in the address.
    pub(crate) fn query(mut self, query: &[(impl AsRef<str>, String)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(query);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The bytes as they are, whatever the two could agree upon.
    pub(crate) fn plain(self) -> Self {
        self.header("accept-encoding", HeaderValue::from_static("identity"))
    }
}
