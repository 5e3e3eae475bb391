//! What can go wrong with the registry, and what to do then. It does not know exit codes or how errors are shown.

use std::{io, path::PathBuf};

use hal9_package::PluginId;

/// Why the registry could not answer. Nothing that was acknowledged is changed or deleted by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder of the HAL9 home cannot be made.
    #[error("cannot make the HAL9 home {}: {source}", home.display())]
    Home {
        /// The folder.
        home: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A path cannot be kept.
    #[error("{plugin}: cannot keep the path {}: {reason}", path.display())]
    Path {
        /// The plugin that it belongs to.
        plugin: PluginId,
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },

    /// The file is not a database, or a damaged one.
    #[error(
        "the registry {} is damaged ({source}): move it away together with its -wal and -shm files and load the plugins \
         again, or try `sqlite3 {} .recover`",
        path.display(), path.display()
    )]
    Corrupt {
        /// The database file, which is left as it is.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },

    /// A newer HAL9 has written the database.
    #[error(
        "the registry {} has version {found}, and this HAL9 knows up to {known}: update HAL9, or use another HAL9_HOME",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this HAL9 knows.
        known: i64,
    },

    /// Another process has been writing for too long.
    #[error("another process is writing the registry {}: try again", path.display())]
    Busy {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },

    /// Anything else that SQLite reports, such as a full disk or a missing right.
    #[error("the registry {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },

    /// What is kept of a plugin cannot be read.
    #[error("{plugin}: what the registry {} keeps of it cannot be read ({reason}): unload it and load it again", path.display())]
    Stored {
        /// The plugin's id as it is kept.
        plugin: String,
        /// The database file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// There is no such plugin.
    #[error("{plugin}: no such plugin is loaded; `hal9 plugin list` shows those that are")]
    Unknown {
        /// The id that was asked for.
        plugin: PluginId,
    },

    /// A name stands for several plugins.
    #[error("\"{name}\" may be {}: write the whole id", list(plugins))]
    AmbiguousName {
        /// The name that was asked for.
        name: String,
        /// The plugins of that name, in order.
        plugins: Vec<PluginId>,
    },

    /// Several active plugins offer the same thing, of which only one can be used.
    #[error("the {kind} \"{name}\" is offered by {}: deactivate all but one", list(plugins))]
    Contested {
        /// The kind of the capability, as a manifest writes it.
        kind: &'static str,
        /// The capability's name.
        name: String,
        /// The active plugins that offer it, in order.
        plugins: Vec<PluginId>,
    },
}

fn list(plugins: &[PluginId]) -> String {
    let names: Vec<_> = plugins.iter().map(PluginId::as_str).collect();
    names.join(" and ")
}
