//! Who asks an OCI registry, and how that is said when it asks back. It does not know where credentials are kept.

use std::fmt;

use http_auth::parser::ChallengeParser;
use reqwest::{Url, header::HeaderValue};
use serde::Deserialize;

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// A user with a password, or with a token in its place.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// Whoever has this token, for `Authorization: Bearer`.
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { user, .. } => write!(f, "Basic({user:?})"),
            Self::Bearer(_) => f.write_str("Bearer"),
        }
    }
}

/// How a registry wants to know who asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// By a token that this address gives.
    Token {
        realm: Url,
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads a `WWW-Authenticate`; a token is preferred. `None` where it asks for neither of the two.
    pub(super) fn read(header: &str) -> Option<Self> {
        let mut basic = None;
        for challenge in ChallengeParser::new(header).map_while(Result::ok) {
            let param = |name: &str| {
                let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                let realm = param("realm").and_then(|realm| realm.parse::<Url>().ok());
                if let Some(realm) = realm.filter(|realm| matches!(realm.scheme(), "http" | "https")) {
                    return Some(Self::Token { realm, service: param("service") });
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            }
        }
        basic
    }
}

/// What the address that gives tokens answers (distribution's token authentication).
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl TokenAnswer {
    pub(super) fn into_token(self) -> Option<String> {
        self.token.or(self.access_token)
    }
}

/// The header that says who asks; `None` for a text that no header can carry.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    sensitive(format!("Bearer {token}"))
}

/// The header that says who asks, by name and password.
pub(super) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    sensitive(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_and_a_token_is_preferred() {
        let token = |realm: &str, service: Option<&str>| {
            Some(Challenge::Token { realm: realm.parse().unwrap(), service: service.map(str::to_owned) })
        };
        for (header, expected) in [
            (r#"Basic realm="x""#, Some(Challenge::Basic)),
            (r#"Bearer realm="https://a.io/token",service="r""#, token("https://a.io/token", Some("r"))),
            (r#"Basic realm="x", Bearer realm="https://a.io/token""#, token("https://a.io/token", None)),
            (r#"Bearer realm="file:///etc/passwd""#, None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::read(header), expected, "{header}");
        }
    }

    #[test]
    fn secrets_are_not_shown_and_a_line_break_is_no_token() {
        let auth = Auth::Basic { user: "ada".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{auth:?} {:?}", Auth::Bearer("secret".to_owned())), "Basic(\"ada\") Bearer");
        assert!(bearer("a\r\nX-Other: b").is_none());
        assert!(!format!("{:?}", basic("ada", "secret").unwrap()).contains("YWRh"));
    }
}
