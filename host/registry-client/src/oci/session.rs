//! The requests of the OCI distribution specification, each bounded in size and time. It does not know what plugins are.

use std::{error::Error as _, time::Duration};

use hal9_package::Digest;
use reqwest::{
    Client, Method, Request, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE},
    redirect::Policy,
};
use serde::Deserialize;
use tokio::time;

use super::{
    Auth, OciError, OciReference,
    auth::{Challenge, TokenAnswer, basic, bearer},
    error::printable,
};

/// The greatest size of a manifest, an index or a list of referrers in bytes.
const MAX_DOCUMENT: u64 = 1 << 20;
/// The greatest size of the answer that gives a token, and of what is read of an error.
const MAX_ANSWER: u64 = 64 << 10;
const CONNECT: Duration = Duration::from_secs(10);
/// So long for a document or an answer, and between two parts of a blob.
pub(super) const SHORT: Duration = Duration::from_secs(60);
/// So long for a whole blob.
pub(super) const LONG: Duration = Duration::from_secs(30 * 60);

/// How much of how much was sent or received.
pub(super) struct Told<'a> {
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) progress: super::Progress<'a>,
}

impl Told<'_> {
    pub(super) fn add(&mut self, bytes: u64) {
        self.done += bytes;
        (self.progress)(self.done, self.total);
    }
}

/// One repository, asked by one who may or may not be known there.
pub(super) struct Session<'a> {
    http: Client,
    pub(super) reference: &'a OciReference,
    auth: &'a Auth,
    /// What a token is asked for: `pull` or `pull,push`.
    actions: &'static str,
    pub(super) base: Url,
    authorization: Option<HeaderValue>,
}

