//! Owns what a folder that nobody named may not take the place of: what the home has, and what the settings are about. It
//! refuses to know who signed what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hal9_package::PluginId;
use hal9_registry::Plugin;
use semver::Version;

use super::NamedBy;
use crate::failure::{Code, Failure};
use crate::output::word;
use crate::trust::key_of;

/// The ids that somebody has decided about.
pub(crate) struct Taken {
    /// What the home has, and in which version.
    home: BTreeMap<PluginId, Version>,
    /// What hal9.toml says anything of: grants, secrets, keys.
    settings: BTreeSet<PluginId>,
}

impl Taken {
    pub(crate) fn new<'a>(home: &[Plugin], settings: impl Iterator<Item = &'a PluginId>) -> Self {
        let home = home.iter().map(|plugin| (plugin.id().clone(), plugin.manifest.metadata.version.clone())).collect();
        Self { home, settings: settings.cloned().collect() }
    }

    /// Whether a plugin of a folder may be used beside that.
    ///
    /// # Errors
    ///
    /// Code `signature`, reason `unsigned`: nobody has signed it, and its id is taken. Code `conflict`, reason `downgrade`: it
    /// is older than what the home has.
    pub(super) fn judge(&self, plugin: &Plugin, path: &Path, named_by: NamedBy) -> Result<(), Failure> {
        if named_by.is_operator() {
            return Ok(());
        }
        let (id, version) = (plugin.id(), &plugin.manifest.metadata.version);
        let named = format!("--plugin-path {}", word(path.parent().unwrap_or(path)));
        let here = self.home.get(id);
        // With the id, it would have what the other was granted, and its secrets.
        if key_of(plugin).is_none() && (here.is_some() || self.settings.contains(id)) {
            let whose = if here.is_some() { "in the home already" } else { "what hal9.toml has settings for" };
            let message = format!("{id}: {} is not signed, and a plugin of this id is {whose}", path.display());
            let help = format!("have it signed; or, if you mean it, name its folder: {named}");
            return Err(Failure::new(Code::Signature, message).reason("unsigned").help(help).plugin(id));
        }
        match here.filter(|here| version < *here) {
            None => Ok(()),
            Some(here) => {
                let message =
                    format!("{id}: {} is version {version}, and the home has {here}, which is newer", path.display());
                let help = format!("if you mean the older one, name its folder: {named}");
                Err(Failure::new(Code::Conflict, message).reason("downgrade").help(help).plugin(id))
            }
        }
    }
}
