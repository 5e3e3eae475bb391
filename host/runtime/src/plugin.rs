//! Owns the handle of a loaded plugin: what it is, what it was granted, and its exports as typed functions. It refuses to know
//! other plugins, and whether it is active.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use hal9_package::{Limits, Manifest, Permissions, PluginId, RuntimePolicy};

use crate::audit::AuditKind;
use crate::bindings::exports::hal9::plugin::lifecycle::{HealthReport, Status};
use crate::bindings::exports::hal9::plugin::memory_provider::{Entry, SearchHit};
use crate::bindings::exports::hal9::plugin::neuron::NeuronState;
use crate::bindings::exports::hal9::plugin::tool::{ToolDescription, Violation};
use crate::bindings::hal9::plugin::types::{Metadata, Signal, SignalBatch};
use crate::component::Component;
use crate::imports::signals;
use crate::instance::{Guests, Live, bounded};
use crate::lease::Lease;
use crate::resident::Resident;
use crate::stats::PluginStats;
use crate::version::{self, Version};
use crate::{Call, Error, Host, Kind, Limit, LoadOptions, fault};

/// A plugin that is loaded. Clones are the same plugin, and so it is when another version of it serves: see
/// [`Manager::replace`](crate::Manager::replace).
#[derive(Clone)]
pub struct Plugin {
    pub(crate) resident: Arc<Resident>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("id", self.id()).field("kinds", &self.kinds()).finish_non_exhaustive()
    }
}

/// Calls an export: the typed function of an interface, on an instance that is armed, bounded by the plugin's deadline. What is
/// given last makes of it what the caller gets, and ends the call. (A macro, so that nothing of it is moved about: on a short call,
/// moving costs more than what is done.)
macro_rules! call {
    (
        $self:ident, $call:ident, $kind:expr, $interface:ident . $function:ident ( $($argument:expr),* ),
        |$lease:ident, $result:ident| $end:expr
    ) => {{
        let mut $lease = crate::lease::Lease::new(&$self.resident);
        if !$lease.begins($call) {
            $lease.wait($call).await?;
        }
        let $result = match $lease.live.as_deref_mut() {
            Some(Live { store, guests: Guests { $interface: Some(guest), .. }, bounds, .. }) => {
                bounded(bounds, pin!(guest.$function(store, $($argument),*))).await
            }
            _ => return Err($lease.without($call, $kind)),
        };
        $end
    }};
}
pub(crate) use call;

impl Plugin {
    pub(crate) fn load(host: &Host, component: &Component, mut options: LoadOptions) -> Result<Self, Error> {
        let manifest = version::manifest(component, &mut options)?;
        let breaker = options.breaker;
        let version = Version::link(host, component, manifest, options, None)?;
        version.note(AuditKind::Load, &version.said());
        Ok(Self { resident: Arc::new(Resident::new(version, breaker)) })
    }

    /// Its id.
    pub fn id(&self) -> &PluginId {
        &self.resident.id
    }

