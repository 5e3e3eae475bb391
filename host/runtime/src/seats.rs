//! Owns the places that a plugin's instances serve in: how many may serve at once, and whose turn it is. It refuses to know
//! how an instance is made, and which version it is of.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};

use hal9_package::RuntimePolicy;
use tokio::sync::{Mutex, MutexGuard, Notify, OwnedMutexGuard};
use tokio::task::JoinError;

use crate::instance::Live;
use crate::stats::Stats;

/// What a seat holds: an instance, unless none was made yet or it was lost.
pub(crate) type Slot = Option<Box<Live>>;

/// A place for one instance. Whoever holds the lock has the instance, and writes the counters. Aligned so that no two seats share a
/// cache line, nor the pair that processors fetch at once: threads that write to both would wait for each other.
#[derive(Default)]
#[repr(align(128))]
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

    #[inline]
    fn try_hold(&self, owned: bool) -> Option<Held<'_>> {
        if owned {
            self.slot.clone().try_lock_owned().ok().map(Held::Owned)
        } else {
            self.slot.try_lock().ok().map(Held::Borrowed)
        }
    }
}

/// The seats of one plugin. With one instance at a time, a turn is the lock of the first seat and no more. With several, each
/// thread has a seat that it looks at first, so that threads share nothing that is written; whoever finds none free stands in
/// the queue, and as long as somebody does, nobody passes.
pub(crate) struct Seats {
    parallel: AtomicU32,
    /// Whether instances are recycled.
    recycling: AtomicBool,
    first: Arc<Seat>,
    more: OnceLock<Box<[Arc<Seat>]>>,
    /// Held by the first in the queue: it alone looks for a free seat.
    queue: Mutex<()>,
    /// How many stand in the queue.
    waiting: AtomicU32,
    /// A turn is over, for the first in the queue.
    freed: Notify,
}

/// A turn: a seat that nobody else has. Fields are dropped in this order, so that whoever is told finds the seat free.
pub(crate) struct Turn<'a> {
    pub(crate) seat: &'a Arc<Seat>,
    pub(crate) slot: Held<'a>,
    over: Option<Over<'a>>,
}

/// Tells the first in the queue that a turn is over.
struct Over<'a>(&'a Seats);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        // Pairs with the one in `Queued::new`: either that one sees the free seat, or this sees who waits.
        fence(Ordering::SeqCst);
        if self.0.waiting.load(Ordering::Relaxed) > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// A place in the queue.
struct Queued<'a>(&'a Seats);

impl<'a> Queued<'a> {
    fn new(seats: &'a Seats) -> Self {
        seats.waiting.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Self(seats)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Every turn at once: nobody else has any instance. Fields are dropped in this order, so that the queue goes on when the seats are
/// free.
pub(crate) struct AllTurns<'a> {
    pub(crate) slots: Vec<MutexGuard<'a, Slot>>,
    seats: &'a Seats,
    _first: MutexGuard<'a, ()>,
    _queued: Queued<'a>,
}

impl Seats {
    pub(crate) fn new(policy: &RuntimePolicy) -> Self {
        let seats = Self {
            parallel: AtomicU32::new(1),
            recycling: AtomicBool::new(policy.recycle_after.is_some()),
            first: Arc::default(),
            more: OnceLock::new(),
            queue: Mutex::default(),
            waiting: AtomicU32::new(0),
            freed: Notify::new(),
        };
        seats.set_parallel(policy.parallel);
        seats
    }

    /// How many instances may serve at once.
    pub(crate) fn parallel(&self) -> u32 {
        self.parallel.load(Ordering::Acquire)
    }

    /// Sets how many may serve at once while calls go on: those that have a seat which is not in use any more finish there.
    pub(crate) fn set_parallel(&self, parallel: u32) {
        // All of them, and once, as they are small.
        if parallel > 1 {
            self.more.get_or_init(|| (1..RuntimePolicy::MAX_PARALLEL).map(|_| Arc::default()).collect());
        }
        self.parallel.store(parallel, Ordering::Release);
    }

    /// Sets whether instances are recycled.
    pub(crate) fn set_recycling(&self, recycling: bool) {
        self.recycling.store(recycling, Ordering::Relaxed);
    }

