//! The interfaces that the host offers, under the names and with the signatures of the generated bindings.
//! Holds what the docs in WIT say that a plugin can see; limits are the defaults.

use super::Experience;
use crate::bindings::imports::hal9::plugin::types::Error;
use crate::signal::uuid_of;
use crate::{HostError, PluginError, PluginSignal, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use uuid::Uuid;

type Calls = Box<dyn FnMut(&str, &str, Value) -> Result<Value, PluginError>>;
type Asks = Box<dyn FnMut(&str, PluginSignal) -> Result<PluginSignal, PluginError>>;

thread_local! {
    pub(crate) static HOST: RefCell<StandIn> = RefCell::new(StandIn::default());
}

/// What the stand-in knows.
#[derive(Default)]
pub(crate) struct StandIn {
    pub(crate) config: Value,
    pub(crate) time: Option<u64>,
    pub(crate) memory: BTreeMap<String, Vec<u8>>,
    pub(crate) memory_fails: Option<HostError>,
    pub(crate) signals_fail: Option<HostError>,
    /// How many calls go well before the one that fails, and how that does.
    pub(crate) fault: Option<(u32, HostError)>,
    pub(crate) calls: Option<Calls>,
    pub(crate) asks: Option<Asks>,
    pub(crate) logs: Vec<String>,
    pub(crate) emitted: Vec<(String, PluginSignal)>,
    pub(crate) counters: BTreeMap<String, f64>,
    pub(crate) gauges: BTreeMap<String, f64>,
    pub(crate) histograms: BTreeMap<String, Vec<f64>>,
    pub(crate) experiences: Vec<Experience>,
    pub(crate) feedback: Vec<(Uuid, f32, String)>,
}

impl StandIn {
    /// Counts a call: how it fails, if it is the one.
    fn struck(&mut self) -> Option<HostError> {
        let (before, _) = self.fault.as_mut()?;
        match before.checked_sub(1) {
            Some(left) => {
                *before = left;
                None
            }
            None => self.fault.take().map(|(_, error)| error),
        }
    }
}

/// An error that a test asked for, as the host would say it.
fn wire(error: HostError) -> Error {
    match error {
        HostError::InvalidInput => Error::InvalidInput,
        HostError::NotFound => Error::NotFound,
        HostError::Denied => Error::Denied,
        HostError::LimitExceeded => Error::LimitExceeded,
        HostError::Unavailable => Error::Unavailable,
        HostError::Other(message) => Error::Other(message),
    }
}

pub(crate) mod logging {
    use super::HOST;
    use crate::bindings::imports::hal9::plugin::logging::Level;

    pub(crate) fn log(level: Level, message: &str) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        HOST.with_borrow_mut(|host| host.logs.push(format!("{level}: {message}")));
    }
}

pub(crate) mod config {
    use super::HOST;

    pub(crate) fn document() -> String {
        HOST.with_borrow(|host| if host.config.is_object() { host.config.to_string() } else { "{}".to_string() })
    }

    pub(crate) fn get(key: &str) -> Option<String> {
        HOST.with_borrow(|host| host.config.get(key).map(ToString::to_string))
    }
}

pub(crate) mod clock {
    use super::HOST;
    use std::time::{SystemTime, UNIX_EPOCH};

    pub(crate) fn current_timestamp() -> u64 {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_millis()).unwrap_or_default();
        HOST.with_borrow_mut(|host| (host.struck(), host.time).1)
            .unwrap_or_else(|| u64::try_from(now()).unwrap_or(u64::MAX))
    }
}

pub(crate) mod memory {
    use super::{Error, HOST, wire};
    use std::collections::BTreeMap;
    use std::ops::Bound;

    /// The limit `memory_value`.
    const MAX_VALUE: usize = 1024 * 1024;
    /// The limit `memory_keys`.
    const MAX_KEYS: usize = 10_000;

    fn kept<R>(
        key: Option<&str>,
        body: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        HOST.with_borrow_mut(|host| match (host.struck(), &host.memory_fails) {
            (Some(error), _) => Err(wire(error)),
            _ if key.is_some_and(|key| key.is_empty() || key.len() > 512) => Err(Error::InvalidInput),
            (None, Some(error)) => Err(wire(error.clone())),
            (None, None) => body(&mut host.memory),
        })
    }

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
        kept(Some(key), |memory| Ok(memory.get(key).cloned()))
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        kept(Some(key), |memory| {
            if value.len() > MAX_VALUE || (memory.len() >= MAX_KEYS && !memory.contains_key(key)) {
                return Err(Error::LimitExceeded);
            }
            memory.insert(key.to_string(), value.to_vec());
            Ok(())
        })
    }

    pub(crate) fn delete(key: &str) -> Result<bool, Error> {
        kept(Some(key), |memory| Ok(memory.remove(key).is_some()))
    }

    pub(crate) fn list_keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Error> {
        kept(None, |memory| {
            let from = match after {
                Some(after) if after >= prefix => Bound::Excluded(after),
                _ => Bound::Included(prefix),
            };
            let keys = memory.range::<str, _>((from, Bound::Unbounded)).map(|(key, _)| key);
            let limit = usize::try_from(limit.min(1_000)).unwrap_or(1_000);
            Ok(keys.take_while(|key| key.starts_with(prefix)).take(limit).cloned().collect())
        })
    }
}

