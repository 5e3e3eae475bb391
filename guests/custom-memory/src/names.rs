//! What the values in HAL9's memory are called, and how a name is read back. Knows nothing of what is in them.
//!
//! | name | what |
//! |---|---|
//! | `d/KEY/SEQUENCE.CONTENT.PARTS` | the record of an entry, and its value where that fits beside it |
//! | `p/KEY/SEQUENCE.CONTENT.PARTS/NUMBER` | one part of a value that does not |
//! | `s/NUMBER` | a segment of the index |
//!
//! `KEY` is the hash of the entry's key, so that keys may be of any length and have any characters in them; `CONTENT`
//! is the hash of all that is kept under it; `PARTS` counts the parts. All are lower-case hexadecimal of a fixed
//! length, so that names sort by key, then by sequence.

use std::fmt::{self, Write};

/// Where records are.
pub(crate) const RECORDS: &str = "d/";
/// Where parts are.
pub(crate) const PARTS: &str = "p/";
/// Where segments are.
pub(crate) const SEGMENTS: &str = "s/";

/// The hash (BLAKE3) of an entry's key: who the entry is.
pub(crate) type KeyHash = [u8; 32];

/// The hash (BLAKE3, its first half) of an entry's key, metadata and value: what is kept.
pub(crate) type ContentHash = [u8; 16];

/// The hash of a key.
pub(crate) fn key_hash(key: &str) -> KeyHash {
    *blake3::hash(key.as_bytes()).as_bytes()
}

/// One version of an entry. Of two versions with the same key that with the higher sequence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) key: KeyHash,
    /// Counts the versions of this key, from 1.
    pub(crate) sequence: u64,
    pub(crate) content: ContentHash,
    /// Parts that its value is in; 0 where it is in the record.
    pub(crate) parts: u8,
}

impl Version {
    /// The name of its record.
    pub(crate) fn record(&self) -> String {
        format!("{RECORDS}{self}")
    }

    /// The name of part `number` of its value.
    pub(crate) fn part(&self, number: u8) -> String {
        format!("{PARTS}{self}/{number:02x}")
    }

    /// How many names it takes up.
    pub(crate) fn names(&self) -> usize {
        1 + usize::from(self.parts)
    }

    /// The version whose record has this name.
    pub(crate) fn of_record(name: &str) -> Option<Self> {
        Self::parse(name.strip_prefix(RECORDS)?)
    }

    /// The version that a part of this name belongs to.
    pub(crate) fn of_part(name: &str) -> Option<Self> {
        Self::parse(name.strip_prefix(PARTS)?.rsplit_once('/')?.0)
    }

    fn parse(text: &str) -> Option<Self> {
        let (key, rest) = text.split_once('/')?;
        let (sequence, rest) = rest.split_once('.')?;
        let (content, parts) = rest.split_once('.')?;
        Some(Self {
            key: unhex(key)?,
            sequence: u64::from_be_bytes(unhex(sequence)?),
            content: unhex(content)?,
            parts: u8::from_be_bytes(unhex(parts)?),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:016x}.{}.{:02x}", hex(&self.key), self.sequence, hex(&self.content), self.parts)
    }
}

/// What the names of all records of a key begin with.
pub(crate) fn records_of(key: &KeyHash) -> String {
    format!("{RECORDS}{}/", hex(key))
}

/// The name of a segment.
pub(crate) fn segment(number: u32) -> String {
    format!("{SEGMENTS}{number:08x}")
}

/// The number of the segment of this name.
pub(crate) fn segment_number(name: &str) -> Option<u32> {
    unhex(name.strip_prefix(SEGMENTS)?).map(u32::from_be_bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_not() {
        let version = Version { key: key_hash("a key"), sequence: 77, content: [0xab; 16], parts: 8 };
        assert_eq!(Version::of_record(&version.record()), Some(version));
        assert_eq!(Version::of_part(&version.part(3)), Some(version));
        assert_eq!(segment_number(&segment(0x0102_0304)), Some(0x0102_0304));
        assert!(version.part(u8::MAX).len() <= 512, "a name that HAL9's memory refuses");
        assert!(version.record().starts_with(&records_of(&version.key)));
        for odd in [
            "",
            "d/",
            "d/00/1.2.3",
            "p/x",
            "s/+0000001",
            "s/000000é1",
            &version.record().to_uppercase(),
            &version.part(1),
        ] {
            assert_eq!((Version::of_record(odd), segment_number(odd)), (None, None), "{odd}");
        }
    }

    #[test]
    fn later_versions_sort_behind_earlier_ones() {
        let version = |sequence| Version { key: [1; 32], sequence, content: [9; 16], parts: 0 }.record();
        assert!(version(9) < version(10) && version(255) < version(256));
    }
}
