//! A stand-in for the host, for native tests: one a thread, so one a test. What a plugin asks of the host it keeps, and
//! shows to the test; it has the rules of the WIT docs but for those that count within one call, and knows nothing of
//! permissions but what a test has it refuse.
//!
//! ```
//! use hal9_plugin_sdk::*;
//!
//! testing::set_config(json!({ "greeting": "Good day" }));
//! memory_set("visits", "1")?;
//! log_info(config_value("greeting").unwrap_or_default().to_string());
//!
//! assert_eq!(memory_get("visits")?, Some(b"1".to_vec()));
//! assert_eq!(testing::logs(), ["info: \"Good day\""]);
//! # Ok::<(), HostError>(())
//! ```

pub(crate) mod stand_in;

use crate::{HostError, PluginError, PluginSignal, Value};
use stand_in::{HOST, StandIn};
use uuid::Uuid;

/// Puts the stand-in back to its beginning: nothing kept, nothing denied, the configuration empty.
pub fn reset() {
    HOST.set(StandIn::default());
}

/// Sets the plugin's configuration, a JSON object. A neuron takes it before its first call.
pub fn set_config(config: Value) {
    HOST.with_borrow_mut(|host| host.config = config);
}

/// Sets the time of day, in milliseconds since the Unix epoch. Until then it is the machine's.
pub fn set_time(timestamp: u64) {
    HOST.with_borrow_mut(|host| host.time = Some(timestamp));
}

/// Has `memory_…` fail from now on, or work again: `fail_memory(Some(HostError::Unavailable))`.
pub fn fail_memory(error: Option<HostError>) {
    HOST.with_borrow_mut(|host| host.memory_fails = error);
}

/// Has `emit_signal` fail from now on, or work again.
pub fn fail_signals(error: Option<HostError>) {
    HOST.with_borrow_mut(|host| host.signals_fail = error);
}

/// Has one call of the host fail: the `call`th from now on, counted from 1, of those that need a permission (memory, signals, metrics,
/// learning, time, other plugins), as `hal9 plugin test` counts them. What has no such answer is done all the same: a metric is
/// dropped, and the time is told.
///
/// ```
/// use hal9_plugin_sdk::*;
///
/// testing::fail_call(2, HostError::Denied);
/// memory_set("visits", "1")?;
/// assert_eq!(memory_get("visits"), Err(HostError::Denied));
/// assert_eq!(memory_get("visits")?, Some(b"1".to_vec()));
/// # Ok::<(), HostError>(())
/// ```
pub fn fail_call(call: u32, error: HostError) {
    HOST.with_borrow_mut(|host| host.fault = call.checked_sub(1).map(|before| (before, error)));
}

/// Answers `call_plugin`: gets the target, the tool and its parameters. Until then, there is no other plugin.
pub fn answer_calls(answer: impl FnMut(&str, &str, Value) -> Result<Value, PluginError> + 'static) {
    HOST.with_borrow_mut(|host| host.calls = Some(Box::new(answer)));
}

/// Answers `ask_plugin`: gets the target and the signal. Until then, there is no other plugin.
pub fn answer_asks(answer: impl FnMut(&str, PluginSignal) -> Result<PluginSignal, PluginError> + 'static) {
    HOST.with_borrow_mut(|host| host.asks = Some(Box::new(answer)));
}

/// The lines that were logged, as `level: message`.
#[must_use]
pub fn logs() -> Vec<String> {
    HOST.with_borrow(|host| host.logs.clone())
}

/// The signals that were emitted, each with its layer.
#[must_use]
pub fn emitted() -> Vec<(String, PluginSignal)> {
    HOST.with_borrow(|host| host.emitted.clone())
}

/// Where a counter stands; 0 where it was never incremented.
#[must_use]
pub fn counter(name: &str) -> f64 {
    HOST.with_borrow(|host| host.counters.get(name).copied().unwrap_or_default())
}

/// What a gauge was set to last.
#[must_use]
pub fn gauge(name: &str) -> Option<f64> {
    HOST.with_borrow(|host| host.gauges.get(name).copied())
}

/// The observations of a distribution, in order.
#[must_use]
pub fn histogram(name: &str) -> Vec<f64> {
    HOST.with_borrow(|host| host.histograms.get(name).cloned().unwrap_or_default())
}

/// One step that was reported with [`report_experience`](crate::report_experience).
#[derive(Clone, Debug, PartialEq)]
pub struct Experience {
    /// What the situation was.
    pub state: Vec<f32>,
    /// What was done.
    pub action: String,
    /// How good that was.
    pub reward: f32,
    /// What the situation was afterwards; `None` where that was the end.
    pub next_state: Option<Vec<f32>>,
}

/// The steps that were reported, in order.
#[must_use]
pub fn experiences() -> Vec<Experience> {
    HOST.with_borrow(|host| host.experiences.clone())
}

/// The feedback that was given, in order: on which signal, how good, and why.
#[must_use]
pub fn feedback() -> Vec<(Uuid, f32, String)> {
    HOST.with_borrow(|host| host.feedback.clone())
}
