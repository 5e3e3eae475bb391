//! Owns the time of one call: whose turn it is, which instance answers, and what becomes of that when the call ends badly.
//! It refuses to know what is called.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hal9_package::PluginId;

use crate::bindings::hal9::plugin::types::Failure;
use crate::call::Waiting;
use crate::circuit::Trial;
use crate::instance::Live;
use crate::resident::{Interrupted, Resident};
use crate::seats::{Seat, Slot, Turn};
use crate::text::{MESSAGE_BYTES, escape};
use crate::{Call, Error, Kind, fault};

/// A plugin's instance for the time of one call. Dropped before [`Lease::end`], as when the caller gives up, it takes
/// the instance with it: a store that was interrupted is not used again.
pub(crate) struct Lease<'a> {
    resident: &'a Resident,
    interrupted: Interrupted<'a>,
    pub(crate) live: Box<Live>,
    started: Option<Instant>,
    /// Whether it counts as a call.
    counted: bool,
    /// Whether the instance was made for this.
    made: bool,
    trial: Option<Trial<'a>>,
    /// Whether the plugin said that it does not work.
    pub(crate) unwell: bool,
    /// Last, so that whoever waits for the plugin finds everything else done: fields are dropped in this order.
    turn: Turn<'a>,
}

impl<'a> Lease<'a> {
    /// Waits for the plugin's turn, makes an instance where there is none, and arms its limits.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] at once for a plugin that rests, and whatever ends the start.
    pub(crate) fn begin(
        resident: &'a Arc<Resident>,
        call: &mut Call,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        Self::open(resident, call, true)
    }

    /// As [`Lease::begin`], for what does not count as a call.
    pub(crate) fn begin_uncounted(
        resident: &'a Arc<Resident>,
        call: &mut Call,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        Self::open(resident, call, false)
    }

    async fn open(resident: &'a Arc<Resident>, call: &mut Call, counted: bool) -> Result<Self, Error> {
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
        let mut made = false;
        let mut live = match turn.slot.take() {
            Some(live) if resident.is_current(&live) => live,
            outdated => match Box::pin(make(resident, outdated, &call.chain)).await {
                Ok(live) => {
                    made = true;
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
        let interrupted = Interrupted(Some((resident, seat, live.version().number)));
        Ok(Self { resident, turn, live, started, counted, made, trial, interrupted, unwell: false })
    }

    /// Waits for the plugin's turn, and makes an instance where there is none. It is asked nothing.
    ///
    /// # Errors
    ///
    /// As [`Lease::begin`].
    pub(crate) async fn start(resident: &'a Arc<Resident>) -> Result<(), Error> {
        let call = &mut Call::new();
        let mut lease = Self::begin_uncounted(resident, call).await?;
        if lease.made && resident.circuit.is_troubled() {
            resident.note_start(lease.live.version().number, None, lease.trial.take());
        }
        lease.cancel(call);
        Ok(())
    }

    /// Ends the call: the instance goes back if it is sound, and is dropped if it is not.
    pub(crate) fn end<T>(self, call: &mut Call, result: wasmtime::Result<Result<T, Failure>>) -> Result<T, Error> {
        self.end_if(call, result, |_| Ok(()))
    }

    /// Ends the call, which went well if `check` finds nothing wrong with the reply.
    pub(crate) fn end_if<T>(
        mut self,
        call: &mut Call,
        result: wasmtime::Result<Result<T, Failure>>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Result<T, Error> {
        self.interrupted.0 = None;
        let Live { store, bounds, .. } = &mut *self.live;
        let (version, state) = (&bounds.version, store.data_mut());
        let (number, peak) = (version.number, state.limiter.peak());
        let result = match result {
            Ok(result) => {
                if state.output.used() {
                    state.finish_output();
                }
                let result = result.map_err(|failure| Error::failed(&version.id, failure)).and_then(|reply| {
                    check(&reply).map_err(|reason| Error::BadReply {
                        plugin: version.id.clone(),
                        reason: escape(&reason, MESSAGE_BYTES),
                    })?;
                    Ok(reply)
                });
                let emitted = state.signals.outbox.drain(..).chain(state.plugins.emitted.drain(..));
                if result.is_ok() {
                    call.emitted.extend(emitted);
                } else {
                    drop(emitted);
                }
                state.limiter.take_refused();
                if version.policy.persistent {
                    *self.turn.slot = Some(self.live);
                }
                result
            }
            Err(error) => Err(fault::classify(version, error, state)),
        };
        let error = result.as_ref().err();
        if self.unwell {
            self.resident.note_unwell(number, self.trial);
        } else if self.resident.circuit.is_troubled() || error.is_some_and(Error::is_fatal) {
            self.resident.note(number, error, self.trial);
        }
        call.elapsed = ended(self.turn.seat, self.counted, error, self.started, peak);
        call.peak_memory = peak;
        result
    }

    /// Ends a call that found the plugin without the interface.
    pub(crate) fn without(self, call: &mut Call, kind: Kind) -> Error {
        let id = self.resident.id.clone();
        self.cancel(call);
        Error::NotFound {
            what: format!("{id} is no {kind}: it does not export `{}`", kind.interface()),
            plugin: Some(id),
            help: "ask another plugin".to_owned(),
        }
    }

    /// Ends a call before anything was called: nothing is known of the plugin that was not known before.
    pub(crate) fn cancel(mut self, call: &mut Call) {
        if let Some(trial) = self.trial.take() {
            trial.untried();
        }
        self.put_back(call);
    }

    /// Gives the instance back, which was asked nothing.
    fn put_back(mut self, call: &mut Call) {
        self.interrupted.0 = None;
        let Live { store, bounds, .. } = &mut *self.live;
        store.data_mut().forget();
        let (peak, persistent) = (store.data().limiter.peak(), bounds.version.policy.persistent);
        if persistent {
            *self.turn.slot = Some(self.live);
        }
        call.elapsed = ended(self.turn.seat, self.counted, None, self.started, peak);
        call.peak_memory = peak;
    }
}

fn turned_off(plugin: &PluginId) -> Error {
    Error::Unavailable {
        plugin: Some(plugin.clone()),
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
