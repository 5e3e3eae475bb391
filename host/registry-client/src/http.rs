//! Asking a registry over HTTP: what is sent, how long is waited, how much is read, and what is asked again. It refuses to know what an
//! answer means.

use std::{sync::Once, time::Duration};

use hal9_registry_index::api::{Nonce, Problem, ProblemBody, ProblemCode};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde::de::DeserializeOwned;

use crate::{Error, Patience, RegistrySettings, Secret, ask::Ask, text::printable};

/// The greatest length of an answer that is not a part of the index or a package.
pub(crate) const MAX_ANSWER: u64 = 8 << 20;
/// The greatest length of a refusal.
const MAX_PROBLEM: u64 = 64 << 10;
/// So often is asked again what no answer came to.
pub(crate) const RETRIES: u32 = 3;
/// So many times an answer may send on, at the same place.
const REDIRECTS: usize = 3;

/// The way to one registry.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    pub(crate) registry: String,
    base: Url,
    token: Option<Secret>,
    pub(crate) patience: Patience,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum Lost {
    /// The network: another try may do.
    Transient(String),
    /// Anything else.
    Final(Error),
}

impl Http {
    pub(crate) fn new(settings: &RegistrySettings) -> Result<Self, Error> {
        static PROVIDER: Once = Once::new();
        // Where the program has one already, that is used.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let base = settings.base()?;
        let patience = settings.patience;
        // Without TLS there is nobody to be believed, and the certificates of the system are not read, which may not be there.
        let is_plain = base.scheme() == "http" && settings.mirrors()?.iter().all(|mirror| mirror.scheme() == "http");
        let builder = if is_plain { Client::builder().tls_certs_only([]) } else { Client::builder() };
        let client = builder
            .user_agent(concat!("hal9/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(patience.connect)
            .read_timeout(patience.idle)
            .build()
            .map_err(|error| Error::settings(&settings.name, format!("TLS cannot be used: {}", chain(&error))))?;
        Ok(Self { client, registry: settings.name.clone(), base, token: settings.token.clone(), patience })
    }

    /// The same way, without a token, to another place.
    pub(crate) fn elsewhere(&self, base: Url) -> Self {
        Self { base, token: None, ..self.clone() }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    pub(crate) fn set_token(&mut self, token: Option<Secret>) {
        self.token = token;
    }

    /// Asks for something below the registry's address, each part of the path as it is.
    pub(crate) fn ask(&self, method: Method, path: &[&str], what: impl Into<String>) -> Ask {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let repeatable = matches!(method, Method::GET | Method::PUT | Method::DELETE);
        let nonce = matches!(method, Method::POST | Method::PUT | Method::DELETE);
        let (body, headers) = (None, HeaderMap::new());
        Ask { method, url, what: what.into(), body, headers, max: MAX_ANSWER, nonce, repeatable, signed_in: true }
    }

    /// The answer, if it is none that refuses. What came to nothing in the network is asked again where that does no harm, and what
    /// is asked too often later.
    pub(crate) async fn send(&self, ask: &Ask) -> Result<Answer, Error> {
        let (mut tries, mut renewed, mut waited) = (0, false, Duration::ZERO);
        loop {
            let nonce = if ask.nonce { Some(Box::pin(self.nonce(ask.signed_in)).await?) } else { None };
            let patience = self.patience.document;
            let within = tokio::time::timeout(patience, self.exchange(ask, nonce.as_deref()));
            let lost = match within.await.unwrap_or_else(|_| Err(Lost::Final(self.slow(&ask.what, patience)))) {
                Ok((status, answer)) if status.is_success() => return Ok(answer),
                Ok((status, answer)) => {
                    let refused = self.refusal(status, &answer.body);
                    let again = retry_after(&answer.headers);
                    if status == StatusCode::TOO_MANY_REQUESTS && waited + again <= self.patience.too_often {
                        waited += again;
                        tokio::time::sleep(again).await;
                        continue;
                    }
                    if ask.nonce && refused.reason() == Some("bad-nonce") && !renewed {
                        renewed = true;
                        continue;
                    }
                    if !matches!(status.as_u16(), 502..=504) {
                        return Err(refused);
                    }
                    refused
                }
                Err(Lost::Transient(reason)) => self.unreachable(reason),
                Err(Lost::Final(error)) => return Err(error),
            };
            if !ask.repeatable || tries == RETRIES {
                return Err(lost);
            }
            backoff(tries).await;
            tries += 1;
        }
    }

    /// Sends once, and reads the whole answer.
    async fn exchange(&self, ask: &Ask, nonce: Option<&str>) -> Result<(StatusCode, Answer), Lost> {
        let mut response = self.begin(ask, nonce).await?;
        let status = response.status();
        let max = if status.is_success() { ask.max } else { MAX_PROBLEM };
        let mut body = Vec::new();
        let too_large =
            || Lost::Final(Error::TooLarge { registry: self.registry.clone(), what: ask.what.clone(), max });
        if response.content_length().is_some_and(|length| length > max) {
            return Err(too_large());
        }
        while let Some(chunk) = response.chunk().await.map_err(|error| Lost::Transient(chain(&error)))? {
            if (body.len() + chunk.len()) as u64 > max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, Answer { headers: std::mem::take(response.headers_mut()), body }))
    }

    /// Sends once, and reads the head of the answer. Whoever sends on to another place is not followed, as a token and a
    /// question are for this registry alone.
    pub(crate) async fn begin(&self, ask: &Ask, nonce: Option<&str>) -> Result<Response, Lost> {
        let mut url = ask.url.clone();
        for _ in 0..=REDIRECTS {
            let mut request = self.client.request(ask.method.clone(), url.clone()).headers(ask.headers.clone());
            if let Some(token) = self.token.as_ref().filter(|_| ask.signed_in) {
                request = request.header(AUTHORIZATION, self.secret(token)?);
            }
            if let Some(nonce) = nonce {
                let nonce = HeaderValue::from_str(nonce)
                    .map_err(|_| Lost::Final(self.unexpected("a nonce", "it cannot be sent back")))?;
                request = request.header("replay-nonce", nonce);
            }
            if let Some((kind, body)) = &ask.body {
                request = request.header(reqwest::header::CONTENT_TYPE, *kind).body(body.clone());
            }
            let response = request.send().await.map_err(|error| Lost::Transient(chain(&error)))?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            match url.join(to) {
                Ok(next) if next.origin() == self.base.origin() && ask.method == Method::GET => url = next,
                _ => {
                    let (registry, to) = (self.registry.clone(), printable(to));
                    return Err(Lost::Final(Error::Redirected { registry, to }));
                }
            }
        }
        Err(Lost::Final(self.unexpected(&ask.what, "it sends round in a circle")))
    }

    /// A number for the next request that changes something.
    async fn nonce(&self, signed_in: bool) -> Result<String, Error> {
        let mut ask = self.ask(Method::POST, &["v1", "nonces"], "a nonce");
        (ask.nonce, ask.repeatable, ask.signed_in, ask.max) = (false, true, signed_in, 4096);
        let answer = self.send(&ask).await?;
        Ok(self.json::<Nonce>(&ask, &answer)?.nonce)
    }

    /// What an answer says.
    pub(crate) fn json<T: DeserializeOwned>(&self, ask: &Ask, answer: &Answer) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|error| self.unexpected(&ask.what, &error.to_string()))
    }

