//! Owns what can be said of where a plugin comes from: its folder or its package, who signed that, which versions there are, and
//! who needs it. It refuses to know what the plugin does.

use std::path::Path;
use std::time::UNIX_EPOCH;

use hal9_package::PluginId;
use hal9_registry::{Installed, Plugin, Source};
use serde_json::json;

use super::moment;
use crate::failure::Failure;
use crate::output::{dim, plain, size, yellow};
use crate::session::Session;

/// Where a plugin comes from.
pub(super) struct Provenance {
    /// The installed version that serves, or would without the folder that it is loaded from.
    pub(super) installed: Option<Installed>,
    /// All that are installed, newest first.
    pub(super) versions: Vec<Installed>,
    /// Who needs it.
    pub(super) dependents: Vec<PluginId>,
    is_revoked: bool,
}

impl Provenance {
    pub(super) fn of(session: &Session, plugin: &Plugin) -> Result<Self, Failure> {
        let id = plugin.id();
        let installed = session.registry.installed(id)?.and_then(|plugin| match plugin.source {
            Source::Installed(installed) => Some(installed),
            Source::Linked(_) => None,
        });
        let key = installed.as_ref().and_then(|installed| installed.key.as_ref());
        Ok(Self {
            is_revoked: session.settings.trust().may_run(id, key).is_err(),
            versions: session.registry.versions(id)?.into_iter().map(|(_, installed)| installed).collect(),
            dependents: session.registry.dependents(id)?,
            installed,
        })
    }

    /// A name and a value for each line.
    pub(super) fn rows(&self, plugin: &Plugin) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(link) = folder(&plugin.source) {
            rows.push(("folder", link.display().to_string()));
        }
        if let Some(installed) = &self.installed {
            rows.push(("package", format!("{}  {}", installed.package, dim(size(installed.size)))));
            rows.push(("origin", plain(&installed.origin)));
            rows.push((
                "signed",
                match (&installed.key, self.is_revoked) {
                    (Some(key), true) => yellow(format!("by the key {}, which is revoked: it does not run", key.id())),
                    (Some(key), false) => format!("by the key {}", key.id()),
                    (None, _) => yellow("by nobody"),
                },
            ));
        }
        if self.versions.len() > 1 {
            let versions: Vec<_> = self.versions.iter().map(|installed| installed.version.to_string()).collect();
            rows.push(("versions", versions.join(", ")));
        }
        let needs = plugin.manifest.dependencies.iter();
        let needs: Vec<_> = needs.map(|needed| format!("{} {}", needed.plugin_id, needed.version)).collect();
        if !needs.is_empty() {
            rows.push(("needs", needs.join(", ")));
        }
        if !self.dependents.is_empty() {
            rows.push(("needed by", self.dependents.iter().map(PluginId::as_str).collect::<Vec<_>>().join(", ")));
        }
        rows
    }
}

pub(super) fn installed_json(installed: &Installed) -> serde_json::Value {
    let since = installed.installed_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "version": installed.version,
        "package": installed.package,
        "component": installed.component,
        "size": installed.size,
        "key": installed.key,
        "key_id": installed.key.as_ref().map(|key| key.id().to_string()),
        "origin": installed.origin,
        "installed_at": moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
    })
}

/// Where a plugin comes from, in a word.
pub(super) fn source_name(source: &Source) -> &'static str {
    match source {
        Source::Linked(_) => "linked",
        Source::Installed(_) => "installed",
    }
}

/// The folder that a plugin is linked to.
pub(super) fn folder(source: &Source) -> Option<&Path> {
    match source {
        Source::Linked(link) => Some(&link.folder),
        Source::Installed(_) => None,
    }
}

/// A linked plugin's component file, or the digest of an installed one.
pub(super) fn component(source: &Source) -> String {
    match source {
        Source::Linked(link) => link.component.display().to_string(),
        Source::Installed(installed) => installed.component.to_string(),
    }
}
