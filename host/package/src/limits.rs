//! How much of everything a plugin may use up: names, defaults and written forms of the limits. It does not know how
//! any of them is enforced.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ByteSize, Percent,
    units::{self, Amount},
};

/// One table makes both types and everything that goes through all limits, so that no limit can be forgotten.
///
/// `positive` limits refuse zero, because with zero of them nothing could run at all; of the others, zero means none.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty, $default:expr, $read:literal;)+) => {
        /// All limits of one plugin. `Default` gives what holds where nobody says anything else.
        ///
        /// In serde these are the limits that differ from the defaults, as for [`LimitOverrides`].
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "LimitOverrides", into = "LimitOverrides")]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        /// Some limits: those of a manifest or of a policy that says something about them.
        ///
        /// In serde a map of names and values: sizes such as `"64MiB"`, `"100MB"` or `4096`, times such as `"5s"`,
        /// counts as plain numbers. Unknown names are errors, and so is zero where nothing could run with it.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct LimitOverrides {
            $(
                $(#[doc = $doc])+
                #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = $read, serialize_with = "write")]
                pub $name: Option<$type>,
            )+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl LimitOverrides {
            /// These with `over` in place of what both say something about.
            pub fn with(&self, over: &Self) -> Self {
                Self { $($name: over.$name.or(self.$name),)+ }
            }
        }

        impl Limits {
            /// These limits with `overrides` in place of what they name.
            pub fn with(&self, overrides: &LimitOverrides) -> Self {
                Self { $($name: overrides.$name.unwrap_or(self.$name),)+ }
            }

            /// These limits, each at most what `cap` says of it.
            pub fn capped(&self, cap: &LimitOverrides) -> Self {
                Self { $($name: cap.$name.map_or(self.$name, |most| most.min(self.$name)),)+ }
            }

            /// The limits that differ from the defaults.
            pub fn overrides(&self) -> LimitOverrides {
                let default = Self::default();
                LimitOverrides { $($name: (self.$name != default.$name).then_some(self.$name),)+ }
            }

            /// Every limit with its name and its value as text, in the order of the fields.
            pub fn iter(&self) -> impl Iterator<Item = Limit> + use<> {
                let default = Self::default();
                [$(Limit {
                    name: stringify!($name),
                    value: self.$name.text(),
                    is_default: self.$name == default.$name,
                },)+]
                .into_iter()
            }
        }
    };
}

limits! {
    /// What all memories and tables of the plugin together may take up.
    memory: ByteSize, ByteSize::mib(64), "positive";
    /// How long one call may take, loading and reloading included; a day at most.
    call_time: Duration, Duration::from_secs(5), "positive";
    /// How much of a processor core the plugin may use over time; a short burst may use more.
    cpu_share: Percent, Percent::of(25), "positive";
    /// What one host call may make the host allocate for the plugin's strings and lists.
    host_memory: ByteSize, ByteSize::mib(16), "positive";
    /// How many component-model handles the plugin may hold at once.
    handles: u32, 10_000, "positive";
    /// How many host resources (streams, files, pollables) the plugin may hold at once.
    resources: u32, 1_000, "positive";
    /// How often a second the plugin may call each interface of the host.
    host_calls: u32, 100_000, "positive";
    /// How many connections the plugin may hold at once.
    connections: u32, 10, "or_zero";
    /// The largest body of a request that the plugin may send, and of a response that it may receive.
    http_body: ByteSize, ByteSize::mib(16), "or_zero";
    /// How many files and folders the plugin may hold open at once.
    open_files: u32, 64, "or_zero";
    /// How much the plugin may write to files, from when it was loaded on. A plugin that may write any may make 64 new files,
    /// folders and links, or one for each 4 KiB of this where that is more.
    file_bytes: ByteSize, ByteSize::mib(64), "or_zero";
    /// How much randomness one request may ask for.
    random_bytes: ByteSize, ByteSize::kib(64), "or_zero";
    /// How much one call may write to the log, stdout and stderr together.
    output: ByteSize, ByteSize::kib(256), "or_zero";
    /// The largest content of a signal.
    signal_bytes: ByteSize, ByteSize::mib(1), "positive";
    /// The largest value in HAL9's memory.
    memory_value: ByteSize, ByteSize::mib(1), "or_zero";
    /// How many keys the plugin may have in HAL9's memory.
    memory_keys: u32, 10_000, "or_zero";
    /// How many names of metrics the plugin may use.
    metric_names: u32, 256, "or_zero";
}

/// One limit as `hal9 plugin info` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The name, as a manifest writes it.
    pub name: &'static str,
    /// The value with its unit.
    pub value: String,
    /// Whether the value is the default.
    pub is_default: bool,
}

impl LimitOverrides {
    /// What no manifest raises a limit above, whatever a policy says: these bound what a host keeps for one instance, and with
    /// the number of instances what it keeps for all.
    pub fn ceilings() -> Self {
        Self {
            call_time: Some(Duration::from_secs(60 * 60)),
            host_memory: Some(ByteSize::mib(256)),
            handles: Some(1_000_000),
            resources: Some(100_000),
            random_bytes: Some(ByteSize::mib(16)),
            output: Some(ByteSize::mib(16)),
            signal_bytes: Some(ByteSize::mib(64)),
            memory_value: Some(ByteSize::mib(64)),
            ..Self::default()
        }
    }
}

impl Limits {
    /// What holds of a manifest's limits: each at most its ceiling, and at most what `caps` says of it.
    pub fn effective(&self, caps: &LimitOverrides) -> Self {
        self.capped(&LimitOverrides::ceilings()).capped(caps)
    }
}

impl From<LimitOverrides> for Limits {
    fn from(overrides: LimitOverrides) -> Self {
        Self::default().with(&overrides)
    }
}

impl From<Limits> for LimitOverrides {
    fn from(limits: Limits) -> Self {
        limits.overrides()
    }
}

fn or_zero<'de, D: Deserializer<'de>, A: Amount>(deserializer: D) -> Result<Option<A>, D::Error> {
    units::read(deserializer, |_| Ok(())).map(Some)
}

fn positive<'de, D: Deserializer<'de>, A: Amount>(deserializer: D) -> Result<Option<A>, D::Error> {
    let check = |amount: A| {
        if amount == A::default() {
            return Err("it is zero, and nothing could run with it: write more, or leave it out");
        }
        Ok(())
    };
    units::read(deserializer, check).map(Some)
}

fn write<S: Serializer, A: Amount>(amount: &Option<A>, serializer: S) -> Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => amount.write(serializer),
        None => serializer.serialize_none(),
    }
}