    /// All seats that there are, those among them that are not in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Seat>> {
        std::iter::once(&self.first).chain(self.more.get().into_iter().flatten())
    }

    fn get(&self, at: usize) -> Option<&Arc<Seat>> {
        if at == 0 { Some(&self.first) } else { self.more.get()?.get(at - 1) }
    }

    /// Takes a turn where one is to be had without waiting and without passing anybody; whether there was one.
    #[inline(always)]
    pub(crate) fn turn_at_once<'a>(&'a self, turn: &mut Option<Turn<'a>>) -> bool {
        let owned = self.recycling.load(Ordering::Relaxed);
        let parallel = self.parallel();
        if parallel == 1 {
            // Its lock is handed to whoever waits for it, so nobody is passed.
            let Some(slot) = self.first.try_hold(owned) else { return false };
            *turn = Some(Turn { seat: &self.first, slot, over: None });
            return true;
        }
        if self.waiting.load(Ordering::Relaxed) == 0 {
            *turn = self.any_free(parallel, owned);
        }
        turn.is_some()
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let owned = self.recycling.load(Ordering::Relaxed);
        if self.parallel() == 1 {
            return Turn { seat: &self.first, slot: self.first.hold(owned).await, over: None };
        }
        let _queued = Queued::new(self);
        let _first = self.queue.lock().await;
        loop {
            let freed = self.freed.notified();
            if let Some(turn) = self.any_free(self.parallel(), owned) {
                return turn;
            }
            tokio::select! {
                // A turn that began when there was one seat tells only who waits for its lock.
                slot = self.first.hold(owned) => {
                    return Turn { seat: &self.first, slot, over: Some(Over(self)) };
                }
                () = freed => {}
            }
        }
    }

    /// The first free seat, from that of this thread on.
    fn any_free(&self, parallel: u32, owned: bool) -> Option<Turn<'_>> {
        let (parallel, place) = (parallel as usize, place_of_thread());
        (0..parallel).find_map(|n| {
            let seat = self.get((place + n) % parallel)?;
            Some(Turn { seat, slot: seat.try_hold(owned)?, over: Some(Over(self)) })
        })
    }

    /// Waits until all calls that run are over, and keeps new ones waiting. Only for whoever changes the plugin as a whole,
    /// one at a time: else the number of seats would change under it.
    pub(crate) async fn all_turns(&self) -> AllTurns<'_> {
        let queued = Queued::new(self);
        let first = self.queue.lock().await;
        let mut slots = Vec::new();
        for seat in self.all() {
            slots.push(seat.slot.lock().await);
        }
        AllTurns { slots, seats: self, _first: first, _queued: queued }
    }
}

/// A number that few threads share.
fn place_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed));
    PLACE.with(|place| *place)
}

impl<'a> Turn<'a> {
    /// Has a task do something with the slot, and takes it back. A caller who gives up meanwhile ends neither the task nor its hold
    /// on the slot.
    pub(crate) async fn lend<F>(self, work: impl FnOnce(OwnedMutexGuard<Slot>) -> F) -> Result<Self, JoinError>
    where
        F: Future<Output = OwnedMutexGuard<Slot>> + Send + 'static,
    {
        let Self { seat, slot, over } = self;
        let slot = match slot {
            Held::Owned(slot) => slot,
            // Instances were not recycled when it was taken: it goes to the end of the queue, once.
            Held::Borrowed(slot) => {
                drop(slot);
                seat.slot.clone().lock_owned().await
            }
        };
        let slot = tokio::spawn(work(slot)).await?;
        Ok(Self { seat, slot: Held::Owned(slot), over })
    }
}

impl AllTurns<'_> {
    /// Sets how many may serve at once from now on.
    pub(crate) async fn set_parallel(&mut self, parallel: u32) {
        let before = self.seats.parallel();
        self.seats.set_parallel(parallel.max(before));
        // New seats are taken before anybody can be on them: whoever comes now finds somebody waiting.
        for seat in self.seats.all().skip(self.slots.len()) {
            self.slots.push(seat.slot.lock().await);
        }
        self.seats.set_parallel(parallel);
    }
}
