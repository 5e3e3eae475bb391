//! The tables of plugins as rows: how a row is read, and how what serves is found from links and versions. It does not know
//! why somebody asks.

use std::{
    fmt::Display,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hal9_package::{Digest, Manifest};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::{Installed, Link, Plugin, Source, schema::Stop};

/// The columns of a version, as [`StoredVersion`] reads them.
const VERSION: &str = "version.version, version.manifest AS version_manifest, version.package, \
     version.component, version.size, version.key, version.signature, version.origin, version.installed_at";

/// A plugin with what serves: its link, or else its current version.
const SERVING: &str = "plugin LEFT JOIN link ON link.plugin = plugin.id
     LEFT JOIN current ON current.plugin = plugin.id
     LEFT JOIN version ON version.plugin = current.plugin AND version.version = current.version";

/// What is wrong with a row, in words.
pub(crate) type Unreadable = Box<dyn std::error::Error>;

/// A plugin as it is kept.
pub(crate) struct Stored {
    pub(crate) id: String,
    active: bool,
    link: Option<StoredLink>,
    version: Option<StoredVersion>,
    granted: String,
}

struct StoredLink {
    manifest: String,
    folder: String,
    component: String,
    loaded_at: i64,
}

/// An installed version as it is kept.
#[derive(Clone)]
pub(crate) struct StoredVersion {
    pub(crate) version: String,
    pub(crate) manifest: String,
    pub(crate) package: String,
    pub(crate) component: String,
    pub(crate) size: i64,
    key: Option<String>,
    signature: Option<String>,
    origin: String,
    installed_at: i64,
}

impl Stored {
    pub(crate) fn parse(self) -> Result<Plugin, Unreadable> {
        let (manifest, source) = match (self.link, self.version) {
            (Some(link), _) => (manifest(&link.manifest)?, Source::Linked(link.parse())),
            (None, Some(version)) => version.parse().map(|(manifest, it)| (manifest, Source::Installed(it)))?,
            (None, None) => return Err("it has neither a folder nor a version".into()),
        };
        if manifest.metadata.id.as_str() != self.id {
            return Err(format!("its manifest is that of {}", manifest.metadata.id).into());
        }
        Ok(Plugin { manifest, source, granted: serde_json::from_str(&self.granted)?, active: self.active })
    }
}

impl StoredLink {
    fn parse(self) -> Link {
        Link { folder: self.folder.into(), component: self.component.into(), loaded_at: moment(self.loaded_at) }
    }
}

impl StoredVersion {
    /// Of columns that are named as in [`VERSION`].
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            version: row.get("version")?,
            manifest: row.get("version_manifest")?,
            package: row.get("package")?,
            component: row.get("component")?,
            size: row.get("size")?,
            key: row.get("key")?,
            signature: row.get("signature")?,
            origin: row.get("origin")?,
            installed_at: row.get("installed_at")?,
        })
    }

    /// The files that it refers to: its package and its component.
    pub(crate) fn digests(&self) -> [Result<Digest, Unreadable>; 2] {
        [parse("package", &self.package), parse("component", &self.component)]
    }

    pub(crate) fn parse(self) -> Result<(Manifest, Installed), Unreadable> {
        let manifest = manifest(&self.manifest)?;
        let installed = Installed {
            version: parse("version", &self.version)?,
            package: parse("package", &self.package)?,
            component: parse("component", &self.component)?,
            size: self.size.unsigned_abs(),
            key: self.key.map(|key| parse("key", &key)).transpose()?,
            signature: self.signature,
            origin: self.origin,
            installed_at: moment(self.installed_at),
        };
        if manifest.metadata.version != installed.version {
            return Err(format!("its manifest is that of version {}", manifest.metadata.version).into());
        }
        Ok((manifest, installed))
    }
}

/// The plugins that `which`, a clause of SQL, leaves.
pub(crate) fn serving(connection: &Connection, which: &str, parameters: &[&str]) -> rusqlite::Result<Vec<Stored>> {
    connection
        .prepare_cached(&format!(
            "SELECT plugin.id, plugin.active, coalesce(link.granted, current.granted, '[]') AS granted,
                 link.manifest AS link_manifest, link.folder, link.component AS file, link.loaded_at, {VERSION}
             FROM {SERVING} {which}"
        ))?
        .query_map(rusqlite::params_from_iter(parameters), |row| {
            let link = match row.get("link_manifest")? {
                None => None,
                Some(manifest) => Some(StoredLink {
                    manifest,
                    folder: row.get("folder")?,
                    component: row.get("file")?,
                    loaded_at: row.get("loaded_at")?,
                }),
            };
            let is_installed = row.get::<_, Option<String>>("version")?.is_some();
            Ok(Stored {
                id: row.get("id")?,
                active: row.get("active")?,
                link,
                version: is_installed.then(|| StoredVersion::read(row)).transpose()?,
                granted: row.get("granted")?,
            })
        })?
        .collect()
}

/// The versions of a plugin, as they are kept.
pub(crate) fn versions(connection: &Connection, id: &str) -> rusqlite::Result<Vec<StoredVersion>> {
    connection
        .prepare_cached(&format!("SELECT {VERSION} FROM version WHERE plugin = ?"))?
        .query_map([id], StoredVersion::read)?
        .collect()
}

/// The versions of all plugins, as they are kept, each with its plugin's id.
pub(crate) fn all_versions(connection: &Connection) -> rusqlite::Result<Vec<(String, StoredVersion)>> {
    connection
        .prepare(&format!("SELECT plugin, {VERSION} FROM version ORDER BY plugin, version"))?
        .query_map([], |row| Ok((row.get("plugin")?, StoredVersion::read(row)?)))?
        .collect()
}

/// Brings the name in line with what serves; forgets a plugin that nothing is left of.
pub(crate) fn index(transaction: &Transaction<'_>, id: &str) -> Result<(), Stop> {
    let serving: Option<String> = transaction
        .query_row(
            &format!("SELECT coalesce(link.manifest, version.manifest) FROM {SERVING} WHERE plugin.id = ?"),
            [id],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    let Some(serving) = serving else {
        transaction.execute("DELETE FROM plugin WHERE id = ?", [id])?;
        return Ok(());
    };
    transaction.execute("INSERT OR IGNORE INTO usage (plugin) VALUES (?)", [id])?;
    // One that cannot be read keeps its name, and whoever asks for it is told so.
    let Ok(manifest) = manifest(&serving) else {
        return Ok(());
    };
    transaction.execute("UPDATE plugin SET name = ? WHERE id = ?", params![manifest.metadata.name, id])?;
    Ok(())
}

/// Not by `Manifest::parse`, whose bound on the length is for what comes from outside: the form that is kept has the
/// defaults spelled out and may be longer than what was read.
pub(crate) fn manifest(json: &str) -> Result<Manifest, serde_json::Error> {
    serde_json::from_str(json)
}

pub(crate) fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Milliseconds since the Unix epoch; 0 on a clock that is before it.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn moment(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds.unsigned_abs())).unwrap_or(UNIX_EPOCH)
}

fn parse<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|error| format!("its {what}: {error}").into())
}
