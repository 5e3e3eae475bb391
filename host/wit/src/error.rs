//! Owns why this crate could not do something. It refuses to know how that is shown.

use std::path::{Path, PathBuf};

/// Why WIT could not be written, read or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read, written or removed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// WIT that is malformed, or that refers to what is not there.
    #[error("{name}: {reason}")]
    Malformed {
        /// The file, folder or document.
        name: String,
        /// What is wrong, with the line where one is known.
        reason: String,
    },
    /// Bytes that are no component.
    #[error("{name} is no component: {reason}")]
    NoComponent {
        /// What the bytes were called.
        name: String,
        /// What they are instead, or what is wrong with them.
        reason: String,
    },
    /// Two sides that are about different packages, so that nothing could be said of them.
    #[error("{old} and {new} have no package in common: {old} is about {of_old}, {new} about {of_new}")]
    NothingInCommon {
        /// What the first side is called.
        old: String,
        /// What the second side is called.
        new: String,
        /// The packages of the first side.
        of_old: String,
        /// The packages of the second side.
        of_new: String,
    },
}

impl Error {
    /// For [`Result::map_err`]: what went wrong with `path`.
    pub(crate) fn of(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
