//! `hal9:plugin/clock`: the time of day. It refuses to know whose time is frozen; where this is linked, time runs.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hal9_package::{Permission, PermissionKind};

use crate::bindings::hal9::plugin::clock;
use crate::guard::{Guard, Interface};

/// What time it is for plugins that may know it, in place of the machine's clocks.
pub trait Clock: Send + Sync {
    /// The time since the Unix epoch. May go back.
    fn wall(&self) -> Duration;
    /// The time since some moment. MUST NOT go back.
    fn monotonic(&self) -> Duration;
}

/// The clock of one instance.
pub(crate) struct ClockCtx {
    pub(crate) guard: Arc<Guard>,
    /// None for the machine's.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

impl fmt::Debug for ClockCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockCtx").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// Milliseconds since the Unix epoch; 0 for a clock that is set before it.
pub(crate) fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl clock::Host for ClockCtx {
    fn current_timestamp(&mut self) -> wasmtime::Result<u64> {
        self.guard.enter(Interface::Clock)?;
        self.guard.used(&Permission::unscoped(PermissionKind::SystemTime));
        Ok(self.clock.as_ref().map_or_else(now, |clock| millis(clock.wall())))
    }
}
