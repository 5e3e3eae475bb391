//! Connections: accepted, bounded in number, size of headers and time, and brought to their end. It does not know what is answered.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, response::IntoResponse as _};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

use crate::{Config, api::Peer, held::Held, written::Written};

/// The most bytes and number of headers of a request.
const MAX_HEADERS_BYTES: usize = 32 << 10;
const MAX_HEADERS: usize = 64;

/// After a failure to accept, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `shutdown`, then waits for those that are busy.
pub(crate) async fn serve(listener: TcpListener, router: Router, config: &Config, shutdown: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(config.max_connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    let stall = config.stall_time;
    let held = Held::default();
    let most = if config.behind_proxy { usize::MAX } else { config.address_connections };
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(hold) = held.take(peer.0, most) else {
            tracing::debug!(address = %peer.0, "a connection was closed: its address has too many");
            continue;
        };
        // Small answers are not held back for what comes after them.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let router = router.clone();
            async move { Ok::<_, Infallible>(answer(router, request, peer, stall).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(config.headers_time)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEADERS_BYTES)
            .max_buf_size(2 * MAX_HEADERS_BYTES)
            .serve_connection(TokioIo::new(Written::new(stream, stall)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let (_permit, _hold) = (permit, hold);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(config.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that took too long were broken off");
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    // First the permit: what is not accepted waits in the system's queue, and costs nothing here.
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, Peer(address.ip()), permit))
}

async fn answer(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: Peer,
    stall: Duration,
) -> axum::response::Response {
    let mut request: Request = request.map(|body| Body::new(TimeoutBody::new(stall, body)));
    request.extensions_mut().insert(peer);
    router.oneshot(request).await.unwrap_or_else(|never| match never {}).into_response()
}
