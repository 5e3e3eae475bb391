//! Numbers that make a request good once (as RFC 8555, 6.5, has them): bound to nothing but time, by a key of this process. It does not know what the
//! request asks for.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::Mutex,
};

use hal9_registry_index::{Seconds, api::Nonce};
use uuid::Uuid;

use crate::{Refusal, clock::now, database::lock, limits::network};

/// A number is good for so many seconds.
const LIFETIME: Seconds = 600;

/// So many that were used are remembered of one network; as only they are, whoever asks for numbers without end fills nothing.
const SHARE: usize = 50_000;

/// Where so many are remembered in all, only networks that have used less than others may go on, up to twice as many.
const MAX_USED: usize = 400_000;

/// The lengths of time and random number in hexadecimal digits.
const TIME: usize = 16;
const RANDOM: usize = 32;

/// The numbers that were used, and the key that makes new ones.
pub(crate) struct Nonces {
    key: [u8; 32],
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    numbers: HashSet<u128>,
    order: VecDeque<(Seconds, u128, IpAddr)>,
    /// How many of them are of each network.
    shares: HashMap<IpAddr, usize>,
}

impl Used {
    /// Forgets those that are too old to be good.
    fn forget(&mut self, now: Seconds) {
        while let Some((_, number, network)) = self.order.front().copied().filter(|(expires, ..)| *expires < now) {
            self.order.pop_front();
            self.numbers.remove(&number);
            if let Some(count) = self.shares.get_mut(&network) {
                *count -= 1;
                if *count == 0 {
                    self.shares.remove(&network);
                }
            }
        }
    }

    /// Remembers one more of a network, if it may have more: none takes the place of the others.
    fn take(&mut self, number: u128, expires: Seconds, network: IpAddr) -> bool {
        let (all, own) = (self.numbers.len(), self.shares.get(&network).copied().unwrap_or_default());
        let fair = all / self.shares.len().max(1);
        let has_room = own < SHARE && (all < MAX_USED || (own < fair && all < 2 * MAX_USED));
        if has_room {
            self.numbers.insert(number);
            self.order.push_back((expires, number, network));
            self.shares.insert(network, own + 1);
        }
        has_room
    }
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self { key: random_key(), used: Mutex::default() }
    }

    /// A new number.
    pub(crate) fn issue(&self) -> Nonce {
        let expires = now() + LIFETIME;
        let body = format!("{expires:016x}{}", Uuid::new_v4().simple());
        let mark = blake3::keyed_hash(&self.key, body.as_bytes()).to_hex();
        Nonce { nonce: format!("{body}{mark}"), expires }
    }

    /// Uses a number up, from an address.
    pub(crate) fn redeem(&self, nonce: &str, address: IpAddr) -> Result<(), Refusal> {
        let bad = |message: &str| {
            Refusal::conflict("bad-nonce", message).help("ask /v1/nonces for another number, and try again once")
        };
        let is_shaped = nonce.len() == TIME + RANDOM + 64 && nonce.bytes().all(|b| b.is_ascii_hexdigit());
        let (body, mark) = if is_shaped { nonce.split_at(TIME + RANDOM) } else { ("", "") };
        let mark = blake3::Hash::from_hex(mark).map_err(|_| bad("this is no number of this registry"))?;
        // The comparison takes the same time wherever the two differ.
        if blake3::keyed_hash(&self.key, body.as_bytes()) != mark {
            return Err(bad("this is no number of this registry, or one of before it was started again"));
        }
        let number = u128::from_str_radix(&body[TIME..], 16).map_err(Refusal::internal)?;
        let expires = Seconds::from_str_radix(&body[..TIME], 16).map_err(Refusal::internal)?;
        let now = now();
        if expires < now {
            return Err(bad("this number is too old"));
        }
        let mut used = lock(&self.used);
        used.forget(now);
        if used.numbers.contains(&number) {
            return Err(bad("this request was sent before"));
        }
        if !used.take(number, expires, network(address)) {
            return Err(Refusal::unavailable("busy", "too much is changed from your network: try again in a while"));
        }
        Ok(())
    }
}

/// A key of this process.
pub(crate) fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    // Of each 16 bytes six bits are always the same; the hash has none that are.
    *blake3::hash(&key).as_bytes()
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses so many up; gives how many were let in.
    fn use_up(used: &mut Used, count: usize, address: &str) -> usize {
        let network = network(address.parse().unwrap());
        let first = used.numbers.len() as u128;
        (first..).take(count).filter(|number| used.take(*number, 600, network)).count()
    }

    #[test]
    fn whoever_uses_numbers_without_end_leaves_room_for_others() {
        let mut used = Used::default();
        assert_eq!(use_up(&mut used, SHARE + 5, "2001:db8::1"), SHARE);
        // All of these are one network.
        assert_eq!(use_up(&mut used, 5, "2001:db8::2"), 0);
        assert_eq!(use_up(&mut used, 5, "2001:db8:0:1::1"), 5);
        for at in 1..=8 {
            use_up(&mut used, SHARE, &format!("10.0.0.{at}"));
        }
        // The last of them came late, and has no more than a fair part.
        assert!((MAX_USED..MAX_USED + SHARE).contains(&used.numbers.len()), "{}", used.numbers.len());
        assert_eq!(use_up(&mut used, 5, "10.0.0.8"), 0);
        assert_eq!(use_up(&mut used, 5, "10.0.0.1"), 0, "it has used more than others");
        assert_eq!(use_up(&mut used, 5, "10.0.0.9"), 5);
    }

    #[test]
    fn what_is_too_old_takes_no_room() {
        let mut used = Used::default();
        use_up(&mut used, 3, "10.0.0.1");
        used.forget(600);
        assert_eq!(used.numbers.len(), 3, "they are good yet");
        used.forget(601);
        assert!(used.numbers.is_empty() && used.order.is_empty() && used.shares.is_empty());
    }

    #[test]
    fn a_number_is_good_once_wherever_it_comes_from() {
        let nonces = Nonces::new();
        let nonce = nonces.issue().nonce;
        nonces.redeem(&nonce, "10.0.0.1".parse().unwrap()).unwrap();
        assert!(nonces.redeem(&nonce, "10.0.0.2".parse().unwrap()).is_err());
    }
}
