//! Owns the fakes: a HAL9 in which nothing is left over from the case before, where time stands still unless a case moves it, and
//! which tells afterwards what was asked of it. It refuses to know what a plugin should have asked.

mod calls;
mod others;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hal9_host::{
    AuditEvent, AuditKind, AuditSink, BackendError, Clock, HostBuilder, HostCall, InProcessMemory, InProcessMetrics,
    Interference, Interposer, LogLine, LogSink, LogSource, Measurement, MemoryBackend, MetricsSink, PluginMetrics,
    Resolver, Stored,
};
use hal9_package::{Permission, PluginId};

use crate::cases::{Fault, Other};
use calls::Calls;

/// What one case begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// What time it is, since the Unix epoch.
    pub(crate) now: Duration,
    pub(crate) fault: Option<Fault>,
    pub(crate) others: Vec<Other>,
}

/// The backends of a host, all fakes. One case is on it at a time.
#[derive(Default)]
pub(crate) struct Stage {
    on: Mutex<On>,
}

#[derive(Default)]
struct On {
    now: Duration,
    /// The latest time that there was: a steady clock does not go back.
    steady: Duration,
    calls: Calls,
    others: Vec<Other>,
    logs: Vec<String>,
    denials: Vec<Denial>,
    memory: Arc<InProcessMemory>,
    metrics: Arc<InProcessMetrics>,
}

/// Something that a plugin wanted and did not get.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    /// What would have allowed it; none for what no permission opens.
    pub(crate) permission: Option<Permission>,
    /// What happened, in words.
    pub(crate) message: String,
}

impl Stage {
    /// Has a host use it for everything, the network among it: no name has an address here.
    pub(crate) fn under(self: &Arc<Self>, host: HostBuilder) -> HostBuilder {
        host.audit(self.clone())
            .log(self.clone())
            .memory(self.clone())
            .metrics(self.clone())
            .plugins(self.clone())
            .resolver(self.clone())
            .clock(self.clone())
            .interposer(self.clone())
            .strict()
    }

    fn on(&self) -> MutexGuard<'_, On> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clears everything away for the next case.
    pub(crate) fn set(&self, scene: Scene) {
        let Scene { now, fault, others } = scene;
        *self.on() = On { now, steady: now, calls: Calls::new(fault), others, ..On::default() };
    }

    pub(crate) fn set_time(&self, now: Duration) {
        let mut on = self.on();
        on.now = now;
        on.steady = on.steady.max(now);
    }

    pub(crate) fn now(&self) -> Duration {
        self.on().now
    }

    /// The calls of the host that count, in order: see [`Calls::made`].
    pub(crate) fn calls(&self) -> Vec<String> {
        self.on().calls.made.clone()
    }

    /// Why the fault of the case did not come to pass, if it did not.
    pub(crate) fn missed_fault(&self) -> Option<String> {
        self.on().calls.missed()
    }

    /// The lines that were logged, as `level: message`, `stdout: message` or `stderr: message`.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.on().logs.clone()
    }

    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.on().denials.clone()
    }

    pub(crate) fn metrics(&self, plugin: &PluginId) -> PluginMetrics {
        let metrics = self.on().metrics.clone();
        metrics.of(plugin)
    }

    /// HAL9's memory, as it is now.
    pub(crate) fn memory(&self) -> Arc<InProcessMemory> {
        self.on().memory.clone()
    }

    /// All that a plugin keeps in HAL9's memory, in the order of the keys.
    pub(crate) async fn kept(&self, plugin: &PluginId) -> Result<Vec<(String, Vec<u8>)>, BackendError> {
        let memory = self.memory();
        let mut kept = Vec::new();
        for key in memory.list(plugin, "", None, u32::MAX).await? {
            let value = memory.get(plugin, &key).await?.unwrap_or_default();
            kept.push((key, value));
        }
        Ok(kept)
    }

    /// Has HAL9's memory hold that, and nothing else of the plugin's.
    pub(crate) async fn keep(&self, plugin: &PluginId, kept: &[(String, Vec<u8>)]) -> Result<(), BackendError> {
        let memory = Arc::new(InProcessMemory::default());
        for (key, value) in kept {
            memory.set(plugin, key, value.clone(), u32::MAX).await?;
        }
        self.on().memory = memory;
        Ok(())
    }
}

impl Clock for Stage {
    fn wall(&self) -> Duration {
        self.on().now
    }

    fn monotonic(&self) -> Duration {
        self.on().steady
    }
}

impl Interposer for Stage {
    fn called(&self, _plugin: &PluginId, call: &HostCall<'_>) -> Option<Interference> {
        self.on().calls.take(call)
    }
}

impl LogSink for Stage {
    fn write(&self, line: &LogLine<'_>) {
        let from = match line.source {
            LogSource::Log => calls::level(line.level),
            LogSource::Stdout => "stdout",
            LogSource::Stderr => "stderr",
        };
        self.on().logs.push(format!("{from}: {}", line.message));
    }
}

impl AuditSink for Stage {
    fn record(&self, event: &AuditEvent) {
        if event.kind == AuditKind::Deny {
            let denial = Denial { permission: event.permission.clone(), message: event.message.clone() };
            self.on().denials.push(denial);
        }
    }
}

impl MetricsSink for Stage {
    fn record(&self, plugin: &PluginId, name: &str, measurement: Measurement) {
        self.on().metrics.record(plugin, name, measurement);
    }

    fn dropped(&self, plugin: &PluginId) {
        self.on().metrics.dropped(plugin);
    }
}

#[async_trait]
impl MemoryBackend for Stage {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<Vec<u8>>, BackendError> {
        self.memory().get(plugin, key).await
    }

    async fn set(&self, plugin: &PluginId, key: &str, value: Vec<u8>, max_keys: u32) -> Result<Stored, BackendError> {
        self.memory().set(plugin, key, value, max_keys).await
    }

    async fn delete(&self, plugin: &PluginId, key: &str) -> Result<bool, BackendError> {
        self.memory().delete(plugin, key).await
    }

    async fn list(
        &self,
        plugin: &PluginId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, BackendError> {
        self.memory().list(plugin, prefix, after, limit).await
    }
}

#[async_trait]
impl Resolver for Stage {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{name}: there is no network in tests")))
    }
}
