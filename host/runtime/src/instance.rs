//! Owns one live instance at a time: its store, how it is made and armed, how a call is bounded, and what becomes of it
//! when a call ends badly. It refuses to know what is called.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use hal9_package::PluginId;
use tokio::sync::MutexGuard;
use wasmtime::component::{Instance, InstancePre, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::bindings::exports::hal9::plugin::{learning_algorithm, lifecycle, memory_provider, neuron, tool};
use crate::bindings::hal9::plugin::types::{self, Failure};
use crate::cpu::{Meter, Metered};
use crate::imports::clock::ClockCtx;
use crate::imports::config::ConfigCtx;
use crate::imports::learning::LearningCtx;
use crate::imports::logging::{LoggingCtx, Output};
use crate::imports::memory::MemoryCtx;
use crate::imports::metrics::MetricsCtx;
use crate::imports::plugins::PluginsCtx;
use crate::imports::signals::SignalsCtx;
use crate::limits::{Breach, Limiter};
use crate::plugin::{Loaded, does_not_fit};
use crate::sandbox::network::HttpCtx;
use crate::text::{MESSAGE_BYTES, escape};
use crate::{Call, Error, Kind, Limit, fault, sandbox};

/// All that the host keeps for one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    files: Arc<sandbox::Files>,
    pub(crate) limiter: Limiter,
    meter: Arc<Meter>,
    pub(crate) output: Arc<Output>,
    streams: [sandbox::Stream; 2],
    pub(crate) clock: ClockCtx,
    pub(crate) config: ConfigCtx,
    pub(crate) http: HttpCtx,
    pub(crate) learning: LearningCtx,
    pub(crate) logging: LoggingCtx,
    pub(crate) memory: MemoryCtx,
    pub(crate) metrics: MetricsCtx,
    pub(crate) plugins: PluginsCtx,
    pub(crate) signals: SignalsCtx,
    call_time: Duration,
    /// When the call that runs now must be over; set at its first epoch tick, so that a short call reads no clock.
    deadline: Option<Instant>,
}

impl types::Host for State {}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http.view(&mut self.table)
    }
}

impl State {
    fn new(plugin: &Loaded) -> Result<Self, Error> {
        let (id, limits, guard) = (&plugin.id, &plugin.limits, &plugin.guard);
        let backends = &plugin.host.shared.backends;
        let output = Arc::new(Output::new(id.clone(), backends.log.clone(), limits.output.0));
        let (wasi, streams) = sandbox::build(guard, &plugin.files, limits, &output)?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources as usize);
        Ok(Self {
            wasi,
            table,
            files: plugin.files.clone(),
            limiter: Limiter::new(limits.memory.0, plugin.host.shared.totals.memory.clone()),
            meter: plugin.meter.clone(),
            streams,
            clock: ClockCtx { guard: guard.clone() },
            config: ConfigCtx::new(guard.clone(), plugin.config()),
            http: HttpCtx::new(plugin.outgoing.clone()),
            learning: LearningCtx::new(guard.clone(), backends.learning.clone()),
            logging: LoggingCtx::new(guard.clone(), output.clone()),
            memory: MemoryCtx::new(guard.clone(), backends.memory.clone(), limits.memory_value.0, limits.memory_keys),
            metrics: MetricsCtx::new(guard.clone(), backends.metrics.clone(), plugin.metric_names.clone()),
            plugins: PluginsCtx::new(guard.clone(), backends.plugins.clone()),
            signals: SignalsCtx::new(guard.clone(), limits.signal_bytes.0),
            output,
            call_time: limits.call_time,
            deadline: None,
        })
    }

    /// Begins a call: all of the output allowance is there again, and `chain` waits for it.
    fn begin(&mut self, chain: &[PluginId]) {
        self.output.reset();
        self.plugins.chain.clear();
        self.plugins.chain.extend_from_slice(chain);
    }

    pub(crate) fn files(&mut self) -> sandbox::FilesView<'_> {
        sandbox::FilesView { files: self.files.clone(), wasi: self.filesystem() }
    }

    pub(crate) fn environment(&mut self) -> sandbox::EnvironmentView<'_> {
        sandbox::EnvironmentView { guard: self.clock.guard.clone(), cli: self.cli() }
    }

    /// Ends the lines that are open on standard output and error; the last lines of standard error.
    pub(crate) fn finish_output(&mut self) -> Vec<String> {
        let [stdout, stderr] = &self.streams;
        stdout.finish();
        stderr.finish()
    }
}

/// Where in a component each export interface is, as far as it has them.
pub(crate) struct Exports {
    neuron: Option<neuron::GuestIndices>,
    tool: Option<tool::GuestIndices>,
    memory_provider: Option<memory_provider::GuestIndices>,
    learning_algorithm: Option<learning_algorithm::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
}