    /// Whether both are the same plugin, and not just two with one id.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.resident, &other.resident)
    }

    /// What it says of itself, in the version that serves.
    pub fn manifest(&self) -> Arc<Manifest> {
        self.resident.current().manifest.clone()
    }

    /// What it is.
    pub fn kinds(&self) -> Vec<Kind> {
        self.resident.current().kinds.clone()
    }

    /// What it may do: what was declared and granted.
    pub fn granted(&self) -> Permissions {
        self.resident.current().rights().granted().clone()
    }

    /// What it may not do, though a grant includes it.
    pub fn denied(&self) -> Permissions {
        self.resident.current().rights().denied().clone()
    }

    /// How much it may use.
    pub fn limits(&self) -> Limits {
        self.resident.current().limits.clone()
    }

    /// How its instances are kept.
    pub fn runtime(&self) -> RuntimePolicy {
        self.resident.current().policy.clone()
    }

    /// What the host has counted since it was loaded, over all of its versions.
    pub fn stats(&self) -> PluginStats {
        self.resident.stats()
    }

    /// Makes its first instance, which initialises itself, if there is none. The first call would do that too.
    ///
    /// # Errors
    ///
    /// Whatever ends `lifecycle.init`, or the start of the component.
    pub async fn start(&self) -> Result<(), Error> {
        Lease::start(&self.resident).await
    }

    /// Ends its instances, once the calls that run are over: after `lifecycle.shutdown`, where it has that. The next call makes
    /// a new one. Stopping goes on when its caller gives up.
    ///
    /// # Errors
    ///
    /// Whatever ends `lifecycle.shutdown`; the instances are gone all the same.
    pub async fn stop(&self) -> Result<(), Error> {
        let resident = self.resident.clone();
        let task = tokio::spawn(async move {
            let _changing = resident.changing.lock().await;
            resident.stop().await
        });
        task.await.unwrap_or_else(|error| Err(Error::internal("stopping a plugin", error)))
    }

    /// As [`Plugin::stop`], of a plugin that is not active any more: calls that wait for their turn are refused.
    pub(crate) async fn turn_off(&self) -> Result<(), Error> {
        let _changing = self.resident.changing.lock().await;
        self.resident.turn_off().await
    }

    /// Has a neuron answer a signal. (`hal9:plugin/neuron.process-signal`) The reply has the signal's id, also where the neuron
    /// answered with the nil id, which stands for it.
    ///
    /// # Errors
    ///
    /// [`Error::LimitExceeded`] for a signal over `signal_bytes`, [`Error::BadReply`] for a reply with another id, and
    /// whatever ends the call.
    pub async fn process_signal(&self, call: &mut Call, signal: &Signal) -> Result<Signal, Error> {
        self.check_size(signals::signal_bytes(signal))?;
        call!(self, call, Kind::Neuron, neuron.call_process_signal(signal), |lease, result| lease.end_if(
            call,
            result,
            |reply| match reply.id {
                id if id == signal.id => Ok(()),
                // For the guest's language, an id is more than a number can be.
                (0, 0) => {
                    reply.id = signal.id;
                    Ok(())
                }
                _ => Err("the reply has another id than the signal".to_owned()),
            }
        ))
    }

    /// Has a neuron answer many signals at once, in one call. (`hal9:plugin/neuron.process-batch`)
    ///
    /// All of the batch crosses at once, and so does the reply: whoever has very many signals sends them by
    /// [`Manager::send_batch`](crate::Manager::send_batch), which cuts them into calls that fit. What the neuron emits is not told
    /// apart by row; it may be as much as if each row had been a call of its own, up to 65 536 signals that are together as large
    /// as 64 may be.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a batch whose columns disagree (see [`SignalBatch::check`]); [`Error::LimitExceeded`] for
    /// one over the plugin's `memory`; [`Error::BadReply`] for a reply that is no valid batch, or not one of the same
    /// ids; whatever ends the call.
    pub async fn process_batch(&self, call: &mut Call, batch: &SignalBatch) -> Result<SignalBatch, Error> {
        batch.check().map_err(|what| invalid_batch(Some(self.id()), &what))?;
        if batch.bytes() > self.resident.memory() {
            return Err(self.too_large(Limit::Memory));
        }
        let mut lease = Lease::begin(&self.resident, call).await?;
        let Some(live) = lease.live.as_deref_mut() else { return Err(lease.without(call, Kind::Neuron)) };
        live.answers(batch.rows().max(1));
        let Live { store, guests, bounds, .. } = &mut *live;
        let result = match &guests.neuron {
            Some(guest) => Some(bounded(bounds, pin!(guest.call_process_batch(store, batch))).await),
            None => None,
        };
        live.answers(1);
        let Some(result) = result else { return Err(lease.without(call, Kind::Neuron)) };
        lease.end_if(call, result, |reply| {
            if reply.ids.is_empty() && reply.timestamps.len() == batch.timestamps.len() {
                reply.ids.clone_from(&batch.ids);
            }
            match reply.ids == batch.ids {
                true => reply.check(),
                false => Err("the reply has other ids than the batch".to_owned()),
            }
        })
    }

    /// How a neuron is doing. (`hal9:plugin/neuron.state`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn neuron_state(&self, call: &mut Call) -> Result<NeuronState, Error> {
        call!(self, call, Kind::Neuron, neuron.call_state(), |lease, result| lease.end_plain(call, result))
    }

    /// The tools of a provider, without those whose names break the rules. (`hal9:plugin/tool.describe`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call; [`Error::BadReply`] for such a name, where the host is [strict](crate::HostBuilder::strict).
    pub async fn describe_tools(&self, call: &mut Call) -> Result<Vec<ToolDescription>, Error> {
        let mut tools =
            call!(self, call, Kind::Tool, tool.call_describe(), |lease, result| lease.end_plain(call, result))?;
        if let Some(bad) = tools.iter().find(|tool| !is_tool_name(&tool.name)) {
            self.put_right(|| {
                format!("`{}` is no name of a tool", crate::escape(&bad.name, crate::text::MESSAGE_BYTES))
            })?;
            tools.retain(|tool| is_tool_name(&tool.name));
        }
        Ok(tools)
    }

    /// What is wrong with the parameters of a tool; nothing, where it would take them. (`hal9:plugin/tool.validate`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn validate_tool(&self, call: &mut Call, name: &str, params: &str) -> Result<Vec<Violation>, Error> {
        let answer = call!(self, call, Kind::Tool, tool.call_validate(name, params), |lease, result| lease
            .end(call, result.map(Ok)))?;
        Ok(answer.err().unwrap_or_default())
    }

    /// Runs a tool: parameters and result are JSON text. (`hal9:plugin/tool.execute`)
    ///
    /// # Errors
    ///
    /// [`Error::BadReply`] for a result that is not JSON, and whatever ends the call.
    pub async fn execute_tool(&self, call: &mut Call, name: &str, params: &str) -> Result<String, Error> {
        call!(self, call, Kind::Tool, tool.call_execute(name, params), |lease, result| lease.end_if(
            call,
            result,
            |result| {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(result);
                json.map(drop).map_err(|error| format!("the result of `{name}` is not JSON: {error}"))
            }
        ))
    }

    /// Keeps a value. (`hal9:plugin/memory-provider.store`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn store(&self, call: &mut Call, key: &str, value: &[u8], metadata: &Metadata) -> Result<(), Error> {
        call!(self, call, Kind::MemoryProvider, memory_provider.call_store(key, value, metadata), |lease, result| lease
            .end(call, result))
    }

    /// What is kept under a key. (`hal9:plugin/memory-provider.retrieve`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn retrieve(&self, call: &mut Call, key: &str) -> Result<Option<Entry>, Error> {
        call!(self, call, Kind::MemoryProvider, memory_provider.call_retrieve(key), |lease, result| lease
            .end(call, result))
    }

    /// The best entries for a query, best first. (`hal9:plugin/memory-provider.search`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call; [`Error::BadReply`] for more than `limit`, where the host is [strict](crate::HostBuilder::strict).
    pub async fn search(&self, call: &mut Call, query: &str, limit: u32) -> Result<Vec<SearchHit>, Error> {
        let mut hits =
            call!(self, call, Kind::MemoryProvider, memory_provider.call_search(query, limit), |lease, result| lease
                .end(call, result))?;
        if hits.len() > limit as usize {
            self.put_right(|| format!("gave {} results of a search for {limit} at most", hits.len()))?;
            hits.truncate(limit as usize);
        }
        Ok(hits)
    }

    /// Forgets a key; whether it was there. (`hal9:plugin/memory-provider.delete`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn delete(&self, call: &mut Call, key: &str) -> Result<bool, Error> {
        call!(self, call, Kind::MemoryProvider, memory_provider.call_delete(key), |lease, result| lease
            .end(call, result))
    }

    /// How it says that it feels; healthy, where it does not say. One that is unhealthy has failed, as far as its
    /// [`Breaker`](crate::Breaker) is concerned. (`hal9:plugin/lifecycle.health`)
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] for a plugin that rests, and whatever ends the call.
    pub async fn health(&self, call: &mut Call) -> Result<HealthReport, Error> {
        if !self.resident.current().kinds.contains(&Kind::Lifecycle) {
            self.resident.check()?;
            return Ok(HealthReport { status: Status::Healthy, reason: String::new() });
        }
        let mut lease = Lease::begin_uncounted(&self.resident, call).await?;
        let result = match lease.live.as_deref_mut() {
            Some(Live { store, guests: Guests { lifecycle: Some(guest), .. }, bounds, .. }) => {
                bounded(bounds, pin!(guest.call_health(store))).await
            }
            _ => return Err(lease.without(call, Kind::Lifecycle)),
        };
        lease.unwell = matches!(&result, Ok(report) if report.status == Status::Unhealthy);
        lease.end_plain(call, result)
    }

    /// All that another instance needs to go on, as the one says whose turn it is. At most the plugin's `memory`, which it was
    /// in. (`hal9:plugin/lifecycle.export-state`)
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for one without a lifecycle, and whatever ends the call.
    pub async fn export_state(&self, call: &mut Call) -> Result<Vec<u8>, Error> {
        let mut lease = Lease::begin(&self.resident, call).await?;
        let Some(live) = lease.live.as_deref_mut() else { return Err(lease.without(call, Kind::Lifecycle)) };
        live.allow_state(true);
        let Live { store, guests, bounds, .. } = live;
        let result = match &guests.lifecycle {
            Some(guest) => Some(bounded(bounds, pin!(guest.call_export_state(store))).await),
            None => None,
        };
        live.allow_state(false);
        match result {
            Some(result) => lease.end(call, result),
            None => Err(lease.without(call, Kind::Lifecycle)),
        }
    }

    /// Gives the instance whose turn it is what another one exported. (`hal9:plugin/lifecycle.import-state`)
    ///
    /// # Errors
    ///
    /// [`Error::LimitExceeded`] for more than the plugin's `memory`, [`Error::NotFound`] for one without a lifecycle, and
    /// whatever ends the call.
    pub async fn import_state(&self, call: &mut Call, state: &[u8]) -> Result<(), Error> {
        if state.len() as u64 > self.resident.memory() {
            return Err(self.too_large(Limit::Memory));
        }
        call!(self, call, Kind::Lifecycle, lifecycle.call_import_state(state), |lease, result| lease.end(call, result))
    }

    /// An answer breaks its contract, and the host can put that right.
    ///
    /// # Errors
    ///
    /// [`Error::BadReply`] where it is not to.
    #[cold]
    fn put_right(&self, reason: impl FnOnce() -> String) -> Result<(), Error> {
        if !self.resident.current().host.shared.strict {
            return Ok(());
        }
        Err(Error::BadReply { plugin: self.id().clone(), reason: reason() })
    }

    fn check_size(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.resident.signal_bytes() { Err(self.too_large(Limit::Size)) } else { Ok(()) }
    }

    /// What was to be sent is too large; that is on record, though the plugin was not asked.
    pub(crate) fn too_large(&self, limit: Limit) -> Error {
        let version = self.resident.current();
        let error = fault::exceeded(&version, limit);
        version.record(&error);
        error
    }
}

/// A batch whose columns disagree; for a plugin, if it is for one already.
pub(crate) fn invalid_batch(plugin: Option<&PluginId>, what: &str) -> Error {
    let whose = plugin.map_or_else(String::new, |plugin| format!("{plugin}: "));
    Error::InvalidInput {
        plugin: plugin.cloned(),
        what: format!("{whose}the batch is not valid: {what}"),
        help: "give every column as many rows as there are timestamps".to_owned(),
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}
