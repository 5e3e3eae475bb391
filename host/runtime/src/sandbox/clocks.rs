//! Clocks that stand still. What time it is refuses to be known here.

use std::time::Duration;

use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// The wall clock says 1970, the monotonic clock says 0, always. (A clock that ticks by the call would look alive, and
/// would make a plugin that waits for it spin until its deadline all the same.)
pub(super) fn freeze(wasi: &mut WasiCtxBuilder) {
    wasi.wall_clock(Frozen).monotonic_clock(Frozen);
}

struct Frozen;

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1_000_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}
