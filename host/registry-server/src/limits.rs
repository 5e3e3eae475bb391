//! How often somebody may ask: by address for reading and for passwords, by account for writing. It does not know what is asked for.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};

use crate::{Rates, Refusal};

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// More are not remembered: those that have not asked lately are forgotten.
const MAX_REMEMBERED: usize = 100_000;

/// Who asked how often lately.
pub(crate) struct Limits {
    reads: Limiter<IpAddr>,
    sign_ins: Limiter<IpAddr>,
    writes: Limiter<i64>,
}

impl Limits {
    pub(crate) fn new(rates: &Rates) -> Self {
        let some = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self {
            reads: RateLimiter::hashmap(Quota::per_second(some(rates.reads))),
            sign_ins: RateLimiter::hashmap(Quota::per_minute(some(rates.sign_ins))),
            writes: RateLimiter::hashmap(Quota::per_minute(some(rates.writes))),
        }
    }

    /// Counts a request of an address.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), Refusal> {
        check(&self.reads, &network(address))
    }

    /// Counts a password that is tried, or an account that is made.
    pub(crate) fn sign_in(&self, address: IpAddr) -> Result<(), Refusal> {
        check(&self.sign_ins, &network(address))
    }

    /// Counts what an account changes.
    pub(crate) fn write(&self, account: i64) -> Result<(), Refusal> {
        check(&self.writes, &account)
    }

    /// Forgets who has not asked lately.
    pub(crate) fn forget(&self) {
        self.reads.retain_recent();
        self.sign_ins.retain_recent();
        self.writes.retain_recent();
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(limiter: &Limiter<K>, key: &K) -> Result<(), Refusal> {
    if limiter.len() > MAX_REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(key).map(drop).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Refusal::too_often(wait.as_secs() + 1)
    })
}

/// Whoever has one address of IPv6 has 2^64 of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}
