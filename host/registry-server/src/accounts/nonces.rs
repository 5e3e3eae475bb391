//! Numbers that make a request good once (as RFC 8555, 6.5, has them): bound to nothing but time, by a key of this process. It does not know what the
//! request asks for.

use std::{
    collections::{HashSet, VecDeque},
    sync::Mutex,
};

use hal9_registry_index::{Seconds, api::Nonce};
use uuid::Uuid;

use crate::{Refusal, clock::now, database::lock};

/// A number is good for so many seconds.
const LIFETIME: Seconds = 600;

/// So many that were used are remembered; as only they are, whoever asks for numbers without end fills nothing.
const MAX_USED: usize = 200_000;

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
    order: VecDeque<(Seconds, u128)>,
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

    /// Uses a number up.
    pub(crate) fn redeem(&self, nonce: &str) -> Result<(), Refusal> {
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
        while let Some((_, number)) = used.order.front().copied().filter(|(expires, _)| *expires < now) {
            used.order.pop_front();
            used.numbers.remove(&number);
        }
        if used.numbers.len() >= MAX_USED {
            return Err(Refusal::unavailable("busy", "too much is changed at once: try again"));
        }
        if !used.numbers.insert(number) {
            return Err(bad("this request was sent before"));
        }
        used.order.push_back((expires, number));
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
