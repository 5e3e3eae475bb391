//! `hal9:plugin/metrics`: numbers about a plugin's work. It refuses to know where they are shown: that is the embedder's
//! [`MetricsSink`].

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use hal9_package::{PermissionKind, PluginId};

use crate::Limit;
use crate::bindings::hal9::plugin::metrics;
use crate::guard::{Guard, Interface};
use crate::quota::{Pool, Quota};

/// The longest name of a metric, in bytes.
pub(crate) const NAME_BYTES: usize = 64;

/// One number that a plugin reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measurement {
    /// Added to a counter. Not negative.
    Increment(f64),
    /// A gauge's value.
    Gauge(f64),
    /// One observation of a distribution.
    Histogram(f64),
}

/// Takes the metrics of all plugins. Called on the thread that runs the plugin, so it must be quick, and must not fail.
pub trait MetricsSink: Send + Sync {
    /// Takes one number. Names are well formed and numbers are finite.
    fn record(&self, plugin: &PluginId, name: &str, measurement: Measurement);
    /// One number was dropped: its name or value was none, the grant does not name it, or the plugin has too many names.
    fn dropped(&self, plugin: &PluginId);
}

/// What is known of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Metric {
    /// The counter's sum, or the gauge's last value.
    pub value: f64,
    /// How many numbers came in.
    pub count: u64,
    /// The smallest number that came in; 0 if none did.
    pub min: f64,
    /// The largest number that came in; 0 if none did.
    pub max: f64,
    /// The sum of all that came in: the mean of a distribution is `sum / count`.
    pub sum: f64,
}

/// The metrics of one plugin.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct PluginMetrics {
    /// By name.
    pub metrics: BTreeMap<String, Metric>,
    /// How many numbers were dropped.
    pub dropped: u64,
}

/// Metrics that live as long as the process.
#[derive(Debug, Default)]
pub struct InProcessMetrics {
    plugins: Mutex<BTreeMap<PluginId, PluginMetrics>>,
}

impl InProcessMetrics {
    /// All metrics of a plugin.
    pub fn of(&self, plugin: &PluginId) -> PluginMetrics {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned().unwrap_or_default()
    }
}

impl MetricsSink for InProcessMetrics {
    fn record(&self, plugin: &PluginId, name: &str, measurement: Measurement) {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let names = &mut plugins.entry(plugin.clone()).or_default().metrics;
        if !names.contains_key(name) {
            names.insert(name.to_owned(), Metric::default());
        }
        let Some(metric) = names.get_mut(name) else { return };
        let number = match measurement {
            Measurement::Increment(by) => {
                metric.value += by;
                by
            }
            Measurement::Gauge(value) | Measurement::Histogram(value) => {
                metric.value = value;
                value
            }
        };
        (metric.min, metric.max) =
            if metric.count == 0 { (number, number) } else { (metric.min.min(number), metric.max.max(number)) };
        metric.count += 1;
        metric.sum += number;
    }

    fn dropped(&self, plugin: &PluginId) {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        plugins.entry(plugin.clone()).or_default().dropped += 1;
    }
}

/// The names that a plugin has used, which outlive its instances: a plugin that traps does not get new ones.
pub(crate) struct Names {
    names: Mutex<HashSet<String>>,
    limit: u32,
    quota: Quota,
}

impl Names {
    pub(crate) fn new(limit: u32, all: Arc<Pool>) -> Self {
        Self { names: Mutex::default(), limit, quota: Quota::new(limit.into(), all) }
    }

    /// The names of the next version of the same plugin: those of the version before, unless there may be more or fewer.
    pub(crate) fn after(self: Arc<Self>, before: &Arc<Self>) -> Arc<Self> {
        if self.limit == before.limit { before.clone() } else { self }
    }

    fn accept(&self, name: &str) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.contains(name) || (self.quota.spend(1).is_ok() && names.insert(name.to_owned()))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let names = self.names.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.quota.give_back(names.len() as u64);
    }
}

/// The metrics of one instance.
pub(crate) struct MetricsCtx {
    guard: Arc<Guard>,
    sink: Arc<dyn MetricsSink>,
    names: Arc<Names>,
}

impl MetricsCtx {
    pub(crate) fn new(guard: Arc<Guard>, sink: Arc<dyn MetricsSink>, names: Arc<Names>) -> Self {
        Self { guard, sink, names }
    }

    fn accept(&self, name: &str, number: f64) -> bool {
        if !number.is_finite() || !is_name(name) || !self.guard.allows(PermissionKind::Hal9Metrics, name) {
            return false;
        }
        let accepted = self.names.accept(name);
        if !accepted {
            self.guard
                .limited(Limit::MetricNames, "a number was dropped; the bound is the plugin's own, or that of all");
        }
        accepted
    }

    fn take(&self, name: &str, number: f64, measurement: Measurement) -> wasmtime::Result<()> {
        self.guard.enter(Interface::Metrics)?;
        let negative_counter = matches!(measurement, Measurement::Increment(by) if by < 0.0);
        if !negative_counter && self.accept(name, number) {
            self.sink.record(self.guard.plugin(), name, measurement);
        } else {
            self.sink.dropped(self.guard.plugin());
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

impl metrics::Host for MetricsCtx {
    fn increment(&mut self, name: String, by: f64) -> wasmtime::Result<()> {
        self.take(&name, by, Measurement::Increment(by))
    }

    fn gauge(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        self.take(&name, value, Measurement::Gauge(value))
    }

    fn histogram(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        self.take(&name, value, Measurement::Histogram(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Host as _;

    #[test]
    fn counters_add_gauges_replace_and_nonsense_is_counted() {
        let sink = Arc::new(InProcessMetrics::default());
        let plugin: PluginId = "test.plugin".parse().unwrap();
        let mut ctx = MetricsCtx::new(
            Guard::of("test.plugin", &["Hal9Metrics"]),
            sink.clone(),
            Arc::new(Names::new(3, Arc::new(Pool::new(u64::MAX)))),
        );
        ctx.increment("calls".into(), 2.0).unwrap();
        ctx.increment("calls".into(), 0.5).unwrap();
        ctx.gauge("depth".into(), 7.0).unwrap();
        ctx.gauge("depth".into(), 3.0).unwrap();
        ctx.histogram("ms".into(), 4.0).unwrap();
        for (name, number) in [("calls", -1.0), ("", 1.0), ("a b", 1.0), ("calls", f64::NAN), ("fourth", 1.0)] {
            ctx.increment(name.into(), number).unwrap();
        }
        let PluginMetrics { metrics, dropped } = sink.of(&plugin);
        assert_eq!(metrics["calls"].value, 2.5);
        assert_eq!((metrics["depth"].value, metrics["depth"].min, metrics["depth"].max), (3.0, 3.0, 7.0));
        assert_eq!(metrics["ms"].sum, 4.0);
        assert_eq!((metrics.len(), dropped), (3, 5));
    }
}
