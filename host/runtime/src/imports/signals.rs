//! `hal9:plugin/signals`: what a plugin sends on. It refuses to know who gets it: the signals lie here until the call
//! is over, and whoever made the call takes them.

use std::sync::Arc;

use hal9_package::PermissionKind;

use crate::Limit;
use crate::bindings::hal9::plugin::signals;
use crate::bindings::hal9::plugin::types::{Error, Signal};
use crate::guard::{Guard, Interface};

/// The most signals that one call may emit for each signal that it answers.
pub(crate) const EMIT_SIGNALS: usize = 64;

/// The most signals that one call may emit, however many it answers.
const EMIT_AT_ONCE: usize = 1 << 16;

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
    /// How many signals the call answers, if it answers a batch.
    rows: usize,
    /// What this call has emitted.
    pub(crate) outbox: Vec<Emission>,
    /// How much that is.
    bytes: u64,
}

impl SignalsCtx {
    pub(crate) fn new(guard: Arc<Guard>, signal_bytes: u64) -> Self {
        Self { guard, signal_bytes, rows: 1, outbox: Vec::new(), bytes: 0 }
    }

    /// Lets calls emit as many signals as a call for each of so many would, up to 65 536; together they are no larger than 64 signals
    /// may be, so that a batch holds no more of the host's memory than a signal does.
    pub(crate) fn answers(&mut self, rows: usize) {
        self.rows = rows;
    }

    /// Which limit one more signal of so many bytes would pass.
    fn reached(&self, bytes: u64) -> Option<Limit> {
        let most = self.rows.saturating_mul(EMIT_SIGNALS).min(EMIT_AT_ONCE);
        // So few cannot be too large together: none of them is too large alone.
        let is_much = self.outbox.len() >= EMIT_SIGNALS
            && self.bytes.saturating_add(bytes) > self.signal_bytes.saturating_mul(EMIT_SIGNALS as u64);
        if self.outbox.len() >= most || is_much {
            return Some(Limit::Emissions);
        }
        (bytes > self.signal_bytes).then_some(Limit::Size)
    }

    fn accept(&mut self, layer: String, signal: Signal) -> Result<(), Error> {
        if layer.is_empty() || layer.len() > LAYER_BYTES || layer.chars().any(char::is_control) {
            return Err(Error::InvalidInput);
        }
        if !self.guard.allows(PermissionKind::Hal9Signal, &layer) {
            return Err(Error::Denied);
        }
        let bytes = signal_bytes(&signal);
        if self.outbox.is_empty() {
            // Whoever made the last call took what it emitted.
            self.bytes = 0;
        }
        if let Some(limit) = self.reached(bytes) {
            self.guard.limited(limit, "a signal was not taken");
            return Err(Error::LimitExceeded);
        }
        self.bytes = self.bytes.saturating_add(bytes);
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
    #[test]
    fn a_batch_may_emit_for_each_of_its_signals_and_no_more_bytes_than_one() {
        let signal = |content: &str| Signal { signal_type: String::new(), ..Signal::text(content) };
        let mut batch = SignalsCtx::new(Guard::of("test.a", &["Hal9Signal"]), 10);
        batch.answers(3);
        for _ in 0..3 * EMIT_SIGNALS {
            batch.accept("L3".into(), signal("x")).unwrap();
        }
        assert_eq!(batch.accept("L3".into(), signal("x")), Err(Error::LimitExceeded), "64 for each");
        batch.outbox.clear();
        for _ in 0..EMIT_SIGNALS {
            batch.accept("L3".into(), signal("0123456789")).unwrap();
        }
        assert_eq!(batch.accept("L3".into(), signal("x")), Err(Error::LimitExceeded), "640 bytes");
        batch.accept("L3".into(), signal("")).unwrap();
        batch.outbox.clear();
        batch.answers(usize::MAX);
        for _ in 0..EMIT_AT_ONCE {
            batch.accept("L3".into(), signal("")).unwrap();
        }
        assert_eq!(batch.accept("L3".into(), signal("")), Err(Error::LimitExceeded), "65 536");
    }
}
