//! Owns which plugins a command can use: those of the home and those that are found in folders, as one list. It refuses to know
//! how they are loaded.

use hal9_package::PluginId;
use hal9_registry::{Error as RegistryError, Plugin, Source, Usage};

use super::Session;
use crate::discovery::{self, Findings, Taken};
use crate::failure::{Code, Failure};
use crate::output::plain;

impl Session {
    /// What is found in folders beside the home.
    pub(crate) fn findings(&self) -> Result<&Findings, Failure> {
        if let Some(findings) = self.findings.get() {
            return Ok(findings);
        }
        let taken = Taken::new(&self.registry.list()?, self.settings.plugins());
        let findings = Findings::look(&self.plugin_path, &self.settings.trust(), &taken)?;
        Ok(self.findings.get_or_init(|| findings))
    }

    /// All plugins that this command can use, by id: those of the home, and those that are found in folders.
    pub(crate) fn plugins(&self) -> Result<Vec<Plugin>, Failure> {
        Ok(discovery::merge(self.findings()?, self.registry.list()?))
    }

    /// The plugin of an id; or else the only one of a name, or of that last part of its id, in either case.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Plugin>, Failure> {
        let mut plugins = self.plugins()?;
        if let Some(at) = plugins.iter().position(|plugin| plugin.id().as_str() == name) {
            return Ok(Some(plugins.swap_remove(at)));
        }
        plugins.retain(|plugin| {
            plugin.manifest.metadata.name.eq_ignore_ascii_case(name) || plugin.id().short().eq_ignore_ascii_case(name)
        });
        match plugins.len() {
            0 | 1 => Ok(plugins.pop()),
            _ => {
                let plugins = plugins.iter().map(|plugin| plugin.id().clone()).collect();
                Err(RegistryError::AmbiguousName { name: name.to_owned(), plugins }.into())
            }
        }
    }

    /// As [`find`](Self::find), of one that must be there.
    pub(crate) fn known(&self, name: &str) -> Result<Plugin, Failure> {
        if let Some(plugin) = self.find(name)? {
            return Ok(plugin);
        }
        // One that is there and not used says more than that there is none.
        let unusable = self.findings()?.iter().filter(|finding| finding.is_called(name));
        if let Some(error) = self.registry.unreadable()?.remove(name) {
            return Err(error.into());
        }
        match unusable.filter_map(|finding| finding.outcome.as_ref().err()).next() {
            Some(failure) => Err(failure.clone()),
            None => Err(Failure::not_found(
                format!("no plugin `{}` is loaded or installed", plain(name)),
                "see `hal9 plugin list`, or load it: hal9 plugin load --dev DIR",
            )),
        }
    }

    /// A plugin of the home, which can be changed there.
    pub(crate) fn known_at_home(&self, name: &str) -> Result<Plugin, Failure> {
        let plugin = self.known(name)?;
        if self.registry.list()?.iter().any(|other| other.id() == plugin.id()) {
            return Ok(plugin);
        }
        let id = plugin.id();
        let place = match &plugin.source {
            Source::Linked(link) => link.component.display().to_string(),
            Source::Installed(installed) => plain(&installed.origin),
        };
        Err(Failure::new(Code::Conflict, format!("{id} is not in the home: it was found at {place}"))
            .plugin(id)
            .help("move it out of that folder, or install it: hal9 plugin install FILE"))
    }

    /// The plugin with this very id, if something that the home keeps of it cannot be read: it can be taken out by that.
    pub(crate) fn unreadable(&self, id: &str) -> Result<Option<PluginId>, Failure> {
        Ok(if self.registry.unreadable()?.contains_key(id) { id.parse().ok() } else { None })
    }

    /// What a plugin has used up so far, in this command as well; nothing is kept of one that is not in the home.
    pub(crate) fn usage(&self, id: &PluginId) -> Result<Usage, Failure> {
        let mut usage = match self.registry.usage(id) {
            Err(RegistryError::Unknown { .. }) => Usage::default(),
            usage => usage?,
        };
        if let Ok(plugin) = self.manager.get(id) {
            let now = self.used(id, &plugin.stats());
            usage.calls = usage.calls.saturating_add(now.calls);
            usage.errors = usage.errors.saturating_add(now.errors);
            usage.traps = usage.traps.saturating_add(now.traps);
            usage.time = usage.time.saturating_add(now.time);
            usage.peak_memory = usage.peak_memory.max(now.peak_memory);
            usage.last_error = now.last_error.or(usage.last_error);
        }
        Ok(usage)
    }
}
