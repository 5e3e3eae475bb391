//! What the host offers a plugin, as plain functions: log, configuration, time, memory, signals, metrics, learning and
//! other plugins. Knows which WIT function each one is; natively they reach the stand-in of [`testing`](crate::testing).
//!
//! A plugin imports the interface of a function that it calls, and no other: what it does not call needs no permission.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::imports::hal9::plugin::{learning::Experience, logging::Level, plugins::CallError};
use crate::{ErrorCode, HostError, PluginError, PluginSignal, Value};
use serde::Serialize;
use uuid::Uuid;

#[cfg(target_family = "wasm")]
use crate::bindings::imports::hal9::plugin as offered;
#[cfg(not(target_family = "wasm"))]
use crate::testing::stand_in as offered;

/// Writes a line for whoever looks for a fault. Needs no permission.
pub fn log_debug(message: impl AsRef<str>) {
    offered::logging::log(Level::Debug, message.as_ref());
}

/// Writes a line that is worth knowing. Needs no permission.
pub fn log_info(message: impl AsRef<str>) {
    offered::logging::log(Level::Info, message.as_ref());
}

/// Writes a line that says what is off while the plugin goes on. Needs no permission.
pub fn log_warn(message: impl AsRef<str>) {
    offered::logging::log(Level::Warn, message.as_ref());
}

/// Writes a line that says what failed. Needs no permission.
pub fn log_error(message: impl AsRef<str>) {
    offered::logging::log(Level::Error, message.as_ref());
}

/// The plugin's configuration, a JSON object; an empty one where nothing was set. Needs no permission.
#[must_use]
pub fn config() -> Value {
    // The host has parsed this text to check it; what it could not parse it would not have let through.
    serde_json::from_str(&offered::config::document()).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
}

/// One member of the configuration. Needs no permission.
#[must_use]
pub fn config_value(key: impl AsRef<str>) -> Option<Value> {
    offered::config::get(key.as_ref()).and_then(|text| serde_json::from_str(&text).ok())
}

/// Milliseconds since the Unix epoch. Permission `SystemTime`.
#[must_use]
pub fn current_timestamp() -> u64 {
    offered::clock::current_timestamp()
}

/// The value that HAL9's memory keeps for this plugin under `key`. Permission `Hal9Memory`, as for its neighbours.
///
/// # Errors
/// `InvalidInput` for an empty key or one over 512 bytes; `Denied` outside of the permission's scope.
pub fn memory_get(key: impl AsRef<str>) -> Result<Option<Vec<u8>>, HostError> {
    Ok(offered::memory::get(key.as_ref())?)
}

