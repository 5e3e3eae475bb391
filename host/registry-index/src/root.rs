//! Which keys speak for a registry, and how that changes. It does not know where a root is kept.

use hal9_package::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Distrust, Seconds, Signed, Statement};

/// Which keys speak for a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The registry's identity: a UUID that it was given when it was made, whatever it is called and wherever it is.
    pub registry: String,
    /// 1 for the first; each change of keys has the next number.
    pub version: u64,
    /// When it was made.
    pub issued: Seconds,
    /// The keys that may sign the next root. One signature is enough: these keys are for being kept away from the server.
    #[schema(value_type = Vec<String>)]
    pub root_keys: Vec<PublicKey>,
    /// The keys that may sign the index.
    #[schema(value_type = Vec<String>)]
    pub index_keys: Vec<PublicKey>,
}

impl Statement for Root {
    const TYPE: &'static str = "hal9-registry-root";
    const WHAT: &'static str = "the root of the registry";
}

impl Root {
    /// The first root that is believed: one that one of its own root keys has signed, and the key `pinned`, where somebody has named one.
    ///
    /// # Errors
    ///
    /// Those of [`Signed::verify`], where `pinned` is not among its root keys or has not signed it.
    pub fn first(signed: &Signed, pinned: Option<&PublicKey>) -> Result<Self, Distrust> {
        let root: Self = signed.read()?;
        let keys: Vec<_> =
            root.root_keys.iter().filter(|key| pinned.is_none_or(|pinned| pinned == *key)).cloned().collect();
        signed.signer::<Self>(&keys)?;
        Ok(root)
    }

    /// The root that takes the place of this one: of the same registry, with the next version, and signed by one of this root's keys and one of
    /// its own.
    ///
    /// # Errors
    ///
    /// [`Distrust`].
    pub fn next(&self, signed: &Signed) -> Result<Self, Distrust> {
        let (root, _): (Self, _) = signed.verify(&self.root_keys)?;
        if root.registry != self.registry {
            let (expected, found) = (self.registry.clone(), root.registry);
            return Err(Distrust::OtherRegistry { what: Self::WHAT, expected, found });
        }
        if root.version <= self.version {
            return Err(Distrust::RolledBack { what: Self::WHAT, seen: self.version, found: root.version });
        }
        if root.version != self.version + 1 {
            let reason = format!("version {} follows version {}", root.version, self.version);
            return Err(Distrust::Malformed { what: Self::WHAT, reason });
        }
        signed.signer::<Self>(&root.root_keys)?;
        Ok(root)
    }
}
