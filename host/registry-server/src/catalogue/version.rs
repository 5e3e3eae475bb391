//! One version of a plugin, whole: what its package says of itself and what its component imports and exports. It does not know where
//! the package is.

use hal9_package::{Digest, Manifest, PluginId};
use hal9_registry_index::api::{CapabilitySummary, VersionPage};
use rusqlite::OptionalExtension as _;
use semver::Version;

use super::{Catalogue, parse, plugin::in_words, read};
use crate::Refusal;

/// A package that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packaged {
    /// The row of its version.
    pub(crate) version: i64,
    /// The plugin's id, and the version: for its file's name.
    pub(crate) name: String,
}

impl Catalogue<'_> {
    /// All that there is to say of a version.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such version.
    pub fn version(&self, id: &PluginId, version: &Version) -> Result<VersionPage, Refusal> {
        let row = self.row_of(id)?;
        let none = || Refusal::not_found(format!("{id}: there is no version {version}")).plugin(id);
        let summary = self.versions(row)?.into_iter().find(|one| one.version == *version).ok_or_else(none)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT manifest, wit, imports, exports, readme, notes, files, key, signature
             FROM version JOIN detail ON detail.version = version.id WHERE plugin = ? AND version.version = ?",
        )?;
        let found = statement
            .query_row((row, version.to_string()), |row| {
                let texts: [String; 4] = [row.get(0)?, row.get(2)?, row.get(3)?, row.get(6)?];
                let rest: (String, Option<String>, String, String, String) =
                    (row.get(1)?, row.get(4)?, row.get(5)?, row.get(7)?, row.get(8)?);
                Ok((texts, rest))
            })
            .optional()?;
        let ([text, imports, exports, files], (wit, readme, notes, key, signature)) = found.ok_or_else(none)?;
        let manifest: Manifest = read(&text, "a manifest")?;
        let capabilities = manifest.capabilities.iter().map(|one| CapabilitySummary {
            kind: one.kind().to_owned(),
            name: one.name().to_owned(),
            layer: one.layer().map(str::to_owned),
            description: one.description().to_owned(),
        });
        Ok(VersionPage {
            id: id.clone(),
            name: manifest.metadata.name.clone(),
            description: manifest.metadata.description.clone(),
            summary,
            capabilities: capabilities.collect(),
            permissions: manifest.permissions.iter().map(in_words).collect(),
            imports: read(&imports, "imports")?,
            exports: read(&exports, "exports")?,
            wit,
            dependencies: manifest.dependencies.clone(),
            readme,
            notes,
            files: read(&files, "files")?,
            manifest: read(&text, "a manifest")?,
            key: parse(&key, "an author's key")?,
            signature,
        })
    }

    /// The package with a digest, if a version that can be had has it.
    pub(crate) fn packaged(&self, digest: &Digest) -> Result<Packaged, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version.id, plugin.name, version.version, withdrawn FROM version
             JOIN plugin ON plugin.id = version.plugin WHERE package = ? ORDER BY withdrawn LIMIT 1",
        )?;
        let found = statement
            .query_row([digest.to_string()], |row| {
                let name = format!("{}-{}", row.get::<_, String>(1)?, row.get::<_, String>(2)?);
                Ok((Packaged { version: row.get(0)?, name }, row.get::<_, bool>(3)?))
            })
            .optional()?;
        match found {
            Some((packaged, false)) => Ok(packaged),
            Some((packaged, true)) => {
                let message = format!("the package of {} was taken out of this registry", packaged.name);
                Err(Refusal::not_found(message).reason("withdrawn"))
            }
            None => Err(Refusal::not_found(format!("there is no package with the digest {digest}"))),
        }
    }
}
