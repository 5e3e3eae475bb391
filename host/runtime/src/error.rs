//! Owns what can go wrong between a host and its plugins, each case with the plugin's id and the line to change.
//! It refuses to know exit statuses and output formats: that is the program's business.

use hal9_package::{PermissionKind, Permissions, PluginId};

use crate::Limit;
use crate::bindings::hal9::plugin::types::{Failure, FailureCode};

/// Why a plugin could not be loaded or did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a component, or not one that this host can run.
    #[error("{plugin}: {reason}")]
    InvalidComponent {
        /// The plugin's id, or the file's name where there is none yet.
        plugin: String,
        /// What is wrong.
        reason: String,
        /// What to change.
        help: String,
    },
    /// The component imports an interface that it was not granted.
    #[error("{plugin}: imports `{interface}`, which needs the permission {permission}, and that was not {}", if *.declared { "granted" } else { "declared" })]
    Ungranted {
        /// Whose import it is.
        plugin: PluginId,
        /// The interface with its version, as the component names it.
        interface: String,
        /// What would allow it.
        permission: PermissionKind,
        /// Whether the manifest declares the permission.
        declared: bool,
        /// The line that would grant it, and where to write it.
        help: String,
    },
    /// There is no such plugin, capability or export.
    #[error("{what}")]
    NotFound {
        /// The plugin's id, where there is one.
        plugin: Option<PluginId>,
        /// What was looked for.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// What the caller gave is wrong; the plugin was not asked.
    #[error("{what}")]
    InvalidInput {
        /// The plugin's id, where there is one.
        plugin: Option<PluginId>,
        /// What is wrong.
        what: String,
        /// What would be right.
        help: String,
    },
    /// The plugin reached a limit. Its instance was replaced.
    #[error("{plugin}: reached its {limit} limit of {allowed}")]
    LimitExceeded {
        /// Whose limit.
        plugin: PluginId,
        /// Which limit.
        limit: Limit,
        /// What it is set to, with its unit.
        allowed: String,
        /// What to do about it.
        help: String,
    },
    /// Compiling the component reached a limit of the host. Nothing of it was run.
    #[error("{plugin}: compiling it reached the {limit} limit of {allowed}")]
    NotCompiled {
        /// The plugin's id, or the file's name where there is none yet.
        plugin: String,
        /// Which limit.
        limit: Limit,
        /// What it is set to, with its unit.
        allowed: String,
        /// What to do about it.
        help: String,
    },
    /// The plugin answered with a failure of its own. Its instance goes on.
    #[error("{plugin}: {} ({code})", if .message.is_empty() { "failed without a message" } else { .message })]
    Failed {
        /// Who answered.
        plugin: PluginId,
        /// What sort of failure.
        code: FailureCode,
        /// What the plugin says, with control characters escaped.
        message: String,
    },
    /// The plugin answered with something that breaks the contract of its interface.
    #[error("{plugin}: {reason}")]
    BadReply {
        /// Who answered.
        plugin: PluginId,
        /// Which clause was broken.
        reason: String,
    },
    /// The plugin trapped. Its instance was replaced.
    #[error("{plugin}: trapped: {trap}")]
    Trapped {
        /// Who trapped.
        plugin: PluginId,
        /// What wasmtime says, such as `wasm trap: integer divide by zero`.
        trap: String,
        /// What the plugin wrote to its standard error last, such as its panic message; may be empty.
        stderr: String,
        /// Where, innermost call first; may be empty.
        backtrace: Vec<String>,
    },
    /// The plugin called `exit`. Its instance was replaced.
    #[error("{plugin}: exited with status {status}; a plugin must return instead")]
    Exited {
        /// Who exited.
        plugin: PluginId,
        /// With what.
        status: i32,
    },
    /// Two things that cannot both be.
    #[error("{what}")]
    Conflict {
        /// The plugin's id, where there is one.
        plugin: Option<PluginId>,
        /// What is in the way.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// A new version may do more than the one that serves, and nobody has accepted that. The one that serves goes on.
    #[error("{plugin}: the new version may do more than the one that serves: {permissions}")]
    Widened {
        /// Whose version.
        plugin: PluginId,
        /// What the new version may do and the other may not.
        permissions: Permissions,
        /// What to do about it.
        help: String,
    },
    /// A new version did not take over. The one that serves goes on.
    #[error("{plugin}: version {version} did not take over, {step}: {source}; {serving}")]
    NotReplaced {
        /// Whose version.
        plugin: PluginId,
        /// The version that was to take over.
        version: semver::Version,
        /// What it did not get past.
        step: Step,
        /// What serves now, in words.
        serving: String,
        /// What went wrong.
        source: Box<Error>,
    },
    /// The host has no room now, or something it works with is gone.
    #[error("{what}")]
    Unavailable {
        /// The plugin's id, where there is one.
        plugin: Option<PluginId>,
        /// The bound of the host that leaves no room, where one does.
        limit: Option<Limit>,
        /// What is missing.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// The host itself went wrong.
    #[error("{what}")]
    Internal {
        /// What it was doing.
        what: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What has to go well, in this order, before a new version takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// It is linked to its grants, and its configuration and its names are held against what there is.
    Link,
    /// Its first instance begins.
    Start,
    /// That says that it works.
    Health,
    /// The instances that serve say what there is to go on with.
    ExportState,
    /// Instances of the new version take that.
    ImportState,
    /// It takes the other's place.
    Swap,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Link => "when it was linked",
            Self::Start => "when its first instance began",
            Self::Health => "when it was asked how it feels",
            Self::ExportState => "when the state was to be handed over",
            Self::ImportState => "when it was given the state",
            Self::Swap => "when it was to take the other's place",
        })
    }
}

