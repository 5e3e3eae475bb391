//! How one version of a plugin makes room for another while it works. It refuses to know where either comes from.

use std::sync::Arc;
use std::time::Instant;

use super::{Manager, Plugins, not_loaded};
use crate::audit::{AuditEvent, AuditKind};
use crate::component::Component;
use crate::error::Step;
use crate::swap::{Moved, Stopped, Swap, Widening, probe, take_over};
use crate::version::{self, Version};
use crate::{Error, LoadOptions, Plugin};

impl Manager {
    /// Has a component take the place of the loaded plugin of the same id, as another version of it. It is linked and tried first; then,
    /// at a moment when no call runs, it is given the state of the old instances, and takes their place. Calls that come
    /// meanwhile wait, and are answered by the new version; where there is no state to move, none waits. [`Plugin`]s in hand are
    /// the new version from then on. Replacing goes on when its caller gives up.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a plugin that is not loaded, and [`Error::Widened`] for one that may do more now, unless that is
    /// accepted. [`Error::NotReplaced`], with the step and the reason, for all else: the old version serves on.
    pub async fn replace(&self, component: &Component, options: LoadOptions, accept: Widening) -> Result<Swap, Error> {
        let (manager, component) = (self.clone(), component.clone());
        // In a task of its own, so that a caller who gives up leaves no instance half-way.
        let task = tokio::spawn(async move { manager.replace_now(&component, options, accept).await });
        task.await.unwrap_or_else(|error| Err(Error::internal("replacing a plugin", error)))
    }

    async fn replace_now(
        &self,
        component: &Component,
        mut options: LoadOptions,
        accept: Widening,
    ) -> Result<Swap, Error> {
        let began = Instant::now();
        let manifest = version::manifest(component, &mut options)?;
        let plugin = self.get(&manifest.metadata.id)?;
        let _changing = plugin.resident.changing.lock().await;
        let old = plugin.resident.current();
        let (from, to) = (old.manifest.metadata.version.clone(), manifest.metadata.version.clone());
        let breaker = options.breaker;
        let linked = Version::link(&self.host, component, manifest, options, Some(&old));
        let result = match linked {
            Ok(new) => {
                let widened = new.widened(&old);
                if accept == Widening::Refuse && !widened.is_empty() {
                    let error = self.widened(&old, &to, widened);
                    return Err(error);
                }
                self.exchange(&plugin, Arc::new(new), breaker).await
            }
            Err(error) => Err(Stopped::at(Step::Link)(error)),
        };
        match result {
            Ok(Moved { state, paused }) => {
                let said = plugin.resident.current().said();
                old.note(
                    AuditKind::Reload,
                    &format!("{said}, took over from version {from} with {state} bytes of state"),
                );
                Ok(Swap { from, to, state, paused, elapsed: began.elapsed() })
            }
            Err(Stopped { step, error, lost }) => {
                let serving = match lost {
                    false => format!("version {from} serves on"),
                    true => format!("version {from} serves on with a fresh instance: the old one broke"),
                };
                let (plugin, source) = (old.id.clone(), Box::new(error));
                let error = Error::NotReplaced { plugin, version: to, step, serving, source };
                self.failed(&old, &error);
                Err(error)
            }
        }
    }

    fn widened(&self, old: &Version, to: &semver::Version, permissions: hal9_package::Permissions) -> Error {
        let from = &old.manifest.metadata.version;
        let help = format!("accept what is new, or revoke it: version {from} serves on, and {to} waits");
        let error = Error::Widened { plugin: old.id.clone(), permissions, help };
        self.failed(old, &error);
        error
    }

    /// Puts on record that a new version did not take over.
    fn failed(&self, old: &Version, error: &Error) {
        let event = AuditEvent::new(AuditKind::Reload, &old.id, &error.to_string());
        self.host.shared.backends.audit.record(&event.help(error.help().unwrap_or_default()));
    }

    async fn exchange(&self, plugin: &Plugin, new: Arc<Version>, breaker: crate::Breaker) -> Result<Moved, Stopped> {
        if self.is_active(plugin) {
            self.read().index.check(plugin.id(), &new.manifest).map_err(Stopped::at(Step::Link))?;
        }
        let fresh = probe(&new).await?;
        let manifest = new.manifest.clone();
        let moved = take_over(&plugin.resident, new, fresh, breaker, |set_current| {
            let mut plugins = self.write();
            let Plugins { loaded, index } = &mut *plugins;
            // Unless somebody has unloaded it meanwhile.
            let entry = loaded.get(plugin.id()).filter(|entry| entry.plugin.is_same(plugin));
            let Some(entry) = entry else { return Err(not_loaded(plugin.id())) };
            if entry.active {
                index.replace(plugin, &manifest, set_current)?;
            } else {
                set_current();
            }
            Ok(())
        });
        let moved = moved.await?;
        if !self.is_active(plugin)
            && let Err(error) = plugin.resident.turn_off().await
        {
            tracing::warn!(plugin = plugin.id().as_ref(), "is not active, and its new version was let go: {error}");
        }
        Ok(moved)
    }

    fn is_active(&self, plugin: &Plugin) -> bool {
        self.read().loaded.get(plugin.id()).is_some_and(|entry| entry.active && entry.plugin.is_same(plugin))
    }
}
