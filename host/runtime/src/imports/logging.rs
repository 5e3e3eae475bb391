//! `hal9:plugin/logging`, and the output that every line of a plugin counts against. It refuses to know where lines go:
//! that is the embedder's [`LogSink`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hal9_package::PluginId;

use crate::Limit;
use crate::bindings::hal9::plugin::logging::{self, Level};
use crate::guard::{Guard, Interface};
use crate::limits::Breach;
use crate::text::escape;

/// The most of a message that is kept, in bytes.
pub(crate) const LINE_BYTES: usize = 16 << 10;

/// What every line costs beside its text, so that empty lines are not free.
const LINE_OVERHEAD: u64 = 32;

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogSource {
    /// The `logging` interface.
    Log,
    /// The plugin's standard output.
    Stdout,
    /// The plugin's standard error.
    Stderr,
}

/// One line that a plugin wrote. The message is fit for a terminal: control characters are escaped.
#[derive(Clone, Debug)]
pub struct LogLine<'a> {
    /// Who wrote it.
    pub plugin: &'a PluginId,
    /// How it was written.
    pub source: LogSource,
    /// How much it matters; what came over standard output is `info`, over standard error `warn`.
    pub level: Level,
    /// What it says.
    pub message: &'a str,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp: u64,
}

/// Takes the lines of all plugins. Called on the thread that runs the plugin, so it must be quick, and must not fail.
pub trait LogSink: Send + Sync {
    /// Takes one line.
    fn write(&self, line: &LogLine<'_>);
}

/// Hands every line to `tracing`, with the plugin's id as a field.
#[derive(Debug, Default)]
pub struct TracingLog;

impl LogSink for TracingLog {
    fn write(&self, line: &LogLine<'_>) {
        let (plugin, message) = (line.plugin.as_ref(), line.message);
        match line.level {
            Level::Debug => tracing::debug!(plugin, "{message}"),
            Level::Info => tracing::info!(plugin, "{message}"),
            Level::Warn => tracing::warn!(plugin, "{message}"),
            Level::Error => tracing::error!(plugin, "{message}"),
        }
    }
}

/// What one instance may still write in this call, shared by its log, standard output and standard error.
pub(crate) struct Output {
    plugin: PluginId,
    sink: Arc<dyn LogSink>,
    allowed: u64,
    left: AtomicU64,
}

impl Output {
    pub(crate) fn new(plugin: PluginId, sink: Arc<dyn LogSink>, allowed: u64) -> Self {
        Self { plugin, sink, allowed, left: AtomicU64::new(allowed) }
    }

    /// Begins a call: all of the allowance is there again.
    pub(crate) fn reset(&self) {
        self.left.store(self.allowed, Ordering::Relaxed);
    }

    /// Whether anything was written in this call.
    pub(crate) fn used(&self) -> bool {
        self.left.load(Ordering::Relaxed) != self.allowed
    }

    /// Takes `bytes` off the allowance.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), Breach> {
        let left = self.left.load(Ordering::Relaxed);
        match left.checked_sub(bytes as u64) {
            Some(rest) => {
                self.left.store(rest, Ordering::Relaxed);
                Ok(())
            }
            None => {
                self.left.store(0, Ordering::Relaxed);
                Err(Breach(Limit::Output))
            }
        }
    }

    /// Writes one line that was paid for.
    pub(crate) fn line(&self, source: LogSource, level: Level, message: &str) {
        let message = escape(message, LINE_BYTES);
        let timestamp = super::clock::now();
        self.sink.write(&LogLine { plugin: &self.plugin, source, level, message: &message, timestamp });
    }
}

/// The log of one instance.
pub(crate) struct LoggingCtx {
    guard: Arc<Guard>,
    output: Arc<Output>,
}

impl LoggingCtx {
    pub(crate) fn new(guard: Arc<Guard>, output: Arc<Output>) -> Self {
        Self { guard, output }
    }
}

impl logging::Host for LoggingCtx {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.guard.enter(Interface::Logging)?;
        self.output.spend(message.len() + LINE_OVERHEAD as usize)?;
        self.output.line(LogSource::Log, level, &message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logging::Host as _;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn write(&self, line: &LogLine<'_>) {
            self.0.lock().unwrap().push(line.message.to_owned());
        }
    }

    #[test]
    fn a_call_may_write_so_much_and_the_next_one_again() {
        let lines = Arc::new(Lines::default());
        let output = Arc::new(Output::new("test.plugin".parse().unwrap(), lines.clone(), 100));
        let mut ctx = LoggingCtx::new(Guard::of("test.plugin", &[]), output.clone());
        ctx.log(Level::Info, "x".repeat(60)).unwrap();
        let breach = ctx.log(Level::Info, String::new()).unwrap_err();
        assert_eq!(breach.downcast_ref::<Breach>().unwrap().0, Limit::Output);
        output.reset();
        ctx.log(Level::Info, "a\nb".into()).unwrap();
        assert_eq!(*lines.0.lock().unwrap(), ["x".repeat(60), "a\\nb".to_owned()]);
    }
}
