//! Owns whether a plugin that breaks again and again is asked at all: after so many failures in a row it rests, then one call
//! may try it. It refuses to know what a failure was, and reads no clock where nothing failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Health;

/// The longest rest, but for a cooldown that is longer itself.
const LONGEST: Duration = Duration::from_secs(60);

/// So many lost instances in a row make a plugin failing.
const FAILING: u32 = 3;

/// When a plugin that breaks is given a rest, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// After so many failures in a row it rests: traps, exits, limits reached, starts that failed, and health checks that
    /// found it unhealthy. 0 for never.
    pub failures: u32,
    /// For how long at first. Each time that it fails again it rests twice as long, up to a minute.
    pub cooldown: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(1) }
    }
}

impl Breaker {
    /// A plugin that is asked whatever it does.
    pub fn never() -> Self {
        Self { failures: 0, ..Self::default() }
    }
}

/// The failures of one plugin, over all instances of the version that serves.
pub(crate) struct Circuit {
    /// Whether anything has failed since the last call that went well: all that such a call looks at.
    troubled: AtomicBool,
    failures: Mutex<Failures>,
}

struct Failures {
    breaker: Breaker,
    /// The version that serves: what others do counts no more.
    version: u64,
    /// How many calls have tried it, so that a trial that is late ends no other.
    trials: u64,
    /// Instances that were lost in a row, those of callers who gave up among them.
    lost: u32,
    in_a_row: u32,
    /// How many of those were starts.
    starts: u32,
    rest: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed,
    /// It rests since then.
    Open(Instant),
    /// One call tries it.
    Trial,
}

/// Why a call is not let through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refused {
    /// It rests for so long.
    Resting(Duration),
    /// Another call tries it now.
    Tried,
}

/// What became of the circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// It rests from now on, for so long, after so many failures.
    Opened(Duration, u32),
    /// It works again.
    Closed,
}

/// The one call that tries a plugin which rested. Dropped without a result, the rest begins again.
pub(crate) struct Trial<'a> {
    circuit: &'a Circuit,
    number: u64,
    /// Since when it rested.
    since: Instant,
}

impl Trial<'_> {
    /// Gives back the right to try it: it was asked nothing.
    pub(crate) fn untried(self) {
        let mut failures = self.circuit.lock();
        if failures.state == State::Trial && failures.trials == self.number {
            failures.state = State::Open(self.since);
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let mut failures = self.circuit.lock();
        if failures.state == State::Trial && failures.trials == self.number {
            failures.state = State::Open(Instant::now());
        }
    }
}

impl Circuit {
    pub(crate) fn new(breaker: Breaker, version: u64) -> Self {
        let rest = breaker.cooldown;
        let failures =
            Failures { breaker, version, trials: 0, lost: 0, in_a_row: 0, starts: 0, rest, state: State::Closed };
        Self { troubled: AtomicBool::new(false), failures: Mutex::new(failures) }
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets when it opens from now on, and for which version.
    pub(crate) fn set(&self, breaker: Breaker, version: u64) {
        let mut failures = self.lock();
        failures.breaker = breaker;
        failures.version = version;
        if failures.state == State::Closed {
            failures.rest = breaker.cooldown;
        }
    }

    /// Whether anything has failed lately.
    pub(crate) fn is_troubled(&self) -> bool {
        self.troubled.load(Ordering::Relaxed)
    }

    /// Whether a call may wait for its turn.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        match self.lock().refusal(Instant::now) {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    /// Lets a call whose turn it is through, as the one that tries where it has rested.
    pub(crate) fn admit(&self) -> Result<Option<Trial<'_>>, Refused> {
        let mut failures = self.lock();
        if let Some(refused) = failures.refusal(Instant::now) {
            return Err(refused);
        }
        let State::Open(since) = failures.state else { return Ok(None) };
        failures.state = State::Trial;
        failures.trials += 1;
        Ok(Some(Trial { circuit: self, number: failures.trials, since }))
    }

