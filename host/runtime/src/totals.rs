//! Owns what all plugins of a host may use together, whatever each one's own limits add up to. It refuses to know who uses
//! it.

use std::sync::Arc;

use hal9_package::ByteSize;
use tokio::sync::Semaphore;

use crate::quota::Pool;

/// What all plugins of a host may use together. Beyond it, what one of them asks for is refused, however little it has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostLimits {
    /// All memories and tables, whether their pages were touched or not, and state on its way from one instance to the next.
    pub memory: ByteSize,
    /// Processor cores for plugins that compute for longer than ten milliseconds at once; one at least. By default all
    /// but one, so that short calls never wait for long ones.
    pub cores: usize,
    /// Connections at once.
    pub connections: u64,
    /// Open files and folders at once.
    pub open_files: u64,
    /// Bytes written to files, for as long as the host lives.
    pub file_bytes: ByteSize,
    /// Names of metrics.
    pub metric_names: u64,
}

impl Default for HostLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory: ByteSize::mib(16 << 10),
            cores: cores.saturating_sub(1).max(1),
            connections: 256,
            open_files: 512,
            file_bytes: ByteSize::mib(4 << 10),
            metric_names: 65_536,
        }
    }
}

/// How much of it is in use.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) memory: Arc<Pool>,
    pub(crate) cores: Arc<Semaphore>,
    pub(crate) connections: Arc<Pool>,
    pub(crate) open_files: Arc<Pool>,
    pub(crate) file_bytes: Arc<Pool>,
    pub(crate) metric_names: Arc<Pool>,
}

impl Totals {
    pub(crate) fn new(limits: &HostLimits) -> Self {
        Self {
            memory: Arc::new(Pool::new(limits.memory.0)),
            cores: Arc::new(Semaphore::new(limits.cores.clamp(1, Semaphore::MAX_PERMITS))),
            connections: Arc::new(Pool::new(limits.connections)),
            open_files: Arc::new(Pool::new(limits.open_files)),
            file_bytes: Arc::new(Pool::new(limits.file_bytes.0)),
            metric_names: Arc::new(Pool::new(limits.metric_names)),
        }
    }
}
