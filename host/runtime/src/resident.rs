//! Owns a plugin over all its versions: which one serves, its seats, its counters, and whether it is asked at all. It refuses to know
//! other plugins.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use hal9_package::PluginId;
use wasmtime::component::ResourceAny;

use crate::audit::AuditKind;
use crate::call::Waiting;
use crate::circuit::{Breaker, Change, Circuit, Refused, Trial};
use crate::instance::Live;
use crate::seats::Seats;
use crate::version::Version;
use crate::{Error, PluginStats};

/// A plugin, of which one version serves at a time.
pub(crate) struct Resident {
    pub(crate) id: PluginId,
    current: ArcSwap<Version>,
    /// [`Version::number`] of the one that serves, and its limits `signal_bytes` and `memory`: what calls look at.
    number: AtomicU64,
    signal_bytes: AtomicU64,
    memory: AtomicU64,
    pub(crate) seats: Seats,
    /// How often it was turned off: a call that waited meanwhile was made of a plugin that was on.
    times_off: AtomicU64,
    /// An instance that was made before anybody needed it.
    spare: Mutex<Option<Box<Live>>>,
    pub(crate) circuit: Circuit,
    /// Models that nobody needs any more, with the instance that each lives in; freed when the next call of the algorithm begins.
    pub(crate) released: Mutex<Vec<(u64, ResourceAny)>>,
    /// Held by whoever changes the plugin as a whole: replaces, stops or reconfigures it.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

impl Resident {
    pub(crate) fn new(version: Version, breaker: Breaker) -> Self {
        Self {
            id: version.id.clone(),
            number: AtomicU64::new(version.number),
            signal_bytes: AtomicU64::new(version.limits.signal_bytes.0),
            memory: AtomicU64::new(version.limits.memory.0),
            seats: Seats::new(&version.policy),
            circuit: Circuit::new(breaker, version.number),
            current: ArcSwap::from_pointee(version),
            times_off: AtomicU64::new(0),
            spare: Mutex::default(),
            released: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// The version that serves.
    pub(crate) fn current(&self) -> Arc<Version> {
        self.current.load_full()
    }

    /// Whether an instance is of the version that serves.
    pub(crate) fn is_current(&self, live: &Live) -> bool {
        live.version().number == self.number.load(Ordering::Acquire)
    }

    pub(crate) fn times_off(&self) -> u64 {
        self.times_off.load(Ordering::Relaxed)
    }

    pub(crate) fn signal_bytes(&self) -> u64 {
        self.signal_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn memory(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Has another version serve from now on, with `spare` for whoever needs an instance first; what was kept before. Instances
    /// of the version before are let go when their seats' next turns begin.
    pub(crate) fn set_current(
        &self,
        version: Arc<Version>,
        breaker: Breaker,
        spare: Option<Box<Live>>,
    ) -> Option<Box<Live>> {
        // Whoever asks for it waits until all of this is done.
        let mut kept = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        version.common.meter.set_share(version.limits.cpu_share.fraction());
        self.signal_bytes.store(version.limits.signal_bytes.0, Ordering::Relaxed);
        self.memory.store(version.limits.memory.0, Ordering::Relaxed);
        self.seats.set_recycling(version.policy.recycle_after.is_some());
        let number = version.number;
        self.current.store(version);
        self.number.store(number, Ordering::Release);
        self.circuit.set(breaker, number);
        std::mem::replace(&mut *kept, spare)
    }

    /// The instance that was kept for whoever needs one.
    pub(crate) fn take_spare(&self) -> Option<Box<Live>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends all instances, once the calls that run are over. For whoever changes the plugin as a whole.
    ///
    /// # Errors
    ///
    /// The first of whatever ends a shutdown; the instances are gone all the same.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        self.end(false).await
    }

    /// As [`Resident::stop`], of a plugin that is off: calls that wait for their turn are refused.
    ///
    /// # Errors
    ///
    /// As [`Resident::stop`].
    pub(crate) async fn turn_off(&self) -> Result<(), Error> {
        self.end(true).await
    }

    async fn end(&self, off: bool) -> Result<(), Error> {
        let mut turns = self.seats.all_turns().await;
        let spare = self.take_spare();
        let mut ended = Ok(());
        for mut live in turns.slots.iter_mut().filter_map(|slot| slot.take()).chain(spare) {
            ended = ended.and(live.shutdown(Waiting::Anybody).await);
        }
        if off {
            self.times_off.fetch_add(1, Ordering::Relaxed);
        }
        ended
    }

    pub(crate) fn stats(&self) -> PluginStats {
        let common = &self.current.load().common;
        let instances = common.instances.load(Ordering::Relaxed);
        let mut all = PluginStats::new(instances, common.meter.used(), self.circuit.health(), self.circuit.resting());
        self.seats.all().for_each(|seat| seat.stats.add_to(&mut all));
        all
    }

    /// Whether a call may wait for its turn.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the plugin rests.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.circuit.check().map_err(|refused| self.resting(refused))
    }

    /// Lets a call whose turn it is through.
    ///
    /// # Errors
    ///
    /// As [`Resident::check`].
    pub(crate) fn admit(&self) -> Result<Option<Trial<'_>>, Error> {
        self.circuit.admit().map_err(|refused| self.resting(refused))
    }

    fn resting(&self, refused: Refused) -> Error {
        let id = &self.id;
        let until = match refused {
            Refused::Resting(left) => format!("for {} more", humane(left)),
            Refused::Tried => "until the call that tries it now is over".to_owned(),
        };
        Error::Unavailable {
            plugin: Some(id.clone()),
            limit: None,
            what: format!("{id}: it broke too often in a row, and is not asked {until}"),
            help: format!("see why: hal9 audit show --plugin {id}; then mend it, or give it another configuration"),
        }
    }

    /// Takes note of how a call of an instance of `version` ended. A plugin that could not be asked, for want of room, has not
    /// failed.
    pub(crate) fn note(&self, version: u64, error: Option<&Error>, trial: Option<Trial<'_>>) {
        let change = match error {
            Some(Error::Unavailable { .. }) => None,
            Some(error) if error.is_fatal() => self.circuit.failed(version, trial, true),
            _ => self.circuit.succeeded(version, trial),
        };
        self.tell(change);
    }

    /// Takes note of how a start ended after which nothing was asked.
    pub(crate) fn note_start(&self, version: u64, error: Option<&Error>, trial: Option<Trial<'_>>) {
        let change = match error {
            None => self.circuit.started(version, trial),
            Some(Error::Unavailable { .. }) => None,
            Some(error) => self.circuit.not_started(version, trial, error.is_fatal()),
        };
        self.tell(change);
    }

    /// Takes note that it feels unhealthy.
    pub(crate) fn note_unwell(&self, version: u64, trial: Option<Trial<'_>>) {
        self.tell(self.circuit.failed(version, trial, false));
    }

    /// Forgets all failures.
    pub(crate) fn forgive(&self) {
        self.tell(self.circuit.reset());
    }

    fn tell(&self, change: Option<Change>) {
        let message = match change {
            None => return,
            Some(Change::Opened(rest, failures)) => {
                format!("failed {failures} times in a row: it is not asked for {}", humane(rest))
            }
            Some(Change::Closed) => "works again, and is asked as before".to_owned(),
        };
        self.current.load().note(AuditKind::Breaker, &message);
    }

    /// Puts an instance that is let go out of the way, without keeping anybody waiting.
    pub(crate) fn let_go(live: Box<Live>) {
        // Calls run on a runtime; where there is none any more, it is dropped.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(shut_down(live, Waiting::NOBODY));
        }
    }
}

/// Shuts an instance down. What goes wrong there is on record, and changes nothing.
pub(crate) async fn shut_down(mut live: Box<Live>, waiting: Waiting<'_>) {
    if let Err(error) = live.shutdown(waiting).await {
        tracing::warn!(plugin = error.plugin(), "an instance that was let go: {error}");
    }
}

/// A time in words, rounded up, so that who waits for so long waits long enough.
fn humane(time: std::time::Duration) -> String {
    match time.as_millis() {
        0..10_000 => format!("{} ms", time.as_micros().div_ceil(1_000)),
        millis => format!("{} s", millis.div_ceil(1_000)),
    }
}
