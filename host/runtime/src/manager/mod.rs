//! Owns the plugins of a host: which are loaded, which are active, and what each can do. It refuses to know files,
//! packages and policies: whoever loads a plugin decides on its grants.

mod batches;
mod calls;
mod health;
mod index;
mod replace;
mod routing;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hal9_package::{Capability, PluginId};

use crate::audit::{AuditEvent, AuditKind};
use crate::component::Component;
use crate::{Error, Host, HostBuilder, Kind, LoadOptions, Plugin, PluginStats};
pub use batches::{BatchDelivery, BatchPart, RoutedBatch};
pub use health::HealthCheck;
use index::Index;
pub use routing::{Delivery, Dropped, Routed};

/// Loads, activates and finds plugins, and carries what goes from one to another. Cheap to clone.
#[derive(Clone)]
pub struct Manager {
    host: Host,
    plugins: Arc<RwLock<Plugins>>,
}

/// All loaded plugins, and what the active ones can do.
#[derive(Default)]
struct Plugins {
    loaded: BTreeMap<PluginId, Entry>,
    index: Index,
}

struct Entry {
    plugin: Plugin,
    active: bool,
}

/// One line of a list of plugins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The plugin.
    pub plugin: Plugin,
    /// Whether signals and calls reach it.
    pub active: bool,
    /// What was counted since it was loaded.
    pub stats: PluginStats,
}

/// A plugin that provides something under a name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// The name of what it provides, such as a tool's.
    pub name: String,
    /// Who provides it.
    pub plugin: Plugin,
}

impl Manager {
    /// A manager with its host.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`].
    pub fn new(host: HostBuilder) -> Result<Self, Error> {
        let plugins = Arc::new(RwLock::new(Plugins::default()));
        let host = host.plugins(Arc::new(calls::Calls(Arc::downgrade(&plugins)))).build()?;
        Ok(Self { host, plugins })
    }

    /// The host that its plugins run on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Loads a plugin. It is not active yet.
    ///
    /// # Errors
    ///
    /// As [`Host::load`]; [`Error::Conflict`] for an id that is loaded already.
    pub fn load(&self, component: &Component, options: LoadOptions) -> Result<Plugin, Error> {
        let plugin = self.host.load(component, options)?;
        let mut plugins = self.write();
        if plugins.loaded.contains_key(plugin.id()) {
            return Err(Error::Conflict {
                plugin: Some(plugin.id().clone()),
                what: format!("{} is loaded already", plugin.id()),
                help: "unload it first".to_owned(),
            });
        }
        plugins.loaded.insert(plugin.id().clone(), Entry { plugin: plugin.clone(), active: false });
        Ok(plugin)
    }

    /// Lets signals and calls reach a plugin. Its first call makes its first instance, unless its policy is not lazy: then this does
    /// ([`Plugin::start`] does it for any). An active one stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Conflict`] for a tool, a memory provider or a learning algorithm whose name an active plugin
    /// has; whatever ends the start, where that is made here. It is then not active.
    pub async fn activate(&self, id: &PluginId) -> Result<(), Error> {
        let plugin = self.get(id)?;
        if self.read().loaded.get(id).is_some_and(|entry| entry.active) {
            return Ok(());
        }
        self.read().index.check(id, &plugin.manifest())?;
        if !plugin.runtime().lazy {
            plugin.start().await?;
        }
        let mut plugins = self.write();
        let Plugins { loaded, index } = &mut *plugins;
        let entry = loaded.get_mut(id).filter(|entry| entry.plugin.is_same(&plugin));
        let Some(entry) = entry else { return Err(not_loaded(id)) };
        if !entry.active {
            index.add(&plugin)?;
            entry.active = true;
        }
        Ok(())
    }

    /// Keeps signals and calls from a plugin, and ends its instances once the calls that run are over; those that wait for
    /// their turn are refused. Goes on when its caller gives up.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; whatever ends `lifecycle.shutdown`: it is not active all the same.
    pub async fn deactivate(&self, id: &PluginId) -> Result<(), Error> {
        let plugin = self.take_off(id)?;
        // In a task of its own, so that a caller who gives up leaves no instances of a plugin that is off.
        let task = tokio::spawn(async move { plugin.turn_off().await });
        task.await.unwrap_or_else(|error| Err(Error::internal("deactivating a plugin", error)))
    }

    /// Deactivates a plugin and forgets it. Goes on when its caller gives up.
    ///
    /// # Errors
    ///
    /// As [`Manager::deactivate`]; it is forgotten all the same.
    pub async fn unload(&self, id: &PluginId) -> Result<(), Error> {
        let plugin = self.take_off(id)?;
        let manager = self.clone();
        let task = tokio::spawn(async move {
            let ended = plugin.turn_off().await;
            manager.forget(&plugin);
            ended
        });
        task.await.unwrap_or_else(|error| Err(Error::internal("unloading a plugin", error)))
    }

    /// Keeps signals and calls from a plugin.
    fn take_off(&self, id: &PluginId) -> Result<Plugin, Error> {
        let mut plugins = self.write();
        let Plugins { loaded, index } = &mut *plugins;
        let Some(entry) = loaded.get_mut(id) else { return Err(not_loaded(id)) };
        entry.active = false;
        index.remove(id);
        Ok(entry.plugin.clone())
    }

    fn forget(&self, plugin: &Plugin) {
        let id = plugin.id();
        let mut plugins = self.write();
        // Unless another one of that id has been loaded since.
        if plugins.loaded.get(id).is_none_or(|entry| !entry.plugin.is_same(plugin)) {
            return;
        }
        plugins.loaded.remove(id);
        // Somebody may have activated it while it ended.
        plugins.index.remove(id);
        drop(plugins);
        self.host.shared.backends.audit.record(&AuditEvent::new(AuditKind::Unload, id, "unloaded"));
    }

    /// A loaded plugin.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub fn get(&self, id: &PluginId) -> Result<Plugin, Error> {
        self.read().loaded.get(id).map(|entry| entry.plugin.clone()).ok_or_else(|| not_loaded(id))
    }

    /// All loaded plugins, by id.
    pub fn list(&self) -> Vec<Summary> {
        let summary =
            |entry: &Entry| Summary { plugin: entry.plugin.clone(), active: entry.active, stats: entry.plugin.stats() };
        self.read().loaded.values().map(summary).collect()
    }

    /// The tools of all active plugins, by name.
    pub fn tools(&self) -> Vec<Provider> {
        self.read().index.all(Kind::Tool)
    }

    /// The active plugin that has a tool, a memory provider or a learning algorithm of that name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], with the names that there are.
    pub fn find(&self, kind: Kind, name: &str) -> Result<Plugin, Error> {
        self.read().index.find(kind, name)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Plugins> {
        self.plugins.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Plugins> {
        self.plugins.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_loaded(id: &PluginId) -> Error {
    Error::NotFound {
        plugin: Some(id.clone()),
        what: format!("{id} is not loaded"),
        help: "load it first, or check the id".to_owned(),
    }
}

/// What a capability is indexed as: kind and name; a neuron's name is its type, and its layer comes beside it.
fn indexed(capability: &Capability) -> Option<(Kind, &str)> {
    let kind = match capability {
        Capability::NeuronType { .. } => Kind::Neuron,
        Capability::ToolProvider { .. } => Kind::Tool,
        Capability::MemoryProvider { .. } => Kind::MemoryProvider,
        Capability::LearningAlgorithm { .. } => Kind::LearningAlgorithm,
        _ => return None,
    };
    Some((kind, capability.name()))
}
