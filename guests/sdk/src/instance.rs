//! The values behind a plugin's exports: one of each type for the life of the instance, shared by the kinds it serves.
//! Knows nothing of any kind but that a neuron wants its configuration before its first call.
//!
//! A value is borrowed for the time of one call. The component model does not let a call in while another is under
//! way, so the borrow cannot fail there; in native tests it can, and then gives `unavailable`. A panic, which ends a
//! component but not a test, gives the borrow back: a value is never poisoned.

use crate::neuron::NeuronPlugin;
use crate::{ErrorCode, PluginError, Value};
use std::any::{Any, TypeId, type_name};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

/// How a type takes its configuration; `None` where it is no neuron.
pub type Configure<T> = Option<fn(&mut T, Value) -> Result<(), PluginError>>;

/// A type that serves a kind. The export macros implement it, on a type of their own, where they can see whether the
/// author's type is a neuron as well.
pub trait Hosted: 'static {
    /// The author's type.
    type Plugin: Default + 'static;
    /// How it takes its configuration.
    const CONFIGURE: Configure<Self::Plugin>;
}

/// Tells neurons from other types, by an inherent constant that takes precedence over the one of [`NotANeuron`].
pub struct Kinds<T>(PhantomData<T>);

impl<T: NeuronPlugin> Kinds<T> {
    /// A neuron takes its configuration through `update_config`.
    pub const CONFIGURE: Configure<T> = Some(T::update_config);
}

/// The other half of [`Kinds`].
pub trait NotANeuron {
    /// The author's type.
    type Plugin;
    /// Whatever is no neuron takes no configuration.
    const CONFIGURE: Configure<Self::Plugin> = None;
}

impl<T> NotANeuron for Kinds<T> {
    type Plugin = T;
}

/// One value with what the SDK keeps about it.
pub(crate) struct Slot<T> {
    value: RefCell<T>,
    /// The configuration that the value took last.
    taken: RefCell<Option<Value>>,
    /// Signals answered, and answered with a failure.
    pub(crate) processed: Cell<u64>,
    pub(crate) failed: Cell<u64>,
}

impl<T> Slot<T> {
    /// Counts signals answered; a batch that failed is as many failures as it has rows.
    pub(crate) fn count(&self, signals: u64, well: bool) {
        self.processed.set(self.processed.get().saturating_add(signals));
        if !well {
            self.failed.set(self.failed.get().saturating_add(signals));
        }
    }
}

thread_local! {
    /// A list and not a map: it holds a handful, and hashing would import `wasi:random`.
    static SLOTS: RefCell<Vec<(TypeId, Rc<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// The slot of a type, made on first use.
pub(crate) fn slot<T: Default + 'static>() -> Rc<Slot<T>> {
    let find = || {
        let found = SLOTS
            .with_borrow(|slots| slots.iter().find(|(id, _)| *id == TypeId::of::<T>()).map(|(_, slot)| slot.clone()));
        found.and_then(|slot| slot.downcast::<Slot<T>>().ok())
    };
    find().unwrap_or_else(|| {
        // The author's code runs while nothing is borrowed.
        let made = Rc::new(Slot {
            value: RefCell::new(T::default()),
            taken: RefCell::new(None),
            processed: Cell::new(0),
            failed: Cell::new(0),
        });
        find().unwrap_or_else(|| {
            SLOTS.with_borrow_mut(|slots| slots.push((TypeId::of::<T>(), made.clone())));
            made
        })
    })
}

/// Calls `body` with what is kept under a type, which is no plugin and has no configuration; nothing where that is at work already.
pub(crate) fn kept<T: Default + 'static, R>(body: impl FnOnce(&mut T) -> R) -> Option<R> {
    slot::<T>().value.try_borrow_mut().ok().map(|mut value| body(&mut value))
}

/// Calls `body` with the value of a type, which has its configuration by then.
pub(crate) fn with_mut<H: Hosted, R>(
    body: impl FnOnce(&mut H::Plugin) -> Result<R, PluginError>,
) -> Result<R, PluginError> {
    with_mut_of::<H, R>(&slot::<H::Plugin>(), body)
}

/// Like [`with_mut`], for whoever has the slot already: to look for it costs about as much as all else here.
pub(crate) fn with_mut_of<H: Hosted, R>(
    slot: &Slot<H::Plugin>,
    body: impl FnOnce(&mut H::Plugin) -> Result<R, PluginError>,
) -> Result<R, PluginError> {
    configure::<H>(slot)?;
    let mut value = slot.value.try_borrow_mut().map_err(|_| busy::<H>())?;
    body(&mut value)
}

/// Like [`with_mut`], for calls that change nothing.
pub(crate) fn with<H: Hosted, R>(body: impl FnOnce(&H::Plugin) -> Result<R, PluginError>) -> Result<R, PluginError> {
    let slot = slot::<H::Plugin>();
    configure::<H>(&slot)?;
    let value = slot.value.try_borrow().map_err(|_| busy::<H>())?;
    body(&value)
}

/// Like [`with`], for what a type says of itself: that does not wait for a configuration that it takes.
pub(crate) fn with_as_is<H: Hosted, R>(body: impl FnOnce(&H::Plugin) -> R) -> Result<R, PluginError> {
    let slot = slot::<H::Plugin>();
    let _ = configure::<H>(&slot);
    let value = slot.value.try_borrow().map_err(|_| busy::<H>())?;
    Ok(body(&value))
}

/// Hands a neuron its configuration unless it has taken one. What it refuses, it is offered again at the next call, so
/// that every call says what is wrong with it.
fn configure<H: Hosted>(slot: &Slot<H::Plugin>) -> Result<(), PluginError> {
    let Some(take) = H::CONFIGURE else {
        return Ok(());
    };
    if slot.taken.try_borrow().map_err(|_| busy::<H>())?.is_some() {
        return Ok(());
    }
    offer::<H>(slot, take, crate::host::config())
}

/// Hands a neuron another configuration; the type that is no neuron has nothing to take. Gives the one before.
pub(crate) fn reconfigure<H: Hosted>(config: &Value) -> Result<Option<Value>, PluginError> {
    let Some(take) = H::CONFIGURE else {
        return Ok(None);
    };
    let slot = slot::<H::Plugin>();
    let before = slot.taken.try_borrow().map_err(|_| busy::<H>())?.clone();
    offer::<H>(&slot, take, config.clone())?;
    Ok(before)
}

fn offer<H: Hosted>(
    slot: &Slot<H::Plugin>,
    take: fn(&mut H::Plugin, Value) -> Result<(), PluginError>,
    config: Value,
) -> Result<(), PluginError> {
    let mut value = slot.value.try_borrow_mut().map_err(|_| busy::<H>())?;
    take(&mut value, config.clone()).map_err(|error| error.context("the configuration was not taken"))?;
    let mut taken = slot.taken.try_borrow_mut().map_err(|_| busy::<H>())?;
    *taken = Some(config);
    Ok(())
}

fn busy<H: Hosted>() -> PluginError {
    PluginError::new(ErrorCode::Unavailable, format!("{} is at work on another call", type_name::<H::Plugin>()))
}
