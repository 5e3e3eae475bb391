//! What can go wrong with a registry for who runs it, and what to do then. It does not know HTTP.

use std::{io, path::PathBuf};

use hal9_package::KeyError;
use hal9_registry_index::{Distrust, api::ProblemBody};

use crate::Refusal;

/// Why a registry cannot be opened, served, saved or brought back. Nothing that was acknowledged is lost by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be used: a full disk, or a missing right.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was to be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The store of packages cannot be used.
    #[error(transparent)]
    Store(#[from] hal9_registry::Error),

    /// SQLite reports something.
    #[error("the registry's database: {0}")]
    Database(#[from] rusqlite::Error),

    /// A newer HAL9 has written the database.
    #[error(
        "the registry {} has version {found}, and this HAL9 knows up to {known}: update HAL9", path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this HAL9 knows.
        known: i64,
    },

    /// A row is not what was written.
    #[error("the registry's database is damaged: {what}: {reason}: restore a backup")]
    Stored {
        /// What cannot be read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// A key of the registry cannot be used.
    #[error("the registry's key {}: {source}", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },

    /// A key of the registry is not there, or another one.
    #[error("{} is not the {role} key that the registry's root names: bring it back from a backup{}", path.display(), if *role == "index" { ", or run `hal9 registry rotate-keys`" } else { "" })]
    KeyLost {
        /// The key file.
        path: PathBuf,
        /// `root` or `index`.
        role: &'static str,
    },

    /// The folder cannot be used for this.
    #[error("{}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },

    /// A backup cannot be read.
    #[error("{} is no backup of a registry: {reason}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Another registry says what is not believed.
    #[error("the registry that is mirrored is not believed: {0}")]
    Distrust(#[from] Distrust),

    /// Another registry says what is not believed of a plugin.
    #[error("{plugin}: {reason}: nothing of it was mirrored")]
    Mirror {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        reason: String,
    },

    /// Another registry does not answer.
    #[error("{path}: {reason}")]
    Fetch {
        /// What was asked for.
        path: String,
        /// Why it did not come.
        reason: String,
    },

    /// What is asked for is not there or may not be, as the interface would say.
    #[error("{}", .0.message)]
    Refused(Box<ProblemBody>),

    /// A part of the server broke off.
    #[error("the server broke off: {0}")]
    Broken(String),
}

impl Error {
    /// For `map_err` on what the system says of a file.
    pub(crate) fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }

    /// For `map_err` on what is wrong with a row.
    pub(crate) fn stored<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |reason| Self::Stored { what, reason: reason.to_string() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.problem)
    }
}
