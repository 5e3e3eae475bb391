//! Owns the end of a session's plugins: they are unloaded, and what they used up is written back. It refuses to know why they end.

use hal9_host::PluginStats;
use hal9_package::PluginId;
use hal9_registry::{Error as RegistryError, Usage};

use super::Session;
use crate::secrets::GIVEN;

impl Session {
    /// Ends all plugins and writes back what they used up. Whatever the command's own result is, it stands: what goes
    /// wrong here is told, and no more.
    pub(crate) async fn close(mut self) {
        for summary in self.manager.list() {
            self.end(summary.plugin.id()).await;
        }
        if let Err(error) = self.audit.flush() {
            self.output.note(format!("{}: records are lost: {error}", self.home.audit().display()));
        }
    }

    /// Ends a plugin, if it is loaded, and writes back what it used up.
    pub(super) async fn end(&mut self, id: &PluginId) {
        let Ok(plugin) = self.manager.get(id) else { return };
        let stats = plugin.stats();
        if let Err(error) = self.manager.unload(id).await {
            self.output.note(format!("{id}: at its end: {error}"));
        }
        if self.here.contains(id) {
            return;
        }
        if stats.calls > 0
            && let Some(watch) = &self.watch
        {
            watch.called(id);
        }
        let usage = self.used(id, &stats);
        if let Err(error) = self.registry.add_usage(id, &usage)
            // Of what is not in the home, nothing is kept.
            && !matches!(error, RegistryError::Unknown { .. })
        {
            self.output.note(format!("{id}: what it used up could not be written down: {error}"));
        }
    }

    /// What a plugin used up in this command.
    pub(super) fn used(&self, id: &PluginId, stats: &PluginStats) -> Usage {
        Usage {
            calls: stats.calls,
            errors: stats.errors,
            traps: stats.traps,
            time: stats.time,
            peak_memory: stats.peak_memory,
            last_error: self.errors.get(id).map(|error| GIVEN.mask(error).into_owned()),
        }
    }
}
