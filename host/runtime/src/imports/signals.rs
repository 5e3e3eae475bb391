//! `hal9:plugin/signals`: what a plugin sends on. It refuses to know who gets it: the signals lie here until the call
//! is over, and whoever made the call takes them.

use std::sync::Arc;

use hal9_package::PermissionKind;

use crate::Limit;
use crate::bindings::hal9::plugin::signals;
use crate::bindings::hal9::plugin::types::{Error, Signal};
use crate::guard::{Guard, Interface};

/// The most signals that one call may emit.
pub(crate) const EMIT_SIGNALS: usize = 64;

/// The longest name of a layer, in bytes.
pub(crate) const LAYER_BYTES: usize = 64;

/// A signal that a plugin emitted, and the layer that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    /// The layer, such as `L3`.
    pub layer: String,
    /// The signal.
    pub signal: Signal,
}

/// The outgoing signals of one instance.
pub(crate) struct SignalsCtx {
    guard: Arc<Guard>,
    signal_bytes: u64,
    /// What this call has emitted.
    pub(crate) outbox: Vec<Emission>,
}

impl SignalsCtx {
    pub(crate) fn new(guard: Arc<Guard>, signal_bytes: u64) -> Self {
        Self { guard, signal_bytes, outbox: Vec::new() }
    }

    fn accept(&mut self, layer: String, signal: Signal) -> Result<(), Error> {
        if layer.is_empty() || layer.len() > LAYER_BYTES || layer.chars().any(char::is_control) {
            return Err(Error::InvalidInput);
        }
        if !self.guard.allows(PermissionKind::Hal9Signal, &layer) {
            return Err(Error::Denied);
        }
        let reached = if self.outbox.len() >= EMIT_SIGNALS {
            Some(Limit::Emissions)
        } else {
            (signal_bytes(&signal) > self.signal_bytes).then_some(Limit::Size)
        };
        if let Some(limit) = reached {
            self.guard.limited(limit, "a signal was not taken");
            return Err(Error::LimitExceeded);
        }
        self.outbox.push(Emission { layer, signal });
        Ok(())
    }
}

/// The bytes of all texts of a signal.
pub(crate) fn signal_bytes(signal: &Signal) -> u64 {
    let metadata: usize = signal.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    (signal.content.len() + signal.signal_type.len() + metadata) as u64
}

impl signals::Host for SignalsCtx {
    fn emit(&mut self, layer: String, signal: Signal) -> wasmtime::Result<Result<(), Error>> {
        self.guard.enter(Interface::Signals)?;
        Ok(self.accept(layer, signal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_names_layers_and_the_call_has_a_bound() {
        let signal = Signal::text("hello");
        let mut scoped = SignalsCtx::new(Guard::of("test.a", &["Hal9Signal:L3"]), 100);
        assert_eq!(scoped.accept("L4".into(), signal.clone()), Err(Error::Denied));
        assert_eq!(scoped.accept(String::new(), signal.clone()), Err(Error::InvalidInput));
        assert_eq!(scoped.accept("L3".into(), Signal::text(&"x".repeat(101))), Err(Error::LimitExceeded));
        for _ in 0..EMIT_SIGNALS {
            scoped.accept("L3".into(), signal.clone()).unwrap();
        }
        assert_eq!(scoped.accept("L3".into(), signal.clone()), Err(Error::LimitExceeded));
        SignalsCtx::new(Guard::of("test.a", &["Hal9Signal"]), 100).accept("L9".into(), signal).unwrap();
    }
}
