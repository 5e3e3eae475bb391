//! Owns how a plugin comes to run in a session: read, compiled, granted what the settings say and started, with those that it may
//! reach. It refuses to know what is asked of it then.

use std::collections::{BTreeMap, BTreeSet};

use hal9_host::{AuditSink as _, Component, LoadOptions, Swap, Widening};
use hal9_package::{Capability, Manifest, PermissionKind, Permissions};
use hal9_registry::{Link, Source};

use super::Session;
use crate::failure::{Code, Failure};
use crate::output::word;
use crate::source;
use crate::trust;

/// So many components are in memory at once while their code is made ready.
const AT_ONCE: usize = 64;

impl Session {
    /// Loads a plugin into the manager.
    pub(crate) fn load(&self, component: &Component, mut options: LoadOptions) -> Result<hal9_host::Plugin, Failure> {
        let manifest = component.manifest().or(options.manifest.as_ref());
        if let Some(id) = manifest.map(|manifest| manifest.metadata.id.clone()) {
            options.config = self.with_secrets(&id, options.config)?;
        }
        let loaded = self.manager.load(component, options)?;
        if let Some(watch) = &self.watch {
            watch.loaded(&loaded, component);
        }
        Ok(loaded)
    }

    /// Loads and activates a plugin, and those that it may call or send signals to. One of these that cannot be loaded is
    /// said to be missing, and does not keep the plugin from working.
    pub(crate) async fn activate(&mut self, plugin: &hal9_registry::Plugin) -> Result<hal9_host::Plugin, Failure> {
        let loaded = self.activate_alone(plugin).await?;
        self.activate_reachable(&loaded).await?;
        Ok(loaded)
    }

    /// Loads and activates a plugin for this session only: nothing of it is written down.
    pub(crate) async fn activate_here(
        &mut self,
        component: &Component,
        options: LoadOptions,
    ) -> Result<hal9_host::Plugin, Failure> {
        let loaded = self.load(component, options)?;
        let id = loaded.id().clone();
        self.here.insert(id.clone());
        let started = match self.manager.activate(&id).await {
            Ok(()) => loaded.start().await,
            Err(error) => Err(error),
        };
        if let Err(error) = started {
            // Another version may be tried.
            self.manager.unload(&id).await.unwrap_or_default();
            return Err(error.into());
        }
        self.activate_reachable(&loaded).await?;
        Ok(loaded)
    }

    /// Has another version take the place of a loaded plugin, under what the settings say now.
    pub(crate) async fn replace(
        &self,
        component: &Component,
        manifest: &Manifest,
        granted: &Permissions,
        accept: Widening,
    ) -> Result<Swap, Failure> {
        let id = &manifest.metadata.id;
        let mut options = self.options(id, manifest, granted);
        options.config = self.with_secrets(id, options.config)?;
        Ok(self.manager.replace(component, options, accept).await?)
    }

    /// Loads and activates the plugins that one may call or send signals to, and those that these may.
    async fn activate_reachable(&mut self, loaded: &hal9_host::Plugin) -> Result<(), Failure> {
        let mut waiting = self.reachable(loaded)?;
        let mut seen = BTreeSet::from([loaded.id().clone()]);
        while let Some(next) = waiting.pop() {
            if !seen.insert(next.id().clone()) {
                continue;
            }
            match self.activate_alone(&next).await {
                Ok(loaded) => waiting.extend(self.reachable(&loaded)?),
                Err(failure) => self.output.note(format!("{} cannot be reached: {}", next.id(), failure.message)),
            }
        }
        Ok(())
    }

    /// As [`activate`](Self::activate), of many plugins, whose code is made ready on all processors; what became of each, in
    /// their order.
    pub(crate) async fn activate_all(
        &mut self,
        plugins: &[hal9_registry::Plugin],
    ) -> Result<Vec<Result<hal9_host::Plugin, Failure>>, Failure> {
        let mut outcomes = Vec::new();
        for some in plugins.chunks(AT_ONCE) {
            let wanted: Vec<_> = some.iter().filter(|plugin| self.manager.get(plugin.id()).is_err()).collect();
            let mut read = Vec::new();
            for plugin in wanted.iter().filter(|_| wanted.len() > 1) {
                // What may not run or cannot be read is told when its turn comes.
                let may_run = self.settings.trust().may_run(plugin.id(), trust::key_of(plugin)).is_ok();
                if may_run && let Ok(bytes) = self.read(plugin) {
                    read.push((plugin.id().to_string(), bytes));
                }
            }
            let spinner = (!read.is_empty()).then(|| self.output.spinner(format!("compiling {} plugins", read.len())));
            let compiled = self.manager.host().compile_all(&read);
            drop(spinner);
            let mut ready: BTreeMap<_, _> = read.into_iter().map(|(id, _)| id).zip(compiled).collect();
            for plugin in some {
                let code = ready.remove(plugin.id().as_str()).map(|code| code.map_err(Failure::from));
                let loaded = match self.activate_with(plugin, code).await {
                    Ok(loaded) => self.activate_reachable(&loaded).await.map(|()| loaded),
                    Err(failure) => Err(failure),
                };
                outcomes.push(loaded);
            }
        }
        Ok(outcomes)
    }

