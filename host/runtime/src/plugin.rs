//! Owns a loaded plugin: what it is, what it was granted, and its exports as typed functions. It refuses to know other
//! plugins, and whether it is active.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hal9_package::{Capability, LimitOverrides, Limits, Manifest, Permission, Permissions, PluginId, Rights};
use wasmtime::component::{InstancePre, ResourceAny};

use crate::audit::{AuditEvent, AuditKind, Rule};
use crate::bindings::exports::hal9::plugin::lifecycle::{HealthReport, Status};
use crate::bindings::exports::hal9::plugin::memory_provider::{Entry, SearchHit};
use crate::bindings::exports::hal9::plugin::neuron::NeuronState;
use crate::bindings::exports::hal9::plugin::tool::{ToolDescription, Violation};
use crate::bindings::hal9::plugin::types::{Metadata, Signal, SignalBatch};
use crate::component::Component;
use crate::cpu::Meter;
use crate::guard::Guard;
use crate::host::Shared;
use crate::imports::config::ConfigCtx;
use crate::imports::{metrics, signals};
use crate::instance::{Exports, Lease, Live, State, bounded};
use crate::sandbox::network::Outgoing;
use crate::stats::{PluginStats, Stats};
use crate::{Call, Error, Host, Kind, Limit, configuration, fault, link, sandbox};

/// What a plugin gets of what its manifest declares.
#[derive(Clone, Debug)]
pub enum Grant {
    /// All of it. For one's own plugins.
    Declared,
    /// What is in here and declared as well.
    Only(Permissions),
}

/// How a plugin is loaded. The default grants nothing.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Its manifest, for a component that carries none. One that carries its own is described by that.
    pub manifest: Option<Manifest>,
    /// What it gets of what it declares.
    pub grant: Grant,
    /// What it does not get, whatever is granted.
    pub deny: Permissions,
    /// Caps on its limits: the smaller of each and what the manifest says is what holds.
    pub caps: LimitOverrides,
    /// Its configuration, a JSON object that its schema allows.
    pub config: serde_json::Value,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            manifest: None,
            grant: Grant::Only(Permissions::default()),
            deny: Permissions::default(),
            caps: LimitOverrides::default(),
            config: serde_json::json!({}),
        }
    }
}

impl LoadOptions {
    /// Grants all that the plugin declares.
    pub fn declared() -> Self {
        Self { grant: Grant::Declared, ..Self::default() }
    }
}

/// A plugin that is loaded. Clones are the same plugin.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
}

/// What holds for all instances of a plugin, and the slot of the one that lives.
pub(crate) struct Loaded {
    pub(crate) id: PluginId,
    pub(crate) manifest: Manifest,
    pub(crate) guard: Arc<Guard>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) files: Arc<sandbox::Files>,
    pub(crate) limits: Limits,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) host: Host,
    pub(crate) pre: InstancePre<State>,
    pub(crate) exports: Exports,
    pub(crate) metric_names: Arc<metrics::Names>,
    pub(crate) outgoing: Outgoing,
    pub(crate) stats: Stats,
    pub(crate) slot: tokio::sync::Mutex<Option<Box<Live>>>,
    /// Models that nobody needs any more, with the instance that each lives in; freed when the next call of the algorithm begins.
    pub(crate) released: Mutex<Vec<(u64, ResourceAny)>>,
    config: RwLock<Arc<serde_json::Value>>,
}

impl Loaded {
    pub(crate) fn config(&self) -> Arc<serde_json::Value> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records an error that is worth a record.
    pub(crate) fn record(&self, error: &Error) {
        record(&self.host, error);
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("id", &self.loaded.id).field("kinds", &self.loaded.kinds).finish_non_exhaustive()
    }
}

/// Calls an export: the typed function of an interface, on an instance that is armed, bounded by the plugin's deadline.
macro_rules! call {
    ($self:ident, $call:ident, $kind:expr, $interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let mut lease = Lease::begin(&$self.loaded, $call).await?;
        let Live { store, guests, .. } = &mut *lease.live;
        let result = match &guests.$interface {
            Some(guest) => bounded(&$self.loaded, guest.$function(store, $($argument),*)).await,
            None => return Err(lease.without($call, $kind)),
        };
        (lease, result)
    }};
}
pub(crate) use call;

