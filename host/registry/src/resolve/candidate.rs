//! The versions that can be chosen, and where they come from. It does not choose.

use std::collections::BTreeMap;

use hal9_package::{Dependency, Digest, Manifest, Package, PluginId};
use semver::Version;

use crate::Error;

/// A version of a plugin that can be chosen, with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The plugin.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// The plugins that this version needs.
    pub dependencies: Vec<Dependency>,
    /// The oldest HAL9 that it works with.
    pub min_hal9_version: Option<Version>,
    /// The digest of its package, where that is known.
    pub digest: Option<Digest>,
}

impl From<&Manifest> for Candidate {
    fn from(manifest: &Manifest) -> Self {
        Self {
            id: manifest.metadata.id.clone(),
            version: manifest.metadata.version.clone(),
            dependencies: manifest.dependencies.clone(),
            min_hal9_version: manifest.min_hal9_version.clone(),
            digest: None,
        }
    }
}

impl From<&Package> for Candidate {
    fn from(package: &Package) -> Self {
        Self { digest: Some(*package.digest()), ..Self::from(package.manifest()) }
    }
}

/// Where plugins can be had: a folder of packages, a registry, or several of them.
pub trait Catalogue {
    /// All versions of a plugin, in any order; empty for a plugin that is not there.
    ///
    /// # Errors
    ///
    /// Where the catalogue cannot be read.
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error>;
}

/// Versions that are known already.
impl Catalogue for Vec<Candidate> {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        Ok(self.iter().filter(|one| one.id == *id).cloned().collect())
    }
}

/// Versions that are known already, by plugin.
impl Catalogue for BTreeMap<PluginId, Vec<Candidate>> {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        Ok(self.get(id).cloned().unwrap_or_default())
    }
}

/// Several catalogues in order. The first that has a plugin answers for all of its versions: a later one that offers a
/// newer version under the same id is not where the plugin's user got it from.
pub struct Catalogues<'a>(pub Vec<&'a dyn Catalogue>);

impl Catalogue for Catalogues<'_> {
    fn versions(&self, id: &PluginId) -> Result<Vec<Candidate>, Error> {
        for catalogue in &self.0 {
            let versions = catalogue.versions(id)?;
            if !versions.is_empty() {
                return Ok(versions);
            }
        }
        Ok(Vec::new())
    }
}
