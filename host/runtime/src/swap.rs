//! Owns how a new version of a plugin takes over from the one that serves: it is tried, given the state, and put in its place
//! between two calls; a version that fails on the way leaves the other as it was. It refuses to know where versions come from.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use crate::call::Waiting;
use crate::circuit::Breaker;
use crate::error::Step;
use crate::instance::Live;
use crate::life::Carried;
use crate::resident::{Resident, shut_down};
use crate::version::Version;
use crate::{Error, FailureCode, Status};

/// Whether a new version may do more than the one that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widening {
    /// It may not: [`Error::Widened`].
    Refuse,
    /// Whoever decides on grants has seen what is new, and accepts it.
    Accept,
}

/// What it took for a new version to take over.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Swap {
    /// The version that served.
    pub from: semver::Version,
    /// The version that serves.
    pub to: semver::Version,
    /// The bytes of state that were moved.
    pub state: u64,
    /// For how long calls were kept waiting, those included that ran when it began; zero where there was no state to move.
    pub paused: Duration,
    /// The whole of it, from linking to letting the old instances go.
    pub elapsed: Duration,
}

/// What went wrong, where, and whether instances of the old version were lost with their state.
pub(crate) struct Stopped {
    pub(crate) step: Step,
    pub(crate) error: Error,
    pub(crate) lost: bool,
}

impl Stopped {
    pub(crate) fn at(step: Step) -> impl Fn(Error) -> Self {
        move |error| Self { step, error, lost: false }
    }
}

/// What was moved, and for how long calls waited for it.
#[derive(Default)]
pub(crate) struct Moved {
    pub(crate) state: u64,
    pub(crate) paused: Duration,
}

/// Makes the first instance of a version, and asks it how it feels.
pub(crate) async fn probe(version: &Arc<Version>) -> Result<Box<Live>, Stopped> {
    let mut live = Live::start(version, Waiting::NOBODY).await.map_err(Stopped::at(Step::Start))?;
    match live.health().await {
        Ok(Some(report)) if report.status == Status::Unhealthy => {
            let error = Error::Failed {
                plugin: version.id.clone(),
                code: FailureCode::Unavailable,
                message: crate::text::escape(&format!("is unhealthy: {}", report.reason), crate::text::MESSAGE_BYTES),
            };
            shut_down(live, Waiting::NOBODY).await;
            Err(Stopped::at(Step::Health)(error))
        }
        Ok(_) => Ok(live),
        Err(error) => Err(Stopped::at(Step::Health)(error)),
    }
}

/// Has `version`, of which `fresh` is the first instance, serve in place of the one that does. `publish` tells everybody in one step,
/// or says why not. For whoever changes the plugin as a whole.
pub(crate) async fn take_over(
    resident: &Resident,
    version: Arc<Version>,
    fresh: Box<Live>,
    breaker: Breaker,
    publish: impl FnOnce(&mut dyn FnMut()) -> Result<(), Error>,
) -> Result<Moved, Stopped> {
    let publish = |mut spare: Option<Box<Live>>| {
        publish(&mut || spare = resident.set_current(version.clone(), breaker, spare.take()))
            .map_err(Stopped::at(Step::Swap))?;
        resident.forgive();
        Ok(spare)
    };
    if resident.current().keeps_state() {
        return with_state(resident, &version, fresh, publish).await;
    }
    let old_spare = publish(Some(fresh))?;
    resident.seats.set_parallel(version.policy.parallel);
    if let Some(spare) = old_spare {
        shut_down(spare, Waiting::NOBODY).await;
    }
    drain(resident).await;
    Ok(Moved::default())
}

/// Lets the instances of earlier versions go that have not made room yet, each when its call is over.
async fn drain(resident: &Resident) {
    for seat in resident.seats.all() {
        let outdated = seat.slot.lock().await.take_if(|live| !resident.is_current(live));
        if let Some(live) = outdated {
            shut_down(live, Waiting::NOBODY).await;
        }
    }
}

/// Takes over at a moment when no call runs, with what the old instances knew.
async fn with_state(
    resident: &Resident,
    version: &Arc<Version>,
    fresh: Box<Live>,
    publish: impl FnOnce(Option<Box<Live>>) -> Result<Option<Box<Live>>, Stopped>,
) -> Result<Moved, Stopped> {
    let began = Instant::now();
    let mut turns = resident.seats.all_turns().await;
    let states = export(resident, &mut turns.slots).await?;
    let mut successors = import(version, fresh, &states).await?;
    let spare = publish(None)?;
    let mut old: Vec<_> = turns.slots.iter_mut().filter_map(|slot| slot.take()).chain(spare).collect();
    turns.set_parallel(version.policy.parallel).await;
    for slot in turns.slots.iter_mut().take(version.policy.parallel as usize) {
        if let Some(successor) = successors.pop() {
            **slot = Some(successor);
        }
    }
    let paused = began.elapsed();
    drop(turns);
    old.extend(successors);
    for live in old {
        shut_down(live, Waiting::NOBODY).await;
    }
    Ok(Moved { state: states.iter().map(|state| state.len() as u64).sum(), paused })
}

/// What each instance knows that knows something. They stay as they are, but for one that breaks.
async fn export(resident: &Resident, slots: &mut [MutexGuard<'_, Option<Box<Live>>>]) -> Result<Vec<Carried>, Stopped> {
    let mut states = Vec::new();
    for slot in slots {
        let Some(mut live) = slot.take_if(|live| resident.is_current(live)) else { continue };
        let exported = live.export_state(Waiting::Anybody).await;
        let (lost, version) = (live.lost, live.version().number);
        if !lost {
            **slot = Some(live);
        }
        match exported {
            Ok(state) => states.extend(state),
            Err(error) => {
                if lost {
                    resident.note(version, Some(&error), None);
                }
                return Err(Stopped { step: Step::ExportState, error, lost });
            }
        }
    }
    Ok(states)
}

/// An instance of the new version for each state, or `fresh` alone where there is none.
async fn import(version: &Arc<Version>, fresh: Box<Live>, states: &[Carried]) -> Result<Vec<Box<Live>>, Stopped> {
    let stop = Stopped::at(Step::ImportState);
    let kept = if version.policy.persistent { version.policy.parallel as usize } else { 0 };
    if states.len() > kept {
        let instances = if kept == 0 { "none of its instances".to_owned() } else { format!("{kept} instances") };
        return Err(stop(Error::Conflict {
            plugin: Some(version.id.clone()),
            what: format!("{} instances have state, and {instances} of the new version would keep it", states.len()),
            help: "keep `parallel` and `persistent` of `runtime` as they are, or deactivate the plugin first"
                .to_owned(),
        }));
    }
    let mut successors = vec![fresh];
    for (n, state) in states.iter().enumerate() {
        if n > 0 {
            successors.push(Live::start(version, Waiting::Anybody).await.map_err(&stop)?);
        }
        if let Some(successor) = successors.last_mut() {
            successor.import_state(state, Waiting::Anybody).await.map_err(&stop)?;
        }
    }
    Ok(successors)
}
