//! Owns the pages that say what went wrong and what to do. It refuses to know why.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use hal9_registry_index::api::{Problem, ProblemBody, ProblemCode};

use super::{
    Pages,
    ask::encoded,
    assets,
    frame::{Frame, Visit, page},
};
use crate::Refusal;

/// More than any refusal says.
const MAX_PROBLEM: usize = 64 << 10;

/// A page that is not shown, as the API told why. As an answer it is empty until [`show`] has made a page of it.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) problem: Box<ProblemBody>,
    pub(crate) retry_after: Option<HeaderValue>,
}

impl Refused {
    fn new(status: StatusCode, code: ProblemCode, message: &str, help: Option<&str>) -> Self {
        let (message, help) = (message.to_owned(), help.map(str::to_owned));
        let problem = ProblemBody { code, reason: None, plugin: None, message, help }.into();
        Self { status, problem, retry_after: None }
    }

    /// There is nothing at this address.
    pub(crate) fn nothing() -> Self {
        let message = "There is nothing at this address.";
        let help = "It may have been mistyped. Search for what you were looking for, or begin at the front page.";
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, message, Some(help))
    }

    /// As it is for who has followed a link: a name that cannot be one is one that nothing has.
    pub(crate) fn at_address(self) -> Self {
        if self.status == StatusCode::BAD_REQUEST { Self::nothing() } else { self }
    }

    /// Nobody is signed in, and this is for somebody who is.
    pub(crate) fn sign_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::PermissionDenied, "Sign in first.", None)
    }

    /// What was sent is not what the page asks for.
    pub(crate) fn usage(message: &str, help: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ProblemCode::Usage, message, Some(help))
    }

    /// Our own fault, which is logged and not shown.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a page could not be made");
        let help = "Try again in a moment. If it stays, tell whoever runs this registry.";
        let message = "Something went wrong on our side.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal, message, Some(help))
    }

    /// Whether the visitor can mend it in the form that he has sent.
    pub(crate) fn is_about_form(&self) -> bool {
        matches!(self.status.as_u16(), 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    refused: &'a Refused,
    title: &'static str,
}

/// Makes a page of a refusal; sends who has to sign in to where that is done.
pub(super) async fn show(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What stands in front of the handlers, such as a form's limit, refuses with a line of text.
    let refused = match response.extensions_mut().remove::<Refused>() {
        Some(refused) => refused,
        None if is_plain_refusal(&response) => of_status(response.status()),
        None => return response,
    };
    if refused.status == StatusCode::UNAUTHORIZED && visitor.method == Method::GET {
        let here = visitor.uri.path_and_query().map_or("/", |path| path.as_str());
        return Redirect::to(&format!("/sign-in?to={}", encoded(here))).into_response();
    }
    // Whatever hinders the page may hinder its frame.
    let frame = match Visit::of(&pages, &visitor).await {
        Ok(visit) => visit.frame,
        Err(_) => nameless(visitor.uri.path()),
    };
    answer(&refused, frame)
}

fn answer(refused: &Refused, frame: Frame) -> Response {
    let title = title(refused.status);
    let mut response = page(refused.status, &FailurePage { frame, refused, title });
    if let Some(after) = refused.retry_after.clone() {
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}

/// Makes a page of what is refused in front of all pages, such as asking too often, where a page was asked for.
pub(crate) async fn friendly(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let is_page = !(path.starts_with("/v1/") || path == "/health" || path == "/openapi.json");
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_page || !json || response.status().is_success() {
        return response;
    }
    let (head, body) = response.into_parts();
    let problem =
        match axum::body::to_bytes(body, MAX_PROBLEM).await.map(|body| serde_json::from_slice::<Problem>(&body)) {
            Ok(Ok(problem)) => problem.error.into(),
            _ => of_status(head.status).problem,
        };
    let retry_after = head.headers.get(header::RETRY_AFTER).cloned();
    let refused = Refused { status: head.status, problem, retry_after };
    let mut response = answer(&refused, nameless(&path));
    super::guard::close(response.headers_mut());
    response
}

/// Neither a page nor anything of the API is at this address.
pub(super) async fn nothing(uri: Uri) -> Response {
    if uri.path().starts_with("/v1/") {
        let refusal = Refusal::not_found(format!("there is nothing at {}", uri.path()));
        return refusal.help("/openapi.json says what there is").into_response();
    }
    Refused::nothing().into_response()
}

/// A page is there, and does not take this.
pub(super) async fn method() -> Refused {
    let message = "This address does not take such a request.";
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::Usage, message, Some("Open the page and use its form."))
}

fn is_plain_refusal(response: &Response) -> bool {
    let status = response.status();
    let made = |kind: &HeaderValue| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
    };
    (status.is_client_error() || status.is_server_error())
        && !response.headers().get(header::CONTENT_TYPE).is_some_and(made)
}

fn of_status(status: StatusCode) -> Refused {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = "What you sent is larger than this form takes.";
            Refused::new(status, ProblemCode::LimitExceeded, message, Some("Send less, or a smaller file."))
        }
        _ if status.is_server_error() => {
            Refused::new(status, ProblemCode::Internal, "This page could not be made.", None)
        }
        _ => {
            let help = "Go back, load the page again and fill in every field.";
            Refused::new(status, ProblemCode::Usage, "The form was not what this page asks for.", Some(help))
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Sign in first",
        403 => "Not allowed",
        404 => "Not found",
        409 => "Something stands against it",
        413 => "Too large",
        429 => "A little slower, please",
        503 => "Not now",
        400..500 => "That did not work",
        _ => "Our fault",
    }
}

fn nameless(here: &str) -> Frame {
    let about = hal9_registry_index::api::About {
        registry: String::new(),
        name: "HAL9 registry".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        root: 0,
        open: false,
        private: false,
        mirror: false,
        max_package: 0,
        max_part: 0,
    };
    Frame { about, account: None, here: here.to_owned(), q: String::new() }
}
