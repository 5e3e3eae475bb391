//! Owns the plugins of one command: those that it needs, loaded from where the registry says and granted what the settings
//! say, and what they used up, written back at the end. It refuses to know what the command does with them.

mod catalogue;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use hal9_host::{
    AuditEvent, AuditLog, AuditSink as _, Component, Grant, HostBuilder, LoadOptions, LogSink, Manager, Swap, Widening,
};
use hal9_package::{Capability, Manifest, PermissionKind, Permissions, PluginId};
use hal9_registry::{Error as RegistryError, Link, Registry, Source};

use crate::compile;
use crate::discovery::Findings;
use crate::failure::{Code, Failure};
use crate::grants::Standing;
use crate::home::Home;
use crate::logs::FileLog;
use crate::memory_store::SqliteMemory;
use crate::output::{Output, word};
use crate::secrets::{self, GIVEN, MaskedLog};
use crate::settings::Settings;
use crate::source;
use crate::trust;
use crate::watch::{self, Watch};

/// Home, settings, registry, and a manager without plugins at first.
pub(crate) struct Session {
    pub(crate) home: Home,
    pub(crate) settings: Settings,
    /// Whether these settings stand in place of those of hal9.toml.
    has_own_settings: bool,
    pub(crate) registry: Registry,
    pub(crate) manager: Manager,
    pub(crate) output: Output,
    pub(crate) audit: Arc<AuditLog>,
    watch: Option<Arc<Watch>>,
    /// Folders that the command names.
    plugin_path: Vec<PathBuf>,
    /// What is in folders; nobody looks before somebody asks.
    findings: OnceCell<Findings>,
    /// The plugins that are there for this session only.
    here: BTreeSet<PluginId>,
    /// The last error of each plugin that had one.
    errors: BTreeMap<PluginId, String>,
}

/// How a session is opened.
#[derive(Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) output: Output,
    pub(crate) environment: Option<&'a str>,
    /// In place of what hal9.toml says.
    pub(crate) settings: Option<&'a Settings>,
    /// Who watches what plugins do.
    pub(crate) watch: Option<Arc<Watch>>,
    /// Folders with plugins, in the order in which they are looked for.
    pub(crate) plugin_path: &'a [PathBuf],
    /// Who gets what plugins log, beside their files.
    pub(crate) log: Option<Arc<dyn LogSink>>,
}

/// A manager without plugins, whose backends are the home's.
pub(crate) fn manager(home: &Home) -> Result<Manager, Failure> {
    let log = Arc::new(FileLog::new(home.logs()));
    Ok(Manager::new(host(home, log)?.audit(audit_log(home)?))?)
}

fn host(home: &Home, log: Arc<dyn LogSink>) -> Result<HostBuilder, Failure> {
    let memory = SqliteMemory::open(&home.memory())?;
    Ok(compile::host()?.cache(home.cache()).log(log).memory(Arc::new(memory)))
}

pub(crate) fn audit_log(home: &Home) -> Result<Arc<AuditLog>, Failure> {
    let log = AuditLog::open(home.audit()).map_err(|error| Failure::file(&home.audit(), &error))?;
    Ok(Arc::new(log))
}

impl Session {
    /// Opens the home.
    pub(crate) fn open(opening: &Opening<'_>) -> Result<Self, Failure> {
        let Opening { output, environment, settings, watch, plugin_path, log } = opening.clone();
        let home = Home::find()?;
        let has_own_settings = settings.is_some();
        let settings = settings.map_or_else(|| Settings::read(&home.settings(), environment), |it| Ok(it.clone()))?;
        let registry = Registry::open(home.folder())?;
        let audit = audit_log(&home)?;
        let file: Arc<dyn LogSink> = Arc::new(FileLog::new(home.logs()));
        let log = Arc::new(MaskedLog { sinks: [Some(file), log].into_iter().flatten().collect() });
        let mut host = host(&home, log)?.totals(settings.totals()).network(settings.network()?).audit(audit.clone());
        if let Some(watch) = &watch {
            host = host.audit(watch.beside(audit.clone())).recorder(watch.clone());
        }
        let manager = Manager::new(host)?;
        Ok(Self {
            home,
            settings,
            has_own_settings,
            registry,
            manager,
            output,
            audit,
            watch,
            plugin_path: plugin_path.to_vec(),
            findings: OnceCell::new(),
            here: BTreeSet::new(),
            errors: BTreeMap::new(),
        })
    }