impl<'a> Session<'a> {
    pub(super) fn open(reference: &'a OciReference, auth: &'a Auth, actions: &'static str) -> Result<Self, OciError> {
        // An error means that there is one, which is all that is needed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = reference.is_plain_http();
        let follow = Policy::custom(move |attempt| {
            let encrypted = attempt.url().scheme() == "https";
            match attempt.previous().len() {
                ..=5 if encrypted || plain => attempt.follow(),
                ..=5 => attempt.error("it leads to where nothing is encrypted"),
                _ => attempt.error("it leads on and on"),
            }
        });
        let client = Client::builder().connect_timeout(CONNECT).redirect(follow).referer(false).no_gzip();
        let http = client
            .user_agent(concat!("hal9/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unreachable(reference, &error))?;
        let base = reference.base().parse().map_err(|_| reference.wrong("its host is none"))?;
        let authorization = match auth {
            Auth::Bearer(token) => {
                Some(bearer(token).ok_or_else(|| reference.wrong("the token has a character that none has"))?)
            }
            _ => None,
        };
        Ok(Self { http, reference, auth, actions, base, authorization })
    }

    /// The manifest or index with this tag or digest; `None` where there is none.
    pub(super) async fn manifest(&mut self, name: &str, accept: &str) -> Result<Option<Vec<u8>>, OciError> {
        self.document(&format!("manifests/{name}"), accept).await
    }

    /// A document below the repository; `None` where there is none.
    pub(super) async fn document(&mut self, path: &str, accept: &str) -> Result<Option<Vec<u8>>, OciError> {
        let url = self.url(path)?;
        let accept = HeaderValue::from_str(accept).map_err(|_| self.reference.wrong("it is no name"))?;
        let mut request = request(Method::GET, url, SHORT);
        request.headers_mut().insert(ACCEPT, accept);
        let answer = self.send(|| again(&request)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.expect(answer, StatusCode::OK, path).await?;
        self.read(answer, MAX_DOCUMENT, |_| ()).await.map(Some)
    }

    /// The bytes of a blob of at most `max` bytes, which are those that the digest names; `None` where there is none.
    pub(super) async fn blob(
        &mut self,
        what: &'static str,
        digest: &Digest,
        max: u64,
        told: &mut Told<'_>,
    ) -> Result<Option<Vec<u8>>, OciError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let request = request(Method::GET, url, LONG);
        let answer = self.send(|| again(&request)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.expect(answer, StatusCode::OK, what).await?;
        told.total = told.total.max(told.done + answer.content_length().unwrap_or_default().min(max));
        let bytes = self.read(answer, max, |part| told.add(part)).await?;
        let found = Digest::of(&bytes);
        if found == *digest {
            return Ok(Some(bytes));
        }
        let reason = format!("its digest is {found}, and the manifest names {digest}");
        Err(OciError::Changed { reference: self.reference.to_string(), what, reason })
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, OciError> {
        let path = format!("/v2/{}/{path}", self.reference.repository());
        self.base.join(&path).map_err(|_| self.reference.wrong("it is no name"))
    }

    /// Sends a request, and once more when the registry wants to know who asks.
    pub(super) async fn send(&mut self, build: impl Fn() -> Request) -> Result<Response, OciError> {
        let mut asked_back = false;
        loop {
            let mut request = build();
            // Nobody but the registry itself is told who asks.
            let own = request.url().origin() == self.base.origin();
            if let (true, Some(authorization)) = (own, &self.authorization) {
                request.headers_mut().insert(AUTHORIZATION, authorization.clone());
            }
            let answer = self.http.execute(request).await.map_err(|error| unreachable(self.reference, &error))?;
            if answer.status() != StatusCode::UNAUTHORIZED || asked_back || !own || !self.authenticate(&answer).await? {
                return Ok(answer);
            }
            asked_back = true;
        }
    }

    /// Whether there is now something to answer a challenge with.
    async fn authenticate(&mut self, answer: &Response) -> Result<bool, OciError> {
        let headers = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let mut challenges = headers.filter_map(|value| Challenge::read(value.to_str().ok()?));
        let credentials = match self.auth {
            Auth::Basic { user, password } => basic(user, password),
            Auth::Anonymous => None,
            Auth::Bearer(_) => return Ok(false),
        };
        let (realm, service) = match challenges.next() {
            None => return Ok(false),
            Some(Challenge::Basic) => {
                self.authorization = credentials;
                return Ok(self.authorization.is_some());
            }
            Some(Challenge::Token { realm, service }) => (realm, service),
        };
        if realm.scheme() != "https" && !self.reference.is_plain_http() {
            let realm = printable(realm.as_str());
            return Err(OciError::InTheClear { registry: self.reference.registry().to_owned(), realm });
        }
        let mut url = realm;
        let scope = format!("repository:{}:{}", self.reference.repository(), self.actions);
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", &service);
        }
        let mut ask = request(Method::GET, url, SHORT);
        if let Some(credentials) = credentials {
            ask.headers_mut().insert(AUTHORIZATION, credentials);
        }
        let answer = self.http.execute(ask).await.map_err(|error| unreachable(self.reference, &error))?;
        let answer = self.expect(answer, StatusCode::OK, "a token").await?;
        let answer = self.read(answer, MAX_ANSWER, |_| ()).await?;
        let token = serde_json::from_slice(&answer).ok().and_then(TokenAnswer::into_token);
        self.authorization = token.as_deref().and_then(bearer);
        match self.authorization {
            Some(_) => Ok(true),
            None => Err(self.not_a_registry("the token that it gives is none")),
        }
    }

    /// The answer, where it has the status that the specification names: a page that is answered to everything has another.
    pub(super) async fn expect(&self, answer: Response, status: StatusCode, what: &str) -> Result<Response, OciError> {
        let found = answer.status();
        if found == status {
            return Ok(answer);
        }
        #[derive(Deserialize)]
        struct Answer {
            errors: Vec<One>,
        }
        #[derive(Deserialize)]
        struct One {
            code: String,
            #[serde(default)]
            message: String,
        }
        let text = self.read(answer, MAX_ANSWER, |_| ()).await.unwrap_or_default();
        let one = serde_json::from_slice::<Answer>(&text).ok().and_then(|answer| answer.errors.into_iter().next());
        let message =
            one.map_or_else(String::new, |one| format!(": {} ({})", printable(&one.message), printable(&one.code)));
        let registry = self.reference.registry().to_owned();
        Err(OciError::Refused { registry, what: what.to_owned(), status: found, message })
    }

    /// The body, no more of it than `max` bytes, whatever its length is said to be.
    async fn read(&self, mut answer: Response, max: u64, mut part: impl FnMut(u64)) -> Result<Vec<u8>, OciError> {
        let too_long = || self.not_a_registry(&format!("it sends more than the {max} bytes that there may be"));
        if answer.content_length().is_some_and(|length| length > max) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        loop {
            let read = time::timeout(SHORT, answer.chunk()).await;
            let read = read.map_err(|_| self.unreachable("nothing more comes"))?;
            let Some(chunk) = read.map_err(|error| unreachable(self.reference, &error))? else {
                return Ok(bytes);
            };
            if (bytes.len() + chunk.len()) as u64 > max {
                return Err(too_long());
            }
            bytes.extend_from_slice(&chunk);
            part(chunk.len() as u64);
        }
    }

    fn unreachable(&self, reason: &str) -> OciError {
        OciError::Unreachable { registry: self.reference.registry().to_owned(), reason: reason.to_owned() }
    }

    pub(super) fn not_a_registry(&self, reason: &str) -> OciError {
        OciError::NotARegistry { registry: self.reference.registry().to_owned(), reason: reason.to_owned() }
    }
}

pub(super) fn request(method: Method, url: Url, time: Duration) -> Request {
    let mut request = Request::new(method, url);
    *request.timeout_mut() = Some(time);
    request
}

/// The same request, whose body is none or whole in memory.
pub(super) fn again(request: &Request) -> Request {
    request.try_clone().unwrap_or_else(|| Request::new(request.method().clone(), request.url().clone()))
}

/// What `reqwest` says, with its causes: the first alone is "error sending request".
fn unreachable(reference: &OciReference, error: &reqwest::Error) -> OciError {
    let mut reason = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason = error.to_string();
        cause = error.source();
    }
    let reason = if error.is_timeout() { "it takes too long".to_owned() } else { printable(&reason) };
    OciError::Unreachable { registry: reference.registry().to_owned(), reason }
}
