//! Owns what all plugins of a process share: the engine, and the backends behind the import interfaces. It refuses to
//! know which plugins there are: that is the manager's.

use std::fs;
use std::io::{self, Read as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use hal9_package::ByteSize;

use crate::admission::Admission;
use crate::audit::{AuditEvent, AuditKind, AuditSink, TracingAudit, UseRecorder};
use crate::compile::{CacheAt, CompileIn, Compiler};
use crate::component::Component;
use crate::engine::{Engine, EngineConfig};
use crate::imports::clock::Clock;
use crate::imports::learning::{InProcessLearning, LearningSink};
use crate::imports::logging::{LogSink, TracingLog};
use crate::imports::memory::{InProcessMemory, MemoryBackend};
use crate::imports::metrics::{InProcessMetrics, MetricsSink};
use crate::imports::plugins::{NoPlugins, PluginCalls};
use crate::interpose::Interposer;
use crate::link::Linkers;
use crate::sandbox::network::{Connector, Network, NetworkConfig, NetworkSetup, Resolver};
use crate::text::{MESSAGE_BYTES, escape};
use crate::totals::{HostLimits, Totals};
use crate::{Error, LoadOptions, Plugin};

/// What stands behind the import interfaces. Every one can be an embedder's own.
#[derive(Clone)]
pub(crate) struct Backends {
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) memory: Arc<dyn MemoryBackend>,
    pub(crate) metrics: Arc<dyn MetricsSink>,
    pub(crate) learning: Arc<dyn LearningSink>,
    pub(crate) plugins: Arc<dyn PluginCalls>,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) recorder: Option<Arc<dyn UseRecorder>>,
    /// None for the machine's.
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) interposer: Option<Arc<dyn Interposer>>,
}

/// Sets up a [`Host`].
#[derive(Clone)]
pub struct HostBuilder {
    engine: EngineConfig,
    totals: HostLimits,
    compile_in: CompileIn,
    cache: Option<CacheAt>,
    backends: Backends,
    network: NetworkSetup,
    strict: bool,
}

impl HostBuilder {
    /// How the engine is set up.
    #[must_use]
    pub fn engine(mut self, config: EngineConfig) -> Self {
        self.engine = config;
        self
    }

    /// What all plugins together may use.
    #[must_use]
    pub fn totals(mut self, limits: HostLimits) -> Self {
        self.totals = limits;
        self
    }

    /// Where components are compiled; by default in this process.
    #[must_use]
    pub fn compile_in(mut self, place: CompileIn) -> Self {
        self.compile_in = place;
        self
    }

    /// Keeps compiled code in a folder of this user's, 1 GiB of it at most; what was not used for longest makes room. By
    /// default none is kept. A folder that cannot be used is told to `tracing`, and done without.
    #[must_use]
    pub fn cache(self, folder: impl Into<PathBuf>) -> Self {
        self.cache_of(folder, ByteSize::mib(1 << 10))
    }

    /// As [`cache`](Self::cache), with another bound.
    #[must_use]
    pub fn cache_of(mut self, folder: impl Into<PathBuf>, most: ByteSize) -> Self {
        self.cache = Some(CacheAt { folder: folder.into(), most });
        self
    }

    /// Where records go of what plugins were refused and how they broke; by default to `tracing`.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.backends.audit = sink;
        self
    }

    /// Who is told of every use of a right; by default nobody.
    #[must_use]
    pub fn recorder(mut self, recorder: Arc<dyn UseRecorder>) -> Self {
        self.backends.recorder = Some(recorder);
        self
    }

    /// How requests of plugins are sent.
    #[must_use]
    pub fn network(mut self, config: NetworkConfig) -> Self {
        self.network.config = config;
        self
    }

    /// Who resolves the names of hosts that plugins send requests to; by default the operating system.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.network.resolver = resolver;
        self
    }

    /// Who connects to the addresses of such hosts; by default TCP does.
    #[must_use]
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.network.connector = connector;
        self
    }

    /// Where the lines go that plugins log; by default to `tracing`.
    #[must_use]
    pub fn log(mut self, sink: Arc<dyn LogSink>) -> Self {
        self.backends.log = sink;
        self
    }

    /// Where HAL9's memory is kept; by default in the process.
    #[must_use]
    pub fn memory(mut self, backend: Arc<dyn MemoryBackend>) -> Self {
        self.backends.memory = backend;
        self
    }

    /// Where metrics go; by default they are kept in the process.
    #[must_use]
    pub fn metrics(mut self, sink: Arc<dyn MetricsSink>) -> Self {
        self.backends.metrics = sink;
        self
    }

    /// Where experiences and feedback go; by default the last ones are kept in the process.
    #[must_use]
    pub fn learning(mut self, sink: Arc<dyn LearningSink>) -> Self {
        self.backends.learning = sink;
        self
    }

    /// What time it is for plugins that may know it; by default what the machine's clocks say. Deadlines and rates go by the
    /// machine's all the same.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.backends.clock = Some(clock);
        self
    }

    /// Who is told of every call of an interface of `hal9:plugin`, and may have it go wrong; by default nobody, which costs such
    /// calls nothing.
    #[must_use]
    pub fn interposer(mut self, interposer: Arc<dyn Interposer>) -> Self {
        self.backends.interposer = Some(interposer);
        self
    }

    /// Has an answer that breaks the contract of its interface be [`Error::BadReply`] also where the host would put it right: the name
    /// of a tool that is none, more results of a search than were asked for. For tests of plugins.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Who carries calls between plugins; by default nobody is found. A [`Manager`](crate::Manager) puts itself here.
    #[must_use]
    pub fn plugins(mut self, calls: Arc<dyn PluginCalls>) -> Self {
        self.backends.plugins = calls;
        self
    }

    /// Starts the engine and its epoch clock.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the engine cannot be set up, such as for want of address space, and
    /// [`Error::InvalidInput`] for an extra authority that is no certificate.
    pub fn build(self) -> Result<Host, Error> {
        let engine = Engine::new(&self.engine)?;
        let totals = Totals::new(&self.totals);
        let network = Arc::new(Network::new(self.network)?);
        let (cache, audit) = (self.cache.as_ref(), self.backends.audit.clone());
        let compiler = Compiler::new(self.compile_in, cache, audit);
        let admission = Admission::new(self.engine.max_instances);
        let Self { engine: config, backends, strict, .. } = self;
        let linkers = Linkers::default();
        let versions = AtomicU64::new(0);
        let shared =
            Shared { engine, admission, linkers, compiler, config, totals, backends, network, strict, versions };
        Ok(Host { shared: Arc::new(shared) })
    }
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) admission: Admission,
    pub(crate) linkers: Linkers,
    pub(crate) compiler: Compiler,
    pub(crate) config: EngineConfig,
    pub(crate) totals: Totals,
    pub(crate) backends: Backends,
    pub(crate) network: Arc<Network>,
    /// Whether broken contracts are not put right.
    pub(crate) strict: bool,
    /// How many versions of plugins were linked.
    versions: AtomicU64,
}

