//! The registry: what is recorded of plugins, and how they are found again. It does not know how a database is opened.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hal9_package::{Manifest, Permissions, PluginId};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use crate::{Error, Loaded, Plugin, Recorded, schema::Database};

const PLUGIN: &str = "SELECT id, manifest, source_dir, component, granted, active, loaded_at FROM plugin";

/// The plugins that one HAL9 home knows, in `registry.db` there.
///
/// Several processes may have the same home open. Each method is one transaction, on disk when it returns: a process
/// that is killed leaves all of it or nothing. A registry serves one thread at a time; opening another one is cheap.
#[derive(Debug)]
pub struct Registry {
    pub(crate) database: Database,
}

impl Registry {
    /// Opens the registry of a home, and makes folder and database if there are none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Home`], [`Error::Corrupt`], [`Error::Newer`], [`Error::Busy`] or [`Error::Database`]. None of them
    /// changes what is there.
    pub fn open(home: &Path) -> Result<Self, Error> {
        Database::open(home).map(|database| Self { database })
    }

    /// Records a plugin as loaded and active. What was recorded under the same id is replaced, whatever folder it came
    /// from; its usage goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] for a path that is empty or not Unicode, and those of the database.
    pub fn record_loaded(&mut self, loaded: &Loaded) -> Result<Recorded, Error> {
        let manifest = &loaded.manifest;
        let id = &manifest.metadata.id;
        let source_dir = absolute(id, &loaded.source_dir)?;
        let component = absolute(id, &loaded.component)?;
        let before = self.database.write(|transaction| {
            let before: Option<String> = transaction
                .query_row("SELECT source_dir FROM plugin WHERE id = ?", [id.as_str()], |row| row.get(0))
                .optional()?;
            transaction.execute(
                // Not `INSERT OR REPLACE`, which would delete the row first and the usage with it.
                "INSERT INTO plugin VALUES (:id, :name, :manifest, :source_dir, :component, :granted, TRUE, :loaded_at)
                 ON CONFLICT (id) DO UPDATE SET
                     name = excluded.name, manifest = excluded.manifest, source_dir = excluded.source_dir,
                     component = excluded.component, granted = excluded.granted, active = TRUE,
                     loaded_at = excluded.loaded_at",
                named_params! {
                    ":id": id.as_str(),
                    ":name": manifest.metadata.name,
                    ":manifest": json(manifest)?,
                    ":source_dir": source_dir,
                    ":component": component,
                    ":granted": json(&loaded.granted)?,
                    ":loaded_at": now(),
                },
            )?;
            transaction.execute("DELETE FROM capability WHERE plugin = ?", [id.as_str()])?;
            let mut insert = transaction.prepare("INSERT INTO capability VALUES (?, ?, ?, ?)")?;
            for one in &manifest.capabilities {
                insert.execute(params![id.as_str(), one.kind(), one.name(), one.layer()])?;
            }
            transaction.execute("INSERT OR IGNORE INTO usage (plugin) VALUES (?)", [id.as_str()])?;
            Ok(before)
        })?;
        Ok(match before {
            None => Recorded::Added,
            Some(before) if before == source_dir => Recorded::Reloaded,
            Some(before) => Recorded::Replaced { source_dir: before.into() },
        })
    }

    /// Makes a plugin active or inactive; `false` if it was that already.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], and those of the database.
    pub fn set_active(&mut self, id: &PluginId, active: bool) -> Result<bool, Error> {
        let was = self.database.write(|transaction| {
            let was: Option<bool> = transaction
                .query_row("SELECT active FROM plugin WHERE id = ?", [id.as_str()], |row| row.get(0))
                .optional()?;
            transaction.execute("UPDATE plugin SET active = ? WHERE id = ?", params![active, id.as_str()])?;
            Ok(was)
        })?;
        was.map(|was| was != active).ok_or_else(|| unknown(id))
    }

