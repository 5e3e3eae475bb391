//! Owns the time of one call: whose turn it is, which instance answers, and what becomes of that when the call ends badly.
//! It refuses to know what is called.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hal9_package::PluginId;

use crate::bindings::hal9::plugin::types::Failure;
use crate::call::Waiting;
use crate::circuit::Trial;
use crate::instance::Live;
use crate::resident::Resident;
use crate::seats::{Seat, Slot, Turn};
use crate::text::{MESSAGE_BYTES, escape};
use crate::{Call, Error, Kind, fault};

/// A plugin's instance for the time of one call. It is filled in where it stands, as moving it about would cost a short call more
/// than all else that is done here. Dropped before its end, as when the caller gives up, it takes the instance with it: a
/// store that was interrupted is not used again.
pub(crate) struct Lease<'a> {
    resident: &'a Arc<Resident>,
    /// The instance, while the call runs.
    pub(crate) live: Slot,
    started: Option<Instant>,
    /// Whether it counts as a call.
    counted: bool,
    /// Whether the instance was made for this.
    made: bool,
    trial: Option<Trial<'a>>,
    /// Whether the plugin said that it does not work.
    pub(crate) unwell: bool,
    /// Last, so that whoever waits for the plugin finds everything else done: fields are dropped in this order.
    turn: Option<Turn<'a>>,
}

impl<'a> Lease<'a> {
    /// A call of a plugin that has not begun.
    #[inline(always)]
    pub(crate) fn new(resident: &'a Arc<Resident>) -> Self {
        Self { resident, live: None, started: None, counted: true, made: false, trial: None, unwell: false, turn: None }
    }

    /// Begins the call of a plugin that nothing is wrong with, on an instance that is there and free, its limits armed. Whether it
    /// did: where there is anything to wait for or to make, [`Lease::wait`] does.
    #[inline(always)]
    pub(crate) fn begins(&mut self, call: &Call) -> bool {
        if self.resident.circuit.is_troubled() || !self.resident.seats.turn_at_once(&mut self.turn) {
            return false;
        }
        let Some(turn) = &mut self.turn else { return false };
        match &mut *turn.slot {
            Some(live) if self.resident.is_current(live) && !live.is_due() => live.begin(&call.chain, true),
            _ => {
                self.turn = None;
                return false;
            }
        }
        self.started = turn.seat.stats.begin(call.measured);
        self.live = turn.slot.take();
        true
    }

    /// Waits for the plugin's turn, makes an instance where there is none, and arms its limits.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] at once for a plugin that rests, and whatever ends the start.
    pub(crate) async fn wait(&mut self, call: &mut Call) -> Result<(), Error> {
        // In a box, so that calls which need none of it carry none of it along.
        Box::pin(self.open(call)).await
    }

    /// A call that has begun.
    ///
    /// # Errors
    ///
    /// As [`Lease::wait`].
    pub(crate) async fn begin(resident: &'a Arc<Resident>, call: &mut Call) -> Result<Self, Error> {
        let mut lease = Self::new(resident);
        if !lease.begins(call) {
            lease.wait(call).await?;
        }
        Ok(lease)
    }

    /// As [`Lease::begin`], for what does not count as a call.
    ///
    /// # Errors
    ///
    /// As [`Lease::wait`].
    pub(crate) async fn begin_uncounted(resident: &'a Arc<Resident>, call: &mut Call) -> Result<Self, Error> {
        let mut lease = Self::new(resident);
        lease.counted = false;
        lease.wait(call).await?;
        Ok(lease)
    }

    async fn open(&mut self, call: &mut Call) -> Result<(), Error> {
        let (resident, counted) = (self.resident, self.counted);
        if resident.circuit.is_troubled() {
            resident.check()?;
        }
        let times_off = resident.times_off();
        let mut turn = resident.seats.turn().await;
        while counted && turn.slot.as_ref().is_some_and(|live| live.is_due() && resident.is_current(live)) {
            turn = Box::pin(recycled(resident, turn, &call.chain)).await;
        }
        if resident.times_off() != times_off {
            return Err(turned_off(&resident.id));
        }
        let trial = if resident.circuit.is_troubled() { resident.admit()? } else { None };
        let seat: &'a Seat = turn.seat;
        let started = if counted { seat.stats.begin(call.measured) } else { call.measured.then(Instant::now) };
        let mut live = match turn.slot.take() {
            Some(live) if resident.is_current(&live) => live,
            outdated => match Box::pin(make(resident, outdated, &call.chain)).await {
                Ok(live) => {
                    self.made = true;
                    live
                }
                Err((version, error)) => {
                    call.elapsed = ended(seat, counted, Some(&error), started, 0);
                    call.peak_memory = 0;
                    resident.note_start(version, Some(&error), trial);
                    return Err(error);
                }
            },
        };
        live.begin(&call.chain, counted);
        (self.live, self.turn, self.started, self.trial) = (Some(live), Some(turn), started, trial);
        Ok(())
    }

