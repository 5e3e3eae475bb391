//! Streams of files: wasmtime's own, lent to a thread that may wait for the disk, and counted by the byte. They refuse to
//! know who may have them.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};

use super::{Files, Open, blocking};

/// What is read for a plugin that waits for it without having said how much it wants.
const READ_BYTES: usize = 4 << 10;

/// What a single write may carry, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// A stream at a thread's hands, and what it comes back with.
type Lent<S, T> = AbortOnDropJoinHandle<io::Result<(S, StreamResult<T>)>>;

fn failed(error: io::Error) -> StreamError {
    StreamError::LastOperationFailed(error.into())
}

/// What wasmtime's stream does at once, as it is on a thread that may wait.
fn now<T>(done: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    done.now_or_never().unwrap_or_else(|| Err(StreamError::trap("a file's stream had to wait")))
}

/// Reads a file.
pub(super) struct Reader {
    files: Arc<Files>,
    open: Open,
    state: Reading,
}

enum Reading {
    Idle(DynInputStream),
    Busy(Lent<DynInputStream, Bytes>),
    Read(DynInputStream, Bytes),
    Failed(StreamError),
    Closed,
}

impl Reader {
    pub(super) fn new(files: Arc<Files>, open: Open, stream: DynInputStream) -> Self {
        Self { files, open, state: Reading::Idle(stream) }
    }

    /// Has a thread read, unless one does or did.
    fn start(&mut self, size: usize) {
        self.state = match std::mem::replace(&mut self.state, Reading::Closed) {
            Reading::Idle(mut stream) => match self.files.enter() {
                Ok(()) => {
                    let open = self.open.clone();
                    let work = move || {
                        let read = now(stream.blocking_read(size));
                        drop(open);
                        (stream, read)
                    };
                    Reading::Busy(spawn(blocking(self.files.threads.clone(), work)))
                }
                Err(breach) => Reading::Failed(StreamError::Trap(breach.into())),
            },
            other => other,
        };
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        self.start(READ_BYTES);
        if let Reading::Busy(lent) = &mut self.state {
            self.state = match lent.await {
                Ok((stream, Ok(bytes))) => Reading::Read(stream, bytes),
                Ok((_, Err(error))) => Reading::Failed(error),
                Err(error) => Reading::Failed(failed(error)),
            };
        }
    }
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.start(size);
        }
        match std::mem::replace(&mut self.state, Reading::Closed) {
            Reading::Read(stream, mut bytes) => {
                let first = bytes.split_to(size.min(bytes.len()));
                self.state = if bytes.is_empty() { Reading::Idle(stream) } else { Reading::Read(stream, bytes) };
                Ok(first)
            }
            Reading::Failed(error) => Err(error),
            Reading::Closed => Err(StreamError::Closed),
            waiting => {
                self.state = waiting;
                Ok(Bytes::new())
            }
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.start(size);
        }
        self.ready().await;
        self.read(size)
    }
}

/// Writes to a file.
pub(super) struct Writer {
    files: Arc<Files>,
    open: Open,
    /// Where the next byte goes; none for the end of the file.
    position: Option<u64>,
    state: Writing,
}

enum Writing {
    Idle(DynOutputStream),
    Busy(Lent<DynOutputStream, ()>),
    Failed(StreamError),
    Closed,
}

impl Writer {
    pub(super) fn new(files: Arc<Files>, open: Open, position: Option<u64>, stream: DynOutputStream) -> Self {
        Self { files, open, position, state: Writing::Idle(stream) }
    }

    /// What went wrong, once; then the stream is closed.
    fn check(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, Writing::Closed) {
            Writing::Failed(error) => Err(error),
            Writing::Closed => Err(StreamError::Closed),
            sound => {
                self.state = sound;
                Ok(())
            }
        }
    }
}

/// Writes what the plugin may write still. Bytes count, and so do those between the end of the file and them. What fails
/// counts as well, as some of it may have been written.
fn write(
    files: &Files,
    open: &Open,
    position: Option<u64>,
    stream: &mut DynOutputStream,
    bytes: Bytes,
) -> StreamResult<()> {
    let growth = growth(open, position, bytes.len()).map_err(failed)?;
    files.spend(growth).map_err(|over| StreamError::LastOperationFailed(over.into()))?;
    now(stream.blocking_write_and_flush(bytes))
}

/// What a write takes: its bytes, and those between the end of the file and them.
pub(super) fn growth(open: &Open, position: Option<u64>, bytes: usize) -> io::Result<u64> {
    let gap = match (&open.descriptor, position) {
        (Descriptor::File(file), Some(position)) => position.saturating_sub(file.file.metadata()?.len()),
        _ => 0,
    };
    Ok(gap.saturating_add(bytes as u64))
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        if let Writing::Busy(lent) = &mut self.state {
            self.state = match lent.await {
                Ok((stream, Ok(()))) => Writing::Idle(stream),
                Ok((_, Err(error))) => Writing::Failed(error),
                Err(error) => Writing::Failed(failed(error)),
            };
        }
    }
}

#[async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check()?;
        if bytes.len() > WRITE_BYTES {
            return Err(StreamError::trap("more is written than `check-write` allowed"));
        }
        let Writing::Idle(mut stream) = std::mem::replace(&mut self.state, Writing::Closed) else {
            return Err(StreamError::trap("`write` without a `check-write` before"));
        };
        self.files.enter().map_err(|breach| StreamError::Trap(breach.into()))?;
        let (files, open, position) = (self.files.clone(), self.open.clone(), self.position);
        self.position = position.map(|position| position.saturating_add(bytes.len() as u64));
        let work = move || {
            let written = write(&files, &open, position, &mut stream, bytes);
            (stream, written)
        };
        self.state = Writing::Busy(spawn(blocking(self.files.threads.clone(), work)));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        Ok(if matches!(self.state, Writing::Idle(_)) { WRITE_BYTES } else { 0 })
    }

    /// A plugin that lets go of the stream has written what it wrote.
    async fn cancel(&mut self) {
        self.ready().await;
    }
}
