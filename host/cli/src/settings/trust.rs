//! Owns what the settings say of signatures: keys, and packages without one. It refuses to know what is signed.

use std::collections::BTreeSet;

use hal9_package::PublicKey;
use serde::Deserialize;

use super::Settings;
use crate::trust::Trust;

/// Whom packages are taken from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustSettings {
    /// Whether a package without a signature may be installed, by who says so.
    pub(super) allow_unsigned: Option<bool>,
    /// Keys that may sign nothing; what is installed by them does not run.
    #[serde(default)]
    pub(super) revoked: BTreeSet<PublicKey>,
}

impl Settings {
    /// Whom packages are taken from.
    pub(crate) fn trust(&self) -> Trust {
        let keys = self.plugins.iter().filter_map(|(id, plugin)| Some((id.clone(), plugin.keys.clone()?)));
        Trust {
            allow_unsigned: self.trust.allow_unsigned.unwrap_or_default(),
            revoked: self.trust.revoked.clone(),
            keys: keys.collect(),
        }
    }
}