    /// Waits for the plugin's turn, and makes an instance where there is none. It is asked nothing.
    ///
    /// # Errors
    ///
    /// As [`Lease::wait`].
    pub(crate) async fn start(resident: &'a Arc<Resident>) -> Result<(), Error> {
        let call = &mut Call::new();
        let mut lease = Self::begin_uncounted(resident, call).await?;
        if let Some(live) = &lease.live
            && lease.made
            && resident.circuit.is_troubled()
        {
            resident.note_start(live.version().number, None, lease.trial.take());
        }
        lease.cancel(call);
        Ok(())
    }

    /// Ends the call of a function that may answer with a failure: the instance goes back if it is sound, and is dropped if it is
    /// not.
    #[inline]
    pub(crate) fn end<T>(&mut self, call: &mut Call, result: wasmtime::Result<Result<T, Failure>>) -> Result<T, Error> {
        self.end_if(call, result, |_| Ok(()))
    }

    /// As [`Lease::end`], of a function that has no failures.
    #[inline]
    pub(crate) fn end_plain<T>(&mut self, call: &mut Call, result: wasmtime::Result<T>) -> Result<T, Error> {
        match result {
            Ok(reply) => {
                self.answered(call);
                Ok(reply)
            }
            Err(error) => Err(self.broke(call, error)),
        }
    }

    /// As [`Lease::end`]; it went well if `check` finds nothing wrong with the reply, which it may complete.
    #[inline]
    pub(crate) fn end_if<T>(
        &mut self,
        call: &mut Call,
        result: wasmtime::Result<Result<T, Failure>>,
        check: impl FnOnce(&mut T) -> Result<(), String>,
    ) -> Result<T, Error> {
        match result {
            Ok(Ok(mut reply)) => match check(&mut reply) {
                Ok(()) => {
                    self.answered(call);
                    Ok(reply)
                }
                Err(reason) => Err(self.refused(call, |plugin| Error::BadReply {
                    plugin: plugin.clone(),
                    reason: escape(&reason, MESSAGE_BYTES),
                })),
            },
            Ok(Err(failure)) => Err(self.refused(call, |plugin| Error::failed(plugin, failure))),
            Err(error) => Err(self.broke(call, error)),
        }
    }

    /// The call went well: what it emitted is the caller's.
    #[inline]
    fn answered(&mut self, call: &mut Call) {
        let Some(live) = &mut self.live else { return };
        let state = live.store.data_mut();
        if state.output.used() {
            state.finish_output();
        }
        call.emitted.append(&mut state.signals.outbox);
        call.emitted.append(&mut state.plugins.emitted);
        state.limiter.take_refused();
        self.close(call, None, true);
    }

    /// The plugin answered, and not with a reply.
    #[cold]
    fn refused(&mut self, call: &mut Call, error: impl FnOnce(&PluginId) -> Error) -> Error {
        let error = error(&self.resident.id);
        if let Some(live) = &mut self.live {
            let state = live.store.data_mut();
            state.finish_output();
            state.forget();
        }
        self.close(call, Some(&error), true);
        error
    }

    /// The call ended without an answer, and its instance with it.
    #[cold]
    fn broke(&mut self, call: &mut Call, error: wasmtime::Error) -> Error {
        let error = match &mut self.live {
            Some(live) => fault::classify(&live.bounds.version, error, live.store.data_mut()),
            None => Error::internal("a call that was over", error.into_boxed_dyn_error()),
        };
        self.close(call, Some(&error), false);
        error
    }

    /// Counts the call, and gives the instance back if it is `sound`.
    #[inline]
    fn close(&mut self, call: &mut Call, error: Option<&Error>, sound: bool) {
        let (Some(live), Some(turn)) = (self.live.take(), &mut self.turn) else { return };
        let version = &live.bounds.version;
        let (number, peak) = (version.number, live.store.data().limiter.peak());
        if sound && version.policy.persistent {
            *turn.slot = Some(live);
        }
        if self.unwell {
            self.resident.note_unwell(number, self.trial.take());
        } else if self.resident.circuit.is_troubled() || error.is_some_and(Error::is_fatal) {
            self.resident.note(number, error, self.trial.take());
        }
        call.elapsed = ended(turn.seat, self.counted, error, self.started, peak);
        call.peak_memory = peak;
    }

