//! The embeddable, typed host for HAL9 plugins: from the bytes of a component to calls of its exports as Rust functions,
//! with what it may do granted one interface at a time and what it may use bounded.
//!
//! ```
//! # use hal9_host::{Call, Host, LoadOptions, Signal};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = hal9_tests::guest("sentiment-analyzer");
//! let host = Host::new()?;
//! let component = host.compile_file(&path)?;
//! let plugin = host.load(&component, LoadOptions::declared())?;
//! let signal = Signal::text("I have never been happier.");
//! let reply = plugin.process_signal(&mut Call::new(), &signal).await?;
//! assert_eq!(reply.get("label"), Some("positive"));
//! # Ok(())
//! # }
//! ```
//!
//! - [`Host`] owns the engine and the backends; [`Component`] is compiled code that runs nothing; [`Plugin`] is a component
//!   that is linked to what it was granted, with instances that are replaced when they break.
//! - [`Manager`] keeps many plugins: it activates them, finds them by what they can do, routes signals, carries calls
//!   from one to another, and has a new version take over from the one that serves without losing a call
//!   ([`Manager::replace`]).
//! - What stands behind the import interfaces is a trait each: [`MemoryBackend`], [`MetricsSink`], [`LearningSink`],
//!   [`LogSink`], [`AuditSink`], [`PluginCalls`], [`Clock`]; and behind the network, [`Resolver`] and [`Connector`]. An
//!   [`Interposer`] is told of every call of them, and may have one go wrong.
//!
//! Calls need a tokio runtime with its timer, and with its I/O where a plugin has the network. This crate does not know packages, signatures, databases, HTTP servers or
//! command lines.

mod admission;
mod audit;
mod batch;
mod bindings;
mod call;
mod circuit;
mod compile;
mod component;
mod configuration;
mod cpu;
mod engine;
mod error;
mod fault;
mod guard;
mod host;
mod imports;
mod instance;
mod interpose;
mod lease;
mod life;
mod limits;
mod link;
mod manager;
mod model;
mod options;
mod plugin;
mod quota;
mod reconfigure;
mod resident;
mod sandbox;
mod seats;
mod signal;
mod stats;
mod swap;
mod text;
mod totals;
mod version;

pub use audit::{
    AuditDamage, AuditEvent, AuditKind, AuditLog, AuditRecord, AuditSink, AuditVerified, DamageKind, Rule,
    TracingAudit, UseRecorder,
};
pub use bindings::exports::hal9::plugin::learning_algorithm::{
    AlgorithmDescription, Prediction, TrainingBatch, TrainingReport,
};
pub use bindings::exports::hal9::plugin::lifecycle::{HealthReport, Status};
pub use bindings::exports::hal9::plugin::memory_provider::{Entry, SearchHit};
pub use bindings::exports::hal9::plugin::neuron::NeuronState;
pub use bindings::exports::hal9::plugin::tool::{ToolDescription, Violation};
pub use bindings::hal9::plugin::learning::Experience;
pub use bindings::hal9::plugin::logging::Level;
pub use bindings::hal9::plugin::plugins::CallError;
pub use bindings::hal9::plugin::types::{
    Column, ColumnValues, Failure, FailureCode, Metadata, Signal, SignalBatch, SignalId, TextColumn,
};
pub use call::Call;
pub use circuit::Breaker;
pub use compile::{Child, CompileIn, compile_child};
pub use component::{Component, Kind, read_manifest};
pub use configuration::{ConfigFault, check_configuration};
pub use engine::EngineConfig;
pub use error::{Error, Step};
pub use host::{Host, HostBuilder};
pub use imports::clock::Clock;
pub use imports::learning::{Feedback, InProcessLearning, LearningSink};
pub use imports::logging::{LogLine, LogSink, LogSource, TracingLog};
pub use imports::memory::{BackendError, InProcessMemory, MemoryBackend, Stored};
pub use imports::metrics::{InProcessMetrics, Measurement, Metric, MetricsSink, PluginMetrics};
pub use imports::plugins::PluginCalls;
pub use imports::signals::Emission;
pub use interpose::{HostCall, Interference, Interposer};
pub use limits::Limit;
pub use link::API_VERSION;
pub use manager::{
    BatchDelivery, BatchPart, Delivery, Dropped, HealthCheck, Manager, Provider, Routed, RoutedBatch, Summary,
};
pub use model::Model;
pub use options::{Grant, LoadOptions};
pub use plugin::Plugin;
pub use sandbox::network::{Connector, NetworkConfig, NetworkStream, Resolver};
pub use stats::{Health, PluginStats};
pub use swap::{Swap, Widening};
pub use text::{escape, shell_word};
pub use totals::HostLimits;
