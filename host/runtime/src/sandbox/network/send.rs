//! Owns the way of a request: rights, permit, one resolution, addresses that are checked, the connection to what was
//! checked, the exchange. It refuses to follow redirects: what a plugin wants next is another request.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hal9_package::Host;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use tokio::task::JoinError;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error as HttpError, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::body::{Received, Sent};
use super::head::{self, Target};
use super::line::Line;
use super::public::is_public;
use super::{NetworkConfig, NetworkStream, Outgoing, failure, tls};
use crate::Limit;
use crate::quota::Held;

/// The most that the head of a response may take up, and how much of its body is read ahead.
const READ_BYTES: usize = 64 << 10;

/// The most that a plugin may write to the body of a request at once; two such pieces are kept of each.
const WRITE_BYTES: usize = 64 << 10;

/// The most addresses of a name that are tried.
const ADDRESSES: usize = 8;

type Sending<T> = Box<dyn Future<Output = Result<T, HttpError>> + Send>;

impl WasiHttpHooks for Outgoing {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(head::is_forbidden)
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
    }

    fn set_host_header(&mut self) -> bool {
        // `head::prepare` does, in the one form of the name.
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Sending<()>,
    ) -> Sending<(Response<WasiBody>, Sending<()>)> {
        let admitted = self.admit(request);
        let outgoing = self.clone();
        Box::new(async move {
            let (target, request) = admitted?;
            let response = caught(outgoing.send(&target, request, options)).await?;
            // What drives the connection goes with the body.
            Ok((response, Box::new(async { Ok(()) }) as Sending<()>))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE_BYTES
    }
}

impl Outgoing {
    /// Whether a request may be sent at all. Nothing is asked of the network yet.
    pub(super) fn admit(&self, mut request: Request<WasiBody>) -> Result<(Target, Request<Sent>), HttpError> {
        let target = Target::of(request.uri())?;
        if !self.guard.allows_host(target.secure, &target.host, target.port) {
            return Err(HttpError::HttpRequestDenied);
        }
        let length = head::prepare(&mut request, &target)?;
        Ok((target, request.map(|body| Sent::new(body, length, self.guard.clone(), self.body_limit))))
    }

    /// Sends a request that was admitted.
    pub(super) async fn send(
        &self,
        target: &Target,
        request: Request<Sent>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, HttpError> {
        let permit = self.permit().await?;
        let times = Times::new(&self.network.setup.config, options.unwrap_or_default());
        let stream = self.open(target, times.connected).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(READ_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failure::of_exchange(&error))?;
        let line = Line::new(connection, permit, times.end);
        let head = timeout_at(times.end, timeout(times.first_byte, sender.send_request(request))).await;
        let Ok(Ok(head)) = head else { return Err(HttpError::HttpResponseTimeout) };
        let head = head.map_err(|error| failure::of_exchange(&error))?;
        let (guard, whence) = (self.guard.clone(), format!("{}:{}", target.host, target.port));
        Ok(head.map(|body| {
            Received::new(body, line, guard, whence, self.body_limit, times.between_bytes, times.end).boxed_unsync()
        }))
    }

    /// A permit for one connection.
    async fn permit(&self) -> Result<Held, HttpError> {
        if let Ok(permit) = self.connections.hold() {
            return Ok(permit);
        }
        // A request that was given up is ended when the runtime comes round to it.
        tokio::task::yield_now().await;
        self.connections.hold().map_err(|full| {
            self.guard.limited(Limit::Connections, &format!("another connection is over {} bound", full.whose()));
            HttpError::ConnectionLimitReached
        })
    }

    /// A connection to the target, by `until`.
    async fn open(&self, target: &Target, until: Instant) -> Result<Box<dyn NetworkStream>, HttpError> {
        let addresses = self.addresses(target, until).await?;
        let stream = self.connect(&addresses, target.port, until).await?;
        if !target.secure {
            return Ok(stream);
        }
        let wrapped = timeout_at(until, tls::wrap(&self.network.tls, &target.host, stream)).await;
        wrapped.unwrap_or(Err(HttpError::ConnectionTimeout))
    }

    /// The addresses of the target, every one of which the plugin may connect to. A name with one that it may not is refused
    /// with all the others: who mixes them wants the guard and the connection to see different ones.
    async fn addresses(&self, target: &Target, until: Instant) -> Result<Vec<IpAddr>, HttpError> {
        let found = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => match timeout_at(until, self.resolve(name.clone())).await {
                Ok(Ok(found)) => found,
                Ok(Err(_)) => return Err(HttpError::DnsError { rcode: None, info_code: None }),
                Err(_) => return Err(HttpError::DnsTimeout),
            },
        };
        let allowed =
            |address: &IpAddr| self.guard.allows_address(target.secure, *address, target.port, is_public(*address));
        let found: Vec<_> = found.iter().map(IpAddr::to_canonical).collect();
        if found.iter().all(allowed) { Ok(found) } else { Err(HttpError::DestinationIpProhibited) }
    }

    /// The addresses of a name. The lookup counts as the plugin's until it is over, also where nobody waits for it any more.
    async fn resolve(&self, name: String) -> io::Result<Vec<IpAddr>> {
        let turn = self.lookups.clone().acquire_owned().await.map_err(io::Error::other)?;
        let resolver = self.network.setup.resolver.clone();
        let lookup = tokio::spawn(async move {
            let found = resolver.resolve(&name).await;
            drop(turn);
            found
        });
        match lookup.await.map_err(JoinError::try_into_panic) {
            Ok(found) => found,
            // As if it had been asked here: see `caught`.
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(error)) => Err(io::Error::other(error)),
        }
    }

    /// A connection to the first address that answers; each one gets its share of the time.
    async fn connect(
        &self,
        addresses: &[IpAddr],
        port: u16,
        until: Instant,
    ) -> Result<Box<dyn NetworkStream>, HttpError> {
        let addresses = &addresses[..addresses.len().min(ADDRESSES)];
        let mut refused = HttpError::DnsError { rcode: None, info_code: None };
        for (address, left) in addresses.iter().zip((1..=addresses.len() as u32).rev()) {
            let share = until.saturating_duration_since(Instant::now()) / left;
            let connect = self.network.setup.connector.connect(SocketAddr::new(*address, port));
            match timeout(share, connect).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => refused = failure::of_connect(&error),
                Err(_) => refused = HttpError::ConnectionTimeout,
            }
        }
        Err(refused)
    }
}

/// How long the steps of a request may take.
struct Times {
    connected: Instant,
    first_byte: Duration,
    between_bytes: Duration,
    end: Instant,
}

impl Times {
    /// What the host allows, or the plugin asks for, whichever is less.
    fn new(config: &NetworkConfig, options: RequestOptions) -> Self {
        let now = Instant::now();
        let least = |allowed: Duration, asked: Option<Duration>| asked.map_or(allowed, |asked| asked.min(allowed));
        let end = now + config.total_time;
        Self {
            connected: end.min(now + least(config.connect_time, options.connect_timeout)),
            first_byte: least(config.first_byte_time, options.first_byte_timeout),
            between_bytes: least(config.between_bytes_time, options.between_bytes_timeout),
            end,
        }
    }
}

/// Runs a future whose panic is an error: that of tokio where the embedder's runtime has no I/O, or of the embedder's own
/// resolver or connector.
async fn caught<T>(future: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
    let mut future = std::pin::pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(HttpError::InternalError(Some(said(&*panic))))),
    })
    .await
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!("a request of a plugin panicked: {}", text.unwrap_or("without a text"));
    "the host failed to send the request".to_owned()
}
