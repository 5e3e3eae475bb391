//! Owns the bodies of both directions: what is sent is as long as its head says, and what is received is no larger and no
//! slower than it may be. It refuses to know what is in them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::failure;
use super::line::Line;
use crate::Limit;
use crate::guard::Guard;

/// The body of a request, of no more than so many bytes. More or less than the head says is an error before it is sent.
pub(super) struct Sent {
    body: WasiBody,
    /// What is still to come, where the head says how much that is.
    left: Option<u64>,
    sent: u64,
    limit: u64,
    guard: Arc<Guard>,
}

impl Sent {
    pub(super) fn new(body: WasiBody, length: Option<u64>, guard: Arc<Guard>, limit: u64) -> Self {
        Self { body, left: length, sent: 0, limit, guard }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        let Self { body, left, sent, limit, guard } = self.get_mut();
        let frame = match ready!(Pin::new(body).poll_frame(cx)) {
            Some(frame) => frame.map_err(|error| failure::code(&error))?,
            None if left.is_some_and(|left| left > 0) => {
                return Poll::Ready(Some(Err(ErrorCode::HttpRequestBodySize(Some(*sent)))));
            }
            None => return Poll::Ready(None),
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        *sent += bytes;
        if *sent > *limit {
            guard.limited(Limit::HttpBody, "a request is larger");
            return Poll::Ready(Some(Err(ErrorCode::HttpRequestBodySize(Some(*sent)))));
        }
        if let Some(left) = left {
            match left.checked_sub(bytes) {
                Some(rest) => *left = rest,
                None => return Poll::Ready(Some(Err(ErrorCode::HttpRequestBodySize(Some(*sent))))),
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none_or(|left| left == 0) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(|| self.body.size_hint(), SizeHint::with_exact)
    }
}

/// The body of a response, with the connection that it comes from.
pub(super) struct Received {
    body: Incoming,
    line: Line,
    guard: Arc<Guard>,
    whence: String,
    limit: u64,
    left: u64,
    idle: Duration,
    idle_until: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
}

impl Received {
    /// `whence` is what records call the server; `idle` is how long nothing may come, `end` when all must be there.
    pub(super) fn new(
        body: Incoming,
        line: Line,
        guard: Arc<Guard>,
        whence: String,
        limit: u64,
        idle: Duration,
        end: Instant,
    ) -> Self {
        let idle_until = Box::pin(sleep_until(Instant::now() + idle));
        Self { body, line, guard, whence, limit, left: limit, idle, idle_until, end: Box::pin(sleep_until(end)) }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(HttpError::HttpResponseTimeout)));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(failure::of_exchange(&error)))),
            // A connection that was closed because its time is over ends a body as if all of it were there.
            Poll::Ready(None) if Instant::now() >= self.end.deadline() => {
                return Poll::Ready(Some(Err(HttpError::HttpResponseTimeout)));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                ready!(self.idle_until.as_mut().poll(cx));
                return Poll::Ready(Some(Err(HttpError::ConnectionReadTimeout)));
            }
        };
        self.idle_until.as_mut().reset(Instant::now() + self.idle);
        match self.left.checked_sub(frame.data_ref().map_or(0, Bytes::len) as u64) {
            Some(left) => self.left = left,
            None => {
                self.guard.limited(Limit::HttpBody, &format!("a response of {} is larger", self.whence));
                return Poll::Ready(Some(Err(HttpError::HttpResponseBodySize(Some(self.limit)))));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = self.get_mut();
        let next = ready!(this.next(cx));
        if !matches!(next, Some(Ok(_))) {
            this.line.close();
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