pub(crate) mod metrics {
    use super::HOST;

    /// Whether the host takes it; what it does not take it drops.
    fn taken(name: &str, value: f64) -> bool {
        let struck = HOST.with_borrow_mut(super::StandIn::struck).is_some();
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        !struck && (1..=64).contains(&name.len()) && name.bytes().all(named) && value.is_finite()
    }

    pub(crate) fn increment(name: &str, by: f64) {
        if taken(name, by) && by >= 0.0 {
            HOST.with_borrow_mut(|host| *host.counters.entry(name.to_string()).or_default() += by);
        }
    }

    pub(crate) fn gauge(name: &str, value: f64) {
        if taken(name, value) {
            HOST.with_borrow_mut(|host| host.gauges.insert(name.to_string(), value));
        }
    }

    pub(crate) fn histogram(name: &str, value: f64) {
        if taken(name, value) {
            HOST.with_borrow_mut(|host| host.histograms.entry(name.to_string()).or_default().push(value));
        }
    }
}

pub(crate) mod signals {
    use super::{Error, HOST, wire};
    use crate::bindings::imports::hal9::plugin::types::Signal;

    /// The limit `signal_bytes`.
    const MAX_CONTENT: usize = 1024 * 1024;

    pub(crate) fn emit(layer: &str, signal: &Signal) -> Result<(), Error> {
        HOST.with_borrow_mut(|host| {
            if let Some(error) = host.struck() {
                return Err(wire(error));
            }
            if layer.is_empty() || layer.len() > 64 {
                return Err(Error::InvalidInput);
            }
            if let Some(error) = &host.signals_fail {
                return Err(wire(error.clone()));
            }
            if signal.content.len() > MAX_CONTENT {
                return Err(Error::LimitExceeded);
            }
            host.emitted.push((layer.to_string(), signal.clone().into()));
            Ok(())
        })
    }
}

pub(crate) mod learning {
    use super::{Error, HOST, StandIn, uuid_of, wire};
    use crate::bindings::imports::hal9::plugin::{learning::Experience, types::SignalId};

    const MAX_STATE: usize = 65_536;

    pub(crate) fn report_experience(experience: &Experience) -> Result<(), Error> {
        if let Some(error) = HOST.with_borrow_mut(StandIn::struck) {
            return Err(wire(error));
        }
        let Experience { state, action, reward, next_state } = experience.clone();
        if action.is_empty() || action.len() > 256 || !reward.is_finite() {
            return Err(Error::InvalidInput);
        }
        if state.len() > MAX_STATE || next_state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            return Err(Error::LimitExceeded);
        }
        HOST.with_borrow_mut(|host| host.experiences.push(super::Experience { state, action, reward, next_state }));
        Ok(())
    }

    pub(crate) fn report_feedback(signal: SignalId, score: f32, comment: &str) -> Result<(), Error> {
        if let Some(error) = HOST.with_borrow_mut(StandIn::struck) {
            return Err(wire(error));
        }
        if !(-1.0..=1.0).contains(&score) || comment.len() > 4096 {
            return Err(Error::InvalidInput);
        }
        HOST.with_borrow_mut(|host| host.feedback.push((uuid_of(signal), score, comment.to_string())));
        Ok(())
    }
}

pub(crate) mod plugins {
    use super::{HOST, StandIn};
    use crate::bindings::imports::hal9::plugin::{plugins::CallError, types::Signal};
    use crate::{ErrorCode, HostError, PluginError};

    /// Counts a call, which fails if it is the one.
    fn counted() -> Result<(), CallError> {
        match HOST.with_borrow_mut(StandIn::struck) {
            None => Ok(()),
            Some(HostError::Denied) => Err(CallError::Denied),
            Some(HostError::NotFound) => Err(CallError::NotFound),
            Some(_) => Err(CallError::Broken),
        }
    }

    fn failed(error: PluginError) -> CallError {
        CallError::Failed(error.into())
    }

    pub(crate) fn call(target: &str, method: &str, params: &str) -> Result<String, CallError> {
        counted()?;
        let params = serde_json::from_str(params)
            .map_err(|error| failed(PluginError::new(ErrorCode::InvalidInput, error.to_string())))?;
        // Taken out for the time of the call: the answer may itself ask the host for something.
        let Some(mut answer) = HOST.with_borrow_mut(|host| host.calls.take()) else {
            return Err(CallError::NotFound);
        };
        let result = answer(target, method, params);
        HOST.with_borrow_mut(|host| {
            host.calls.get_or_insert(answer);
        });
        result.map(|value| value.to_string()).map_err(failed)
    }

    pub(crate) fn ask(target: &str, signal: &Signal) -> Result<Signal, CallError> {
        counted()?;
        let Some(mut answer) = HOST.with_borrow_mut(|host| host.asks.take()) else {
            return Err(CallError::NotFound);
        };
        let result = answer(target, signal.clone().into());
        HOST.with_borrow_mut(|host| {
            host.asks.get_or_insert(answer);
        });
        result.map(Into::into).map_err(failed)
    }
}