impl Shared {
    /// A number that no other version of a plugin has.
    pub(crate) fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::Relaxed)
    }
}

/// Compiles and loads plugins. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub(crate) shared: Arc<Shared>,
}

impl Host {
    /// A host with all defaults.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A host to set up.
    pub fn builder() -> HostBuilder {
        let backends = Backends {
            log: Arc::new(TracingLog),
            memory: Arc::new(InProcessMemory::default()),
            metrics: Arc::new(InProcessMetrics::default()),
            learning: Arc::new(InProcessLearning::default()),
            plugins: Arc::new(NoPlugins),
            audit: Arc::new(TracingAudit),
            recorder: None,
            clock: None,
            interposer: None,
        };
        HostBuilder {
            engine: EngineConfig::default(),
            totals: HostLimits::default(),
            compile_in: CompileIn::default(),
            cache: None,
            backends,
            network: NetworkSetup::default(),
            strict: false,
        }
    }

    /// Compiles a component without running or linking anything, or finds it in the cache. `name` is what errors call it.
    /// Compiling takes tens to hundreds of milliseconds, on as many threads as there are processors; what is in the cache
    /// takes less than one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidComponent`]; [`Error::NotCompiled`] for one that is too large, or that a child cannot compile with
    /// the time and memory it has; [`Error::Unavailable`] where there is no such child.
    pub fn compile(&self, name: &str, bytes: &[u8]) -> Result<Component, Error> {
        let Shared { compiler, engine, config, .. } = &*self.shared;
        if bytes.len() > config.max_component {
            return Err(compiler.too_large(name, config.max_component));
        }
        Component::compile(compiler, engine, name, bytes).inspect_err(|error| self.refuse(error))
    }

    /// As [`Host::compile`], of many components on as many threads as there are processors: each with what errors call it,
    /// and what became of it in the same place. For code that is in the cache this is as many times faster; what is not is
    /// compiled by all processors as it is.
    pub fn compile_all<Name, Bytes>(&self, components: &[(Name, Bytes)]) -> Vec<Result<Component, Error>>
    where
        Name: AsRef<str> + Sync,
        Bytes: AsRef<[u8]> + Sync,
    {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(components.len());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let at = next.fetch_add(1, Ordering::Relaxed)
                && let Some((name, bytes)) = components.get(at)
            {
                done.push((at, self.compile(name.as_ref(), bytes.as_ref())));
            }
            done
        };
        let mut done = thread::scope(|scope| {
            let spawn = |_| thread::Builder::new().name("hal9-load".into()).spawn_scoped(scope, work).ok();
            // Where no thread can be had, this one does all of it.
            let others: Vec<_> = (1..threads).filter_map(spawn).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            done
        });
        done.sort_unstable_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, component)| component).collect()
    }

    /// Records that something was offered as a plugin which is none that this host can run.
    pub(crate) fn refuse(&self, error: &Error) {
        let Error::InvalidComponent { plugin, help, .. } = error else { return };
        self.shared.backends.audit.record(&AuditEvent {
            kind: AuditKind::Deny,
            plugin: plugin.parse().ok(),
            message: escape(&error.to_string(), MESSAGE_BYTES),
            permission: None,
            rule: None,
            help: help.clone(),
        });
    }

    /// Compiles the component in a file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a file that cannot be read, else as [`Host::compile`].
    pub fn compile_file(&self, path: &Path) -> Result<Component, Error> {
        // One byte more than it may have, so that it is seen to be too large.
        let bytes = read(path, self.shared.config.max_component as u64 + 1).map_err(|error| Error::NotFound {
            plugin: None,
            what: format!("{}: {error}", path.display()),
            help: "give the path of a component, or build it first: `cargo component build --release`".to_owned(),
        })?;
        self.compile(&path.display().to_string(), &bytes)
    }

    /// Links a component to what it is granted. Its first call makes its first instance.
    ///
    /// # Errors
    ///
    /// [`Error::Ungranted`] for an import beyond the grants, and [`Error::InvalidComponent`] for a component that
    /// does not fit its manifest or carries none.
    pub fn load(&self, component: &Component, options: LoadOptions) -> Result<Plugin, Error> {
        Plugin::load(self, component, options)
    }
}

/// The first bytes of a file. What is no file, such as a pipe, may never end.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
