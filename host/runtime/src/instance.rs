//! Owns one live instance: its store, how it is made and armed, and how a call is bounded. It refuses to know whose turn it
//! is, and what becomes of it when a call ends badly.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hal9_package::PluginId;
use tokio::time::Sleep;
use wasmtime::component::{Instance, InstancePre, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::admission::Admitted;
use crate::bindings::exports::hal9::plugin::{learning_algorithm, lifecycle, memory_provider, neuron, tool};
use crate::bindings::hal9::plugin::types;
use crate::call::Waiting;
use crate::cpu::Run;
use crate::imports::clock::ClockCtx;
use crate::imports::config::ConfigCtx;
use crate::imports::interposed::Interposed;
use crate::imports::learning::LearningCtx;
use crate::imports::logging::{LoggingCtx, Output};
use crate::imports::memory::MemoryCtx;
use crate::imports::metrics::MetricsCtx;
use crate::imports::plugins::PluginsCtx;
use crate::imports::signals::SignalsCtx;
use crate::interpose::Interposer;
use crate::limits::{Breach, Limiter};
use crate::sandbox::network::HttpCtx;
use crate::version::{Version, does_not_fit};
use crate::{Error, Kind, Limit, fault, sandbox};

/// All that the host keeps for one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    files: Arc<sandbox::Files>,
    pub(crate) limiter: Limiter,
    run: Arc<Run>,
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
    interposer: Option<Arc<dyn Interposer>>,
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
    fn new(plugin: &Version, run: Arc<Run>) -> Result<Self, Error> {
        let (id, limits, reach) = (&plugin.id, &plugin.limits, &plugin.reach);
        let guard = &reach.guard;
        let backends = &plugin.host.shared.backends;
        let output = Arc::new(Output::new(id.clone(), backends.log.clone(), limits.output.0));
        let (wasi, streams) =
            sandbox::build(guard, &reach.files, limits, &output, (backends.clock.as_ref(), plugin.seed))?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources as usize);
        Ok(Self {
            wasi,
            table,
            files: reach.files.clone(),
            limiter: Limiter::new(
                limits.memory.0.min(plugin.host.shared.config.max_memory as u64),
                plugin.host.shared.totals.memory.clone(),
            ),
            run,
            streams,
            clock: ClockCtx { guard: guard.clone(), clock: backends.clock.clone() },
            config: ConfigCtx::new(guard.clone(), plugin.config()),
            http: HttpCtx::new(reach.outgoing.clone()),
            learning: LearningCtx::new(guard.clone(), backends.learning.clone()),
            logging: LoggingCtx::new(guard.clone(), output.clone()),
            memory: MemoryCtx::new(guard.clone(), backends.memory.clone(), limits.memory_value.0, limits.memory_keys),
            metrics: MetricsCtx::new(guard.clone(), backends.metrics.clone(), reach.metric_names.clone()),
            plugins: PluginsCtx::new(guard.clone(), backends.plugins.clone()),
            signals: SignalsCtx::new(guard.clone(), limits.signal_bytes.0),
            interposer: backends.interposer.clone(),
            output,
            call_time: limits.call_time,
            deadline: None,
        })
    }

    /// Begins a call: all of the output allowance is there again, and it is known who waits for it.
    pub(crate) fn begin(&mut self, waiting: Waiting<'_>) {
        self.output.reset();
        self.plugins.begin(waiting);
    }

    /// Drops what was emitted, and forgets which bound kept it from growing: nobody asks for either.
    pub(crate) fn forget(&mut self) {
        self.signals.outbox.clear();
        self.plugins.emitted.clear();
        self.limiter.take_refused();
    }

    /// One of the interfaces, with what stands before it.
    pub(crate) fn interposed<C>(&mut self, ctx: fn(&mut Self) -> &mut C) -> Interposed<'_, C> {
        let (plugin, interposer) = (self.clock.guard.plugin().clone(), self.interposer.clone());
        Interposed { ctx: ctx(self), plugin, interposer }
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
    pub(crate) bounds: Bounds,
    /// Which of the plugin's instances this is, counted from 1; no two of its versions share a number.
    pub(crate) generation: u64,
    /// How many calls it has begun, and after how many of them it makes room for another.
    pub(crate) calls: u64,
    pub(crate) recycle_at: u64,
    /// Whether a call ended in a way that leaves it unsound.
    pub(crate) lost: bool,
}

/// What bounds the calls of one instance: the limits of its version, and its share of the processor.
pub(crate) struct Bounds {
    pub(crate) version: Arc<Version>,
    run: Arc<Run>,
    /// Given back when the store is gone: fields are dropped in order.
    _admitted: Admitted,
}

