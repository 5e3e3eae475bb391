//! Being signed in to the pages: a cookie that holds a token. It does not know what the pages show.

use axum::http::{HeaderMap, HeaderValue, header};
use hal9_registry_index::api::{Credentials, NewToken, Scope};

use super::Caller;
use crate::{AppState, Refusal, clock::DAY};

/// The name of the cookie.
pub const COOKIE: &str = "hal9_session";

/// So many days somebody stays signed in.
const DAYS: u16 = 14;

/// Signs in: gives the value of `Set-Cookie`.
///
/// # Errors
///
/// [`Refusal`] with status 401 where name and password do not belong together.
pub async fn sign_in(state: &AppState, credentials: Credentials) -> Result<HeaderValue, Refusal> {
    let account = state.check_password(credentials).await?;
    let new = NewToken { label: "signed in with a browser".to_owned(), scopes: Scope::ALL.to_vec(), days: DAYS };
    let made = state.make_token(account, new, true).await?;
    cookie(state, &made.secret, u64::from(DAYS) * DAY)
}

/// Signs out: the token is none any more; gives the value of `Set-Cookie` that takes the cookie away.
///
/// # Errors
///
/// [`Refusal`] where the database cannot be written.
pub async fn sign_out(state: &AppState, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if let Some(caller) = caller(state, headers).await? {
        state.revoke(&caller, &caller.token).await?;
    }
    cookie(state, "", 0)
}

/// Who is signed in by the cookie of a request; `None` without one that is good.
///
/// # Errors
///
/// [`Refusal`] where the database cannot be read.
pub async fn caller(state: &AppState, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
    let Some(token) = token(headers) else { return Ok(None) };
    match state.authenticate(token).await {
        // A token that is not of a browser has no business in a cookie.
        Ok(caller) => Ok(Some(caller).filter(|caller| caller.is_session)),
        Err(refusal) if refusal.status == axum::http::StatusCode::UNAUTHORIZED => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn cookie(state: &AppState, value: &str, age: u64) -> Result<HeaderValue, Refusal> {
    let secure = if state.config().is_secure() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(Refusal::internal)
}
