//! What is installed, read back: versions, components and packages, each held against its digest. It does not change
//! anything.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use hal9_package::{Digest, Manifest, Package, PluginId};
use rusqlite::OptionalExtension;
use semver::Version;

use crate::{
    Error, Installed, Plugin, Registry, Source,
    rows::{self, StoredVersion},
    store::Fault,
};

impl Registry {
    /// The installed versions of a plugin, newest first; none for one that is only linked, or not known.
    ///
    /// # Errors
    ///
    /// [`Error::Stored`], and those of the database.
    pub fn versions(&self, id: &PluginId) -> Result<Vec<(Manifest, Installed)>, Error> {
        let rows = self.database.read(|connection| rows::versions(connection, id.as_str()))?;
        let mut versions: Vec<_> = rows
            .into_iter()
            .map(|row| row.parse().map_err(|reason| self.unreadable_row(id.as_str(), &reason)))
            .collect::<Result<_, _>>()?;
        versions.sort_by(|(_, a), (_, b)| b.version.cmp(&a.version));
        Ok(versions)
    }

    /// What is installed of a plugin and would serve if it were not linked: its current version, with its grants; `None` where
    /// nothing is.
    ///
    /// # Errors
    ///
    /// [`Error::Stored`], and those of the database.
    pub fn installed(&self, id: &PluginId) -> Result<Option<Plugin>, Error> {
        let row: Option<(String, String, bool)> = self.database.read(|connection| {
            connection
                .query_row(
                    "SELECT current.version, current.granted, plugin.active
                     FROM current JOIN plugin ON plugin.id = current.plugin WHERE plugin = ?",
                    [id.as_str()],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()
        })?;
        let Some((version, granted, active)) = row else { return Ok(None) };
        let granted = serde_json::from_str(&granted).map_err(|error| self.unreadable_row(id.as_str(), &error))?;
        // No other version: one that cannot be read is in nobody's way before it is to serve.
        let rows = self.database.read(|connection| rows::versions(connection, id.as_str()))?;
        let current = rows.into_iter().find(|row| row.version == version).map(StoredVersion::parse).transpose();
        let current = current.map_err(|reason| self.unreadable_row(id.as_str(), &reason))?;
        Ok(current.map(|(manifest, installed)| Plugin {
            manifest,
            source: Source::Installed(installed),
            granted,
            active,
        }))
    }

    /// The component of a plugin, read once: of an installed one the bytes that were installed, held against their digest;
    /// of a linked one what its file holds now.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] for a file that is lost or altered, [`Error::Gone`] for a version that was uninstalled meanwhile,
    /// [`Error::Component`], and those of the database.
    pub fn component(&self, plugin: &Plugin) -> Result<Vec<u8>, Error> {
        match &plugin.source {
            Source::Linked(link) => read_file(&link.component).map_err(|source| Error::Component {
                plugin: plugin.id().clone(),
                path: link.component.clone(),
                source,
            }),
            Source::Installed(installed) => self.stored(&installed.component, installed),
        }
    }

    /// The package of an installed version, read once and held against its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] for a file that is lost or altered, [`Error::Gone`] for a version that was uninstalled meanwhile,
    /// [`Error::Package`], and those of the database.
    pub fn package(&self, installed: &Installed) -> Result<Package, Error> {
        let bytes = self.stored(&installed.package, installed)?;
        match Package::read(bytes) {
            Ok(package) => Ok(package),
            Err(source) => Err(match self.owner(&installed.package)? {
                Some((plugin, _)) => Error::Package { plugin, source: source.into() },
                None => Error::Gone { package: installed.package },
            }),
        }
    }

    /// The plugins of which a version that serves, or would without a link, needs this one; by id. One that cannot be read
    /// cannot serve, and needs nothing.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn dependents(&self, id: &PluginId) -> Result<Vec<PluginId>, Error> {
        let manifests: Vec<String> = self.database.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT plugin, manifest FROM link WHERE plugin <> ?1
                     UNION ALL
                     SELECT plugin, manifest FROM version JOIN current USING (plugin, version) WHERE plugin <> ?1
                     ORDER BY plugin",
                )?
                .query_map([id.as_str()], |row| row.get(1))?
                .collect()
        })?;
        let mut dependents = Vec::new();
        for manifest in manifests {
            let Ok(manifest) = rows::manifest(&manifest) else { continue };
            if manifest.dependencies.iter().any(|one| one.plugin_id == *id) {
                dependents.push(manifest.metadata.id);
            }
        }
        dependents.dedup();
        Ok(dependents)
    }

    /// A file of an installed version.
    fn stored(&self, digest: &Digest, installed: &Installed) -> Result<Vec<u8>, Error> {
        let fault = match self.store.read(digest) {
            Ok(bytes) => return Ok(bytes),
            Err(fault) => fault,
        };
        // Another command may have taken it out since it was looked up.
        let Some((plugin, version)) = self.owner(&installed.package)? else {
            return Err(Error::Gone { package: installed.package });
        };
        let path = self.store.path(digest);
        Err(match fault {
            Fault::Unread(source) => Error::Store { doing: "read", path, source },
            fault => Error::Damaged { plugin, version, path, reason: fault.to_string() },
        })
    }

    /// Whose package this is.
    fn owner(&self, package: &Digest) -> Result<Option<(PluginId, Version)>, Error> {
        let owner: Option<(String, String)> = self.database.read(|connection| {
            connection
                .query_row("SELECT plugin, version FROM version WHERE package = ?", [package.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        owner
            .map(|(plugin, version)| {
                let version = version.parse().map_err(|reason| self.unreadable_row(&plugin, &reason))?;
                Ok((self.id(&plugin)?, version))
            })
            .transpose()
    }
}

/// All of a file, if it is no longer than a component may be.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Package::MAX_UNPACKED + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > Package::MAX_UNPACKED {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {} bytes", Package::MAX_UNPACKED)));
    }
    Ok(bytes)
}
