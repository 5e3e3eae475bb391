//! Owns what the settings say of registries: where they are, which key speaks for them, and which plugins are theirs alone. It
//! refuses to know how they are asked.

use std::collections::BTreeMap;

use hal9_package::PublicKey;
use hal9_registry_client::Claim;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::Settings;
use crate::failure::Failure;

/// A registry, as `[registries.NAME]` has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrySettings {
    /// Where it is.
    pub(crate) url: String,
    /// One of its root keys; without one, the first answer is believed, and held against from then on.
    pub(crate) key: Option<PublicKey>,
    /// The plugins that are had from here and from nowhere else.
    #[serde(default, deserialize_with = "claims")]
    pub(crate) plugins: Vec<Claim>,
    /// Where packages are fetched from as well, where `url` does not answer.
    #[serde(default)]
    pub(crate) mirrors: Vec<String>,
    /// Whether plain HTTP will do, also to another machine.
    #[serde(default)]
    pub(crate) insecure: bool,
}

fn claims<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Claim>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.into_iter().map(|text| text.parse().map_err(|error| D::Error::custom(format!("`{text}`: {error}")))).collect()
}

impl Settings {
    /// The registries that are used, by name.
    pub(crate) fn registries(&self) -> &BTreeMap<String, RegistrySettings> {
        &self.registries
    }

    /// The registry with this name.
    ///
    /// # Errors
    ///
    /// Code `not-found`, with those that there are.
    pub(crate) fn registry(&self, name: &str) -> Result<&RegistrySettings, Failure> {
        self.registries.get(name).ok_or_else(|| {
            let known: Vec<_> = self.registries.keys().map(String::as_str).collect();
            let help = match known.as_slice() {
                [] => format!("add it: hal9 registry add {name} URL"),
                known => format!("there are: {}; or add it: hal9 registry add {name} URL", known.join(", ")),
            };
            Failure::not_found(format!("hal9.toml has no registry `{name}`"), help)
        })
    }
}
