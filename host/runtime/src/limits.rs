//! Owns what happens when a plugin uses too much: the limits by name, the error that ends a call, and the sum of its
//! memories and tables. It refuses to know how large a limit is by default: that is data, in `hal9-package`.

use std::fmt;

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::quota::{Full, Pool};

/// A limit that a plugin can reach, by the name that errors and settings use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limit {
    /// Time for one call: `call_time`.
    Deadline,
    /// Bytes of all linear memories and tables together: `memory`.
    Memory,
    /// Depth of calls: `stack_size` of the host, which all plugins share.
    Stack,
    /// Bytes of strings and lists that one host call may carry: `host_memory`.
    HostMemory,
    /// Component-model handles: `handles`.
    Handles,
    /// Streams, pollables and other resources that the host keeps: `resources`.
    Resources,
    /// Bytes of one request for randomness: `random_bytes`.
    Random,
    /// Bytes that one call may write to its log, its standard output and its standard error: `output`.
    Output,
    /// Bytes of a signal: `signal_bytes`.
    Size,
    /// Signals that one call emits: 64 for each that it answers.
    Emissions,
    /// Bytes of a value in HAL9's memory: `memory_value`.
    MemoryValue,
    /// Keys in HAL9's memory: `memory_keys`.
    MemoryKeys,
    /// Names of metrics: `metric_names`.
    MetricNames,
    /// Calls of one interface in a second: `host_calls`.
    Rate,
    /// Connections at once: `connections`.
    Connections,
    /// Bytes of the body of a response: `http_body`.
    HttpBody,
    /// Files and folders that are open at once: `open_files`.
    OpenFiles,
    /// Bytes written to files: `file_bytes`.
    FileBytes,
    /// Instances that live at once: `max_instances` of the host, or the memory maps that the kernel allows a process.
    Instances,
    /// Bytes of a component: `max_component` of the host.
    ComponentSize,
    /// Time to compile a component: `time` of the child that the host compiles in.
    CompileTime,
    /// Memory to compile a component: `memory` of the child that the host compiles in.
    CompileMemory,
}

impl Limit {
    /// The name in errors, such as `host-memory`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::HostMemory => "host-memory",
            Self::Handles => "handles",
            Self::Resources => "resources",
            Self::Random => "random",
            Self::Output => "output",
            Self::Size => "size",
            Self::Emissions => "emissions",
            Self::MemoryValue => "memory-value",
            Self::MemoryKeys => "memory-keys",
            Self::MetricNames => "metric-names",
            Self::Rate => "rate",
            Self::Connections => "connections",
            Self::HttpBody => "http-body",
            Self::OpenFiles => "open-files",
            Self::FileBytes => "file-bytes",
            Self::Instances => "instances",
            Self::ComponentSize => "component-size",
            Self::CompileTime => "compile-time",
            Self::CompileMemory => "compile-memory",
        }
    }

    /// The name in a manifest's `limits`, such as `host_memory`; none for the stack and for what compiling may take: those are the
    /// host's.
    pub fn setting(self) -> Option<&'static str> {
        match self {
            Self::Deadline => Some("call_time"),
            Self::Memory => Some("memory"),
            Self::Stack | Self::Instances => None,
            Self::ComponentSize | Self::CompileTime | Self::CompileMemory => None,
            Self::HostMemory => Some("host_memory"),
            Self::Handles => Some("handles"),
            Self::Resources => Some("resources"),
            Self::Random => Some("random_bytes"),
            Self::Output => Some("output"),
            Self::Size => Some("signal_bytes"),
            Self::Emissions => None,
            Self::MemoryValue => Some("memory_value"),
            Self::MemoryKeys => Some("memory_keys"),
            Self::MetricNames => Some("metric_names"),
            Self::Rate => Some("host_calls"),
            Self::Connections => Some("connections"),
            Self::HttpBody => Some("http_body"),
            Self::OpenFiles => Some("open_files"),
            Self::FileBytes => Some("file_bytes"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The trap of a guest that reached a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Breach(pub(crate) Limit);

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit reached: {}", self.0)
    }
}

impl std::error::Error for Breach {}

/// Bytes of a table element, as wasmtime keeps it.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Sums all linear memories and tables of a store. (wasmtime's own `StoreLimits` holds each one against the limit
/// alone, so that a component of ten memories gets ten times the limit.)
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: usize,
    used: usize,
    peak: usize,
    refused: Option<Full>,
    /// What all plugins together may use.
    all: Arc<Pool>,
}

impl Limiter {
    pub(crate) fn new(limit: u64, all: Arc<Pool>) -> Self {
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), used: 0, peak: 0, refused: None, all }
    }

    /// The most that was in use at once, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak as u64
    }

    /// The bound for which growth was refused since this was last asked.
    pub(crate) fn take_refused(&mut self) -> Option<Full> {
        self.refused.take()
    }

    fn grow(&mut self, by: usize) -> bool {
        match self.used.checked_add(by) {
            Some(sum) if sum <= self.limit => {
                if !self.all.take(by as u64) {
                    self.refused = Some(Full::All);
                    return false;
                }
                self.used = sum;
                self.peak = self.peak.max(sum);
                true
            }
            _ => {
                self.refused = Some(Full::Own);
                false
            }
        }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.all.give_back(self.used as u64);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Growth past the memory's own maximum fails whatever is said here, and must not be counted.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let all = Arc::new(Pool::new(1 << 20));
        let mut limiter = Limiter::new(100 << 10, all.clone());
        assert!(limiter.memory_growing(0, 64 << 10, None).unwrap());
        assert!(!limiter.memory_growing(0, 64 << 10, None).unwrap(), "a second memory is summed with the first");
        assert!(limiter.table_growing(0, 4 << 10, None).unwrap());
        assert!(!limiter.table_growing(4 << 10, 8 << 10, None).unwrap(), "a table counts by the pointer");
        assert_eq!(limiter.peak(), (64 << 10) + (32 << 10));
        assert_eq!(limiter.take_refused(), Some(Full::Own));
        assert_eq!(limiter.take_refused(), None);
        drop(limiter);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn all_plugins_share_another_limit() {
        let all = Arc::new(Pool::new(96 << 10));
        let (mut a, mut b) = (Limiter::new(1 << 20, all.clone()), Limiter::new(1 << 20, all));
        assert!(a.memory_growing(0, 64 << 10, None).unwrap());
        assert!(!b.memory_growing(0, 64 << 10, None).unwrap());
        assert_eq!(b.take_refused(), Some(Full::All));
        drop(a);
        assert!(b.memory_growing(0, 64 << 10, None).unwrap());
    }

    #[test]
    fn growth_that_fails_anyway_is_not_counted() {
        let mut limiter = Limiter::new(1 << 20, Arc::new(Pool::new(u64::MAX)));
        assert!(!limiter.memory_growing(0, 128 << 10, Some(64 << 10)).unwrap());
        assert_eq!(limiter.peak(), 0);
        assert_eq!(limiter.take_refused(), None);
    }
}
