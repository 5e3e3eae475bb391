//! What the index says of one plugin, and whether a later record may take the place of an earlier one. It does not know who asks.

use std::collections::BTreeMap;

use hal9_package::{Dependency, Digest, KeyId, Permissions, PluginId, PublicKey};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Seconds, Signed, Statement};

/// What the index says of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The keys that may sign its packages: first the one that its first version was signed with, then each that one before it has endorsed.
    pub keys: Vec<AuthorKey>,
    /// Every version that was ever published, oldest version first. None is ever taken out or changed, but for being yanked.
    pub versions: Vec<VersionRecord>,
    /// Whether it should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// What was found to be dangerous in it, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// A key that may sign the packages of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorKey {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// An [`Endorsement`] that a key before it in the list has signed. Absent for the first; a later one without it was put there by who runs the registry,
    /// and whoever has the plugin does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<Signed>,
}

/// That another key may sign a plugin's packages as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The plugin.
    pub plugin: PluginId,
    /// The other key.
    pub key: PublicKey,
}

impl Statement for Endorsement {
    const TYPE: &'static str = "hal9-key-endorsement";
    const WHAT: &'static str = "the endorsement of a key";
}

/// A version as the index names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// The version.
    #[schema(value_type = String, example = "1.2.0")]
    pub version: Version,
    /// The digest of the package.
    #[schema(value_type = String, example = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    pub package: Digest,
    /// The size of the package in bytes.
    pub size: u64,
    /// The author's key that has signed it.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The text of the signature over the package, as in a `.minisig` file.
    pub signature: String,
    /// When it was published.
    pub published: Seconds,
    /// What it asks for.
    #[schema(value_type = Vec<String>)]
    pub permissions: Permissions,
    /// The plugins that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub dependencies: Vec<Dependency>,
    /// The oldest HAL9 that it works with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub min_hal9_version: Option<Version>,
    /// Why nobody should begin to use it, where somebody said so; whoever has it keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// Whether its package was taken out by retention or by who runs the registry: the version stays taken, and cannot be had.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// That a plugin should not be used any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecation {
    /// Why; at most 1000 bytes.
    pub message: String,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub instead: Option<PluginId>,
}

/// How dangerous something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Hardly.
    Low,
    /// Somewhat.
    Medium,
    /// Very.
    High,
    /// Whoever has it should stop using it now.
    Critical,
}

/// Something dangerous in some versions of a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its number in the registry.
    pub id: u64,
    /// How dangerous it is.
    pub severity: Severity,
    /// The versions that it is about.
    #[schema(value_type = String, example = "<1.2.3")]
    pub versions: VersionReq,
    /// What it is, and what to do; at most 1000 bytes.
    pub summary: String,
    /// Where more is said of it: an `https://` or `http://` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was published.
    pub published: Seconds,
}

impl Notice {
    /// Whether it is about a version. A pre-release lies between the versions before and after it, and is warned of where one of these is.
    pub fn is_about(&self, version: &Version) -> bool {
        if self.versions.matches(version) {
            return true;
        }
        let Version { major, minor, patch, .. } = *version;
        let before = match (major, minor, patch) {
            (_, _, 1..) => Some(Version::new(major, minor, patch - 1)),
            (_, 1.., 0) => Some(Version::new(major, minor - 1, u64::MAX)),
            (1.., 0, 0) => Some(Version::new(major - 1, u64::MAX, u64::MAX)),
            (0, 0, 0) => None,
        };
        let around = [Some(Version::new(major, minor, patch)), before];
        !version.pre.is_empty() && around.iter().flatten().any(|one| self.versions.matches(one))
    }
}

/// Why a record is not believed in the place of an earlier one, or by itself: the registry, or whoever has got into it, has done what no registry does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// A key that the earlier record had is gone, or stands elsewhere.
    #[error("its author's key was {was}, and the registry names {} now: the name was taken over, or its keys were lost", or_none(*now))]
    OtherKey {
        /// The key that was known.
        was: KeyId,
        /// What stands in its place.
        now: Option<KeyId>,
    },
    /// A later key was not endorsed by one before it.
    #[error("the key {key} was added to its keys, and no key that was there before has endorsed it")]
    Unendorsed {
        /// The key.
        key: KeyId,
    },
    /// A version has another package than before.
    #[error("version {version} had the package {was}, and the registry names {now} now: a version never changes")]
    OtherPackage {
        /// The version.
        version: Version,
        /// The package that was known.
        was: Digest,
        /// The package that is named.
        now: Digest,
    },
    /// A version that was there is gone.
    #[error("version {version} was published, and the registry does not know it any more")]
    Lost {
        /// The version.
        version: Version,
    },
    /// A version is signed by a key that is none of the plugin's.
    #[error("version {version} is signed by the key {key}, which is none of its author's")]
    ForeignKey {
        /// The version.
        version: Version,
        /// The key.
        key: KeyId,
    },
    /// A version is there twice, or they are in no order.
    #[error("version {version} is there twice, or out of order")]
    Disorder {
        /// The version.
        version: Version,
    },
}

