//! Owns signing up, in and out: a token that the browser keeps in a cookie which no script reads and no other site sends. It refuses to know how tokens are kept.

use askama::Template;
use axum::{
    extract::{Form as Fields, Query, State},
    http::{HeaderMap, Method, header},
    response::{IntoResponse as _, Redirect, Response},
};
use hal9_registry_index::api::{Account, AccountName, Credentials, NewToken, Scope, TokenMade, TokenRequest};
use serde::Deserialize;

use super::{
    Pages,
    ask::encoded,
    assets,
    failure::Refused,
    form::{Form, local},
    frame::{Frame, Visit, page},
};

const COOKIE: &str = "hal9_session";

/// Somebody who was not here for so long signs in again.
const DAYS: u16 = 14;

/// The token in a request's cookie, good or not.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == COOKIE)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (!token.is_empty() && token.len() <= 256 && token.bytes().all(plain)).then_some(token)
}

/// The number of a token, `hal9_NUMBER_SECRET`, by which it is revoked.
pub(super) fn number(token: &str) -> Option<&str> {
    token.split('_').nth(1)
}

/// What is sent for signing in, and for signing up.
#[derive(Deserialize)]
pub(super) struct SignIn {
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub(super) struct To {
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "sign.html")]
struct SignPage {
    frame: Frame,
    form: Form,
    name: String,
    to: String,
    /// Whether the account is to be made.
    up: bool,
}

/// The form for signing in.
pub(super) async fn sign_in_form(visit: Visit, Query(To { to }): Query<To>) -> Result<Response, Refused> {
    let form = Form::new(&visit.caller).await?;
    Ok(show(visit.frame, form, String::new(), &to, false))
}

/// The form for an account.
pub(super) async fn sign_up_form(visit: Visit, Query(To { to }): Query<To>) -> Result<Response, Refused> {
    if !visit.frame.about.open {
        return Err(closed());
    }
    let form = Form::new(&visit.caller).await?;
    Ok(show(visit.frame, form, String::new(), &to, true))
}

/// Signs in.
pub(super) async fn sign_in(
    State(pages): State<Pages>,
    visit: Visit,
    Fields(sent): Fields<SignIn>,
) -> Result<Response, Refused> {
    let token = async { open(&visit, credentials(&sent)?, &sent.nonce).await };
    match token.await {
        Ok(token) => Ok(enter(&pages, &token, local(&sent.to))),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            Ok(show(visit.frame, form, sent.name, &sent.to, false))
        }
    }
}

/// Makes an account and signs in.
pub(super) async fn sign_up(
    State(pages): State<Pages>,
    visit: Visit,
    Fields(sent): Fields<SignIn>,
) -> Result<Response, Refused> {
    if !visit.frame.about.open {
        return Err(closed());
    }
    let token = async {
        let credentials = credentials(&sent)?;
        visit.caller.send::<Account>(Method::POST, "/v1/accounts", &credentials, &sent.nonce).await?;
        open(&visit, credentials, &visit.caller.nonce().await?).await
    };
    match token.await {
        Ok(token) => Ok(enter(&pages, &token, if sent.to.is_empty() { "/account" } else { local(&sent.to) })),
        Err(refused) => {
            let form = Form::again(&visit.caller, refused).await?;
            Ok(show(visit.frame, form, sent.name, &sent.to, true))
        }
    }
}

/// Signs out: the token is none any more, wherever it was kept.
pub(super) async fn sign_out(
    State(pages): State<Pages>,
    visit: Visit,
    Fields(sent): Fields<SignIn>,
) -> Result<Response, Refused> {
    if let Some(number) = visit.caller.token.as_deref().and_then(number) {
        visit.caller.delete(&format!("/v1/tokens/{}", encoded(number)), &sent.nonce).await?;
    }
    Ok(([(header::SET_COOKIE, cookie(&pages, "", 0))], Redirect::to("/")).into_response())
}

/// A token for this browser, by password.
async fn open(visit: &Visit, credentials: Credentials, nonce: &str) -> Result<String, Refused> {
    let token = NewToken { label: "Browser".to_owned(), scopes: Scope::ALL.to_vec(), days: DAYS };
    let request = TokenRequest { credentials, token };
    let made: TokenMade = visit.caller.send(Method::POST, "/v1/tokens", &request, nonce).await?;
    Ok(made.secret)
}

fn enter(pages: &Pages, token: &str, to: &str) -> Response {
    let cookie = cookie(pages, token, u32::from(DAYS) * 86_400);
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

fn cookie(pages: &Pages, token: &str, seconds: u32) -> String {
    // Where people come by plain HTTP, a cookie for TLS alone would not come back.
    let secure = if pages.url.as_deref().is_some_and(|url| url.starts_with("https://")) { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn credentials(sent: &SignIn) -> Result<Credentials, Refused> {
    let name: AccountName =
        sent.name.trim().parse().map_err(|_| Refused::usage("This is not the name of an account.", NAME))?;
    if !(12..=256).contains(&sent.password.len()) {
        return Err(Refused::usage("This cannot be a password here.", "A password has 12 to 256 characters."));
    }
    Ok(Credentials { name, password: sent.password.clone() })
}

const NAME: &str = "A name has 2 to 39 of a–z, 0–9 and -, begins with a letter and does not end with -.";

fn closed() -> Refused {
    let mut refused = Refused::nothing();
    refused.problem.message = "Accounts of this registry are made by whoever runs it.".to_owned();
    refused.problem.help = Some("Ask for one there, and sign in with it.".to_owned());
    refused
}

fn show(frame: Frame, form: Form, name: String, to: &str, up: bool) -> Response {
    let to = if to.is_empty() { String::new() } else { local(to).to_owned() };
    page(form.status, &SignPage { frame, form, name, to, up })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_its_cookie_alone() {
        let read = |cookies: &str| {
            let headers: HeaderMap = [(header::COOKIE, cookies.parse().unwrap())].into_iter().collect();
            token(&headers).map(str::to_owned)
        };
        assert_eq!(read("a=b; hal9_session=hal9_1_x; c=d").as_deref(), Some("hal9_1_x"));
        for none in ["", "hal9_session=", "hal9_session=a b", "other=hal9_1_x", "hal9_session=\"x\""] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
