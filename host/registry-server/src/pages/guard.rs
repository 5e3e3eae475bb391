//! Owns what keeps a page to itself: the headers that tell a browser what a page may load and run, and the refusal of forms that stand on other sites.
//! It refuses to know who is signed in.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hal9_registry_index::api::{ProblemBody, ProblemCode};

use super::failure::Refused;

/// Nothing runs and nothing is loaded but our own files: what a stored text smuggles in stays text.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every page.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    close(response.headers_mut());
    response
}

/// Writes the headers of a page.
pub(super) fn close(headers: &mut HeaderMap) {
    let all = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page shows who is signed in, and one address gives a whole page or the part that a script asked for.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
}

/// Refuses a change that another site asks a visitor's browser for. The cookie is `SameSite=Strict`, so that such a request is not signed in either;
/// this also keeps another site from signing a visitor in as somebody else.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !is_same_site(request.headers()) {
        let problem = ProblemBody {
            code: ProblemCode::PermissionDenied,
            reason: Some("other-site".to_owned()),
            plugin: None,
            message: "This form was sent from another site.".to_owned(),
            help: Some("Open the registry's own page and send it from there.".to_owned()),
        };
        return Refused { status: StatusCode::FORBIDDEN, problem: problem.into(), retry_after: None }.into_response();
    }
    next.run(request).await
}

fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    // Our referrer policy makes browsers write `null` for our own forms as well, so that only another name says anything.
    match (text(header::ORIGIN), text(header::HOST)) {
        (None | Some("null"), _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn forms_of_other_sites_are_told_from_our_own() {
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin"), ("origin", "null"), ("host", "r.test")],
            &[("origin", "https://r.test:8443"), ("host", "r.test:8443")],
            &[("origin", "null"), ("host", "r.test")],
        ] {
            assert!(is_same_site(&headers(own)), "{own:?}");
        }
        for other in [
            &[("sec-fetch-site", "cross-site"), ("origin", "https://r.test"), ("host", "r.test")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.test"), ("host", "r.test")],
            &[("origin", "https://r.test:9"), ("host", "r.test")],
        ] {
            assert!(!is_same_site(&headers(other)), "{other:?}");
        }
    }
}
