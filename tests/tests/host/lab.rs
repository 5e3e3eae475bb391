//! A host of its own for each test, with what stands behind its interfaces in sight. It knows nothing of what is tested.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use hal9_host::{
    AuditEvent, AuditKind, AuditSink, Breaker, Call, Component, EngineConfig, Error, Grant, Host, HostLimits,
    InProcessLearning, InProcessMemory, InProcessMetrics, Level, Limit, LoadOptions, LogLine, LogSink, LogSource,
    Manager, MemoryBackend, Plugin, Signal, Stored,
};
use hal9_package::{LimitOverrides, Manifest, Permissions, RuntimeOverrides};

/// A host with a manager, and what its plugins reach.
pub(crate) struct Lab {
    pub(crate) manager: Manager,
    pub(crate) log: Arc<Log>,
    pub(crate) memory: Arc<InProcessMemory>,
    pub(crate) metrics: Arc<InProcessMetrics>,
    pub(crate) learning: Arc<InProcessLearning>,
    pub(crate) audit: Arc<Records>,
    compiled: Mutex<HashMap<String, Component>>,
}

/// Every line that a plugin wrote.
#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<Line>>);

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) plugin: String,
    pub(crate) source: LogSource,
    pub(crate) level: Level,
    pub(crate) message: String,
}

impl LogSink for Log {
    fn write(&self, line: &LogLine<'_>) {
        self.0.lock().unwrap().push(Line {
            plugin: line.plugin.to_string(),
            source: line.source,
            level: line.level,
            message: line.message.to_owned(),
        });
    }
}

impl Log {
    /// The lines since this was last asked.
    pub(crate) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// What they say.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.take().into_iter().map(|line| line.message).collect()
    }
}

/// Every record of the host.
#[derive(Default)]
pub(crate) struct Records(Mutex<Vec<AuditEvent>>);

