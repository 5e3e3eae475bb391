//! Clocks: those that stand still, and real ones that tell of their use. They refuse to know who was granted which.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hal9_package::{Permission, PermissionKind};
use wasmtime_wasi::clocks::{MonotonicClock, WallClock};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::guard::Guard;
use crate::imports::clock::Clock;

/// The wall clock says 1970, the monotonic clock says 0, always. (A clock that ticks by the call would look alive, and
/// would make a plugin that waits for it spin until its deadline all the same.)
pub(super) fn freeze(wasi: &mut WasiCtxBuilder, guard: &Arc<Guard>) {
    wasi.wall_clock(Frozen(guard.clone())).monotonic_clock(Frozen(guard.clone()));
}

/// The clocks run, as the machine's do or as the embedder's `clock` says, and whoever records uses is told when one is read.
pub(super) fn run(wasi: &mut WasiCtxBuilder, guard: &Arc<Guard>, clock: Option<&Arc<dyn Clock>>) {
    if let Some(clock) = clock {
        let given = || Running { clock: clock.clone(), guard: guard.clone() };
        wasi.wall_clock(given()).monotonic_clock(given());
        return;
    }
    wasi.wall_clock(Running { clock: WallClock::new(), guard: guard.clone() })
        .monotonic_clock(Running { clock: MonotonicClock::new(), guard: guard.clone() });
}

struct Frozen(Arc<Guard>);

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0.inert(PermissionKind::SystemTime);
        Duration::ZERO
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1_000_000_000
    }

    fn now(&self) -> u64 {
        self.0.inert(PermissionKind::SystemTime);
        0
    }
}

struct Running<C> {
    clock: C,
    guard: Arc<Guard>,
}

impl<C> Running<C> {
    fn used(&self) {
        self.guard.used(&Permission::unscoped(PermissionKind::SystemTime));
    }
}

impl HostWallClock for Running<WallClock> {
    fn resolution(&self) -> Duration {
        self.clock.resolution()
    }

    /// The beginning of 1970 for a clock that is set before it, where wasmtime's own would panic.
    fn now(&self) -> Duration {
        self.used();
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

impl HostMonotonicClock for Running<MonotonicClock> {
    fn resolution(&self) -> u64 {
        self.clock.resolution()
    }

    fn now(&self) -> u64 {
        self.used();
        self.clock.now()
    }
}

impl HostWallClock for Running<Arc<dyn Clock>> {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.used();
        self.clock.wall()
    }
}

impl HostMonotonicClock for Running<Arc<dyn Clock>> {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.used();
        u64::try_from(self.clock.monotonic().as_nanos()).unwrap_or(u64::MAX)
    }
}