    /// Ends a call that found the plugin without the interface.
    #[cold]
    pub(crate) fn without(&mut self, call: &mut Call, kind: Kind) -> Error {
        self.cancel(call);
        let id = self.resident.id.clone();
        Error::NotFound {
            what: format!("{id} is no {kind}: it does not export `{}`", kind.interface()),
            plugin: Some(id),
            help: "ask another plugin".to_owned(),
        }
    }

    /// Ends a call before anything was called: nothing is known of the plugin that was not known before. Gives the instance back,
    /// which was asked nothing.
    pub(crate) fn cancel(&mut self, call: &mut Call) {
        if let Some(trial) = self.trial.take() {
            trial.untried();
        }
        let (Some(mut live), Some(turn)) = (self.live.take(), &mut self.turn) else { return };
        live.store.data_mut().forget();
        let (peak, persistent) = (live.store.data().limiter.peak(), live.version().policy.persistent);
        if persistent {
            *turn.slot = Some(live);
        }
        call.elapsed = ended(turn.seat, self.counted, None, self.started, peak);
        call.peak_memory = peak;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Nobody waited for the end of the call.
        if let (Some(live), Some(turn)) = (self.live.take(), &self.turn) {
            turn.seat.stats.interrupted();
            self.resident.circuit.interrupted(live.version().number);
        }
    }
}

fn turned_off(plugin: &PluginId) -> Error {
    Error::Unavailable {
        plugin: Some(plugin.clone()),
        limit: None,
        what: format!("{plugin}: it was deactivated before the turn of this call came"),
        help: "activate it, and ask it again".to_owned(),
    }
}

/// Counts how it ended; how long it took, if it was timed.
fn ended(seat: &Seat, counted: bool, error: Option<&Error>, started: Option<Instant>, peak: u64) -> Option<Duration> {
    if counted {
        return seat.stats.ended(error, started, peak);
    }
    seat.stats.note(error, peak);
    started.map(|started| started.elapsed())
}

/// An instance of the version that serves, for a seat that has none, or one of an earlier version; or which version could not
/// begin, and why.
async fn make(resident: &Resident, outdated: Option<Box<Live>>, chain: &[PluginId]) -> Result<Box<Live>, (u64, Error)> {
    if let Some(outdated) = outdated {
        Resident::let_go(outdated);
    }
    match resident.take_spare() {
        Some(live) => Ok(live),
        None => {
            let version = resident.current();
            Live::start(&version, Waiting::Chain(chain)).await.map_err(|error| (version.number, error))
        }
    }
}

/// Has the instance of a seat make room for a fresh one. In a task of its own, so that a caller who gives up meanwhile loses
/// nobody's state; the turn is kept, so that those who wait behind it find a fresh instance.
async fn recycled<'a>(resident: &'a Arc<Resident>, turn: Turn<'a>, chain: &[PluginId]) -> Turn<'a> {
    let (of_task, chain) = (resident.clone(), chain.to_vec());
    let lent = turn.lend(|mut slot| async move {
        recycle(&of_task, &mut slot, &chain).await;
        slot
    });
    match lent.await {
        Ok(turn) => turn,
        Err(error) => {
            tracing::error!(plugin = resident.id.as_ref(), "recycling an instance: {error}");
            resident.seats.turn().await
        }
    }
}

/// Replaces an instance that has served its calls. One that cannot be replaced serves as many again.
async fn recycle(resident: &Resident, slot: &mut Slot, chain: &[PluginId]) {
    let Some(mut old) = slot.take_if(|live| live.is_due() && resident.is_current(live)) else { return };
    match successor(&mut old, Waiting::Chain(chain)).await {
        Ok(fresh) => {
            *slot = Some(fresh);
            Resident::let_go(old);
        }
        Err(error) if old.lost => {
            resident.note(old.version().number, Some(&error), None);
            tracing::warn!(plugin = resident.id.as_ref(), "lost while its state was exported: {error}");
        }
        Err(error) => {
            tracing::warn!(plugin = resident.id.as_ref(), "goes on with its old instance: {error}");
            old.serve_on();
            *slot = Some(old);
        }
    }
}

/// A fresh instance with the state of another of the same version.
async fn successor(old: &mut Box<Live>, waiting: Waiting<'_>) -> Result<Box<Live>, Error> {
    let state = old.export_state(waiting).await?;
    let mut fresh = Live::start(old.version(), waiting).await?;
    if let Some(state) = state {
        fresh.import_state(&state, waiting).await?;
    }
    Ok(fresh)
}
