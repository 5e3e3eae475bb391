//! Why what a registry says is not believed. It does not know exit statuses or how errors are shown.

use hal9_package::KeyId;

use crate::Seconds;

/// Why a signed document of a registry is not believed. The registry, somebody between it and here, or what is kept here, is not
/// what it should be; nothing of the document was used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// It is not the text that such a document has.
    #[error("{what} cannot be read: {reason}")]
    Malformed {
        /// Which document.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// None of the keys that may has signed it.
    #[error("{what} is signed by {}, and only {} may", list(found), list(expected))]
    Unsigned {
        /// Which document.
        what: &'static str,
        /// The keys that may.
        expected: Vec<KeyId>,
        /// The keys that its signatures name.
        found: Vec<KeyId>,
    },
    /// It names a key that may sign it, and the signature is not over this text.
    #[error("{what} was changed after the key {key} signed it")]
    Altered {
        /// Which document.
        what: &'static str,
        /// The key.
        key: KeyId,
    },
    /// Another registry's.
    #[error("{what} is of the registry {found}, and this is {expected}")]
    OtherRegistry {
        /// Which document.
        what: &'static str,
        /// The registry that is asked.
        expected: String,
        /// The registry that the document names.
        found: String,
    },
    /// It says of itself that nobody should believe it any more.
    #[error("the index expired {} ago: the registry is not kept up, or somebody keeps newer ones back", days(*late))]
    Stale {
        /// For how long, in seconds.
        late: Seconds,
    },
    /// A newer one was seen before.
    #[error("{what} has version {found}, and version {seen} was seen before: it was rolled back")]
    RolledBack {
        /// Which document.
        what: &'static str,
        /// The greatest version that was seen.
        seen: u64,
        /// Its version.
        found: u64,
    },
    /// It does not belong to what it came with.
    #[error(
        "{what} is not the one that the index names ({expected}, and this is {found}): parts of several indexes were mixed"
    )]
    Mixed {
        /// Which document.
        what: &'static str,
        /// What the index names.
        expected: String,
        /// What came.
        found: String,
    },
}

impl Distrust {
    /// The word for programs: `malformed-index`, `untrusted-index`, `altered-index`, `other-registry`, `stale-index`, `rolled-back` or
    /// `mixed-index`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed-index",
            Self::Unsigned { .. } => "untrusted-index",
            Self::Altered { .. } => "altered-index",
            Self::OtherRegistry { .. } => "other-registry",
            Self::Stale { .. } => "stale-index",
            Self::RolledBack { .. } => "rolled-back",
            Self::Mixed { .. } => "mixed-index",
        }
    }
}

/// A text that somebody wrote is not what its place asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct InvalidText {
    /// Which text.
    pub what: &'static str,
    /// What is wrong with it, and what to write.
    pub reason: String,
}

fn list(keys: &[KeyId]) -> String {
    if keys.is_empty() {
        return "nobody".to_owned();
    }
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn days(seconds: Seconds) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