/// Sets `key` to `value`, whatever it was before.
///
/// # Errors
/// As [`memory_get`], and `LimitExceeded` for a value over the limit `memory_value` or keys over `memory_keys`.
pub fn memory_set(key: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<(), HostError> {
    Ok(offered::memory::set(key.as_ref(), value.as_ref())?)
}

/// Removes `key`; `false` where there was none.
///
/// # Errors
/// As [`memory_get`].
pub fn memory_delete(key: impl AsRef<str>) -> Result<bool, HostError> {
    Ok(offered::memory::delete(key.as_ref())?)
}

/// All keys that begin with `prefix`, in the order of their bytes. Asks the host for 1 000 at a time.
///
/// # Errors
/// As [`memory_get`].
pub fn memory_keys(prefix: impl AsRef<str>) -> Result<Vec<String>, HostError> {
    const PAGE: u32 = 1_000;
    let mut keys: Vec<String> = Vec::new();
    loop {
        let page = offered::memory::list_keys(prefix.as_ref(), keys.last().map(String::as_str), PAGE)?;
        let whole = u32::try_from(page.len()).is_ok_and(|length| length >= PAGE);
        keys.extend(page);
        if !whole {
            return Ok(keys);
        }
    }
}

/// Adds `by` to a counter. Permission `Hal9Metrics`, as for its neighbours; what the host does not take it drops.
pub fn metric_increment(name: impl AsRef<str>, by: f64) {
    offered::metrics::increment(name.as_ref(), by);
}

/// Sets a gauge.
pub fn metric_gauge(name: impl AsRef<str>, value: f64) {
    offered::metrics::gauge(name.as_ref(), value);
}

/// Adds one observation to a distribution.
pub fn metric_histogram(name: impl AsRef<str>, value: f64) {
    offered::metrics::histogram(name.as_ref(), value);
}

/// Hands a signal to every active neuron of `layer`, such as `L3`, once the call that emits it has ended well.
/// Permission `Hal9Signal`.
///
/// # Errors
/// `InvalidInput` for an empty layer or one over 64 bytes; `Denied` for a layer outside of the permission's scope;
/// `LimitExceeded` for more than 64 signals in one call (for each row of a batch), or a content over the limit `signal_bytes`.
pub fn emit_signal(layer: impl AsRef<str>, signal: PluginSignal) -> Result<(), HostError> {
    Ok(offered::signals::emit(layer.as_ref(), &signal.into())?)
}

/// Reports one step and what came of it: the situation as numbers, what was done, how good that was, and the situation
/// afterwards, `None` where that was the end. Permission `Hal9Learning`.
///
/// # Errors
/// `InvalidInput` for an action that is empty or over 256 bytes, or a reward that is not finite; `LimitExceeded` for a
/// situation over 65 536 numbers.
pub fn report_experience(
    state: &[f32],
    action: impl AsRef<str>,
    reward: f32,
    next_state: Option<&[f32]>,
) -> Result<(), HostError> {
    Ok(offered::learning::report_experience(&Experience {
        state: state.to_vec(),
        action: action.as_ref().to_string(),
        reward,
        next_state: next_state.map(<[f32]>::to_vec),
    })?)
}

/// Says how good the reply to a signal was, from -1 over 0 to 1, and in words, which may be empty. Permission
/// `Hal9Learning`.
///
/// # Errors
/// `InvalidInput` for a score outside of that, or for more than 4 KiB of words.
pub fn report_feedback(id: Uuid, score: f32, comment: impl AsRef<str>) -> Result<(), HostError> {
    Ok(offered::learning::report_feedback(id.as_u64_pair(), score, comment.as_ref())?)
}

/// Executes the tool `method` of plugin `target`, and gives its result. `params` serialise to a JSON object, which a
/// `HashMap`, `json!({ … })` and a struct do. Permission `PluginCall` for `target`.
///
/// # Errors
/// What the tool failed with; or that it was not reached, and why.
pub fn call_plugin(
    target: impl AsRef<str>,
    method: impl AsRef<str>,
    params: impl Serialize,
) -> Result<Value, PluginError> {
    let (target, method) = (target.as_ref(), method.as_ref());
    let params = serde_json::to_string(&params).map_err(|error| {
        PluginError::new(ErrorCode::Internal, format!("the parameters for `{method}` of {target}: {error}"))
    })?;
    let result = offered::plugins::call(target, method, &params)
        .map_err(|error| not_answered(error, target, format_args!("a tool `{method}`")))?;
    serde_json::from_str(&result).map_err(|error| {
        PluginError::new(ErrorCode::Internal, format!("`{method}` of {target} gave what is not JSON: {error}"))
    })
}

/// Has the neuron plugin `target` process one signal, and gives its reply. Permission `PluginCall` for `target`.
///
/// # Errors
/// What the neuron failed with; or that it was not reached, and why.
pub fn ask_plugin(target: impl AsRef<str>, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
    let target = target.as_ref();
    let reply = offered::plugins::ask(target, &types::Signal::from(signal));
    reply.map(PluginSignal::from).map_err(|error| not_answered(error, target, format_args!("a neuron")))
}

/// Why another plugin did not answer, with what to do about it.
fn not_answered(error: CallError, target: &str, what: std::fmt::Arguments<'_>) -> PluginError {
    let (code, message) = match error {
        CallError::Failed(failure) => return PluginError::from(failure).context(target),
        CallError::NotFound => (ErrorCode::NotFound, format!("there is no active plugin {target} with {what}")),
        CallError::Denied => (
            ErrorCode::Denied,
            format!("the grant does not name {target}: declare permission `PluginCall:{target}` and have it granted"),
        ),
        CallError::Cycle => (ErrorCode::Unavailable, format!("{target} is itself waiting for this call")),
        CallError::TooDeep => (ErrorCode::LimitExceeded, format!("{target} would be one call of a call too deep")),
        CallError::Broken => (ErrorCode::Unavailable, format!("{target} trapped or passed one of its limits")),
    };
    PluginError::new(code, message)
}
