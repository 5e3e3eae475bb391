//! Owns the numbers of one plugin: calls, errors, traps, time, memory, health. It refuses to know what a call did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Error;

/// One in this many calls is timed where nobody asks for the time of a call: two readings of the clock cost more than
/// all else that the host does for a short call.
const SAMPLE: u64 = 64;

/// How well a plugin works, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// The last call went well, or ended with a failure of the plugin's own.
    Healthy,
    /// The last call lost its instance, or the last start or health check failed.
    Degraded,
    /// The last three calls and perhaps more lost their instances.
    Failing,
    /// It failed so often in a row that it is not asked for a while: see [`Breaker`](crate::Breaker).
    Resting,
}

/// What the host has counted of a plugin since it was loaded.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct PluginStats {
    /// Calls that were made; starts and health checks are none.
    pub calls: u64,
    /// Calls, starts and health checks that ended with any error.
    pub errors: u64,
    /// Those among them that lost their instance: traps, exits, limits reached, callers that gave up.
    pub traps: u64,
    /// Instances that were made.
    pub instances: u64,
    /// Calls whose time was taken: those of a manager, and one in 64 of the others.
    pub timed: u64,
    /// The time of those together.
    pub time: Duration,
    /// The processor time of calls that ran for longer than ten milliseconds at once; of shorter ones a sample.
    pub cpu: Duration,
    /// The most bytes that an instance had in use.
    pub peak_memory: u64,
    /// How well it works.
    pub health: Health,
    /// For how long it is not asked yet; none, where it is asked.
    pub resting: Option<Duration>,
}

/// The counters of one seat. Written by whoever holds it, so a load and a store do for an addition; read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    calls: AtomicU64,
    errors: AtomicU64,
    traps: AtomicU64,
    timed: AtomicU64,
    nanos: AtomicU64,
    peak_memory: AtomicU64,
}

fn add(counter: &AtomicU64, by: u64) -> u64 {
    let before = counter.load(Ordering::Relaxed);
    counter.store(before.wrapping_add(by), Ordering::Relaxed);
    before
}

impl Stats {
    /// Counts a call; when it began, if it is to be timed.
    pub(crate) fn begin(&self, measured: bool) -> Option<Instant> {
        let calls = add(&self.calls, 1);
        (measured || calls.is_multiple_of(SAMPLE)).then(Instant::now)
    }

    /// Counts how a call ended; how long it took, if it was timed.
    pub(crate) fn ended(&self, error: Option<&Error>, started: Option<Instant>, peak: u64) -> Option<Duration> {
        self.note(error, peak);
        let elapsed = started?.elapsed();
        add(&self.timed, 1);
        add(&self.nanos, u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
        Some(elapsed)
    }

    /// Counts how something ended that may be no call.
    pub(crate) fn note(&self, error: Option<&Error>, peak: u64) {
        if peak > self.peak_memory.load(Ordering::Relaxed) {
            self.peak_memory.store(peak, Ordering::Relaxed);
        }
        if let Some(error) = error {
            add(&self.errors, 1);
            if error.is_fatal() {
                add(&self.traps, 1);
            }
        }
    }

    /// Counts a call that was given up while it ran.
    pub(crate) fn interrupted(&self) {
        add(&self.errors, 1);
        add(&self.traps, 1);
    }

    /// Adds these to what a plugin has in all.
    pub(crate) fn add_to(&self, all: &mut PluginStats) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        all.calls += get(&self.calls);
        all.errors += get(&self.errors);
        all.traps += get(&self.traps);
        all.timed += get(&self.timed);
        all.time += Duration::from_nanos(get(&self.nanos));
        all.peak_memory = all.peak_memory.max(get(&self.peak_memory));
    }
}

impl PluginStats {
    /// Nothing counted yet.
    pub(crate) fn new(instances: u64, cpu: Duration, health: Health, resting: Option<Duration>) -> Self {
        let time = Duration::ZERO;
        Self { calls: 0, errors: 0, traps: 0, instances, timed: 0, time, cpu, peak_memory: 0, health, resting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_all_seats_are_added_up() {
        let seats = [Stats::default(), Stats::default()];
        let exited = Error::Exited { plugin: "test.plugin".parse().unwrap(), status: 1 };
        for (seat, error, peak) in [(0, None, 7), (1, Some(&exited), 9), (1, None, 1)] {
            let started = seats[seat].begin(true);
            seats[seat].ended(error, started, peak);
        }
        seats[0].interrupted();
        let mut all = PluginStats::new(2, Duration::ZERO, Health::Healthy, None);
        seats.iter().for_each(|seat| seat.add_to(&mut all));
        assert_eq!((all.calls, all.errors, all.traps, all.timed, all.peak_memory), (3, 2, 2, 3, 9));
    }
}
