//! The registry: how plugins are found again that were linked or installed. It does not know how they come in or go out.

use std::{collections::BTreeMap, path::Path};

use hal9_package::PluginId;
use rusqlite::{OptionalExtension, params};

use crate::{
    Error, Plugin,
    rows::{Unreadable, all_versions, serving},
    schema::Database,
    store::Store,
};

/// The plugins that one HAL9 home knows: in `registry.db` there, and the files of those that are installed in `store`.
///
/// Several processes may have the same home open. Each method is one transaction, on disk when it returns: a process
/// that is killed leaves all of it or nothing. A registry serves one thread at a time; opening another one is cheap.
#[derive(Debug)]
pub struct Registry {
    pub(crate) database: Database,
    pub(crate) store: Store,
}

impl Registry {
    /// Opens the registry of a home, and makes folder and database if there are none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Home`], [`Error::Corrupt`], [`Error::Newer`], [`Error::Busy`] or [`Error::Database`]. None of them
    /// changes what is there.
    pub fn open(home: &Path) -> Result<Self, Error> {
        let store = Store::of(home);
        let database = Database::open(home, || store.has_files())?;
        Ok(Self { database, store })
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

    /// The plugin with this id; or else the only one with this name, or with this last part of the id, in either case.
    ///
    /// # Errors
    ///
    /// [`Error::AmbiguousName`], [`Error::Stored`], and those of the database.
    pub fn get(&self, name: &str) -> Result<Option<Plugin>, Error> {
        if let Ok(id) = name.parse::<PluginId>()
            && let Some(plugin) = self.plugins("WHERE plugin.id = ?", &[id.as_str()])?.pop()
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
            [id] => Ok(self.plugins("WHERE plugin.id = ?", &[id.as_str()])?.pop()),
            _ => Err(Error::AmbiguousName { name: name.to_owned(), plugins }),
        }
    }

    /// All plugins that can be read, by id. One that cannot is in nobody's way: [`unreadable`](Self::unreadable) names it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn list(&self) -> Result<Vec<Plugin>, Error> {
        let rows = self.database.read(|connection| serving(connection, "ORDER BY plugin.id", &[]))?;
        Ok(rows.into_iter().filter_map(|row| row.parse().ok()).collect())
    }

    /// The plugins of which something that is kept cannot be read, what serves or another version, with an
    /// [`Error::Stored`] each; by id.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn unreadable(&self) -> Result<BTreeMap<String, Error>, Error> {
        let versions = self.database.read(all_versions)?;
        let served = self.database.read(|connection| serving(connection, "", &[]))?;
        let versions = versions.into_iter().filter_map(|(id, row)| Some((id, row.parse().err()?)));
        let served = served.into_iter().filter_map(|row| Some((row.id.clone(), row.parse().err()?)));
        let tell = |(id, why): (String, Unreadable)| (id.clone(), self.unreadable_row(&id, &why));
        Ok(versions.chain(served).map(tell).collect())
    }

    fn plugins(&self, which: &str, parameters: &[&str]) -> Result<Vec<Plugin>, Error> {
        let rows = self.database.read(|connection| serving(connection, which, parameters))?;
        rows.into_iter()
            .map(|row| {
                let id = row.id.clone();
                row.parse().map_err(|reason| self.unreadable_row(&id, &reason))
            })
            .collect()
    }

    pub(crate) fn id(&self, id: &str) -> Result<PluginId, Error> {
        id.parse().map_err(|reason| self.unreadable_row(id, &reason))
    }

    pub(crate) fn unreadable_row(&self, id: &str, reason: &dyn std::fmt::Display) -> Error {
        Error::Stored { plugin: id.to_owned(), path: self.database.path().to_owned(), reason: reason.to_string() }
    }
}

pub(crate) fn unknown(id: &PluginId) -> Error {
    Error::Unknown { plugin: id.clone() }
}
