//! What can go wrong with a registry. It does not know what to do then.

use std::{io, path::PathBuf};

use hal9_package::{Digest, PackageError, PluginId, SignatureError};
use hal9_registry_index::{Broken, Distrust, InvalidText, Seconds, api::ProblemBody};
use semver::Version;

use crate::text::printable;

/// Why a registry could not be asked, was not believed, or refused. Nothing of what was not believed is kept.
///
/// Messages are safe to print: what they quote from a registry is escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What settings say of the registry is not usable.
    #[error("the registry `{registry}`: {reason}")]
    Settings {
        /// What the user calls it.
        registry: String,
        /// What is wrong, and what to write.
        reason: String,
    },

    /// Something that is to be sent is not what its place asks for.
    #[error(transparent)]
    Text(#[from] InvalidText),

    /// There is no connection, no answer in time, or only a part of one.
    #[error("the registry `{registry}` cannot be reached: {reason}")]
    Unreachable {
        /// What the user calls it.
        registry: String,
        /// What the network says.
        reason: String,
    },

    /// The registry may not be asked, and what is kept does not answer.
    #[error("the registry `{registry}` is not asked, as this is offline, and {what} is not kept here")]
    Offline {
        /// What the user calls it.
        registry: String,
        /// What was asked for.
        what: String,
    },

    /// The registry cannot be reached, and the last index is too old to go on with.
    #[error("the last index of the registry `{registry}` expired {} ago, and there is no newer one to be had: {source}", span(*late))]
    Expired {
        /// What the user calls it.
        registry: String,
        /// For how long, in seconds.
        late: Seconds,
        /// Why there is no newer one.
        source: Box<Error>,
    },

    /// It sends whoever asks somewhere else.
    #[error("the registry `{registry}` sends to {to}, and only what it says itself is believed")]
    Redirected {
        /// What the user calls it.
        registry: String,
        /// Where.
        to: String,
    },

    /// An answer has no end, or one that is too far away.
    #[error("the registry `{registry}` answers with more than {max} bytes for {what}")]
    TooLarge {
        /// What the user calls it.
        registry: String,
        /// What was asked for.
        what: String,
        /// How many bytes it may have.
        max: u64,
    },

    /// An answer is not what a registry of this version answers.
    #[error("the registry `{registry}` does not answer as one: {what}: {reason}")]
    Unexpected {
        /// What the user calls it.
        registry: String,
        /// What was asked for.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },

    /// It refuses.
    #[error("the registry `{registry}` refuses: {}", problem.message)]
    Refused {
        /// What the user calls it.
        registry: String,
        /// The status of HTTP.
        status: u16,
        /// What it says, printable and cut.
        problem: Box<ProblemBody>,
    },

    /// Nobody is signed in.
    #[error("nobody is signed in to the registry `{registry}`")]
    SignedOut {
        /// What the user calls it.
        registry: String,
    },

    /// What it signs is not believed.
    #[error("the registry `{registry}`: {source}")]
    Distrust {
        /// What the user calls it.
        registry: String,
        /// Why not.
        source: Box<Distrust>,
    },

    /// What it says of a plugin is not believed.
    #[error("{plugin}, from the registry `{registry}`: {source}")]
    Broken {
        /// What the user calls it.
        registry: String,
        /// The plugin.
        plugin: PluginId,
        /// Why not.
        source: Box<Broken>,
    },

    /// The bytes of a package are not those that the index names.
    #[error("{plugin} {version}: {from} gives another package than the index names ({expected}): {found}")]
    ChangedPackage {
        /// What the user calls the registry.
        registry: String,
        /// Which address gave it.
        from: Box<str>,
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Box<Version>,
        /// What the index names.
        expected: Digest,
        /// What came.
        found: Box<str>,
    },

    /// The author's signature is not one over the package.
    #[error("{plugin} {version}, from the registry `{registry}`: the author's signature is not believed: {source}")]
    BadSignature {
        /// What the user calls the registry.
        registry: String,
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Box<Version>,
        /// Why not.
        source: SignatureError,
    },

    /// A package that is signed, and is not what the index says that it is.
    #[error("{plugin} {version}, from the registry `{registry}`: the package is not what the index says: {reason}")]
    Misdescribed {
        /// What the user calls the registry.
        registry: String,
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Box<Version>,
        /// What differs.
        reason: String,
    },

    /// A package that is none.
    #[error("{what}: {source}")]
    Package {
        /// Which plugin and version, or which file.
        what: String,
        /// The plugin, where it is known.
        plugin: Option<PluginId>,
        /// What is wrong with it.
        source: Box<PackageError>,
    },

    /// The registry has no such plugin.
    #[error("{plugin}: {registry} has no such plugin")]
    Unknown {
        /// Who was asked, in words.
        registry: String,
        /// The plugin.
        plugin: PluginId,
    },

    /// The version's package was taken out.
    #[error("{plugin} {version}: its package was taken out of the registry `{registry}`")]
    Withdrawn {
        /// What the user calls the registry.
        registry: String,
        /// The plugin.
        plugin: PluginId,
        /// The version.
        version: Box<Version>,
    },

    /// Several registries have a plugin of this name, and nobody has said which one is meant.
    #[error("{plugin}: the registries {} have a plugin of this name", quoted(registries))]
    Ambiguous {
        /// The plugin.
        plugin: PluginId,
        /// What the user calls them.
        registries: Vec<String>,
    },

    /// Where a plugin came from is not where settings say that it comes from now.
    #[error("{plugin} came from the registry `{bound}`, and settings say that it comes from {}", quoted(claimed))]
    ClaimedElsewhere {
        /// The plugin.
        plugin: PluginId,
        /// Where it came from.
        bound: String,
        /// Where settings say that it comes from.
        claimed: Vec<String>,
    },

    /// A plugin came from a registry that is not among those that can be asked.
    #[error("{plugin} came from the registry `{bound}` ({identity}), which is not in the settings any more")]
    Unlisted {
        /// The plugin.
        plugin: PluginId,
        /// What it was called then.
        bound: String,
        /// Its identity.
        identity: String,
    },

    /// Behind a name that a plugin came from there is another registry now.
    #[error("{plugin} came from the registry `{registry}` when that was {expected}, and now it is {found}")]
    OtherRegistry {
        /// What the user calls it.
        registry: String,
        /// The plugin.
        plugin: PluginId,
        /// Its identity then.
        expected: String,
        /// Its identity now.
        found: String,
    },

    /// A file with tokens can be read by others.
    #[error("{} can be read by others (mode {mode:o}), and has tokens in it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },

    /// A file that keeps what is believed is not as it was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file, which is left as it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Another command has been holding a file for too long.
    #[error("another command holds {}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },

    /// A file or folder cannot be made, written, read or removed: a full disk, or a missing right.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was to be done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn settings(registry: &str, reason: String) -> Self {
        Self::Settings { registry: printable(registry), reason: printable(&reason) }
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// A span of time for people.
pub(crate) fn span(seconds: Seconds) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
