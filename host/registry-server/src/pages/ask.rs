//! Owns how a page asks the API: in this process, as the visitor. It refuses to know what is asked.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Extensions, HeaderMap, Method, Request, StatusCode, header},
};
use hal9_registry_index::api::{Nonce, Problem, ProblemBody, ProblemCode};
use serde::{Serialize, de::DeserializeOwned};
use tower::Service as _;

use super::failure::Refused;
use crate::api::Client;

/// More than any answer of the API that a page asks for.
const MAX_ANSWER: usize = 32 << 20;

/// Who asks.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(super) api: Router,
    pub(super) extensions: Extensions,
    pub(super) token: Option<String>,
}

impl Caller {
    /// A caller with a request's client, signed in by its cookie where it has one.
    pub(crate) fn new(api: Router, extensions: &Extensions, headers: &HeaderMap) -> Self {
        let mut client = Extensions::new();
        // The rest of a request's extensions belongs to the routes of the pages. The address is the one that was counted, and not the headers that it
        // was found out from: whoever reads them twice may read them in two ways.
        if let Some(address) = extensions.get::<Client>() {
            client.insert(*address);
        }
        Self { api, extensions: client, token: super::session::token(headers).map(str::to_owned) }
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        read(&self.call(self.request(Method::GET, path), Body::empty()).await?)
    }

    /// A number for one change.
    pub(crate) async fn nonce(&self) -> Result<String, Refused> {
        let answer = self.call(self.request(Method::POST, "/v1/nonces"), Body::empty()).await?;
        Ok(read::<Nonce>(&answer)?.nonce)
    }

    /// Changes something, with the number that stood in the visitor's form.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
        nonce: &str,
    ) -> Result<T, Refused> {
        let body = serde_json::to_vec(body).map_err(|error| Refused::internal(&error))?;
        let mut request = self.request(method, path);
        request = request.header("replay-nonce", nonce).header(header::CONTENT_TYPE, "application/json");
        read(&self.call(request, body.into()).await?)
    }

    /// Takes something away.
    pub(crate) async fn delete(&self, path: &str, nonce: &str) -> Result<(), Refused> {
        let request = self.request(Method::DELETE, path).header("replay-nonce", nonce);
        self.call(request, Body::empty()).await.map(drop)
    }

    /// Sends a part of an upload.
    pub(crate) async fn send_part(&self, path: &str, offset: u64, part: Bytes) -> Result<(), Refused> {
        let request = self
            .request(Method::PATCH, path)
            .header("upload-offset", offset)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header(header::CONTENT_LENGTH, part.len());
        self.call(request, part.into()).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    async fn call(&self, request: axum::http::request::Builder, body: Body) -> Result<Bytes, Refused> {
        // What does not become a request came from an address or a form, and names nothing.
        let mut request = request.body(body).map_err(|_| Refused::nothing())?;
        request.extensions_mut().extend(self.extensions.clone());
        let Ok(answer) = self.api.clone().call(request).await;
        let (head, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, MAX_ANSWER).await.map_err(|error| Refused::internal(&error))?;
        if head.status.is_success() {
            return Ok(body);
        }
        let problem = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.error,
            Err(_) => bare(head.status),
        };
        let retry_after = head.headers.get(header::RETRY_AFTER).cloned();
        Err(Refused { status: head.status, problem: problem.into(), retry_after })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    // A change that has nothing to tell is answered with an empty body.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| Refused::internal(&error))
}

/// For a refusal by what stands in front of the API, which may have no body.
fn bare(status: StatusCode) -> ProblemBody {
    let code = match status.as_u16() {
        401 | 403 => ProblemCode::PermissionDenied,
        404 => ProblemCode::NotFound,
        409 => ProblemCode::Conflict,
        413 | 429 => ProblemCode::LimitExceeded,
        400..500 => ProblemCode::Usage,
        503 => ProblemCode::Unavailable,
        _ => ProblemCode::Internal,
    };
    let message = status.canonical_reason().unwrap_or("The request was refused").to_owned();
    ProblemBody { code, reason: None, plugin: None, message, help: None }
}

/// A text as part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let Ok(encoded) = askama::filters::urlencode_strict(text);
    encoded.to_string()
}