    /// Takes note of a call that went well, of an instance of `version`.
    pub(crate) fn succeeded(&self, version: u64, trial: Option<Trial<'_>>) -> Option<Change> {
        let mut failures = self.lock();
        if failures.version != version {
            return None;
        }
        failures.lost = 0;
        let was_open = failures.state != State::Closed;
        if was_open && trial.is_none() {
            // It began before the rest did.
            return None;
        }
        failures.close();
        self.troubled.store(false, Ordering::Relaxed);
        drop(failures);
        drop(trial);
        was_open.then_some(Change::Closed)
    }

    /// Takes note of an instance of `version` that began, and was asked no more: that makes up for starts that failed, and for
    /// nothing else.
    pub(crate) fn started(&self, version: u64, trial: Option<Trial<'_>>) -> Option<Change> {
        let mut failures = self.lock();
        if failures.version == version && failures.starts > 0 {
            failures.in_a_row = failures.in_a_row.saturating_sub(failures.starts);
            failures.starts = 0;
            if failures.in_a_row == 0 {
                drop(failures);
                return self.succeeded(version, trial);
            }
        }
        drop(failures);
        if let Some(trial) = trial {
            trial.untried();
        }
        None
    }

    /// Takes note of a start of `version` that failed, with or without an instance lost.
    pub(crate) fn not_started(&self, version: u64, trial: Option<Trial<'_>>, lost: bool) -> Option<Change> {
        let mut failures = self.lock();
        if failures.version == version {
            failures.starts = failures.starts.saturating_add(1);
        }
        drop(failures);
        self.failed(version, trial, lost)
    }

    /// Takes note of a failure of `version`, with or without an instance lost.
    pub(crate) fn failed(&self, version: u64, trial: Option<Trial<'_>>, lost: bool) -> Option<Change> {
        let mut failures = self.lock();
        if failures.version != version {
            return None;
        }
        self.troubled.store(true, Ordering::Relaxed);
        failures.lost = failures.lost.saturating_add(lost.into());
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        let limit = failures.breaker.failures;
        let change = match failures.state {
            State::Closed if limit != 0 && failures.in_a_row >= limit => {
                failures.state = State::Open(Instant::now());
                Some(Change::Opened(failures.rest, failures.in_a_row))
            }
            State::Trial if trial.is_some() => {
                failures.rest = failures.rest.saturating_mul(2).min(LONGEST.max(failures.breaker.cooldown));
                failures.state = State::Open(Instant::now());
                None
            }
            _ => None,
        };
        drop(failures);
        drop(trial);
        change
    }

    /// Takes note of an instance that was lost because the caller gave up: that is no failure of the plugin's.
    pub(crate) fn interrupted(&self, version: u64) {
        let mut failures = self.lock();
        if failures.version != version {
            return;
        }
        self.troubled.store(true, Ordering::Relaxed);
        failures.lost = failures.lost.saturating_add(1);
    }

    /// Forgets all failures, as another version or configuration is there.
    pub(crate) fn reset(&self) -> Option<Change> {
        let mut failures = self.lock();
        let was_open = failures.state != State::Closed;
        failures.close();
        self.troubled.store(false, Ordering::Relaxed);
        was_open.then_some(Change::Closed)
    }

    pub(crate) fn health(&self) -> Health {
        let failures = self.lock();
        match (failures.state, failures.lost) {
            (State::Open(_) | State::Trial, _) => Health::Resting,
            (State::Closed, FAILING..) => Health::Failing,
            (State::Closed, 0) if failures.in_a_row == 0 => Health::Healthy,
            (State::Closed, _) => Health::Degraded,
        }
    }

    /// How long it rests yet; none, where a call is let through.
    pub(crate) fn resting(&self) -> Option<Duration> {
        match self.lock().refusal(Instant::now)? {
            Refused::Resting(left) => Some(left),
            Refused::Tried => Some(Duration::ZERO),
        }
    }
}

impl Failures {
    fn close(&mut self) {
        (self.lost, self.in_a_row, self.starts) = (0, 0, 0);
        self.rest = self.breaker.cooldown;
        self.state = State::Closed;
    }

    fn refusal(&self, now: impl FnOnce() -> Instant) -> Option<Refused> {
        match self.state {
            State::Closed => None,
            State::Trial => Some(Refused::Tried),
            State::Open(since) => {
                let left = self.rest.saturating_sub(now().duration_since(since));
                (!left.is_zero()).then_some(Refused::Resting(left))
            }
        }
    }
}

#[cfg(test)]
mod tests;
