//! Links: plugins that are served from the folder in which they are developed. It does not know what is installed.

use std::path::Path;

use hal9_package::PluginId;
use rusqlite::{OptionalExtension, named_params, params};

use crate::{
    Error, Loaded, Recorded, Registry,
    rows::{index, json, now},
};

impl Registry {
    /// Records a plugin as loaded from a folder, and active. A link of the same id is replaced, whatever folder it leads to;
    /// an installed version stays and waits. The usage goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Path`] for a path that is empty or not Unicode, and those of the database.
    pub fn record_loaded(&mut self, loaded: &Loaded) -> Result<Recorded, Error> {
        let manifest = &loaded.manifest;
        let id = &manifest.metadata.id;
        let folder = absolute(id, &loaded.folder)?;
        let component = absolute(id, &loaded.component)?;
        let before = self.database.write(|transaction| {
            let before: Option<String> = transaction
                .query_row("SELECT folder FROM link WHERE plugin = ?", [id.as_str()], |row| row.get(0))
                .optional()?;
            transaction.execute(
                // Not `INSERT OR REPLACE`, which would delete the row first and with it all that refers to it.
                "INSERT INTO plugin (id, name, active) VALUES (?, ?, TRUE) ON CONFLICT (id) DO UPDATE SET active = TRUE",
                params![id.as_str(), manifest.metadata.name],
            )?;
            transaction.execute(
                "INSERT OR REPLACE INTO link VALUES (:plugin, :manifest, :folder, :component, :granted, :loaded_at)",
                named_params! {
                    ":plugin": id.as_str(),
                    ":manifest": json(manifest)?,
                    ":folder": folder,
                    ":component": component,
                    ":granted": json(&loaded.granted)?,
                    ":loaded_at": now(),
                },
            )?;
            index(transaction, id.as_str())?;
            Ok(before)
        })?;
        Ok(match before {
            None => Recorded::Added,
            Some(before) if before == folder => Recorded::Reloaded,
            Some(before) => Recorded::Replaced { folder: before.into() },
        })
    }

    /// Takes a plugin's link away; `false` if it had none. Where a version is installed, that one serves again; otherwise
    /// the plugin is forgotten with its usage. Its files stay.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn unlink(&mut self, id: &PluginId) -> Result<bool, Error> {
        self.database.write(|transaction| {
            let rows = transaction.execute("DELETE FROM link WHERE plugin = ?", [id.as_str()])?;
            index(transaction, id.as_str())?;
            Ok(rows > 0)
        })
    }
}

fn absolute(plugin: &PluginId, path: &Path) -> Result<String, Error> {
    let refuse = |reason: String| Error::Path { plugin: plugin.clone(), path: path.to_owned(), reason };
    std::path::absolute(path)
        .map_err(|error| refuse(error.to_string()))?
        .into_os_string()
        .into_string()
        .map_err(|_| refuse("it is not Unicode".to_owned()))
}
