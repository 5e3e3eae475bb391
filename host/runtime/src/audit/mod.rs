//! Owns what is worth a record: what a plugin was refused, what it used too much of, how it broke, and what was done with
//! it. It refuses to know where records go: that is the embedder's [`AuditSink`], of which [`AuditLog`] is one.

mod chain;
#[cfg(test)]
mod contention;
mod files;
mod flood;
mod log;
mod record;
mod verify;

use std::fmt;

use hal9_package::{Permission, PluginId};

use crate::text::{MESSAGE_BYTES, escape};

pub use log::AuditLog;
pub use record::AuditRecord;
pub use verify::{AuditDamage, AuditVerified, DamageKind};

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AuditKind {
    /// A plugin was loaded: its version, and what it was granted.
    Load,
    /// A plugin was unloaded, or taken out of a home.
    Unload,
    /// A plugin wanted what it was not granted, and did not get it.
    Deny,
    /// A plugin reached a limit.
    Limit,
    /// A plugin trapped or exited.
    Trap,
    /// A plugin failed so often in a row that it is not asked for a while, or works again after that.
    Breaker,
    /// An entry of the cache of compiled code was not what was put there, and was compiled again.
    Cache,
    /// What an operator grants or denies was changed.
    Policy,
    /// A plugin was installed, upgraded or uninstalled.
    Install,
    /// A plugin was replaced by one of the same id.
    Reload,
    /// The log itself: records that it lost, or found torn.
    Log,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Load,
        Self::Unload,
        Self::Deny,
        Self::Limit,
        Self::Trap,
        Self::Breaker,
        Self::Cache,
        Self::Policy,
        Self::Install,
        Self::Reload,
        Self::Log,
    ];

    /// The name in records, such as `deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Unload => "unload",
            Self::Deny => "deny",
            Self::Limit => "limit",
            Self::Trap => "trap",
            Self::Breaker => "breaker",
            Self::Cache => "cache",
            Self::Policy => "policy",
            Self::Install => "install",
            Self::Reload => "reload",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which rule refused a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// The manifest does not declare it.
    Undeclared,
    /// It is declared, and no grant includes it.
    Ungranted,
    /// A grant includes it, and so does a denial.
    Denied,
    /// The address is not public, and not granted by address.
    Private,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What sort of thing.
    pub kind: AuditKind,
    /// Whose it is; none for the host's own.
    pub plugin: Option<PluginId>,
    /// What happened, in one line that is fit for a terminal.
    pub message: String,
    /// What would have allowed a denied use.
    pub permission: Option<Permission>,
    /// Which rule refused it.
    pub rule: Option<Rule>,
    /// What to do about it; may be empty.
    pub help: String,
}

impl AuditEvent {
    /// Something that happened to a plugin. Control characters of `message` are escaped, and it is cut where it is long.
    pub fn new(kind: AuditKind, plugin: &PluginId, message: &str) -> Self {
        Self {
            kind,
            plugin: Some(plugin.clone()),
            message: escape(message, MESSAGE_BYTES),
            permission: None,
            rule: None,
            help: String::new(),
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// Takes the records of all plugins. Called on the thread that runs the plugin, as often as a plugin likes: so it must be
/// quick, must bound what it keeps, and must not fail.
pub trait AuditSink: Send + Sync {
    /// Takes one record.
    fn record(&self, event: &AuditEvent);
}

/// Sends records to `tracing`, as warnings where something was refused or broke.
#[derive(Debug, Default)]
pub struct TracingAudit;

impl AuditSink for TracingAudit {
    fn record(&self, event: &AuditEvent) {
        let plugin = event.plugin.as_ref().map(PluginId::as_str);
        match event.kind {
            AuditKind::Load | AuditKind::Unload | AuditKind::Policy | AuditKind::Install | AuditKind::Reload => {
                tracing::info!(plugin, kind = event.kind.as_str(), "{}", event.message);
            }
            _ => tracing::warn!(plugin, kind = event.kind.as_str(), "{}", event.message),
        }
    }
}

/// Takes every use of a right, so that the smallest policy for a run can be found.
pub trait UseRecorder: Send + Sync {
    /// A plugin used what this permission and no wider one allows. Called for every use.
    fn used(&self, plugin: &PluginId, permission: &Permission);
}