impl Broken {
    /// The word for programs: `stolen-name` for what is about keys, `changed-version` for what is about versions.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherKey { .. } | Self::Unendorsed { .. } | Self::ForeignKey { .. } => "stolen-name",
            Self::OtherPackage { .. } | Self::Lost { .. } | Self::Disorder { .. } => "changed-version",
        }
    }
}

impl Record {
    /// The version with this number.
    pub fn version(&self, version: &Version) -> Option<&VersionRecord> {
        self.versions.iter().find(|one| one.version == *version)
    }

    /// The keys that can be believed by who believes `known`: `known` itself, and every later key that one of those has endorsed.
    pub fn believed_from(&self, id: &PluginId, known: &PublicKey) -> Vec<PublicKey> {
        let mut believed = vec![known.clone()];
        let at = self.keys.iter().position(|one| one.key == *known).map_or(self.keys.len(), |at| at + 1);
        for one in &self.keys[at..] {
            if one.is_endorsed(id, &believed) {
                believed.push(one.key.clone());
            }
        }
        believed
    }

    /// Checks that a record is one in itself: every key but the first is endorsed, every version is signed by one of the keys, in order.
    ///
    /// # Errors
    ///
    /// [`Broken`].
    pub fn check(&self, id: &PluginId) -> Result<(), Broken> {
        for (at, one) in self.keys.iter().enumerate().skip(1) {
            let before: Vec<_> = self.keys[..at].iter().map(|one| one.key.clone()).collect();
            if !one.is_endorsed(id, &before) {
                return Err(Broken::Unendorsed { key: one.key.id() });
            }
        }
        let keys: Vec<&PublicKey> = self.keys.iter().map(|one| &one.key).collect();
        for pair in self.versions.windows(2) {
            if pair[0].version >= pair[1].version {
                return Err(Broken::Disorder { version: pair[1].version.clone() });
            }
        }
        match self.versions.iter().find(|one| !keys.contains(&&one.key)) {
            Some(one) => Err(Broken::ForeignKey { version: one.version.clone(), key: one.key.id() }),
            None => Ok(()),
        }
    }

    /// Checks that this record may come after an earlier one: keys were only added, each endorsed by one that was there; versions were only added, and none was changed.
    ///
    /// # Errors
    ///
    /// [`Broken`].
    pub fn follows(&self, earlier: &Self, id: &PluginId) -> Result<(), Broken> {
        for (at, one) in earlier.keys.iter().enumerate() {
            let now = self.keys.get(at).map(|one| &one.key);
            if now != Some(&one.key) {
                return Err(Broken::OtherKey { was: one.key.id(), now: now.map(PublicKey::id) });
            }
        }
        let now: BTreeMap<&Version, &Digest> = self.versions.iter().map(|one| (&one.version, &one.package)).collect();
        for one in &earlier.versions {
            match now.get(&one.version) {
                None => return Err(Broken::Lost { version: one.version.clone() }),
                Some(package) if **package != one.package => {
                    let (version, was) = (one.version.clone(), one.package);
                    return Err(Broken::OtherPackage { version, was, now: **package });
                }
                Some(_) => {}
            }
        }
        self.check(id)
    }
}

impl AuthorKey {
    /// Whether one of some keys has endorsed this one for a plugin.
    pub fn is_endorsed(&self, id: &PluginId, by: &[PublicKey]) -> bool {
        let verified = self.endorsement.as_ref().and_then(|signed| signed.verify::<Endorsement>(by).ok());
        verified.is_some_and(|(endorsed, _)| endorsed.plugin == *id && endorsed.key == self.key)
    }
}

fn or_none(key: Option<KeyId>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| key.to_string())
}
