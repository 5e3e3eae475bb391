//! Owns the places that a plugin's instances serve in: how many may serve at once, and whose turn it is. It refuses to know
//! how an instance is made, and which version it is of.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use hal9_package::RuntimePolicy;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::task::JoinError;

use crate::instance::Live;
use crate::stats::Stats;

/// What a seat holds: an instance, unless none was made yet or it was lost.
pub(crate) type Slot = Option<Box<Live>>;

/// A place for one instance. Whoever holds the lock has the instance, and writes the counters.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) slot: Arc<Mutex<Slot>>,
    pub(crate) stats: Stats,
}

/// The lock of a seat. An owned one can be lent to a task and taken back, so that whoever has an instance recycled keeps the turn;
/// it costs a little more, and is taken only where instances are recycled.
pub(crate) enum Held<'a> {
    Borrowed(MutexGuard<'a, Slot>),
    Owned(OwnedMutexGuard<Slot>),
}

impl Deref for Held<'_> {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        match self {
            Self::Borrowed(slot) => slot,
            Self::Owned(slot) => slot,
        }
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Slot {
        match self {
            Self::Borrowed(slot) => slot,
            Self::Owned(slot) => slot,
        }
    }
}

impl Seat {
    async fn hold(&self, owned: bool) -> Held<'_> {
        if owned { Held::Owned(self.slot.clone().lock_owned().await) } else { Held::Borrowed(self.slot.lock().await) }
    }

    fn try_hold(&self, owned: bool) -> Option<Held<'_>> {
        if owned {
            self.slot.clone().try_lock_owned().ok().map(Held::Owned)
        } else {
            self.slot.try_lock().ok().map(Held::Borrowed)
        }
    }
}

/// The seats of one plugin. With one instance at a time, a turn is the lock of the first seat and no more; with several, a permit
/// comes before it.
pub(crate) struct Seats {
    parallel: AtomicU32,
    /// Whether instances are recycled.
    recycling: AtomicBool,
    first: Arc<Seat>,
    more: OnceLock<Box<[Arc<Seat>]>>,
    /// As many as there are seats in use.
    permits: Semaphore,
}

/// A turn: a seat that nobody else has. Fields are dropped in this order, so that whoever gets the permit finds the seat free.
pub(crate) struct Turn<'a> {
    pub(crate) seat: &'a Arc<Seat>,
    pub(crate) slot: Held<'a>,
    permit: Option<SemaphorePermit<'a>>,
}

/// Every turn at once: nobody else has any instance.
pub(crate) struct AllTurns<'a> {
    seats: &'a Seats,
    pub(crate) slots: Vec<MutexGuard<'a, Slot>>,
    permit: Option<SemaphorePermit<'a>>,
}

impl Seats {
    pub(crate) fn new(policy: &RuntimePolicy) -> Self {
        let seats = Self {
            parallel: AtomicU32::new(1),
            recycling: AtomicBool::new(policy.recycle_after.is_some()),
            first: Arc::default(),
            more: OnceLock::new(),
            permits: Semaphore::new(1),
        };
        seats.grow(1, policy.parallel);
        seats
    }

    /// How many instances may serve at once.
    pub(crate) fn parallel(&self) -> u32 {
        self.parallel.load(Ordering::Relaxed)
    }

    /// Sets whether instances are recycled.
    pub(crate) fn set_recycling(&self, recycling: bool) {
        self.recycling.store(recycling, Ordering::Relaxed);
    }

    /// All seats that there are, those among them that are not in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Seat>> {
        std::iter::once(&self.first).chain(self.more.get().into_iter().flatten())
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let owned = self.recycling.load(Ordering::Relaxed);
        if self.parallel() == 1 {
            return Turn { seat: &self.first, slot: self.first.hold(owned).await, permit: None };
        }
        self.one_of_many(owned).await
    }

    async fn one_of_many(&self, owned: bool) -> Turn<'_> {
        // Never closed; and without a permit the first seat's lock keeps the order.
        let permit = self.permits.acquire().await.ok();
        // The first that is free, so that there are as few instances as the load needs.
        for seat in self.all().take(self.parallel() as usize) {
            if let Some(slot) = seat.try_hold(owned) {
                return Turn { seat, slot, permit };
            }
        }
        Turn { seat: &self.first, slot: self.first.hold(owned).await, permit }
    }

    /// Waits until all calls that run are over, and keeps new ones waiting. Only for whoever changes the plugin as a whole,
    /// one at a time: else the number of seats would change under it.
    pub(crate) async fn all_turns(&self) -> AllTurns<'_> {
        let permit = self.permits.acquire_many(self.parallel()).await.ok();
        let mut slots = Vec::new();
        for seat in self.all() {
            slots.push(seat.slot.lock().await);
        }
        AllTurns { seats: self, slots, permit }
    }

    /// Sets how many may serve at once while calls go on: where there are to be fewer, once so many turns are over.
    pub(crate) async fn set_parallel(&self, parallel: u32) {
        let before = self.parallel();
        if parallel >= before {
            self.grow(before, parallel);
            return;
        }
        self.parallel.store(parallel, Ordering::Relaxed);
        if let Ok(permits) = self.permits.acquire_many(before - parallel).await {
            permits.forget();
        }
    }

    /// Makes the seats that the first does not do for; once, and all of them, as they are small.
    fn furnish(&self, parallel: u32) {
        if parallel > 1 {
            self.more.get_or_init(|| (1..RuntimePolicy::MAX_PARALLEL).map(|_| Arc::default()).collect());
        }
    }

    fn grow(&self, before: u32, parallel: u32) {
        self.furnish(parallel);
        self.permits.add_permits((parallel - before) as usize);
        self.parallel.store(parallel, Ordering::Relaxed);
    }
}

impl<'a> Turn<'a> {
    /// Has a task do something with the slot, and takes it back. A caller who gives up meanwhile ends neither the task nor its hold
    /// on the slot.
    pub(crate) async fn lend<F>(self, work: impl FnOnce(OwnedMutexGuard<Slot>) -> F) -> Result<Self, JoinError>
    where
        F: Future<Output = OwnedMutexGuard<Slot>> + Send + 'static,
    {
        let Self { seat, slot, permit } = self;
        let slot = match slot {
            Held::Owned(slot) => slot,
            // Instances were not recycled when it was taken: it goes to the end of the queue, once.
            Held::Borrowed(slot) => {
                drop(slot);
                seat.slot.clone().lock_owned().await
            }
        };
        let slot = tokio::spawn(work(slot)).await?;
        Ok(Self { seat, slot: Held::Owned(slot), permit })
    }
}

impl<'a> AllTurns<'a> {
    /// Sets how many may serve at once from now on.
    pub(crate) async fn set_parallel(&mut self, parallel: u32) {
        let before = self.seats.parallel();
        if parallel < before {
            self.seats.parallel.store(parallel, Ordering::Relaxed);
            if let Some(freed) = self.permit.as_mut().and_then(|permit| permit.split((before - parallel) as usize)) {
                freed.forget();
            }
            return;
        }
        // New seats are taken before anybody knows of them.
        self.seats.furnish(parallel);
        for seat in self.seats.all().skip(self.slots.len()) {
            self.slots.push(seat.slot.lock().await);
        }
        self.seats.grow(before, parallel);
    }
}