impl AuditSink for Records {
    fn record(&self, event: &AuditEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Records {
    /// The records since this was last asked.
    pub(crate) fn all(&self) -> Vec<AuditEvent> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The records since this was last asked, but for those of plugins that were loaded and unloaded.
    pub(crate) fn take(&self) -> Vec<AuditEvent> {
        let mut events = self.all();
        events.retain(|event| !matches!(event.kind, AuditKind::Load | AuditKind::Unload));
        events
    }

    /// The one record since this was last asked.
    #[track_caller]
    pub(crate) fn one(&self) -> AuditEvent {
        let mut events = self.take();
        assert_eq!(events.len(), 1, "exactly one record: {events:?}");
        events.remove(0)
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_instances(64)
    }

    /// A lab whose plugins together have this.
    pub(crate) fn with_totals(totals: HostLimits) -> Self {
        let memory = Arc::new(InProcessMemory::default());
        Self::build(64, memory.clone(), memory, totals)
    }

    /// A lab with room for so many instances. Few of them, as labs run side by side in one address space.
    pub(crate) fn with_instances(most: u32) -> Self {
        let memory = Arc::new(InProcessMemory::default());
        Self::build(most, memory.clone(), memory, HostLimits::default())
    }

    /// A lab whose memory is the test's own.
    pub(crate) fn with_memory(backend: impl MemoryBackend + 'static) -> Self {
        Self::build(64, Arc::new(backend), Arc::default(), HostLimits::default())
    }

    fn build(
        instances: u32,
        backend: Arc<dyn MemoryBackend>,
        memory: Arc<InProcessMemory>,
        totals: HostLimits,
    ) -> Self {
        let mut engine = EngineConfig::default();
        engine.max_instances = instances;
        engine.max_memory = 256 << 20;
        let (log, metrics, learning) = (Arc::<Log>::default(), Arc::default(), Arc::default());
        let audit = Arc::<Records>::default();
        let host = Host::builder().engine(engine).totals(totals).audit(audit.clone()).log(log.clone()).memory(backend);
        let manager =
            Manager::new(host.metrics(Arc::clone(&metrics) as _).learning(Arc::clone(&learning) as _)).unwrap();
        Self { manager, log, memory, metrics, learning, audit, compiled: Mutex::default() }
    }

    /// The lab of all tests that look at nothing but their own plugins: there a guest is compiled once.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Lab> = LazyLock::new(Lab::new);
        &SHARED
    }

    /// The component of a guest.
    pub(crate) fn guest(&self, name: &str) -> Component {
        let mut compiled = self.compiled.lock().unwrap();
        let compile = || self.manager.host().compile_file(&hal9_tests::guest(name)).unwrap();
        compiled.entry(name.to_owned()).or_insert_with(compile).clone()
    }

    /// A plugin that nobody manages, with all that it declares.
    pub(crate) fn load(&self, guest: &str) -> Plugin {
        self.load_with(guest, LoadOptions::declared()).unwrap()
    }

    /// A plugin that nobody manages.
    pub(crate) fn load_with(&self, guest: &str, options: LoadOptions) -> Result<Plugin, Error> {
        self.manager.host().load(&self.guest(guest), options)
    }

    /// A plugin of the bytes of a component that carries no manifest.
    pub(crate) fn load_raw(&self, bytes: &[u8], manifest: Manifest) -> Result<Plugin, Error> {
        let component = self.manager.host().compile("raw", bytes)?;
        self.manager.host().load(&component, described(manifest))
    }

    /// Puts something into a plugin's memory behind its back.
    pub(crate) async fn memory_of(&self, plugin: &Plugin, key: &str, value: &[u8]) {
        assert_eq!(self.memory.set(plugin.id(), key, value.into(), u32::MAX).await.unwrap(), Stored::Yes);
    }

    /// A plugin that the manager has, and that is active, with an instance.
    pub(crate) async fn activate(&self, guest: &str, options: LoadOptions) -> Plugin {
        let plugin = self.manager.load(&self.guest(guest), options).unwrap();
        self.manager.activate(plugin.id()).await.unwrap();
        plugin.start().await.unwrap();
        plugin
    }
}

/// All that the manifest declares.
pub(crate) fn described(manifest: Manifest) -> LoadOptions {
    LoadOptions { manifest: Some(manifest), ..LoadOptions::declared() }
}

/// All that the plugin declares, within limits.
pub(crate) fn capped(caps: LimitOverrides) -> LoadOptions {
    LoadOptions { caps, ..LoadOptions::declared() }
}

/// All that the plugin declares, with a deadline that a test can wait for.
pub(crate) fn hurried() -> LoadOptions {
    capped(LimitOverrides { call_time: Some(Duration::from_millis(250)), ..LimitOverrides::default() })
}

/// All that the plugin declares, configured.
pub(crate) fn configured(config: serde_json::Value) -> LoadOptions {
    LoadOptions { config, ..LoadOptions::declared() }
}

/// All that the plugin declares, for one that is asked on however often it breaks.
pub(crate) fn unbroken() -> LoadOptions {
    LoadOptions { breaker: Breaker::never(), ..LoadOptions::declared() }
}

/// All that the plugin declares, with an instance from its activation on.
pub(crate) fn eager(options: LoadOptions) -> LoadOptions {
    LoadOptions { runtime: RuntimeOverrides { lazy: Some(false), ..options.runtime.clone() }, ..options }
}

/// What of its declared permissions a plugin gets.
pub(crate) fn granted(permissions: &[&str]) -> LoadOptions {
    LoadOptions { grant: Grant::Only(self::permissions(permissions)), ..LoadOptions::default() }
}

pub(crate) fn permissions(texts: &[&str]) -> Permissions {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The manifest of a neuron, for a guest that carries none.
pub(crate) fn neuron(id: &str, layer: &str, permissions: &[&str]) -> Manifest {
    let neuron = serde_json::json!([{ "NeuronType": { "layer": layer, "neuron_type": "probe", "description": "" } }]);
    manifest(id, neuron, permissions)
}

/// A manifest, for a guest that carries none.
pub(crate) fn manifest(id: &str, capabilities: serde_json::Value, permissions: &[&str]) -> Manifest {
    let manifest = serde_json::json!({
        "api_version": 1,
        "metadata": { "id": id, "name": id, "version": "0.1.0", "author": "", "license": "Apache-2.0" },
        "capabilities": capabilities,
        "permissions": permissions,
    });
    Manifest::parse(manifest.to_string().as_bytes()).unwrap()
}

/// What a neuron makes of a text.
pub(crate) async fn ask(plugin: &Plugin, content: &str) -> Result<Signal, Error> {
    plugin.process_signal(&mut Call::new(), &Signal::text(content)).await
}

/// What a neuron answers to a text.
pub(crate) async fn answer(plugin: &Plugin, content: &str) -> String {
    ask(plugin, content).await.unwrap_or_else(|error| panic!("{content:.80}: {error}")).content
}

/// The limit that an error is about.
#[track_caller]
pub(crate) fn limit(error: &Error) -> Limit {
    match error {
        Error::LimitExceeded { limit, .. } => *limit,
        other => panic!("no limit: {other:?}"),
    }
}
