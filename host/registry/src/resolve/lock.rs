//! What a home has, written down so that another can have exactly the same: versions, digests and keys. It does not know in
//! which file it is kept.

use std::collections::{BTreeMap, BTreeSet};

use hal9_package::{Dependency, Digest, PluginId, PublicKey};
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{Candidate, Catalogue, order};
use crate::Error;

/// What a home has, plugin by plugin.
///
/// Written as TOML or JSON by serde: `version = 1`, and a table `[[plugin]]` for each [`Locked`]. Unknown keys, another
/// version, a plugin that is there twice, and a dependency that the lock itself does not meet are errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    version: u32,
    #[serde(rename = "plugin")]
    plugins: Vec<Locked>,
}

/// One plugin of a [`Lock`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The plugin.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// The digest of its package.
    pub digest: Digest,
    /// The key that signed the package; none for one that was installed without a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// The plugins that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
}

/// Why a lock cannot be kept to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// A plugin is in the lock twice.
    #[error("{plugin} is in the lock twice: keep one of them")]
    Twice {
        /// The plugin.
        plugin: PluginId,
    },

    /// A plugin of the lock needs another that is not there, or not in a version that fits.
    #[error("the lock's {plugin} needs {} {}, and the lock has {}: write the lock anew", dependency.plugin_id, dependency.version, or_none(found.as_ref()))]
    Unmet {
        /// The plugin.
        plugin: PluginId,
        /// What it needs.
        dependency: Dependency,
        /// The version in the lock.
        found: Option<Version>,
    },

    /// Plugins of the lock need each other in a circle.
    #[error("the lock's {} need each other in a circle: write the lock anew", path.iter().map(PluginId::as_str).collect::<Vec<_>>().join(" → "))]
    Cycle {
        /// The circle: each needs the next, and the last is the first again.
        path: Vec<PluginId>,
    },

    /// A version of the lock is not to be had.
    #[error(
        "the lock wants {plugin} {version}, which is not there: add its package, {digest}, to the folder or registry that is searched"
    )]
    Missing {
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Version,
        /// The digest of its package.
        digest: Digest,
    },

    /// The package of that version is another one.
    #[error(
        "{plugin} {version} is {found}, and the lock wants {wanted}: a version never changes, so one of them is not what its author published"
    )]
    Different {
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Version,
        /// The digest in the lock.
        wanted: Box<Digest>,
        /// The digest of the package.
        found: Digest,
    },

    /// A plugin of the lock needs a newer HAL9.
    #[error("the lock's {plugin} {version} needs HAL9 {needs}, and this one is older: update HAL9")]
    TooNew {
        /// The plugin.
        plugin: PluginId,
        /// Its version.
        version: Version,
        /// The HAL9 that it needs.
        needs: Version,
    },

    /// A catalogue could not be read.
    #[error(transparent)]
    Catalogue(#[from] Error),
}

impl Lock {
    /// The version of the form.
    pub const VERSION: u32 = 1;

    /// A lock of some plugins.
    ///
    /// # Errors
    ///
    /// [`LockError::Twice`], [`LockError::Unmet`] and [`LockError::Cycle`] for plugins that are not whole together.
    pub fn new(plugins: impl IntoIterator<Item = Locked>) -> Result<Self, LockError> {
        let mut plugins: Vec<_> = plugins.into_iter().collect();
        plugins.sort_by(|a, b| (&a.id, &a.version).cmp(&(&b.id, &b.version)));
        if let Some(pair) = plugins.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(LockError::Twice { plugin: pair[0].id.clone() });
        }
        let versions: BTreeMap<_, _> = plugins.iter().map(|one| (&one.id, &one.version)).collect();
        for one in &plugins {
            for dependency in &one.dependencies {
                let found = versions.get(&dependency.plugin_id).copied();
                if !found.is_some_and(|version| dependency.version.matches(version)) {
                    let (plugin, dependency, found) = (one.id.clone(), dependency.clone(), found.cloned());
                    return Err(LockError::Unmet { plugin, dependency, found });
                }
            }
        }
        let lock = Self { version: Self::VERSION, plugins };
        lock.ordered()?;
        Ok(lock)
    }

    /// The plugins, by id.
    pub fn plugins(&self) -> &[Locked] {
        &self.plugins
    }

    /// Exactly the versions of the lock, dependencies first, each with the digest that the lock says.
    ///
    /// # Errors
    ///
    /// [`LockError`] for a version that is not there, is another package, or needs a newer HAL9.
    pub fn resolve(&self, catalogue: &dyn Catalogue, hal9: &Version) -> Result<Vec<Candidate>, LockError> {
        let mut chosen = self.ordered()?;
        for one in &mut chosen {
            let (plugin, version) = (one.id.clone(), one.version.clone());
            let Some(wanted) = one.digest else { continue };
            let versions = catalogue.versions(&plugin)?;
            let mut same: Vec<_> = versions.into_iter().filter(|there| there.version == version).collect();
            // Where several say that they are this version, it is the right one that counts.
            same.sort_by_key(|there| there.digest != Some(wanted));
            let Some(there) = same.into_iter().next() else {
                return Err(LockError::Missing { plugin, version, digest: wanted });
            };
            match there.digest {
                Some(found) if found == wanted => {}
                Some(found) => {
                    return Err(LockError::Different { plugin, version, wanted: wanted.into(), found });
                }
                None => return Err(LockError::Missing { plugin, version, digest: wanted }),
            }
            if let Some(needs) = there.min_hal9_version.as_ref().filter(|needs| *needs > hal9) {
                return Err(LockError::TooNew { plugin, version, needs: needs.clone() });
            }
            *one = there;
        }
        Ok(chosen)
    }

    /// What the lock says, dependencies first.
    fn ordered(&self) -> Result<Vec<Candidate>, LockError> {
        let candidates: Vec<_> = self.plugins.iter().map(Candidate::from).collect();
        let by_id = candidates.iter().map(|one| (&one.id, one)).collect();
        let ids: BTreeSet<_> = candidates.iter().map(|one| &one.id).collect();
        order::order(ids, &by_id)
            .map_err(|path| LockError::Cycle { path: path.into_iter().map(|(id, _)| id).collect() })
    }
}

impl From<&Locked> for Candidate {
    fn from(locked: &Locked) -> Self {
        Self {
            id: locked.id.clone(),
            version: locked.version.clone(),
            dependencies: locked.dependencies.clone(),
            min_hal9_version: None,
            digest: Some(locked.digest),
        }
    }
}

impl<'de> Deserialize<'de> for Lock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            version: u32,
            #[serde(default, rename = "plugin")]
            plugins: Vec<Locked>,
        }

        let Written { version, plugins } = Written::deserialize(deserializer)?;
        if version != Self::VERSION {
            return Err(D::Error::custom(format_args!(
                "the lock has version {version}, and this HAL9 reads {}: write it anew with this HAL9, or update HAL9",
                Self::VERSION
            )));
        }
        Self::new(plugins).map_err(D::Error::custom)
    }
}

fn or_none(version: Option<&Version>) -> String {
    version.map_or_else(|| "none".to_owned(), Version::to_string)
}