    /// Reads the settings anew, unless they are not those of the file. What is used by all plugins together stays as it was.
    pub(crate) fn refresh(&mut self, environment: Option<&str>) -> Result<(), Failure> {
        if !self.has_own_settings {
            self.settings = Settings::read(&self.home.settings(), environment)?;
        }
        Ok(())
    }

    /// What a plugin declares, and what the settings grant and deny it; without a word of theirs, it has what it was
    /// `granted` when it was loaded.
    pub(crate) fn standing(&self, manifest: &Manifest, granted: &Permissions) -> Standing {
        let settings = self.settings.plugin(&manifest.metadata.id);
        Standing {
            declared: manifest.permissions.clone(),
            granted: settings.grant.unwrap_or_else(|| granted.clone()),
            denied: settings.deny,
        }
    }

    /// How a plugin is loaded, but for the secrets that its configuration refers to.
    pub(crate) fn options(&self, id: &PluginId, manifest: &Manifest, granted: &Permissions) -> LoadOptions {
        let settings = self.settings.plugin(id);
        let standing = self.standing(manifest, granted);
        let granted = match &self.watch {
            Some(watch) if watch.grants_all => watch::all(&standing, granted),
            _ => standing.granted,
        };
        LoadOptions {
            manifest: Some(manifest.clone()),
            grant: Grant::Only(granted),
            deny: standing.denied,
            breaker: settings.breaker(),
            caps: settings.limits,
            runtime: settings.runtime,
            config: serde_json::Value::Object(settings.config),
        }
    }

    /// A configuration with the secrets that it refers to, as they are now.
    pub(crate) fn with_secrets(&self, id: &PluginId, config: serde_json::Value) -> Result<serde_json::Value, Failure> {
        let (config, secrets) = secrets::resolve(id, config, self.home.folder())?;
        GIVEN.add(&secrets);
        for note in secrets.iter().filter_map(|secret| secret.note(id)) {
            self.output.note(note);
        }
        Ok(config)
    }

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

    async fn activate_alone(&mut self, plugin: &hal9_registry::Plugin) -> Result<hal9_host::Plugin, Failure> {
        if let Ok(loaded) = self.manager.get(plugin.id()) {
            return Ok(loaded);
        }
        let result = self.start(plugin).await;
        if let Err(failure) = &result {
            self.errors.insert(plugin.id().clone(), failure.message.clone());
            // Nothing is sent to what could not start; what it did before it failed counts.
            self.end(plugin.id()).await;
        }
        result
    }

    async fn start(&self, plugin: &hal9_registry::Plugin) -> Result<hal9_host::Plugin, Failure> {
        if let Err(failure) = self.settings.trust().may_run(plugin.id(), trust::key_of(plugin)) {
            trust::refusal(&failure).iter().for_each(|event| self.audit.record(event));
            return Err(failure);
        }
        let found = self.findings()?.component(plugin).transpose()?;
        let bytes = match (&plugin.source, found) {
            (_, Some(bytes)) => bytes,
            (Source::Linked(link), None) => source::read(&link.component).map_err(|failure| {
                failure.plugin(plugin.id()).help(format!("build it again: hal9 plugin build {}", word(&link.folder)))
            })?,
            (Source::Installed(_), None) => self.registry.component(plugin)?,
        };
        let spinner = self.output.spinner(format!("compiling {}", plugin.id()));
        let component = self.manager.host().compile(plugin.id().as_str(), &bytes)?;
        drop(spinner);
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

    /// Records changes of policies that were made. Nobody is told that all is well while the log does not say so.
    pub(crate) fn record_policy(&self, changes: impl IntoIterator<Item = AuditEvent>) -> Result<(), Failure> {
        for change in changes {
            self.audit.record(&change);
        }
        self.audit.flush().map_err(|error| {
            let path = self.home.audit();
            let message =
                format!("the policy was changed, and the audit log does not say so: {}: {error}", path.display());
            Failure::new(Code::Unavailable, message)
                .help("find out what keeps hal9 from writing there; `hal9 policy show` says what holds")
        })
    }

    /// Notes a failure of a plugin's, for its usage.
    pub(crate) fn note_error(&mut self, failure: &Failure) {
        if let Some(plugin) = failure.plugin.as_deref().and_then(|plugin| plugin.parse().ok()) {
            self.errors.insert(plugin, failure.message.clone());
        }
    }

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
    async fn end(&mut self, id: &PluginId) {
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
}