    /// Asks, and reads what the answer says.
    pub(crate) async fn get<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, Error> {
        let answer = self.send(ask).await?;
        self.json(ask, &answer)
    }

    /// What is told where a registry refuses: its own words, made printable, where they are such.
    pub(crate) fn refusal(&self, status: StatusCode, body: &[u8]) -> Error {
        let said = serde_json::from_slice::<Problem>(body).map(|problem| problem.error);
        let mut problem = said.unwrap_or_else(|_| ProblemBody {
            code: code_of(status),
            reason: None,
            plugin: None,
            message: format!("it answers {status}"),
            help: None,
        });
        problem.message = printable(&problem.message);
        for text in [&mut problem.reason, &mut problem.plugin, &mut problem.help].into_iter().flatten() {
            *text = printable(text);
        }
        Error::Refused { registry: self.registry.clone(), status: status.as_u16(), problem: Box::new(problem) }
    }

    /// As [`refusal`](Self::refusal), with what can be read of the answer.
    pub(crate) async fn refuse(&self, mut response: Response) -> Error {
        let (status, mut body) = (response.status(), Vec::new());
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > MAX_PROBLEM {
                break;
            }
        }
        self.refusal(status, &body)
    }

    /// Waits as long as a registry says that was asked too often, within bounds.
    pub(crate) async fn pause(&self, headers: &HeaderMap) {
        tokio::time::sleep(retry_after(headers).min(self.patience.too_often)).await;
    }

    pub(crate) fn unexpected(&self, what: &str, reason: &str) -> Error {
        Error::Unexpected { registry: self.registry.clone(), what: what.to_owned(), reason: printable(reason) }
    }

    pub(crate) fn unreachable(&self, reason: String) -> Error {
        Error::Unreachable { registry: self.registry.clone(), reason: printable(&reason) }
    }

    /// No answer in time: asked again, it would be as slow.
    pub(crate) fn slow(&self, what: &str, patience: Duration) -> Error {
        self.unreachable(format!("{what} is not there after {} seconds", patience.as_secs()))
    }

    fn secret(&self, token: &Secret) -> Result<HeaderValue, Lost> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| Lost::Final(Error::settings(&self.registry, "its token is none: sign in again".to_owned())))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Waits longer each time.
pub(crate) async fn backoff(tries: u32) {
    tokio::time::sleep(Duration::from_millis(100 << tries.min(6))).await;
}

/// How long a registry says to wait; a second where it does not say.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(1).clamp(1, 86_400))
}

fn code_of(status: StatusCode) -> ProblemCode {
    match status.as_u16() {
        404 | 410 => ProblemCode::NotFound,
        401 | 403 => ProblemCode::PermissionDenied,
        409 => ProblemCode::Conflict,
        413 | 429 => ProblemCode::LimitExceeded,
        400..=499 => ProblemCode::Usage,
        502..=504 => ProblemCode::Unavailable,
        _ => ProblemCode::Internal,
    }
}

/// An error of the network with what it comes from; its own text says little. Without the address, which the user knows.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
