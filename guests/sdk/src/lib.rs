//! Write HAL9 plugins in Rust.
//!
//! A plugin is a WebAssembly component. Its author implements a trait for its kind, exports the type with one macro,
//! and says with [`hal9_plugin!`] what it is and what it may do:
//!
//! ```
//! use hal9_plugin_sdk::*;
//!
//! #[derive(Default)]
//! struct Shout;
//!
//! impl NeuronPlugin for Shout {
//!     fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
//!         Ok(PluginSignal { content: signal.content.to_uppercase(), ..signal })
//!     }
//! }
//!
//! neuron_plugin!(Shout);
//! # fn main() -> Result<(), PluginError> {
//! let reply = Shout::default().process_signal(PluginSignal::new("text", "hello"))?;
//! assert_eq!(reply.content, "HELLO");
//! # Ok(())
//! # }
//! ```
//!
//! | kind | trait | export |
//! |---|---|---|
//! | neuron | [`NeuronPlugin`] | [`neuron_plugin!`] |
//! | tools | [`ToolPlugin`] | [`tool_plugin!`] |
//! | memory provider | [`MemoryPlugin`] | [`memory_plugin!`] |
//! | learning algorithm | [`LearningPlugin`] | [`learning_plugin!`] |
//! | beside one of these | [`LifecyclePlugin`] | [`lifecycle_plugin!`] |
//!
//! A type that is exported as several kinds has one value, which all of them see. The functions of the [host], such as
//! [`memory_get`] and [`log_info`], work in native tests as well: there they reach the stand-in of `testing`.

#[doc(hidden)]
pub mod bindings;

mod batch;
mod error;
pub mod host;
mod instance;
mod learning;
mod lifecycle;
mod memory;
mod neuron;
mod signal;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod tool;

pub use batch::{Column, ColumnValues, SignalBatch, SignalRow, TextColumn};
pub use error::{ErrorCode, HostError, PluginError, err};
pub use host::{
    ask_plugin, call_plugin, config, config_value, current_timestamp, emit_signal, log_debug, log_error, log_info,
    log_warn, memory_delete, memory_get, memory_keys, memory_set, metric_gauge, metric_histogram, metric_increment,
    report_experience, report_feedback,
};
pub use learning::{AlgorithmDescription, LearningPlugin, Prediction, TrainingBatch, TrainingReport, feature_rows};
pub use lifecycle::{HealthReport, HealthStatus, LifecyclePlugin};
pub use memory::{MemoryPlugin, SearchResult};
pub use neuron::{NeuronPlugin, NeuronState};
pub use signal::PluginSignal;
pub use tool::{ToolDescription, ToolPlugin};

///
/// ```
/// use hal9_plugin_sdk::*;
///
/// hal9_plugin! {
///     metadata: {
///         id: "ai.hal9.weather",            // a reverse-domain name or a UUID; default: local.CRATE-NAME
///         name: "Weather",
///         version: "1.2.0",                 // or env!("CARGO_PKG_VERSION")
///         author: "Ada",
///         description: "Says what the sky will do.",
///         license: "MIT",
///         repository: "https://example.com/weather",            // optional
///         tags: ["weather", "forecast"],                        // optional: what a registry finds it by
///     },
///     capabilities: [
///         PluginCapability::NeuronType { layer: "L2", neuron_type: "weather", description: "Answers questions." },
///         PluginCapability::ToolProvider { tool_name: "forecast", description: "A week ahead." },
///     ],
///     permissions: [
///         Permission::Hal9Memory,
///         Permission::NetworkHttps("api.example.com"),           // the scope in parentheses
///     ],
///     limits: { memory: "32MiB", call_time: "2s" },              // optional, like all that follows
///     runtime: { parallel: 4, recycle_after: 10000 },            // how many instances, and for how many calls
///     configuration: { "type": "object", "properties": { "units": { "enum": ["metric", "imperial"] } } },
///     dependencies: [{ plugin_id: "ai.hal9.text-tools", version: "^1" }],
///     min_hal9_version: "0.1.0",
/// }
///
/// let manifest: Value = serde_json::from_str(HAL9_MANIFEST)?;
/// assert_eq!(manifest["permissions"][1], "NetworkHttps:api.example.com");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// It defines `HAL9_MANIFEST`, the JSON, which in a component is also its custom section `hal9:manifest`. Texts may be
/// written as `"…".to_string()`, and free JSON as `json!({ … })`.
pub use hal9_plugin_sdk_macros::hal9_plugin;

pub use serde_json::{self, Value, json};
pub use std::collections::HashMap;
pub use uuid::{self, Uuid};

/// The examples of the page that people read first.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What the export macros name.
#[doc(hidden)]
pub mod export {
    pub use crate::instance::{Configure, Hosted, Kinds, NotANeuron};
    pub use crate::learning::Learning;
    pub use crate::lifecycle::Lifecycle;
    pub use crate::memory::Memory;
    pub use crate::neuron::Neuron;
    pub use crate::tool::{Tool, ToolEntry, ToolSet};
}

/// Exports the author's type as one kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_kind {
    ($plugin:ty, $kind:ident, $module:ident, $macro:ident) => {
        const _: () = {
            $crate::__hosted!(HostedPlugin, $plugin);
            type Export = $crate::export::$kind<HostedPlugin>;
            $crate::__export!(Export, $module, $macro);
        };
    };
}

/// A type that hosts the author's, here where it can be seen whether that is a neuron.
#[doc(hidden)]
#[macro_export]
macro_rules! __hosted {
    ($hosted:ident, $plugin:ty) => {
        struct $hosted;
        impl $crate::export::Hosted for $hosted {
            type Plugin = $plugin;
            const CONFIGURE: $crate::export::Configure<$plugin> = {
                use $crate::export::NotANeuron as _;
                <$crate::export::Kinds<$plugin>>::CONFIGURE
            };
        }
    };
}

/// Writes the exported functions into the component; natively there is nobody to call them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($export:ident, $module:ident, $macro:ident) => {
        const _: ::core::marker::PhantomData<$export> = ::core::marker::PhantomData;
        #[cfg(target_family = "wasm")]
        $crate::bindings::$module::$macro!($export with_types_in $crate::bindings::$module);
    };
}
