//! Sizes, times and shares as people write them, with units. The units themselves are those of the crates `bytesize` and
//! `humantime`; what this module adds is that nothing is rounded or saturated silently.

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Unexpected, Visitor},
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
            Err(_) => refuse("write a number of bytes, or a number with a unit such as \"64MiB\" or \"100MB\""),
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
            bytes => UNITS.into_iter().find(|(factor, _)| bytes % factor == 0).unwrap_or((1, "B")),
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
        read(deserializer, |_| Ok(()))
    }
}

/// A share of a whole, written `25%`; 100 % at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    /// `n` percent; 100, where it is more.
    pub const fn of(n: u8) -> Self {
        Self(if n > 100 { 100 } else { n })
    }

    /// The share as a part of one.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", self.0))
    }
}

/// The value of a limit in its written forms.
pub(crate) trait Amount: Copy + Default + PartialEq {
    /// What a message says is expected.
    const EXPECTED: &str;

    /// The value of a plain number; `None` where a number is not one.
    fn from_number(number: u64) -> Option<Self>;
    /// The value of a text; `None` where a text is not one.
    fn from_text(text: &str) -> Option<Result<Self, String>>;
    /// The text that people read.
    fn text(self) -> String;
    /// The form in a file.
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Amount for ByteSize {
    const EXPECTED: &str = "a size such as \"64MiB\", \"100MB\" or 4096";

    fn from_number(number: u64) -> Option<Self> {
        Some(Self(number))
    }

    fn from_text(text: &str) -> Option<Result<Self, String>> {
        Some(text.parse().map_err(|error: ParseError| error.to_string()))
    }

    fn text(self) -> String {
        self.to_string()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl Amount for Percent {
    const EXPECTED: &str = "a share such as \"25%\"";

    fn from_number(_: u64) -> Option<Self> {
        None
    }

    fn from_text(text: &str) -> Option<Result<Self, String>> {
        let number = text.strip_suffix('%').and_then(|number| number.trim_end().parse().ok());
        Some(match number {
            Some(number @ 0..=100) => Ok(Self(number)),
            _ => Err(ParseError::new(text, "a share", "write \"1%\" to \"100%\"").to_string()),
        })
    }

    fn text(self) -> String {
        self.to_string()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self)
    }
}

impl Amount for u32 {
    const EXPECTED: &str = "a whole number up to 4294967295";

    fn from_number(number: u64) -> Option<Self> {
        number.try_into().ok()
    }

    fn from_text(_: &str) -> Option<Result<Self, String>> {
        None
    }

    fn text(self) -> String {
        self.to_string()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self)
    }
}

/// The longest time. Beyond any sensible call, and small enough that adding it to a clock cannot overflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Amount for Duration {
    const EXPECTED: &str = "a time with a unit, such as \"5s\" or \"250ms\"";

    fn from_number(_: u64) -> Option<Self> {
        None
    }

    fn from_text(text: &str) -> Option<Result<Self, String>> {
        let refuse = |fix: &str| Err(ParseError::new(text, "a time", fix).to_string());
        Some(match humantime::parse_duration(text) {
            Ok(time) if time <= LONGEST => Ok(time),
            Ok(_) => refuse("it is longer than a day, write at most \"24h\""),
            Err(_) => refuse("write a number with a unit, such as \"5s\", \"250ms\" or \"1m 30s\""),
        })
    }

    fn text(self) -> String {
        humantime::format_duration(self).to_string()
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self))
    }
}

/// Reads an amount that `check` accepts. As for [`text::read`](crate::text::read), the check runs where the position is
/// still known.
pub(crate) fn read<'de, D: Deserializer<'de>, A: Amount>(
    deserializer: D,
    check: fn(A) -> Result<(), &'static str>,
) -> Result<A, D::Error> {
    struct Checked<A>(fn(A) -> Result<(), &'static str>);

    impl<A: Amount> Checked<A> {
        fn check<E: de::Error>(self, amount: A) -> Result<A, E> {
            (self.0)(amount).map_err(E::custom).map(|()| amount)
        }
    }

    impl<A: Amount> Visitor<'_> for Checked<A> {
        type Value = A;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(A::EXPECTED)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<A, E> {
            match A::from_number(number) {
                Some(amount) => self.check(amount),
                None => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            }
        }

        // TOML's integers are signed.
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<A, E> {
            match u64::try_from(number) {
                Ok(number) => self.visit_u64(number),
                Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
            }
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<A, E> {
            match A::from_text(text) {
                Some(amount) => self.check(amount.map_err(E::custom)?),
                None => Err(E::invalid_type(Unexpected::Str(text), &self)),
            }
        }
    }

    // Not by the amount's own type: a number in a text's place is told what to write, not that it is no string.
    deserializer.deserialize_any(Checked(check))
}