impl Plugin {
    pub(crate) fn load(host: &Host, component: &Component, options: LoadOptions) -> Result<Self, Error> {
        let manifest = match (component.manifest(), options.manifest) {
            (Some(manifest), _) => manifest.clone(),
            (None, Some(manifest)) => manifest,
            (None, None) => {
                return Err(Error::InvalidComponent {
                    plugin: "a component without a manifest".to_owned(),
                    reason: "nothing says what it is".to_owned(),
                    help: "call `hal9_plugin!` in the plugin, or put a manifest.json beside it".to_owned(),
                });
            }
        };
        let id = manifest.metadata.id.clone();
        check_capabilities(&id, &manifest, component.kinds())?;
        let granted = match &options.grant {
            Grant::Declared => manifest.permissions.clone(),
            Grant::Only(granted) => manifest.permissions.meet(granted),
        };
        let rights = Rights::new(&granted, &options.deny);
        link::check(&id, component, &manifest.permissions, rights.granted())
            .map_err(|error| refused(host, error, &manifest.permissions, &granted, &options.deny))?;
        let limits = manifest.limits.effective(&options.caps);
        let invalid = |error: wasmtime::Error| does_not_fit(&id, &error);
        let Shared { linkers, engine, .. } = &*host.shared;
        let linker = linkers.linker(engine, component, &manifest.permissions, rights.granted()).map_err(invalid)?;
        let pre = linker.instantiate_pre(&component.compiled).map_err(invalid)?;
        let exports = Exports::find(&pre, component.kinds()).map_err(invalid)?;
        let backends = &host.shared.backends;
        let guard = Arc::new(Guard::new(
            id.clone(),
            manifest.permissions.clone(),
            rights,
            limits.host_calls,
            backends.audit.clone(),
            backends.recorder.clone(),
        ));
        let loaded = Loaded {
            meter: Arc::new(Meter::new(limits.cpu_share.fraction(), host.shared.totals.cores.clone())),
            files: Arc::new(sandbox::Files::new(&guard, &limits, &host.shared.totals)),
            outgoing: Outgoing::new(
                guard.clone(),
                host.shared.network.clone(),
                &limits,
                host.shared.totals.connections.clone(),
            ),
            guard,
            metric_names: Arc::new(metrics::Names::new(limits.metric_names, host.shared.totals.metric_names.clone())),
            limits,
            kinds: component.kinds().to_vec(),
            host: host.clone(),
            config: RwLock::new(Arc::new(configuration::check(&manifest, options.config)?)),
            stats: Stats::default(),
            slot: tokio::sync::Mutex::new(None),
            released: Mutex::default(),
            id,
            manifest,
            pre,
            exports,
        };
        let said = format!("version {}, granted {}", loaded.manifest.metadata.version, loaded.guard.rights().granted());
        backends.audit.record(&AuditEvent::new(AuditKind::Load, &loaded.id, &said));
        Ok(Self { loaded: Arc::new(loaded) })
    }

    /// Its id.
    pub fn id(&self) -> &PluginId {
        &self.loaded.id
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// What it is.
    pub fn kinds(&self) -> &[Kind] {
        &self.loaded.kinds
    }

    /// What it may do: what was declared and granted.
    pub fn granted(&self) -> &Permissions {
        self.loaded.guard.rights().granted()
    }

    /// What it may not do, though a grant includes it.
    pub fn denied(&self) -> &Permissions {
        self.loaded.guard.rights().denied()
    }

    /// How much it may use.
    pub fn limits(&self) -> &Limits {
        &self.loaded.limits
    }

    /// What the host has counted since it was loaded.
    pub fn stats(&self) -> PluginStats {
        self.loaded.stats.read(self.loaded.meter.used())
    }

    /// Makes its first instance, which initialises itself, if there is none. The first call would do that too.
    ///
    /// # Errors
    ///
    /// Whatever ends `lifecycle.init`, or the start of the component.
    pub async fn start(&self) -> Result<(), Error> {
        let call = &mut Call::measured();
        Lease::begin(&self.loaded, call).await?.end(call, Ok(Ok(())))
    }

    /// Ends its instance: after `lifecycle.shutdown`, where it has that. The next call makes a new one.
    ///
    /// # Errors
    ///
    /// Whatever ends `lifecycle.shutdown`; the instance is gone all the same.
    pub async fn stop(&self) -> Result<(), Error> {
        let mut slot = self.loaded.slot.lock().await;
        let Some(mut live) = slot.take() else { return Ok(()) };
        live.shutdown(&self.loaded).await
    }

    /// Has a neuron answer a signal. (`hal9:plugin/neuron.process-signal`)
    ///
    /// # Errors
    ///
    /// [`Error::LimitExceeded`] for a signal over `signal_bytes`, [`Error::BadReply`] for a reply with another id, and
    /// whatever ends the call.
    pub async fn process_signal(&self, call: &mut Call, signal: &Signal) -> Result<Signal, Error> {
        self.check_size(signals::signal_bytes(signal))?;
        let (lease, result) = call!(self, call, Kind::Neuron, neuron.call_process_signal(signal));
        lease.end_if(call, result, |reply| match reply.id == signal.id {
            true => Ok(()),
            false => Err("the reply has another id than the signal".to_owned()),
        })
    }

    /// Has a neuron answer many signals at once. (`hal9:plugin/neuron.process-batch`)
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a batch whose columns disagree (see [`SignalBatch::check`]); [`Error::LimitExceeded`] for
    /// one over the plugin's `memory`; [`Error::BadReply`] for a reply that is no valid batch, or not one of the same
    /// ids; whatever ends the call.
    pub async fn process_batch(&self, call: &mut Call, batch: &SignalBatch) -> Result<SignalBatch, Error> {
        batch.check().map_err(|what| Error::InvalidInput {
            plugin: Some(self.id().clone()),
            what: format!("{}: the batch is not valid: {what}", self.id()),
            help: "give every column as many rows as there are timestamps".to_owned(),
        })?;
        if batch.bytes() > self.loaded.limits.memory.0 {
            return Err(self.too_large());
        }
        let (lease, result) = call!(self, call, Kind::Neuron, neuron.call_process_batch(batch));
        lease.end_if(call, result, |reply| match reply.ids == batch.ids {
            true => reply.check(),
            false => Err("the reply has other ids than the batch".to_owned()),
        })
    }

    /// How a neuron is doing. (`hal9:plugin/neuron.state`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn neuron_state(&self, call: &mut Call) -> Result<NeuronState, Error> {
        let (lease, result) = call!(self, call, Kind::Neuron, neuron.call_state());
        lease.end(call, result.map(Ok))
    }

