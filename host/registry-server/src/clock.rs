//! What time it is, in the units of the registry's documents. It does not know time zones.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hal9_registry_index::Seconds;

/// Seconds of a day.
pub(crate) const DAY: Seconds = 86_400;

/// Seconds since the Unix epoch.
pub(crate) fn now() -> Seconds {
    since_epoch().as_secs()
}

/// Milliseconds since the Unix epoch.
pub(crate) fn milliseconds() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The number of a day of UTC.
pub(crate) fn day(at: Seconds) -> Seconds {
    at / DAY
}

fn since_epoch() -> Duration {
    // A clock before 1970 is one that nobody has set.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
