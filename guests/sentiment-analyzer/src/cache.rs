//! Keeps analyses in HAL9's memory, where they outlive the instance and are shared with others of this plugin. It knows
//! bytes and keys; what cannot be read, or is not for this text, it takes as not there.
//!
//! The cache is a table of [`SLOTS`] keys, and the hash of a text says which one is its own: a newer text evicts an
//! older one from the same slot. So it is bounded without a count of what is kept, and without a list of keys to walk.

use crate::analysis::Analysis;
use crate::emotions::{Emotions, NAMES};
use hal9_plugin_sdk::{HostError, memory_get, memory_set};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// How many analyses are kept, at most. Well under the 10 000 keys that a plugin may keep.
const SLOTS: u64 = 4096;
/// Raised whenever the form of a value changes, and whenever the same text is analysed to something else: then what is
/// kept is no longer read, and is overwritten in time.
const VERSION: u8 = 1;

const NUMBERS: usize = 4 + NAMES.len();
const DIGEST: usize = 16;
const CHECK: usize = 8;
const VALUE: usize = 1 + DIGEST + NUMBERS * 8 + CHECK;

/// What stands for a text: 128 bits of its hash. Two texts with the same one would need luck or a search beyond reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; DIGEST]);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        Self(hash(text.as_bytes()).to_le_bytes())
    }

    fn key(self) -> String {
        let [low, high, ..] = self.0;
        format!("analysis/{:03x}", u64::from(u16::from_le_bytes([low, high])) % SLOTS)
    }
}

/// The analysis that is kept for a text, if there is one. The error is the memory's.
pub(crate) fn look_up(text: Digest) -> Result<Option<Analysis>, HostError> {
    let value = memory_get(text.key())?;
    Ok(value.and_then(|value| decode(text, &value)))
}

/// Keeps the analysis of a text. The error is the memory's.
pub(crate) fn keep(text: Digest, analysis: &Analysis) -> Result<(), HostError> {
    memory_set(text.key(), encode(text, analysis))
}

/// Version, digest, numbers, and a check over all of these; little-endian throughout.
fn encode(text: Digest, analysis: &Analysis) -> Vec<u8> {
    let mut value = Vec::with_capacity(VALUE);
    value.push(VERSION);
    value.extend(text.0);
    let Analysis { score, positive, negative, neutral, emotions } = analysis;
    let emotions = emotions.0.map(f64::from);
    for number in [*score, *positive, *negative, *neutral].iter().chain(&emotions) {
        value.extend(number.to_le_bytes());
    }
    value.extend(check(&value));
    value
}

fn decode(text: Digest, value: &[u8]) -> Option<Analysis> {
    let (body, found) = value.split_last_chunk::<CHECK>()?;
    if value.len() != VALUE || *found != check(body) {
        return None;
    }
    let numbers = body.strip_prefix(&[VERSION])?.strip_prefix(&text.0)?;
    let (numbers, _) = numbers.as_chunks::<8>();
    let mut numbers = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let mut next = || numbers.next();
    let (score, positive, negative, neutral) = (next()?, next()?, next()?, next()?);
    let mut emotions = Emotions::default();
    for share in &mut emotions.0 {
        *share = next()? as f32;
    }
    Some(Analysis { score, positive, negative, neutral, emotions })
}

fn check(body: &[u8]) -> [u8; CHECK] {
    (hash(body) as u64).to_le_bytes()
}

fn hash(bytes: &[u8]) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish128().as_u128()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::analysis::analyze;
    use hal9_plugin_sdk::{memory_keys, testing};

    const TEXT: &str = "What a wonderful surprise!";

    #[test]
    fn an_analysis_comes_back_as_it_was() {
        let (digest, analysis) = (Digest::of(TEXT), analyze(TEXT));
        assert_eq!(decode(digest, &encode(digest, &analysis)), Some(analysis));
        assert_eq!(look_up(digest), Ok(None));
        assert_eq!(keep(digest, &analysis), Ok(()));
        assert_eq!(look_up(digest), Ok(Some(analysis)));
    }

    #[test]
    fn a_value_that_is_damaged_or_of_another_text_is_not_there() {
        let digest = Digest::of(TEXT);
        let value = encode(digest, &analyze(TEXT));
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(digest, &damaged), None, "byte {at}");
            assert_eq!(decode(digest, &value[..at]), None, "cut at {at}");
        }
        assert_eq!(decode(digest, &[&value[..], b"x"].concat()), None);
        assert_eq!(decode(Digest::of("another"), &value), None);
    }

    #[test]
    fn a_value_of_another_version_is_not_there() {
        let digest = Digest::of(TEXT);
        let mut value = encode(digest, &analyze(TEXT));
        value[0] = VERSION + 1;
        let body = value.len() - CHECK;
        let sum = check(&value[..body]);
        value[body..].copy_from_slice(&sum);
        assert_eq!(decode(digest, &value), None);
    }

    #[test]
    fn the_table_has_its_size_whatever_is_put_in() {
        testing::reset();
        let analysis = Analysis::default();
        for text in 0..30_000 {
            let digest = Digest::of(&text.to_string());
            assert_eq!(keep(digest, &analysis), Ok(()));
            assert_eq!(look_up(digest), Ok(Some(analysis)));
        }
        let keys = memory_keys("").unwrap().len() as u64;
        assert!(keys <= SLOTS && keys > SLOTS / 2, "{keys} keys");
    }
}