    /// The tools of a provider, without those whose names break the rules. (`hal9:plugin/tool.describe`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn describe_tools(&self, call: &mut Call) -> Result<Vec<ToolDescription>, Error> {
        let (lease, result) = call!(self, call, Kind::Tool, tool.call_describe());
        let mut tools = lease.end(call, result.map(Ok))?;
        tools.retain(|tool| is_tool_name(&tool.name));
        Ok(tools)
    }

    /// What is wrong with the parameters of a tool; nothing, where it would take them. (`hal9:plugin/tool.validate`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn validate_tool(&self, call: &mut Call, name: &str, params: &str) -> Result<Vec<Violation>, Error> {
        let (lease, result) = call!(self, call, Kind::Tool, tool.call_validate(name, params));
        let answer = lease.end(call, result.map(Ok))?;
        Ok(answer.err().unwrap_or_default())
    }

    /// Runs a tool: parameters and result are JSON text. (`hal9:plugin/tool.execute`)
    ///
    /// # Errors
    ///
    /// [`Error::BadReply`] for a result that is not JSON, and whatever ends the call.
    pub async fn execute_tool(&self, call: &mut Call, name: &str, params: &str) -> Result<String, Error> {
        let (lease, result) = call!(self, call, Kind::Tool, tool.call_execute(name, params));
        lease.end_if(call, result, |result| {
            let json = serde_json::from_str::<serde::de::IgnoredAny>(result);
            json.map(drop).map_err(|error| format!("the result of `{name}` is not JSON: {error}"))
        })
    }

    /// Keeps a value. (`hal9:plugin/memory-provider.store`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn store(&self, call: &mut Call, key: &str, value: &[u8], metadata: &Metadata) -> Result<(), Error> {
        let (lease, result) = call!(self, call, Kind::MemoryProvider, memory_provider.call_store(key, value, metadata));
        lease.end(call, result)
    }

    /// What is kept under a key. (`hal9:plugin/memory-provider.retrieve`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn retrieve(&self, call: &mut Call, key: &str) -> Result<Option<Entry>, Error> {
        let (lease, result) = call!(self, call, Kind::MemoryProvider, memory_provider.call_retrieve(key));
        lease.end(call, result)
    }

    /// The best entries for a query, best first. (`hal9:plugin/memory-provider.search`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn search(&self, call: &mut Call, query: &str, limit: u32) -> Result<Vec<SearchHit>, Error> {
        let (lease, result) = call!(self, call, Kind::MemoryProvider, memory_provider.call_search(query, limit));
        let mut hits = lease.end(call, result)?;
        hits.truncate(limit as usize);
        Ok(hits)
    }

    /// Forgets a key; whether it was there. (`hal9:plugin/memory-provider.delete`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn delete(&self, call: &mut Call, key: &str) -> Result<bool, Error> {
        let (lease, result) = call!(self, call, Kind::MemoryProvider, memory_provider.call_delete(key));
        lease.end(call, result)
    }

    /// How it says that it feels; healthy, where it does not say. (`hal9:plugin/lifecycle.health`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn health(&self, call: &mut Call) -> Result<HealthReport, Error> {
        if !self.loaded.kinds.contains(&Kind::Lifecycle) {
            return Ok(HealthReport { status: Status::Healthy, reason: String::new() });
        }
        let (lease, result) = call!(self, call, Kind::Lifecycle, lifecycle.call_health());
        lease.end(call, result.map(Ok))
    }

    /// Gives it another configuration: by `hal9:plugin/lifecycle.reconfigure`, or with a fresh instance where it does not
    /// have that.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what the plugin's schema refuses, and whatever ends the call; the old configuration then holds.
    pub async fn reconfigure(&self, call: &mut Call, config: serde_json::Value) -> Result<(), Error> {
        let config = Arc::new(configuration::check(&self.loaded.manifest, config)?);
        let replace = || *self.loaded.config.write().unwrap_or_else(PoisonError::into_inner) = config.clone();
        if !self.loaded.kinds.contains(&Kind::Lifecycle) {
            replace();
            return self.stop().await;
        }
        let text = config.to_string();
        let (mut lease, result) = call!(self, call, Kind::Lifecycle, lifecycle.call_reconfigure(&text));
        if let Ok(Ok(())) = result {
            // While nobody else can make an instance: the next one begins with what holds then.
            replace();
            lease.live.store.data_mut().config = ConfigCtx::new(self.loaded.guard.clone(), config.clone());
        }
        lease.end(call, result)
    }

    fn check_size(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.loaded.limits.signal_bytes.0 { Err(self.too_large()) } else { Ok(()) }
    }

    /// What was to be sent is too large; that is on record, though the plugin was not asked.
    fn too_large(&self) -> Error {
        let error = fault::exceeded(&self.loaded, Limit::Size);
        self.loaded.record(&error);
        error
    }
}

