//! Standard output and standard error: what a plugin writes becomes lines of its log, and counts as such. It refuses to
//! know a terminal.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::bindings::hal9::plugin::logging::Level;
use crate::imports::logging::{LINE_BYTES, LogSource, Output};
use crate::text::escape;

/// What a single write may carry, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// How many of the last lines are kept for the error of a call that traps.
const TAIL_LINES: usize = 8;

/// One of the two streams. Clones write to the same one.
#[derive(Clone)]
pub(crate) struct Stream {
    source: LogSource,
    output: Arc<Output>,
    text: Arc<Mutex<Text>>,
}

#[derive(Default)]
struct Text {
    /// The line that is not over yet.
    open: Vec<u8>,
    tail: Vec<String>,
}

impl Stream {
    pub(super) fn new(source: LogSource, output: Arc<Output>) -> Self {
        Self { source, output, text: Arc::default() }
    }

    fn accept(&self, bytes: &[u8]) -> Result<(), StreamError> {
        self.output.spend(bytes.len()).map_err(|breach| StreamError::Trap(breach.into()))?;
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            text.open.extend_from_slice(piece);
            if piece.ends_with(b"\n") || text.open.len() > LINE_BYTES {
                self.end_line(&mut text);
            }
        }
        Ok(())
    }

    fn end_line(&self, text: &mut Text) {
        let line = std::mem::take(&mut text.open);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        let level = if self.source == LogSource::Stderr { Level::Warn } else { Level::Info };
        self.output.line(self.source, level, line);
        if text.tail.len() == TAIL_LINES {
            text.tail.remove(0);
        }
        text.tail.push(escape(line, 512));
    }

    /// Ends the line that is open, as at the end of a call, and gives the last lines since this was last asked.
    pub(crate) fn finish(&self) -> Vec<String> {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        if !text.open.is_empty() {
            self.end_line(&mut text);
        }
        std::mem::take(&mut text.tail)
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // WASI 0.3 only, which is not linked.
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.accept(&bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::logging::{LogLine, LogSink};

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn write(&self, line: &LogLine<'_>) {
            self.0.lock().unwrap().push(line.message.to_owned());
        }
    }

    #[test]
    fn bytes_become_lines_and_count() {
        let lines = Arc::new(Lines::default());
        let output = Arc::new(Output::new("test.plugin".parse().unwrap(), lines.clone(), 40));
        let stream = Stream::new(LogSource::Stderr, output);
        stream.accept(b"one\ntw").unwrap();
        stream.accept(b"o\r\n\xff\x1b[2J").unwrap();
        assert_eq!(*lines.0.lock().unwrap(), ["one", "two"]);
        assert_eq!(stream.finish(), ["one", "two", "\u{fffd}\\u{1b}[2J"]);
        assert!(stream.finish().is_empty());
        assert!(matches!(stream.accept(&[b'x'; 40]), Err(StreamError::Trap(_))));
    }
}
