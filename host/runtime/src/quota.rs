//! Owns bounds on what is held and given back: a plugin's own, and within them that of all plugins together. It refuses to
//! know what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of something there is, and how much of it is in use.
#[derive(Debug)]
pub(crate) struct Pool {
    limit: u64,
    used: AtomicU64,
}

impl Pool {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    /// Takes `amount`, or nothing where there is not as much.
    pub(crate) fn take(&self, amount: u64) -> bool {
        let add = |used: u64| used.checked_add(amount).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn give_back(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// What a plugin may hold, out of what all plugins may hold.
#[derive(Debug)]
pub(crate) struct Quota {
    own: Pool,
    all: Arc<Pool>,
}

/// Which of the two bounds was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The plugin's own.
    Own,
    /// That of all plugins together.
    All,
}

impl Full {
    /// Whose bound it is, in words.
    pub(crate) fn whose(self) -> &'static str {
        match self {
            Self::Own => "the plugin's own",
            Self::All => "that of all plugins together",
        }
    }
}

impl Quota {
    pub(crate) fn new(limit: u64, all: Arc<Pool>) -> Self {
        Self { own: Pool::new(limit), all }
    }

    /// As the next version of a plugin has it: what the version before used stays used, unless the bound is another.
    pub(crate) fn after(self: Arc<Self>, before: &Arc<Self>) -> Arc<Self> {
        if self.own.limit == before.own.limit { before.clone() } else { self }
    }

    /// Takes `amount` for good.
    pub(crate) fn spend(&self, amount: u64) -> Result<(), Full> {
        if !self.own.take(amount) {
            return Err(Full::Own);
        }
        if !self.all.take(amount) {
            self.own.give_back(amount);
            return Err(Full::All);
        }
        Ok(())
    }

    /// Gives back what was spent.
    pub(crate) fn give_back(&self, amount: u64) {
        self.own.give_back(amount);
        self.all.give_back(amount);
    }

    /// Takes one until the answer is dropped.
    pub(crate) fn hold(self: &Arc<Self>) -> Result<Held, Full> {
        self.spend(1)?;
        Ok(Held(self.clone()))
    }
}

/// One that is held.
#[derive(Debug)]
pub(crate) struct Held(Arc<Quota>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.give_back(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_has_its_own_bound_within_that_of_all() {
        let all = Arc::new(Pool::new(3));
        let (a, b) = (Arc::new(Quota::new(2, all.clone())), Arc::new(Quota::new(2, all.clone())));
        let held = [a.hold().unwrap(), a.hold().unwrap()];
        assert_eq!(a.hold().unwrap_err(), Full::Own);
        let other = b.hold().unwrap();
        assert_eq!(b.hold().unwrap_err(), Full::All);
        drop(held);
        b.spend(1).unwrap();
        drop(other);
        assert_eq!(all.used(), 1, "what is held comes back, what is spent does not");
        assert_eq!(a.spend(u64::MAX).unwrap_err(), Full::Own);
    }
}
