//! Owns a plugin on the real host whose backends are fakes: compiled once, loaded afresh for every case. It refuses to know
//! cases.

use std::sync::Arc;
use std::time::Duration;

use hal9_host::{Breaker, Component, Error, Grant, Host, HostBuilder, Kind, LoadOptions, Plugin};
use hal9_package::{LimitOverrides, Manifest, Permissions, PluginId, RuntimeOverrides};
use serde_json::Value;

use crate::cases::Moment;
use crate::stage::{Scene, Stage};

/// How a plugin is loaded for a case.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// What it gets of what it declares; all of it, where this is absent.
    pub(crate) grant: Option<Permissions>,
    pub(crate) deny: Permissions,
    pub(crate) config: Value,
    pub(crate) limits: LimitOverrides,
    pub(crate) runtime: RuntimeOverrides,
    pub(crate) seed: u64,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            grant: None,
            deny: Permissions::default(),
            config: serde_json::json!({}),
            limits: LimitOverrides::default(),
            runtime: RuntimeOverrides::default(),
            seed: 0,
        }
    }
}

/// A plugin under test.
pub(crate) struct Rig {
    host: Host,
    pub(crate) stage: Arc<Stage>,
    component: Component,
    pub(crate) manifest: Manifest,
}

impl Rig {
    pub(crate) fn new(host: HostBuilder, name: &str, bytes: &[u8], manifest: Option<Manifest>) -> Result<Self, Error> {
        let stage = Arc::new(Stage::default());
        let host = stage.under(host).build()?;
        let component = host.compile(name, bytes)?;
        let manifest = component.manifest().cloned().or(manifest).ok_or_else(|| Error::InvalidComponent {
            plugin: name.to_owned(),
            reason: "nothing says what it is".to_owned(),
            help: "call `hal9_plugin!` in the plugin, or put a manifest.json beside it".to_owned(),
        })?;
        Ok(Self { host, stage, component, manifest })
    }

    pub(crate) fn id(&self) -> &PluginId {
        &self.manifest.metadata.id
    }

    pub(crate) fn kinds(&self) -> &[Kind] {
        self.component.kinds()
    }

    /// A stage with nothing on it but the time.
    pub(crate) fn clear(&self) {
        self.stage.set(Scene { now: Moment::default().0, ..Scene::default() });
    }

    /// The plugin, as nobody has called it yet.
    pub(crate) fn load(&self, setting: &Setting) -> Result<Plugin, Error> {
        let options = LoadOptions {
            manifest: Some(self.manifest.clone()),
            grant: setting.grant.clone().map_or(Grant::Declared, Grant::Only),
            deny: setting.deny.clone(),
            caps: setting.limits.clone(),
            config: setting.config.clone(),
            runtime: setting.runtime.clone(),
            // What breaks in one step is asked again in the next.
            breaker: Breaker::never(),
            seed: Some(setting.seed),
        };
        self.host.load(&self.component, options)
    }

    /// What time it is on the stage, in milliseconds since the Unix epoch.
    pub(crate) fn millis(&self) -> u64 {
        millis(self.stage.now())
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
