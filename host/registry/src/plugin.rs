//! What the registry keeps of a plugin. It does not know how it is kept.

use std::{path::PathBuf, time::SystemTime};

use hal9_package::{Manifest, Permissions, PluginId};

/// A plugin that was loaded in development mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// The folder that it was loaded from. A relative path is taken from the current folder.
    pub source_dir: PathBuf,
    /// The component file. A relative path is taken from the current folder.
    pub component: PathBuf,
    /// What it was granted.
    pub granted: Permissions,
}

/// What [`Registry::record_loaded`](crate::Registry::record_loaded) has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The plugin was not known before.
    Added,
    /// It was known from the same folder.
    Reloaded,
    /// It was known from another folder, which it is no longer loaded from.
    Replaced {
        /// The other folder.
        source_dir: PathBuf,
    },
}

/// A plugin that the home knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// The folder that it was loaded from; absolute.
    pub source_dir: PathBuf,
    /// The component file; absolute.
    pub component: PathBuf,
    /// What it was granted.
    pub granted: Permissions,
    /// Whether signals and calls go to it.
    pub active: bool,
    /// When it was last loaded, to the millisecond.
    pub loaded_at: SystemTime,
}

impl Plugin {
    /// Who the plugin is.
    pub fn id(&self) -> &PluginId {
        &self.manifest.metadata.id
    }
}
