//! What the registry keeps of a plugin. It does not know how it is kept.

use std::{path::PathBuf, time::SystemTime};

use hal9_package::{Digest, Manifest, Package, Permissions, PluginId, PublicKey};
use semver::Version;

/// A plugin that was loaded in development mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// The folder that it was loaded from. A relative path is taken from the current folder.
    pub folder: PathBuf,
    /// The component file. A relative path is taken from the current folder.
    pub component: PathBuf,
    /// What it was granted.
    pub granted: Permissions,
}

/// What [`Registry::record_loaded`](crate::Registry::record_loaded) has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The plugin was not linked before. It may be installed: then the installed version waits.
    Added,
    /// It was known from the same folder.
    Reloaded,
    /// It was known from another folder, which it is no longer loaded from.
    Replaced {
        /// The other folder.
        folder: PathBuf,
    },
}

/// A package to install, after everything about it was decided.
#[derive(Debug, Clone)]
pub struct Install<'a> {
    /// The package.
    pub package: &'a Package,
    /// The component in it: the bytes that were compiled and linked. Others than the package's are refused.
    pub component: &'a [u8],
    /// Whose key has signed it, and the text of the signature; `None` for an unsigned one.
    pub signed: Option<(PublicKey, String)>,
    /// What the plugin is granted from now on, whichever of its versions is current.
    pub granted: Permissions,
    /// Where the package came from, for people: a path or an address.
    pub origin: String,
    /// The version that was current when this was decided; `None` for not installed.
    pub expected: Option<Version>,
}

/// A plugin that the home knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// Where its component is.
    pub source: Source,
    /// What it was granted.
    pub granted: Permissions,
    /// Whether signals and calls go to it.
    pub active: bool,
}

impl Plugin {
    /// Who the plugin is.
    pub fn id(&self) -> &PluginId {
        &self.manifest.metadata.id
    }
}

/// Where a plugin's component is. A plugin that is both linked and installed is served from its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a folder of its developer.
    Linked(Link),
    /// In the store, from a package.
    Installed(Installed),
}

/// A folder that a plugin is loaded from while it is developed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The folder; absolute.
    pub folder: PathBuf,
    /// The component file; absolute.
    pub component: PathBuf,
    /// When it was last loaded, to the millisecond.
    pub loaded_at: SystemTime,
}

/// One installed version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The version.
    pub version: Version,
    /// The digest of the package.
    pub package: Digest,
    /// The digest of the component in it.
    pub component: Digest,
    /// The length of the package in bytes.
    pub size: u64,
    /// Whose key has signed it; `None` for an unsigned one.
    pub key: Option<PublicKey>,
    /// The text of the signature.
    pub signature: Option<String>,
    /// Where the package came from, for people: a path or an address.
    pub origin: String,
    /// When this version was first installed, to the millisecond.
    pub installed_at: SystemTime,
}
