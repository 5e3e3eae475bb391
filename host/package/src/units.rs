//! Sizes and times as people write them, with units. The units themselves are those of the crates `bytesize` and
//! `humantime`; what this module adds is that nothing is rounded or saturated silently.

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::ParseError;

/// A number of bytes, written `64MiB`, `100MB` or `4096`.
///
/// Reading takes a number without a unit, or with `B`, `KB`, `MB`, `GB`, `TB`, `PB` (powers of 1000) or `KiB`, `MiB`,
/// `GiB`, `TiB`, `PiB` (powers of 1024), in either case and with a fraction; and in JSON or TOML also a plain number.
/// Writing takes the largest unit in which the number is whole, so that reading gives the same number back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// `n` KiB.
    pub const fn kib(n: u64) -> Self {
        Self(n * bytesize::KIB)
    }

    /// `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n * bytesize::MIB)
    }

    /// The number of bytes, or the greatest `usize` where that is smaller.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |fix: &str| Err(ParseError::new(text, "a size", fix));
        match text.parse::<bytesize::ByteSize>() {
            // What bytesize answers for everything that is too large.
            Ok(bytesize::ByteSize(u64::MAX)) => refuse("it must be less than 16 EiB"),
            Ok(size) => Ok(Self(size.0)),
            Err(_) => refuse(
                "write a number of bytes, or a number with a unit such as \"64MiB\" or \"100MB\"",
            ),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 11] = [
            (bytesize::PIB, "PiB"),
            (bytesize::PB, "PB"),
            (bytesize::TIB, "TiB"),
            (bytesize::TB, "TB"),
            (bytesize::GIB, "GiB"),
            (bytesize::GB, "GB"),
            (bytesize::MIB, "MiB"),
            (bytesize::MB, "MB"),
            (bytesize::KIB, "KiB"),
            (bytesize::KB, "KB"),
            (1, "B"),
        ];
        let (factor, unit) = match self.0 {
            0 => (1, "B"),
            bytes => UNITS
                .into_iter()
                .find(|(factor, _)| bytes % factor == 0)
                .unwrap_or((1, "B")),
        };
        f.pad(&format!("{}{unit}", self.0 / factor))
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Size;

        impl Visitor<'_> for Size {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"64MiB\", \"100MB\" or 4096")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }

            // TOML's integers are signed.
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes)
                    .map(ByteSize)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(bytes), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Size)
    }
}

/// Reads a time such as `5s`, `250ms` or `1m 30s`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    humantime::parse_duration(text).map_err(|_| {
        ParseError::new(
            text,
            "a time",
            "write a number with a unit, such as \"5s\", \"250ms\" or \"1m 30s\"",
        )
    })
}