impl Error {
    /// Whose error it is, where it is a plugin's.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::InvalidComponent { plugin, .. } | Self::NotCompiled { plugin, .. } => Some(plugin),
            Self::Ungranted { plugin, .. }
            | Self::LimitExceeded { plugin, .. }
            | Self::Failed { plugin, .. }
            | Self::BadReply { plugin, .. }
            | Self::Trapped { plugin, .. }
            | Self::Widened { plugin, .. }
            | Self::NotReplaced { plugin, .. }
            | Self::Exited { plugin, .. } => Some(plugin.as_ref()),
            Self::NotFound { plugin, .. }
            | Self::InvalidInput { plugin, .. }
            | Self::Conflict { plugin, .. }
            | Self::Unavailable { plugin, .. } => plugin.as_ref().map(AsRef::as_ref),
            Self::Internal { .. } => None,
        }
    }

    /// What to do about it, where something can be done.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::InvalidComponent { help, .. }
            | Self::Ungranted { help, .. }
            | Self::NotFound { help, .. }
            | Self::InvalidInput { help, .. }
            | Self::LimitExceeded { help, .. }
            | Self::NotCompiled { help, .. }
            | Self::Conflict { help, .. }
            | Self::Widened { help, .. }
            | Self::Unavailable { help, .. } => Some(help),
            Self::NotReplaced { source, .. } => source.help(),
            _ => None,
        }
    }

    /// Whether the plugin's instance was lost: a trap, an exit or a limit reached while it ran.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Trapped { .. } | Self::Exited { .. })
            || matches!(self, Self::LimitExceeded { limit, .. } if *limit != Limit::Size)
    }

    pub(crate) fn failed(plugin: &PluginId, failure: Failure) -> Self {
        Self::Failed {
            plugin: plugin.clone(),
            code: failure.code,
            message: crate::text::escape(&failure.message, crate::text::MESSAGE_BYTES),
        }
    }

    pub(crate) fn internal(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal { what: what.into(), source: source.into() }
    }
}

impl std::fmt::Display for FailureCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InvalidInput => "invalid-input",
            Self::NotFound => "not-found",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::LimitExceeded => "limit-exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        })
    }
}
