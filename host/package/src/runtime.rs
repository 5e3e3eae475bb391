//! When a plugin's instances are made, kept and replaced, as the manifest wishes and an operator decides. It does not know
//! how an instance is made.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

/// When instances are made and how many there are. `Default` gives what holds where nobody says anything else.
///
/// In serde these are the values that differ from the defaults, as for [`RuntimeOverrides`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RuntimeOverrides", into = "RuntimeOverrides")]
pub struct RuntimePolicy {
    /// Whether the first instance waits for the first call; otherwise it is made when the plugin is loaded.
    pub lazy: bool,
    /// Whether an instance serves one call after another; otherwise each call gets a fresh one.
    pub persistent: bool,
    /// How many calls are served at once, each by an instance of its own: 1 to [`MAX_PARALLEL`](Self::MAX_PARALLEL).
    pub parallel: u32,
    /// After how many calls an instance gives way to a fresh one; never, where it is absent. At least 1.
    pub recycle_after: Option<u64>,
}

/// What a manifest or an operator says of a [`RuntimePolicy`].
///
/// In serde a map of names and values. Unknown names are errors, and so are numbers that nothing could run with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeOverrides {
    /// As [`RuntimePolicy::lazy`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub lazy: Option<bool>,
    /// As [`RuntimePolicy::persistent`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    pub persistent: Option<bool>,
    /// As [`RuntimePolicy::parallel`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "parallel")]
    pub parallel: Option<u32>,
    /// As [`RuntimePolicy::recycle_after`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "recycle_after")]
    pub recycle_after: Option<u64>,
}

impl RuntimePolicy {
    /// The greatest number of calls of one plugin that are served at once.
    pub const MAX_PARALLEL: u32 = 64;

    /// This policy with `overrides` in place of what they name.
    pub fn with(&self, overrides: &RuntimeOverrides) -> Self {
        Self {
            lazy: overrides.lazy.unwrap_or(self.lazy),
            persistent: overrides.persistent.unwrap_or(self.persistent),
            parallel: overrides.parallel.unwrap_or(self.parallel),
            recycle_after: overrides.recycle_after.or(self.recycle_after),
        }
    }

    /// The values that differ from the defaults.
    pub fn overrides(&self) -> RuntimeOverrides {
        let default = Self::default();
        RuntimeOverrides {
            lazy: (self.lazy != default.lazy).then_some(self.lazy),
            persistent: (self.persistent != default.persistent).then_some(self.persistent),
            parallel: (self.parallel != default.parallel).then_some(self.parallel),
            recycle_after: self.recycle_after,
        }
    }
}

impl Default for RuntimePolicy {
    fn default() -> Self {
        Self { lazy: true, persistent: true, parallel: 1, recycle_after: None }
    }
}

impl RuntimeOverrides {
    /// These with `over` in place of what both say something about.
    pub fn with(&self, over: &Self) -> Self {
        Self {
            lazy: over.lazy.or(self.lazy),
            persistent: over.persistent.or(self.persistent),
            parallel: over.parallel.or(self.parallel),
            recycle_after: over.recycle_after.or(self.recycle_after),
        }
    }
}

impl From<RuntimeOverrides> for RuntimePolicy {
    fn from(overrides: RuntimeOverrides) -> Self {
        Self::default().with(&overrides)
    }
}

impl From<RuntimePolicy> for RuntimeOverrides {
    fn from(policy: RuntimePolicy) -> Self {
        policy.overrides()
    }
}

/// A value that is there: `null` would otherwise pass for an absent one.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

fn parallel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = deserializer.deserialize_u64(Number { most: RuntimePolicy::MAX_PARALLEL.into() })?;
    Ok(u32::try_from(number).ok())
}

fn recycle_after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_u64(Number { most: u64::MAX }).map(Some)
}

/// A whole number from 1 to `most`.
struct Number {
    most: u64,
}

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            u64::MAX => f.write_str("a number of calls, at least 1"),
            most => write!(f, "a number of calls at once, 1 to {most}"),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        if (1..=self.most).contains(&number) {
            return Ok(number);
        }
        Err(E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    // TOML's integers are signed.
    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}