    /// Forgets a plugin and its usage; `false` if it was not known. Its files stay.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn remove(&mut self, id: &PluginId) -> Result<bool, Error> {
        self.database
            .write(|transaction| transaction.execute("DELETE FROM plugin WHERE id = ?", [id.as_str()]))
            .map(|rows| rows > 0)
    }

    /// The plugin with this id; or else the only one with this name, or with this last part of the id, in either case.
    ///
    /// # Errors
    ///
    /// [`Error::AmbiguousName`], [`Error::Stored`], and those of the database.
    pub fn get(&self, name: &str) -> Result<Option<Plugin>, Error> {
        if let Ok(id) = name.parse::<PluginId>()
            && let Some(plugin) = self.plugins("WHERE id = ?", &[id.as_str()])?.pop()
        {
            return Ok(Some(plugin));
        }
        let all: Vec<(String, String)> = self.database.read(|connection| {
            connection
                .prepare("SELECT id, name FROM plugin ORDER BY id")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let mut plugins = Vec::new();
        for (id, its_name) in all {
            let id = self.id(&id)?;
            if its_name.eq_ignore_ascii_case(name) || id.short().eq_ignore_ascii_case(name) {
                plugins.push(id);
            }
        }
        match plugins.as_slice() {
            [] => Ok(None),
            [id] => Ok(self.plugins("WHERE id = ?", &[id.as_str()])?.pop()),
            _ => Err(Error::AmbiguousName { name: name.to_owned(), plugins }),
        }
    }

    /// All plugins, by id.
    ///
    /// # Errors
    ///
    /// [`Error::Stored`], and those of the database.
    pub fn list(&self) -> Result<Vec<Plugin>, Error> {
        self.plugins("ORDER BY id", &[])
    }

    /// The active plugins with a neuron on a layer, by id.
    ///
    /// # Errors
    ///
    /// [`Error::Stored`], and those of the database.
    pub fn neurons_for_layer(&self, layer: &str) -> Result<Vec<Plugin>, Error> {
        self.plugins("WHERE active AND id IN (SELECT plugin FROM capability WHERE layer = ?) ORDER BY id", &[layer])
    }

    /// The active plugin that offers a tool.
    ///
    /// # Errors
    ///
    /// [`Error::Contested`], [`Error::Stored`], and those of the database.
    pub fn tool(&self, name: &str) -> Result<Option<Plugin>, Error> {
        self.offering("ToolProvider", name)
    }

    /// The active plugin that is a memory provider.
    ///
    /// # Errors
    ///
    /// As for [`tool`](Self::tool).
    pub fn memory_provider(&self, name: &str) -> Result<Option<Plugin>, Error> {
        self.offering("MemoryProvider", name)
    }

    /// The active plugin that has a learning algorithm.
    ///
    /// # Errors
    ///
    /// As for [`tool`](Self::tool).
    pub fn algorithm(&self, name: &str) -> Result<Option<Plugin>, Error> {
        self.offering("LearningAlgorithm", name)
    }

    fn offering(&self, kind: &'static str, name: &str) -> Result<Option<Plugin>, Error> {
        let mut plugins = self.plugins(
            "WHERE active AND id IN (SELECT plugin FROM capability WHERE kind = ? AND name = ?) ORDER BY id",
            &[kind, name],
        )?;
        if plugins.len() > 1 {
            return Err(Error::Contested {
                kind,
                name: name.to_owned(),
                plugins: plugins.iter().map(|plugin| plugin.id().clone()).collect(),
            });
        }
        Ok(plugins.pop())
    }

    fn plugins(&self, which: &str, parameters: &[&str]) -> Result<Vec<Plugin>, Error> {
        let rows = self.database.read(|connection| stored(connection, which, parameters))?;
        rows.into_iter()
            .map(|row| {
                let (manifest, granted) = row.parse().map_err(|reason| self.unreadable(&row.id, &reason))?;
                Ok(Plugin {
                    manifest,
                    granted,
                    source_dir: row.source_dir.into(),
                    component: row.component.into(),
                    active: row.active,
                    loaded_at: UNIX_EPOCH.checked_add(row.loaded_at).unwrap_or(UNIX_EPOCH),
                })
            })
            .collect()
    }

    fn id(&self, id: &str) -> Result<PluginId, Error> {
        id.parse().map_err(|reason| self.unreadable(id, &reason))
    }

    fn unreadable(&self, id: &str, reason: &dyn std::fmt::Display) -> Error {
        Error::Stored { plugin: id.to_owned(), path: self.database.path().to_owned(), reason: reason.to_string() }
    }
}

/// A row of the table `plugin`.
struct Stored {
    id: String,
    manifest: String,
    source_dir: String,
    component: String,
    granted: String,
    active: bool,
    loaded_at: Duration,
}

impl Stored {
    /// Not by `Manifest::parse`, whose bound on the length is for what comes from outside: the form that is kept has
    /// the defaults spelled out and may be longer than what was read.
    fn parse(&self) -> Result<(Manifest, Permissions), serde_json::Error> {
        Ok((serde_json::from_str(&self.manifest)?, serde_json::from_str(&self.granted)?))
    }
}

fn stored(connection: &Connection, which: &str, parameters: &[&str]) -> rusqlite::Result<Vec<Stored>> {
    connection
        .prepare_cached(&format!("{PLUGIN} {which}"))?
        .query_map(rusqlite::params_from_iter(parameters), |row| {
            Ok(Stored {
                id: row.get("id")?,
                manifest: row.get("manifest")?,
                source_dir: row.get("source_dir")?,
                component: row.get("component")?,
                granted: row.get("granted")?,
                active: row.get("active")?,
                loaded_at: Duration::from_millis(row.get::<_, i64>("loaded_at")?.unsigned_abs()),
            })
        })?
        .collect()
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn absolute(plugin: &PluginId, path: &Path) -> Result<String, Error> {
    let refuse = |reason: String| Error::Path { plugin: plugin.clone(), path: path.to_owned(), reason };
    std::path::absolute(path)
        .map_err(|error| refuse(error.to_string()))?
        .into_os_string()
        .into_string()
        .map_err(|_| refuse("it is not Unicode".to_owned()))
}

/// Milliseconds since the Unix epoch; 0 on a clock that is before it.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn unknown(id: &PluginId) -> Error {
    Error::Unknown { plugin: id.clone() }
}
