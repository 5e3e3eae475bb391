//! What handlers take of a request: its address, its caller, its number, its parameters and its body, each refused with a clear problem. It does not know
//! what is done with them.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::{AppState, Refusal, accounts::Caller};

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The client's address: that of the connection, or what the proxy in front says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

/// That an address tries no passwords and makes no accounts without end: counted before anything else is done for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patient;

/// Who is signed in by a token; refused with status 401 without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn(pub Caller);

/// That this request is not one that was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh;

/// The parts of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T>(pub T);

/// The part of the address behind the `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<T>(pub T);

/// The body, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<T>(pub T);

/// The client's address of a request.
pub(crate) fn address(state: &AppState, parts: &Parts) -> IpAddr {
    // It was found out already for the request as a whole; what a page asks has no headers of the client's.
    if let Some(Client(known)) = parts.extensions.get::<Client>() {
        return *known;
    }
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let forwarded = || {
        // The last one is what the proxy itself has seen; those before it are whatever the client wrote.
        let last = parts.headers.get_all("x-forwarded-for").into_iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    if state.config().behind_proxy { forwarded().unwrap_or(peer) } else { peer }
}

/// The token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        Ok(Self(address(state, parts)))
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            Refusal::unauthenticated("this needs a token")
                .help("run `hal9 auth login`, or send `Authorization: Bearer`")
        })?;
        let caller = state.authenticate(token).await?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            state.check_writable()?;
            state.limits().write(caller.account)?;
        }
        Ok(Self(caller))
    }
}

impl FromRequestParts<AppState> for Patient {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        state.check_writable()?;
        state.count_sign_in(address(state, parts))?;
        Ok(Self)
    }
}

impl FromRequestParts<AppState> for Fresh {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        state.check_writable()?;
        let nonce = parts.headers.get("replay-nonce").and_then(|value| value.to_str().ok()).unwrap_or_default();
        state.redeem(nonce, address(state, parts))?;
        Ok(Self)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(value)| Self(value)).map_err(|error| Refusal::usage(format!("the path: {}", error.body_text())))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|Query(value)| Self(value))
            .map_err(|error| Refusal::usage(error.body_text()).help("/openapi.json says what may be asked for"))
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                let code = hal9_registry_index::api::ProblemCode::Usage;
                Err(Refusal::new(status, code, "the body is not `application/json`").reason("media-type"))
            }
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Refusal::too_large("the body is too large"))
            }
            Err(error) => Err(Refusal::usage(error.body_text())),
        }
    }
}