impl Exports {
    /// Looks up the export interfaces of `kinds`.
    ///
    /// # Errors
    ///
    /// An interface that is there and lacks one of its functions.
    pub(crate) fn find(pre: &InstancePre<State>, kinds: &[Kind]) -> wasmtime::Result<Self> {
        let has = |kind| kinds.contains(&kind);
        Ok(Self {
            neuron: has(Kind::Neuron).then(|| neuron::GuestIndices::new(pre)).transpose()?,
            tool: has(Kind::Tool).then(|| tool::GuestIndices::new(pre)).transpose()?,
            memory_provider: has(Kind::MemoryProvider).then(|| memory_provider::GuestIndices::new(pre)).transpose()?,
            learning_algorithm: has(Kind::LearningAlgorithm)
                .then(|| learning_algorithm::GuestIndices::new(pre))
                .transpose()?,
            lifecycle: has(Kind::Lifecycle).then(|| lifecycle::GuestIndices::new(pre)).transpose()?,
        })
    }

    fn bind(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Guests> {
        Ok(Guests {
            neuron: self.neuron.as_ref().map(|at| at.load(&mut *store, instance)).transpose()?,
            tool: self.tool.as_ref().map(|at| at.load(&mut *store, instance)).transpose()?,
            memory_provider: self.memory_provider.as_ref().map(|at| at.load(&mut *store, instance)).transpose()?,
            learning_algorithm: self
                .learning_algorithm
                .as_ref()
                .map(|at| at.load(&mut *store, instance))
                .transpose()?,
            lifecycle: self.lifecycle.as_ref().map(|at| at.load(&mut *store, instance)).transpose()?,
        })
    }
}

/// The typed exports of an instance.
pub(crate) struct Guests {
    pub(crate) neuron: Option<neuron::Guest>,
    pub(crate) tool: Option<tool::Guest>,
    pub(crate) memory_provider: Option<memory_provider::Guest>,
    pub(crate) learning_algorithm: Option<learning_algorithm::Guest>,
    pub(crate) lifecycle: Option<lifecycle::Guest>,
}

/// One instance.
pub(crate) struct Live {
    pub(crate) store: Store<State>,
    pub(crate) guests: Guests,
    /// Which of the plugin's instances this is, counted from 1.
    pub(crate) generation: u64,
}

impl Live {
    /// Makes an instance, under the limits of an ordinary call, and has it initialise itself.
    async fn start(plugin: &Loaded, chain: &[PluginId]) -> Result<Box<Self>, Error> {
        let mut store = Store::new(plugin.host.shared.engine.wasmtime(), State::new(plugin)?);
        store.data_mut().begin(chain);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(plugin.limits.host_memory.as_usize());
        store.set_max_component_handles(plugin.limits.handles as usize);
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            let now = Instant::now();
            let deadline = *state.deadline.get_or_insert_with(|| now + state.call_time);
            if now >= deadline {
                return Err(Breach(Limit::Deadline).into());
            }
            Ok(UpdateDeadline::YieldCustom(1, state.meter.tick()))
        });
        arm(&mut store);
        let made = bounded(plugin, plugin.pre.instantiate_async(&mut store)).await;
        let instance = made.map_err(|error| fault::classify(plugin, error, store.data_mut()))?;
        let guests = plugin.exports.bind(&mut store, &instance).map_err(|error| does_not_fit(&plugin.id, &error))?;
        let generation = plugin.stats.instances.fetch_add(1, Ordering::Relaxed) + 1;
        let mut live = Box::new(Self { store, guests, generation });
        if let Some(lifecycle) = &live.guests.lifecycle {
            arm(&mut live.store);
            let result = bounded(plugin, lifecycle.call_init(&mut live.store)).await;
            match result {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => return Err(Error::failed(&plugin.id, failure)),
                Err(error) => return Err(fault::classify(plugin, error, live.store.data_mut())),
            }
        }
        Ok(live)
    }
}

impl Live {
    /// Tells the instance that it is let go.
    pub(crate) async fn shutdown(&mut self, plugin: &Loaded) -> Result<(), Error> {
        let Some(lifecycle) = &self.guests.lifecycle else { return Ok(()) };
        self.store.data_mut().begin(&[]);
        arm(&mut self.store);
        let result = bounded(plugin, lifecycle.call_shutdown(&mut self.store)).await;
        self.store.data_mut().finish_output();
        result.map_err(|error| fault::classify(plugin, error, self.store.data_mut()))
    }
}

