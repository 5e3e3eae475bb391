//! Owns what an operator says of one plugin, and how what an environment says lies over the rest. It refuses to know which
//! plugins there are.

use std::collections::BTreeSet;
use std::time::Duration;

use hal9_host::Breaker;
use hal9_package::{LimitOverrides, Permissions, PublicKey, RuntimeOverrides};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::secrets::Reference;

/// What an operator says of one plugin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginSettings {
    /// What it is granted, in place of what it was granted when it was loaded.
    pub(crate) grant: Option<Permissions>,
    /// What it does not get, whatever is granted. What an environment denies is denied besides.
    #[serde(default)]
    pub(crate) deny: Permissions,
    /// Who may sign its packages: `[]` is nobody, and where nothing is said, nobody has been asked. What an environment says takes the place of the rest.
    pub(crate) keys: Option<BTreeSet<PublicKey>>,
    /// Caps on its limits.
    #[serde(default)]
    pub(crate) limits: LimitOverrides,
    /// How its instances are kept, in place of what its manifest says.
    #[serde(default)]
    pub(crate) runtime: RuntimeOverrides,
    /// When it is given a rest.
    #[serde(default)]
    breaker: BreakerSettings,
    /// Its configuration; a value may be a reference to a secret.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
}

/// When a plugin that breaks again and again is given a rest, where it is not the default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakerSettings {
    /// After so many failures in a row; 0 for never.
    failures: Option<u32>,
    /// For how long at first, such as `1s`.
    #[serde(default, deserialize_with = "cooldown")]
    cooldown: Option<Duration>,
}

/// The longest rest at first that can be asked for.
const COOLDOWN: Duration = Duration::from_secs(24 * 3_600);

fn cooldown<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom("write a time of at most a day, such as \"500ms\" or \"1s\"");
    humantime::parse_duration(&text).ok().filter(|time| *time <= COOLDOWN).map(Some).ok_or_else(wrong)
}

impl PluginSettings {
    /// Lays what an environment says over this.
    pub(super) fn overlay(&mut self, over: Self) {
        self.grant = over.grant.or(self.grant.take());
        self.deny.extend(over.deny);
        self.keys = over.keys.or(self.keys.take());
        self.limits = self.limits.with(&over.limits);
        self.runtime = self.runtime.with(&over.runtime);
        self.breaker.failures = over.breaker.failures.or(self.breaker.failures);
        self.breaker.cooldown = over.breaker.cooldown.or(self.breaker.cooldown);
        merge(&mut self.config, over.config);
    }

    /// When it is given a rest for breaking again and again.
    pub(crate) fn breaker(&self) -> Breaker {
        let usual = Breaker::default();
        Breaker {
            failures: self.breaker.failures.unwrap_or(usual.failures),
            cooldown: self.breaker.cooldown.unwrap_or(usual.cooldown),
        }
    }
}

/// Lays one configuration over another: tables are laid over tables, and anything else takes the place of what was there.
fn merge(config: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, over) in over {
        let is_table = |value: &Value| value.is_object() && Reference::of(value).is_none();
        match (config.get_mut(&name).filter(|value| is_table(value)), is_table(&over), over) {
            (Some(Value::Object(members)), true, Value::Object(over)) => merge(members, over),
            (_, _, over) => {
                config.insert(name, over);
            }
        }
    }
}
