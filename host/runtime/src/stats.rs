//! Owns the numbers of one plugin: calls, errors, traps, time, memory, health. It refuses to know what a call did.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Error;

/// One in this many calls is timed where nobody asks for the time of a call: two readings of the clock cost more than
/// all else that the host does for a short call.
const SAMPLE: u64 = 16;

/// So many lost instances in a row make a plugin failing.
const FAILING: u32 = 3;

/// How well a plugin works, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// The last call went well, or ended with a failure of the plugin's own.
    Healthy,
    /// The last call lost its instance.
    Degraded,
    /// The last three calls and perhaps more lost their instances.
    Failing,
}

/// What the host has counted of a plugin since it was loaded.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct PluginStats {
    /// Calls that were made.
    pub calls: u64,
    /// Calls that ended with any error.
    pub errors: u64,
    /// Calls that lost their instance: traps, exits, limits reached, callers that gave up.
    pub traps: u64,
    /// Instances that were made.
    pub instances: u64,
    /// Calls whose time was taken: those of a manager, and one in 16 of the others.
    pub timed: u64,
    /// The time of those together.
    pub time: Duration,
    /// The processor time of calls that ran for longer than ten milliseconds at once; of shorter ones a sample.
    pub cpu: Duration,
    /// The most bytes that an instance had in use.
    pub peak_memory: u64,
    /// How well it works.
    pub health: Health,
}

/// The counters. Written by whoever holds the plugin's slot, so a load and a store do for an addition; read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    calls: AtomicU64,
    errors: AtomicU64,
    traps: AtomicU64,
    pub(crate) instances: AtomicU64,
    timed: AtomicU64,
    nanos: AtomicU64,
    peak_memory: AtomicU64,
    lost_in_a_row: AtomicU32,
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
        if peak > self.peak_memory.load(Ordering::Relaxed) {
            self.peak_memory.store(peak, Ordering::Relaxed);
        }
        if let Some(error) = error {
            add(&self.errors, 1);
            if error.is_fatal() {
                self.lost();
            } else {
                self.lost_in_a_row.store(0, Ordering::Relaxed);
            }
        } else if self.lost_in_a_row.load(Ordering::Relaxed) != 0 {
            self.lost_in_a_row.store(0, Ordering::Relaxed);
        }
        let elapsed = started?.elapsed();
        add(&self.timed, 1);
        add(&self.nanos, u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
        Some(elapsed)
    }

    /// Counts a call that was given up while it ran.
    pub(crate) fn interrupted(&self) {
        add(&self.errors, 1);
        self.lost();
    }

    fn lost(&self) {
        add(&self.traps, 1);
        self.lost_in_a_row.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, cpu: Duration) -> PluginStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PluginStats {
            calls: get(&self.calls),
            errors: get(&self.errors),
            traps: get(&self.traps),
            instances: get(&self.instances),
            timed: get(&self.timed),
            time: Duration::from_nanos(get(&self.nanos)),
            cpu,
            peak_memory: get(&self.peak_memory),
            health: match self.lost_in_a_row.load(Ordering::Relaxed) {
                0 => Health::Healthy,
                lost if lost < FAILING => Health::Degraded,
                _ => Health::Failing,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_follows_lost_instances() {
        let stats = Stats::default();
        let exited = Error::Exited { plugin: "test.plugin".parse().unwrap(), status: 1 };
        let mut seen = Vec::new();
        for error in [None, Some(&exited), Some(&exited), Some(&exited), None] {
            let started = stats.begin(true);
            stats.ended(error, started, 7);
            seen.push(stats.read(Duration::ZERO).health);
        }
        use Health::{Degraded, Failing, Healthy};
        assert_eq!(seen, [Healthy, Degraded, Degraded, Failing, Healthy]);
        let read = stats.read(Duration::ZERO);
        assert_eq!((read.calls, read.errors, read.traps, read.timed, read.peak_memory), (5, 3, 3, 5, 7));
    }
}
