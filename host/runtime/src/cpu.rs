//! Owns how much processor time plugins get: a share for each, charged by the clock of the thread that it runs on, and for
//! those that compute for long, so many cores for all of them together. It refuses to know deadlines.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::TICK;

/// What a plugin may use at once beyond its share, after it was idle.
const BURST: Duration = Duration::from_millis(200);

/// The processor time of one plugin, over all of its instances and versions.
#[derive(Debug)]
pub(crate) struct Meter {
    /// One for each core that those may use which compute for longer than a tick.
    cores: Arc<Semaphore>,
    account: Mutex<Account>,
}

#[derive(Debug)]
struct Account {
    /// Of one core, over time: more than 0, 1 at most.
    share: f64,
    /// What may be used now, in seconds; less than zero where too much was used.
    level: f64,
    filled: Instant,
    /// All that was charged.
    used: Duration,
}

impl Meter {
    pub(crate) fn new(share: f64, cores: Arc<Semaphore>) -> Self {
        let account = Account { share, level: BURST.as_secs_f64(), filled: Instant::now(), used: Duration::ZERO };
        Self { cores, account: Mutex::new(account) }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the share from now on.
    pub(crate) fn set_share(&self, share: f64) {
        self.account().share = share;
    }

    /// Takes `used` off what may be used; how long to rest, where that was too much.
    fn charge(&self, used: Duration) -> Option<Duration> {
        let mut account = self.account();
        let now = Instant::now();
        let earned = now.duration_since(account.filled).as_secs_f64() * account.share;
        account.filled = now;
        account.used += used;
        account.level = (account.level + earned).min(BURST.as_secs_f64()) - used.as_secs_f64();
        (account.level < 0.0).then(|| Duration::from_secs_f64(-account.level / account.share))
    }

    /// All that was charged.
    pub(crate) fn used(&self) -> Duration {
        self.account().used
    }
}

/// What one instance runs now, charged to its plugin.
#[derive(Debug)]
pub(crate) struct Run {
    meter: Arc<Meter>,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    /// The thread's clock when what has run since was charged last; none, where it was not read.
    mark: Option<Duration>,
    /// When it rested last, for having used too much.
    rested: Option<Instant>,
    /// Whether a whole tick was charged for what was not measured: what runs from that tick to where the call waits or ends is paid.
    prepaid: bool,
    /// Whether it gives way now to a tick that was charged.
    ticked: bool,
    core: Option<OwnedSemaphorePermit>,
}

impl Run {
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        Self { meter, now: Mutex::default() }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges what has run, at an epoch tick; the plugin goes on when the answer is ready. A call that has seen no tick
    /// yet is charged a whole one: it has run for less, and others of its length that see none are charged nothing, so
    /// that no clock is read for short calls. Neither is what runs after its last tick charged then, which makes the sum right. Not for more than has passed since it rested: else a rest that is
    /// shorter than a tick would earn it nothing.
    pub(crate) fn tick(self: &Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let used = {
            let mut now = self.now();
            now.ticked = true;
            now.lap().unwrap_or_else(|| {
                now.prepaid = true;
                now.rested.map_or(TICK, |rested| rested.elapsed().min(TICK))
            })
        };
        let pause = self.meter.charge(used);
        let run = self.clone();
        Box::pin(async move {
            match pause {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    run.now().rested = Some(Instant::now());
                }
                None => tokio::task::yield_now().await,
            }
            // Never closed; and without a core it would go on all the same.
            let core = run.meter.cores.clone().acquire_owned().await.ok();
            run.now().core = core;
        })
    }

    /// Runs what belongs to a call that had to wait once: from there on, all that it runs is charged by the thread's clock.
    pub(crate) fn metered<T>(&self, work: impl FnOnce() -> T) -> T {
        {
            let mut now = self.now();
            (now.mark, now.ticked) = (Some(thread_time()), false);
        }
        let result = work();
        self.pause();
        result
    }

    /// Lets go of the core: what was run is over, or given up.
    pub(crate) fn stop(&self) {
        let mut now = self.now();
        (now.core, now.prepaid, now.ticked) = (None, false, false);
    }

    /// Charges what has run, and lets go of the core.
    fn pause(&self) {
        let used = {
            let mut now = self.now();
            now.core = None;
            let used = now.lap();
            now.mark = None;
            if !std::mem::take(&mut now.ticked) && std::mem::take(&mut now.prepaid) { None } else { used }
        };
        if let Some(used) = used {
            self.meter.charge(used);
        }
    }
}

impl Now {
    /// What has run since this was last asked; none, where nothing was asked yet.
    fn lap(&mut self) -> Option<Duration> {
        let mark = self.mark?;
        let now = thread_time();
        self.mark = Some(now);
        Some(now.saturating_sub(mark))
    }
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(share: f64) -> Arc<Meter> {
        Arc::new(Meter::new(share, Arc::new(Semaphore::new(1))))
    }

    #[test]
    fn a_burst_is_free_and_what_is_beyond_is_rested_for() {
        let meter = meter(0.25);
        assert_eq!(meter.charge(BURST / 2), None);
        let rest = meter.charge(BURST).unwrap();
        let due = BURST / 2 * 4;
        assert!(rest <= due && rest > due / 2, "{rest:?}");
    }

    #[test]
    fn a_whole_core_rests_as_long_as_it_ran_too_much() {
        let rest = meter(1.0).charge(BURST + TICK).unwrap();
        assert!(rest <= TICK, "{rest:?}");
    }

    #[tokio::test]
    async fn what_passed_before_a_rest_is_not_charged_again() {
        let meter = meter(1.0);
        let run = Arc::new(Run::new(meter.clone()));
        meter.charge(BURST + TICK);
        run.tick().await;
        run.stop();
        let before = meter.used();
        run.tick().await;
        let charged = meter.used() - before;
        assert!(charged < TICK, "it has rested just now, and was charged {charged:?}");
    }

    fn spin(time: Duration) {
        let end = thread_time() + time;
        while thread_time() < end {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn what_runs_after_a_whole_tick_was_charged_is_paid_until_the_call_waits() {
        let meter = meter(1.0);
        let run = Arc::new(Run::new(meter.clone()));
        // As a call is polled: the first time without a clock, and it gives way to the tick.
        run.tick().await;
        assert_eq!(meter.used(), TICK);
        run.metered(|| spin(TICK / 4));
        assert_eq!(meter.used(), TICK, "the end of what the tick stands for");
        run.metered(|| spin(TICK / 4));
        assert!(meter.used() >= TICK + TICK / 4, "what runs after a wait is charged by the clock");
    }

    #[tokio::test]
    async fn only_so_many_compute_at_once() {
        let cores = Arc::new(Semaphore::new(1));
        let run = || Arc::new(Run::new(Arc::new(Meter::new(1.0, cores.clone()))));
        let (a, b) = (run(), run());
        a.tick().await;
        let waits = tokio::time::timeout(Duration::from_millis(20), b.tick()).await;
        assert!(waits.is_err(), "the core is taken");
        a.pause();
        b.tick().await;
        assert_eq!(cores.available_permits(), 0);
    }
}
