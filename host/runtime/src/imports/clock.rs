//! `hal9:plugin/clock`: the time of day. It refuses to know whose time is frozen; where this is linked, time runs.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hal9_package::{Permission, PermissionKind};

use crate::bindings::hal9::plugin::clock;
use crate::guard::{Guard, Interface};

/// The clock of one instance.
#[derive(Debug)]
pub(crate) struct ClockCtx {
    pub(crate) guard: Arc<Guard>,
}

/// Milliseconds since the Unix epoch; 0 for a clock that is set before it.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl clock::Host for ClockCtx {
    fn current_timestamp(&mut self) -> wasmtime::Result<u64> {
        self.guard.enter(Interface::Clock)?;
        self.guard.used(&Permission::unscoped(PermissionKind::SystemTime));
        Ok(now())
    }
}