/// Begins the time of a call: the next epoch tick asks for the deadline.
fn arm(store: &mut Store<State>) {
    store.data_mut().deadline = None;
    store.set_epoch_deadline(1);
}

/// Runs a call to its end, or until the plugin's `call_time` has passed since it first had to wait. The epoch callback
/// stops a guest that computes; this stops one that waits in a host call, where epochs do not reach. A call that never
/// waits sets no timer, and reads no clock of the thread.
pub(crate) async fn bounded<T>(
    plugin: &Loaded,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    let mut call = std::pin::pin!(call);
    if let Some(result) = call.as_mut().now_or_never() {
        return result;
    }
    let call = Metered { meter: &plugin.meter, call };
    tokio::time::timeout(plugin.limits.call_time, call).await.unwrap_or_else(|_| Err(Breach(Limit::Deadline).into()))
}

/// A plugin's instance for the time of one call. Dropped before [`Lease::end`], as when the caller gives up, it takes
/// the instance with it: a store that was interrupted is not used again.
pub(crate) struct Lease<'a> {
    plugin: &'a Loaded,
    interrupted: Interrupted<'a>,
    pub(crate) live: Box<Live>,
    started: Option<Instant>,
    /// Last, so that whoever waits for the plugin finds everything else done: fields are dropped in this order.
    slot: MutexGuard<'a, Option<Box<Live>>>,
}

/// Counts a call that nobody waited for.
struct Interrupted<'a>(Option<&'a Loaded>);

impl Drop for Interrupted<'_> {
    fn drop(&mut self) {
        if let Some(plugin) = self.0 {
            plugin.stats.interrupted();
        }
    }
}

impl<'a> Lease<'a> {
    /// Waits for the plugin's turn, makes an instance where there is none, and arms its limits.
    pub(crate) async fn begin(plugin: &'a Loaded, call: &mut Call) -> Result<Self, Error> {
        let mut slot = plugin.slot.lock().await;
        let started = plugin.stats.begin(call.measured);
        let mut live = match slot.take() {
            Some(live) => live,
            None => match Live::start(plugin, &call.chain).await {
                Ok(live) => live,
                Err(error) => {
                    call.elapsed = plugin.stats.ended(Some(&error), started, 0);
                    call.peak_memory = 0;
                    return Err(error);
                }
            },
        };
        live.store.data_mut().begin(&call.chain);
        arm(&mut live.store);
        Ok(Self { plugin, slot, live, started, interrupted: Interrupted(Some(plugin)) })
    }

    /// Ends the call: the instance goes back if it is sound, and is dropped if it is not.
    pub(crate) fn end<T>(self, call: &mut Call, result: wasmtime::Result<Result<T, Failure>>) -> Result<T, Error> {
        self.end_if(call, result, |_| Ok(()))
    }

    /// Ends the call, which went well if `check` finds nothing wrong with the reply.
    pub(crate) fn end_if<T>(
        mut self,
        call: &mut Call,
        result: wasmtime::Result<Result<T, Failure>>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Result<T, Error> {
        self.interrupted.0 = None;
        let plugin = self.plugin;
        let state = self.live.store.data_mut();
        let peak = state.limiter.peak();
        let result = match result {
            Ok(result) => {
                if state.output.used() {
                    state.finish_output();
                }
                let result = result.map_err(|failure| Error::failed(&plugin.id, failure)).and_then(|reply| {
                    check(&reply).map_err(|reason| Error::BadReply {
                        plugin: plugin.id.clone(),
                        reason: escape(&reason, MESSAGE_BYTES),
                    })?;
                    Ok(reply)
                });
                let emitted = state.signals.outbox.drain(..).chain(state.plugins.emitted.drain(..));
                if result.is_ok() {
                    call.emitted.extend(emitted);
                } else {
                    drop(emitted);
                }
                state.limiter.take_refused();
                *self.slot = Some(self.live);
                result
            }
            Err(error) => Err(fault::classify(plugin, error, state)),
        };
        call.elapsed = plugin.stats.ended(result.as_ref().err(), self.started, peak);
        call.peak_memory = peak;
        result
    }

    /// Ends a call that found the plugin without the interface.
    pub(crate) fn without(self, call: &mut Call, kind: Kind) -> Error {
        let plugin = self.plugin;
        self.cancel(call);
        Error::NotFound {
            plugin: Some(plugin.id.clone()),
            what: format!("{} is no {kind}: it does not export `{}`", plugin.id, kind.interface()),
            help: "ask another plugin".to_owned(),
        }
    }

    /// Ends a call before anything was called.
    pub(crate) fn cancel(self, call: &mut Call) {
        let _ = self.end::<()>(call, Ok(Ok(())));
    }
}
