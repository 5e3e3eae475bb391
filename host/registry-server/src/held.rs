//! How many connections each address has, so that none has them all. It does not know what they are used for.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::limits::network;

/// The connections that are open, by address; no more entries than connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    held: Held,
    address: IpAddr,
}

impl Held {
    /// One more of an address, unless it has `most` already.
    pub(crate) fn take(&self, address: IpAddr, most: usize) -> Option<Hold> {
        let address = network(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.get(&address).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        all.insert(address, count + 1);
        Some(Hold { held: self.clone(), address })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut all = self.held.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_and_nothing_is_left_of_them() {
        let (held, one, other) = (Held::default(), "10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = held.take(one, 2).unwrap();
        let second = held.take(one, 2).unwrap();
        assert!(held.take(one, 2).is_none() && held.take(other, 2).is_some());
        drop(first);
        assert!(held.take(one, 2).is_some());
        assert_eq!(held.0.lock().unwrap().len(), 1);
        // An address that has none has no entry.
        assert!(
            held.take("2001:db8::1".parse().unwrap(), 1)
                .is_some_and(|_hold| held.take("2001:db8::2".parse().unwrap(), 1).is_none())
        );
        drop(second);
        assert!(held.0.lock().unwrap().is_empty());
    }
}