/// Records an error that is worth a record: a limit, a trap.
fn record(host: &Host, error: &Error) {
    let (kind, plugin) = match error {
        Error::LimitExceeded { plugin, .. } | Error::Unavailable { plugin: Some(plugin), .. } => {
            (AuditKind::Limit, plugin)
        }
        Error::Trapped { plugin, .. } | Error::Exited { plugin, .. } => (AuditKind::Trap, plugin),
        _ => return,
    };
    let event = AuditEvent::new(kind, plugin, &error.to_string()).help(error.help().unwrap_or_default());
    host.shared.backends.audit.record(&event);
}

/// Records an import that was refused, and says how a denial is undone, if it was one.
fn refused(
    host: &Host,
    mut error: Error,
    declared: &Permissions,
    granted: &Permissions,
    denied: &Permissions,
) -> Error {
    let Error::Ungranted { plugin, permission: kind, help, .. } = &mut error else {
        host.refuse(&error);
        return error;
    };
    let (plugin, kind) = (plugin.clone(), *kind);
    let first = declared.iter().find(|declared| declared.kind == kind);
    let rule = match first {
        None => Rule::Undeclared,
        Some(_) if granted.contains(kind) => Rule::Denied,
        Some(_) => Rule::Ungranted,
    };
    if rule == Rule::Denied {
        let denials: Vec<_> = denied.iter().filter(|denied| denied.kind == kind).collect();
        *help = link::grant_line(&plugin, &denials);
    }
    // Granting all of a kind grants what is declared of it, where the kind can be granted so.
    let permission = first.filter(|_| kind.needs_scope()).cloned().unwrap_or(Permission::unscoped(kind));
    let event = AuditEvent::new(AuditKind::Deny, &plugin, &error.to_string()).help(error.help().unwrap_or_default());
    host.shared.backends.audit.record(&AuditEvent { permission: Some(permission), rule: Some(rule), ..event });
    error
}

/// The error for an import or export of another type than the interface's.
pub(crate) fn does_not_fit(plugin: &PluginId, error: &wasmtime::Error) -> Error {
    Error::InvalidComponent {
        plugin: plugin.to_string(),
        reason: format!("{error:#}"),
        help: "build it against the WIT of this host".to_owned(),
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// Holds what a manifest declares against what its component exports.
fn check_capabilities(plugin: &PluginId, manifest: &Manifest, kinds: &[Kind]) -> Result<(), Error> {
    for capability in &manifest.capabilities {
        let kind = match capability {
            Capability::NeuronType { .. } => Kind::Neuron,
            Capability::ToolProvider { .. } => Kind::Tool,
            Capability::MemoryProvider { .. } => Kind::MemoryProvider,
            Capability::LearningAlgorithm { .. } => Kind::LearningAlgorithm,
            Capability::ApiExtension { .. } => Kind::ApiExtension,
            _ => continue,
        };
        if !kinds.contains(&kind) {
            return Err(Error::InvalidComponent {
                plugin: plugin.to_string(),
                reason: format!(
                    "declares the capability {} `{}`, and does not export `{}`",
                    capability.kind(),
                    capability.name(),
                    kind.interface()
                ),
                help: "export the interface, or remove the capability".to_owned(),
            });
        }
    }
    Ok(())
}