impl Live {
    /// Makes an instance, under the limits of an ordinary call, and has it initialise itself.
    pub(crate) async fn start(version: &Arc<Version>, waiting: Waiting<'_>) -> Result<Box<Self>, Error> {
        let (linked, admitted) = version.admit()?;
        let run = Arc::new(Run::new(version.common.meter.clone()));
        let bounds = Bounds { version: version.clone(), run: run.clone(), _admitted: admitted };
        let mut store = Store::new(linked.pre.engine(), State::new(version, run)?);
        store.data_mut().begin(waiting);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(version.limits.host_memory.as_usize());
        store.set_max_component_handles(version.limits.handles as usize);
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            let now = Instant::now();
            let deadline = *state.deadline.get_or_insert_with(|| now + state.call_time);
            if now >= deadline {
                return Err(Breach(Limit::Deadline).into());
            }
            Ok(UpdateDeadline::YieldCustom(1, state.run.tick()))
        });
        arm(&mut store);
        let made = bounded(&bounds, pin!(linked.pre.instantiate_async(&mut store))).await;
        let instance = made.map_err(|error| fault::classify(version, error, store.data_mut()))?;
        let guests = linked.exports.bind(&mut store, &instance).map_err(|error| does_not_fit(&version.id, &error))?;
        let generation = version.common.instances.fetch_add(1, Ordering::Relaxed) + 1;
        let recycle_at = version.policy.recycle_after.unwrap_or(u64::MAX);
        let mut live = Box::new(Self { store, guests, bounds, generation, calls: 0, recycle_at, lost: false });
        if let Some(lifecycle) = &live.guests.lifecycle {
            arm(&mut live.store);
            let result = bounded(&live.bounds, pin!(lifecycle.call_init(&mut live.store))).await;
            match result {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => return Err(Error::failed(&version.id, failure)),
                Err(error) => return Err(fault::classify(version, error, live.store.data_mut())),
            }
        }
        Ok(live)
    }

    pub(crate) fn version(&self) -> &Arc<Version> {
        &self.bounds.version
    }

    /// Begins a call, for which `chain` waits; or what is not `counted` as one.
    pub(crate) fn begin(&mut self, chain: &[PluginId], counted: bool) {
        self.calls += u64::from(counted);
        self.store.data_mut().begin(Waiting::Chain(chain));
        arm(&mut self.store);
    }

    /// Lets a result be as large as all of the plugin's memory, which it is in, or no larger than what any host call carries.
    pub(crate) fn allow_state(&mut self, allow: bool) {
        let limits = &self.bounds.version.limits;
        let most = if allow { limits.memory.max(limits.host_memory) } else { limits.host_memory };
        self.store.set_hostcall_fuel(most.as_usize());
    }

    /// Lets calls emit as many signals as befits the answer to so many.
    pub(crate) fn answers(&mut self, rows: usize) {
        self.store.data_mut().signals.answers(rows);
    }

    /// Whether it has served as many calls as it was to serve.
    pub(crate) fn is_due(&self) -> bool {
        self.calls >= self.recycle_at
    }

    /// Lets it serve as many calls again.
    pub(crate) fn serve_on(&mut self) {
        self.recycle_at = self.calls.saturating_add(self.version().policy.recycle_after.unwrap_or(u64::MAX));
    }
}

/// Begins the time of a call: the next epoch tick asks for the deadline.
pub(crate) fn arm(store: &mut Store<State>) {
    store.data_mut().deadline = None;
    store.set_epoch_deadline(1);
}

/// Runs a call to its end, or until the plugin's `call_time` has passed since it first had to wait. The epoch callback
/// stops a guest that computes; this stops one that waits in a host call, where epochs do not reach. A call that never
/// waits sets no timer, and reads no clock of the thread.
pub(crate) fn bounded<'a, F>(bounds: &'a Bounds, call: Pin<&'a mut F>) -> Bounded<'a, F> {
    Bounded { bounds, call, timer: None }
}

/// A future written out by hand, so that an answer that is there at once is moved nowhere else.
pub(crate) struct Bounded<'a, F> {
    bounds: &'a Bounds,
    call: Pin<&'a mut F>,
    /// From when on it had to wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T, F: Future<Output = wasmtime::Result<T>>> Future for Bounded<'_, F> {
    type Output = wasmtime::Result<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(timer) = &mut this.timer else {
            let answer = this.call.as_mut().poll(context);
            return if answer.is_pending() { this.begin_to_wait(context) } else { answer };
        };
        let answer = this.bounds.run.metered(|| this.call.as_mut().poll(context));
        if answer.is_pending() && timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(Breach(Limit::Deadline).into()));
        }
        answer
    }
}

impl<F> Bounded<'_, F> {
    #[cold]
    fn begin_to_wait<T>(&mut self, context: &mut Context<'_>) -> Poll<wasmtime::Result<T>> {
        let timer = self.timer.insert(Box::pin(tokio::time::sleep(self.bounds.version.limits.call_time)));
        timer.as_mut().poll(context).map(|()| Err(Breach(Limit::Deadline).into()))
    }
}

impl<F> Drop for Bounded<'_, F> {
    fn drop(&mut self) {
        if self.timer.is_some() {
            self.bounds.run.stop();
        }
    }
}