    async fn activate_alone(&mut self, plugin: &hal9_registry::Plugin) -> Result<hal9_host::Plugin, Failure> {
        self.activate_with(plugin, None).await
    }

    /// Loads and activates a plugin, with its code or what kept it from being made ready, where that was done already.
    async fn activate_with(
        &mut self,
        plugin: &hal9_registry::Plugin,
        code: Option<Result<Component, Failure>>,
    ) -> Result<hal9_host::Plugin, Failure> {
        if let Ok(loaded) = self.manager.get(plugin.id()) {
            return Ok(loaded);
        }
        let result = self.start(plugin, code).await;
        if let Err(failure) = &result {
            self.errors.insert(plugin.id().clone(), failure.message.clone());
            // Nothing is sent to what could not start; what it did before it failed counts.
            self.end(plugin.id()).await;
        }
        result
    }

    /// The bytes of a plugin's component.
    fn read(&self, plugin: &hal9_registry::Plugin) -> Result<Vec<u8>, Failure> {
        if let Some(bytes) = self.findings()?.component(plugin).transpose()? {
            return Ok(bytes);
        }
        match &plugin.source {
            Source::Linked(link) => source::read(&link.component).map_err(|failure| {
                failure.plugin(plugin.id()).help(format!("build it again: hal9 plugin build {}", word(&link.folder)))
            }),
            Source::Installed(_) => Ok(self.registry.component(plugin)?),
        }
    }

    async fn start(
        &self,
        plugin: &hal9_registry::Plugin,
        code: Option<Result<Component, Failure>>,
    ) -> Result<hal9_host::Plugin, Failure> {
        if let Err(failure) = self.settings.trust().may_run(plugin.id(), trust::key_of(plugin)) {
            trust::refusal(&failure).iter().for_each(|event| self.audit.record(event));
            return Err(failure);
        }
        let component = match code {
            Some(code) => code?,
            None => {
                let bytes = self.read(plugin)?;
                let _spinner = self.output.spinner(format!("compiling {}", plugin.id()));
                self.manager.host().compile(plugin.id().as_str(), &bytes)?
            }
        };
        if let Some(manifest) = component.manifest()
            && manifest.metadata.id != *plugin.id()
        {
            let found = &manifest.metadata.id;
            let (place, help) = match &plugin.source {
                Source::Linked(Link { folder, component, .. }) => {
                    (component.display().to_string(), format!("load it again: hal9 plugin load --dev {}", word(folder)))
                }
                Source::Installed(installed) => (
                    format!("package {}", installed.package),
                    "install a package whose component is its own".to_owned(),
                ),
            };
            return Err(Failure::new(Code::Conflict, format!("{place} holds {found} now"))
                .plugin(plugin.id())
                .help(help));
        }
        let options = self.options(plugin.id(), &plugin.manifest, &plugin.granted);
        let loaded = self.load(&component, options)?;
        self.manager.activate(plugin.id()).await?;
        // Whoever names a plugin wants to know now whether it can begin, lazy or not.
        loaded.start().await?;
        Ok(loaded)
    }

    /// The active plugins that a plugin's grants let it reach.
    fn reachable(&self, plugin: &hal9_host::Plugin) -> Result<Vec<hal9_registry::Plugin>, Failure> {
        let granted = plugin.granted();
        let calls: Vec<_> = granted.scopes(PermissionKind::PluginCall).collect();
        let layers: Vec<_> = granted.scopes(PermissionKind::Hal9Signal).collect();
        let in_scope =
            |scopes: &[Option<&str>], name: &str| scopes.iter().any(|scope| scope.is_none_or(|scope| scope == name));
        let mut reachable = self.plugins()?;
        reachable.retain(|other| {
            let is_neuron_in_scope = |capability: &Capability| {
                matches!(capability, Capability::NeuronType { layer, .. } if in_scope(&layers, layer))
            };
            other.active
                && other.id() != plugin.id()
                && (in_scope(&calls, other.id().as_str()) || other.manifest.capabilities.iter().any(is_neuron_in_scope))
        });
        Ok(reachable)
    }
}
