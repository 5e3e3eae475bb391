//! Owns an open connection with its permit: both are there until the response is read to its end, its body is dropped, or
//! its time is over. It refuses to know what the connection carries.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};

use hyper::client::conn::http1::Connection;
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::io::TokioIo;

use super::NetworkStream;
use super::body::Sent;
use crate::quota::Held;

/// Fields are dropped in this order: the connection is closed before its permit is back.
struct Open {
    connection: Connection<TokioIo<Box<dyn NetworkStream>>, Sent>,
    _permit: Held,
}

/// A connection and the task that drives it. Dropping this closes the connection there and then: an aborted task would close
/// it only when the runtime comes round to it, and a plugin at its limit would be refused the next one.
pub(super) struct Line {
    open: Arc<Mutex<Option<Open>>>,
    _worker: AbortOnDropJoinHandle<()>,
}

impl Line {
    /// Drives a connection, until `end` at most.
    pub(super) fn new(
        connection: Connection<TokioIo<Box<dyn NetworkStream>>, Sent>,
        permit: Held,
        end: Instant,
    ) -> Self {
        let open = Arc::new(Mutex::new(Some(Open { connection, _permit: permit })));
        let driven = open.clone();
        let worker = spawn(async move {
            let run = poll_fn(|cx| {
                let mut open = driven.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(Open { connection, .. }) = open.as_mut() {
                    // Whoever waits for the response, or reads it, is told of the error.
                    let _ = ready!(Pin::new(connection).poll(cx));
                }
                *open = None;
                Poll::Ready(())
            });
            if timeout_at(end, run).await.is_err() {
                close(&driven);
            }
        });
        Self { open, _worker: worker }
    }

    /// Closes the connection, and gives its permit back.
    pub(super) fn close(&self) {
        close(&self.open);
    }
}

fn close(open: &Mutex<Option<Open>>) {
    let open = open.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(open);
}

impl Drop for Line {
    fn drop(&mut self) {
        self.close();
    }
}
