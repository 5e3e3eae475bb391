//! Owns what an embedder may put between plugins and the interfaces of HAL9 that they import: something that is told of every
//! call before it is done, and may have it go wrong. It refuses to know what for; a host without one is linked without it.

use hal9_package::PluginId;

use crate::bindings::hal9::plugin::learning::Experience;
use crate::bindings::hal9::plugin::logging::Level;
use crate::bindings::hal9::plugin::types::{Signal, SignalId};

/// Is told of every call of an interface of `hal9:plugin` by every plugin, and may have it go wrong: for tests of plugins. Called on
/// the thread that runs the plugin. (WASI is not among it: what is refused there is on record, see [`AuditSink`](crate::AuditSink).)
pub trait Interposer: Send + Sync {
    /// A call is about to be done. `None` lets it be done.
    fn called(&self, plugin: &PluginId, call: &HostCall<'_>) -> Option<Interference>;
}

/// How a call goes wrong that would have gone well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interference {
    /// It is answered with `denied`, as where the permission is not granted; a metric is dropped. What has no such answer is done as
    /// usual: see [`HostCall::can_be_denied`].
    Deny,
    /// It does not come back, and the deadline of the plugin's call passes: at once, as nothing else could happen meanwhile.
    TimeOut,
    /// The guest has no memory for what it answers, and none is to be had: the limit `memory` ends the plugin's call.
    OutOfMemory,
    /// It traps.
    Trap,
}

/// One call of an interface of `hal9:plugin`, with its arguments as the plugin gave them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HostCall<'a> {
    /// `clock.current-timestamp`
    CurrentTimestamp,
    /// `config.document`
    ConfigDocument,
    /// `config.get`
    ConfigGet {
        /// The member.
        key: &'a str,
    },
    /// `learning.report-experience`
    ReportExperience {
        /// The step.
        experience: &'a Experience,
    },
    /// `learning.report-feedback`
    ReportFeedback {
        /// Which signal.
        signal: SignalId,
        /// How good the reply was.
        score: f32,
        /// In words.
        comment: &'a str,
    },
    /// `logging.log`
    Log {
        /// How much the line matters.
        level: Level,
        /// What it says; not escaped.
        message: &'a str,
    },
    /// `memory.get`
    MemoryGet {
        /// The key.
        key: &'a str,
    },
    /// `memory.set`
    MemorySet {
        /// The key.
        key: &'a str,
        /// The value.
        value: &'a [u8],
    },
    /// `memory.delete`
    MemoryDelete {
        /// The key.
        key: &'a str,
    },
    /// `memory.list-keys`
    MemoryListKeys {
        /// What the keys begin with.
        prefix: &'a str,
        /// After which one.
        after: Option<&'a str>,
        /// How many at most.
        limit: u32,
    },
    /// `metrics.increment`
    Increment {
        /// The counter.
        name: &'a str,
        /// By how much.
        by: f64,
    },
    /// `metrics.gauge`
    Gauge {
        /// The gauge.
        name: &'a str,
        /// Its value.
        value: f64,
    },
    /// `metrics.histogram`
    Histogram {
        /// The distribution.
        name: &'a str,
        /// The observation.
        value: f64,
    },
    /// `plugins.call`
    CallPlugin {
        /// The id of the plugin that is called.
        target: &'a str,
        /// Its tool.
        method: &'a str,
        /// JSON text.
        params: &'a str,
    },
    /// `plugins.ask`
    AskPlugin {
        /// The id of the plugin that is asked.
        target: &'a str,
        /// What it is asked.
        signal: &'a Signal,
    },
    /// `signals.emit`
    Emit {
        /// The layer.
        layer: &'a str,
        /// The signal.
        signal: &'a Signal,
    },
}

impl HostCall<'_> {
    /// The interface, such as `memory`.
    pub fn interface(&self) -> &'static str {
        match self {
            Self::CurrentTimestamp => "clock",
            Self::ConfigDocument | Self::ConfigGet { .. } => "config",
            Self::ReportExperience { .. } | Self::ReportFeedback { .. } => "learning",
            Self::Log { .. } => "logging",
            Self::MemoryGet { .. }
            | Self::MemorySet { .. }
            | Self::MemoryDelete { .. }
            | Self::MemoryListKeys { .. } => "memory",
            Self::Increment { .. } | Self::Gauge { .. } | Self::Histogram { .. } => "metrics",
            Self::CallPlugin { .. } | Self::AskPlugin { .. } => "plugins",
            Self::Emit { .. } => "signals",
        }
    }

    /// The function, such as `list-keys`.
    pub fn function(&self) -> &'static str {
        match self {
            Self::CurrentTimestamp => "current-timestamp",
            Self::ConfigDocument => "document",
            Self::ConfigGet { .. } | Self::MemoryGet { .. } => "get",
            Self::ReportExperience { .. } => "report-experience",
            Self::ReportFeedback { .. } => "report-feedback",
            Self::Log { .. } => "log",
            Self::MemorySet { .. } => "set",
            Self::MemoryDelete { .. } => "delete",
            Self::MemoryListKeys { .. } => "list-keys",
            Self::Increment { .. } => "increment",
            Self::Gauge { .. } => "gauge",
            Self::Histogram { .. } => "histogram",
            Self::CallPlugin { .. } => "call",
            Self::AskPlugin { .. } => "ask",
            Self::Emit { .. } => "emit",
        }
    }

    /// Whether there is an answer that says `denied`, or, for a metric, that nobody hears of it. The log, the configuration and the
    /// time have none.
    pub fn can_be_denied(&self) -> bool {
        !matches!(self.interface(), "clock" | "config" | "logging")
    }
}
