//! What is wrong with a package, in which entry, and what to do about it. It does not know which plugin it is: that may be
//! what is wrong.

use std::{io, path::PathBuf};

use crate::{ManifestError, text::printable};

/// Why a package was refused, or cannot be made.
///
/// Messages are safe to print: what they quote from the package is escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The file cannot be read.
    #[error("{}: {source}", printable(&path.to_string_lossy()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// The package is larger than [`Package::MAX_BYTES`](crate::Package::MAX_BYTES).
    #[error("the package has more than {} MiB: leave out what the plugin does not need", crate::Package::MAX_BYTES >> 20)]
    TooLarge,

    /// The archive as a whole is not one of the plain kind that packages are.
    #[error("the archive {problem}: {fix}")]
    Archive {
        /// What is wrong, such as `has a comment`.
        problem: String,
        /// What to do.
        fix: &'static str,
    },

    /// One entry of the archive is not as it should be, or not what the manifest says.
    #[error("`{entry}`: {problem}")]
    Entry {
        /// The path of the entry, escaped and cut.
        entry: String,
        /// What is wrong and what to do.
        problem: String,
    },

    /// The manifest in the package is not one.
    #[error("`{}`: {source}", crate::Package::MANIFEST)]
    Manifest {
        /// What is wrong with it, where.
        source: ManifestError,
    },
}

/// What to do about an archive that another program made in an unusual way.
const PACK: &str = "make the package with `hal9 plugin pack`, or with a plain `zip -r`";

impl PackageError {
    pub(super) fn archive(problem: impl Into<String>) -> Self {
        Self::Archive { problem: problem.into(), fix: PACK }
    }

    pub(super) fn entry(entry: &str, problem: impl Into<String>) -> Self {
        Self::Entry { entry: printable(entry), problem: problem.into() }
    }
}
