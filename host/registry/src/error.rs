//! What can go wrong with the registry, and what to do then. It does not know exit codes or how errors are shown.

use std::{io, path::PathBuf};

use hal9_package::{Digest, PackageError, PluginId};
use semver::Version;

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
        "the registry {} is damaged ({source}): move it away together with its -wal and -shm files, and load or install \
         the plugins again (`hal9 doctor` finds their packages in store/blobs), or try `sqlite3 {} .recover`",
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
    #[error("{plugin}: what the registry {} keeps of it cannot be read ({reason}): run `hal9 doctor --fix`, which reads it again from its package; or take it out with `hal9 plugin uninstall {plugin}`, or `hal9 plugin unload {plugin}` where it was loaded from a folder", path.display())]
    Stored {
        /// The plugin's id as it is kept.
        plugin: String,
        /// The database file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// There is no such plugin.
    #[error("{plugin}: no such plugin is loaded or installed; `hal9 plugin list` shows those that are")]
    Unknown {
        /// The id that was asked for.
        plugin: PluginId,
    },

    /// The plugin is linked only.
    #[error("{plugin} is not installed, but loaded from a folder: to take it out, run `hal9 plugin unload {plugin}`")]
    NotInstalled {
        /// The plugin.
        plugin: PluginId,
    },

    /// The plugin is not installed in this version, or not at all.
    #[error("{plugin} is not installed in version {version}; {}", installed_list(installed))]
    NoVersion {
        /// The plugin.
        plugin: PluginId,
        /// The version that was asked for.
        version: Version,
        /// The installed versions, newest first.
        installed: Vec<Version>,
    },

    /// The plugin has changed since it was decided what to do with it.
    #[error(
        "{plugin}: {} is current, and {} was when this was decided: another command has changed it; look at it and try again",
        or_nothing(found.as_ref()), or_nothing(expected.as_ref())
    )]
    Changed {
        /// The plugin.
        plugin: PluginId,
        /// The version that was to be current; `None` for not installed.
        expected: Option<Version>,
        /// The version that is current.
        found: Option<Version>,
    },

    /// The same version is installed with other content. A version never changes once it is published.
    #[error(
        "{plugin} {version} is installed already with other content ({installed}, and this is {offered}): ask its author \
         for a new version, or uninstall this one first"
    )]
    Different {
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Version,
        /// The digest of the package that is installed, as it is kept.
        installed: String,
        /// The digest of the other one.
        offered: Digest,
    },

    /// The component that is to be installed is not the one of its package.
    #[error("{plugin}: the component is not the one in its package, so nothing was installed")]
    Foreign {
        /// The plugin.
        plugin: PluginId,
    },

    /// A package cannot be read: one that is to be installed, or one that an older HAL9 has let in.
    #[error("{plugin}: its package cannot be read: {source}")]
    Package {
        /// The plugin.
        plugin: PluginId,
        /// What is wrong with it.
        source: Box<PackageError>,
    },

    /// A file of an installed plugin is lost or is not what was installed. It is not used.
    #[error("{plugin} {version}: {} is damaged: {reason}: run `hal9 doctor --fix`, or install it again", path.display())]
    Damaged {
        /// The plugin.
        plugin: PluginId,
        /// The version that the file belongs to.
        version: Version,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The component of a linked plugin cannot be read.
    #[error("{plugin}: {}: {source}", path.display())]
    Component {
        /// The plugin.
        plugin: PluginId,
        /// The component file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// What was installed a moment ago is not any more.
    #[error("the package {package} is not installed any more: another command has taken it out")]
    Gone {
        /// Its digest.
        package: Digest,
    },

    /// A file or folder of the store cannot be made, written, read or removed: a full disk, or a missing right. What was
    /// installed before is as it was.
    #[error("cannot {doing} {}: {source}", path.display())]
    Store {
        /// What was to be done: `make`, `open`, `lock`, `write`, `read` or `remove`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// Another process has been changing the store for too long.
    #[error("another process is changing the store and holds {}: try again", path.display())]
    Locked {
        /// The file that it holds.
        path: PathBuf,
    },

    /// A folder of packages, or a signature in it, cannot be read.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A name stands for several plugins.
    #[error("\"{name}\" may be {}: write the whole id", list(plugins))]
    AmbiguousName {
        /// The name that was asked for.
        name: String,
        /// The plugins of that name, in order.
        plugins: Vec<PluginId>,
    },
}

impl Error {
    /// Whether a transaction that failed with this is certainly undone. After an error of input or output SQLite may find
    /// it whole in its log when it opens the database again.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Database { source, .. } => source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Corrupt { .. } => false,
            _ => true,
        }
    }
}

fn list(plugins: &[PluginId]) -> String {
    let names: Vec<_> = plugins.iter().map(PluginId::as_str).collect();
    names.join(" and ")
}

fn or_nothing(version: Option<&Version>) -> String {
    version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"))
}

fn installed_list(versions: &[Version]) -> String {
    let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
    if versions.is_empty() { "no version is".to_owned() } else { format!("there is {}", versions.join(", ")) }
}
