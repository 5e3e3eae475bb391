//! What a plugin is told about its own life: the trait that authors implement, and its way to the `lifecycle` export.
//! Knows of the other kinds only that a neuron takes configuration, too.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::lifecycle::exports::hal9::plugin::lifecycle as wit;
use crate::instance::{self, Hosted};
use crate::{ErrorCode, PluginError, Value, err};
use std::marker::PhantomData;

/// How a plugin feels (`status` of `lifecycle.wit`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthStatus {
    /// Works.
    #[default]
    Healthy,
    /// Works, and less well than it should.
    Degraded,
    /// Does not work.
    Unhealthy,
}

/// A status with its reason (`health-report` of `lifecycle.wit`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// How it feels.
    pub status: HealthStatus,
    /// Why, in words. May be empty.
    pub reason: String,
}

impl HealthReport {
    /// Works.
    #[must_use]
    pub fn healthy() -> Self {
        Self::default()
    }

    /// Works, and less well than it should.
    pub fn degraded(reason: impl Into<String>) -> Self {
        Self { status: HealthStatus::Degraded, reason: reason.into() }
    }

    /// Does not work.
    pub fn unhealthy(reason: impl Into<String>) -> Self {
        Self { status: HealthStatus::Unhealthy, reason: reason.into() }
    }
}

/// A plugin that wants to know about its own life; every part of it is optional. Export it with
/// [`lifecycle_plugin!`](crate::lifecycle_plugin), for the type that is exported as another kind: both then have the
/// same value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no plugin that is told about its life",
    label = "implement `LifecyclePlugin` for this type"
)]
pub trait LifecyclePlugin: Default + 'static {
    /// The first call to every instance. A neuron has its configuration by then.
    ///
    /// # Errors
    /// A failure means that this instance cannot work, and ends what it was made for: the call that needed it, or the
    /// activation of a plugin that is not lazy.
    fn init(&mut self) -> Result<(), PluginError> {
        Ok(())
    }

    /// How it feels now.
    fn health(&self) -> HealthReport {
        HealthReport::healthy()
    }

    /// A new configuration, a JSON object. A neuron has taken it through `update_config` already, and is handed the old
    /// one again if this fails.
    ///
    /// # Errors
    /// A failure means that it was not taken, and that the old one still holds.
    fn reconfigure(&mut self, config: Value) -> Result<(), PluginError> {
        let _ = config;
        Ok(())
    }

    /// All that the next instance, perhaps of the plugin's next version, needs to go on. May be empty, and at most as large
    /// as the plugin's limit `memory`. While the host keeps all calls of the plugin waiting, other plugins cannot be called
    /// from here.
    ///
    /// # Errors
    /// As the plugin says.
    fn export_state(&self) -> Result<Vec<u8>, PluginError> {
        Ok(Vec::new())
    }

    /// What an earlier instance, perhaps of an earlier version, gave from `export_state`. Without an implementation, no
    /// state is taken and any other refused: a version that forgets what the last one knew does so on purpose.
    ///
    /// # Errors
    /// A failure means that it was not taken; the host then keeps the earlier instance.
    fn import_state(&mut self, state: Vec<u8>) -> Result<(), PluginError> {
        if state.is_empty() {
            return Ok(());
        }
        err(
            ErrorCode::Unsupported,
            format!(
                "there are {} bytes of state, and no `import_state` that takes them, or drops them on purpose",
                state.len()
            ),
        )
    }

    /// The last call to an instance that is let go in good order. It may also be dropped without, and always is where
    /// `persistent` is false.
    fn shutdown(&mut self) {}
}

/// Exports a type's [`LifecyclePlugin`]. Once in a plugin.
#[macro_export]
macro_rules! lifecycle_plugin {
    ($plugin:ty) => {
        $crate::__export_kind!($plugin, Lifecycle, lifecycle, export_lifecycle);
    };
}

/// The `lifecycle` export of a type.
pub struct Lifecycle<H: Hosted<Plugin: LifecyclePlugin>>(PhantomData<H>);

impl<H: Hosted<Plugin: LifecyclePlugin>> wit::Guest for Lifecycle<H> {
    fn init() -> Result<(), types::Failure> {
        Ok(instance::with_mut::<H, _>(LifecyclePlugin::init)?)
    }

    fn health() -> wit::HealthReport {
        let report = instance::with::<H, _>(|plugin| Ok(plugin.health()));
        let report = report.unwrap_or_else(|error| HealthReport::unhealthy(error.to_string()));
        let status = match report.status {
            HealthStatus::Healthy => wit::Status::Healthy,
            HealthStatus::Degraded => wit::Status::Degraded,
            HealthStatus::Unhealthy => wit::Status::Unhealthy,
        };
        wit::HealthReport { status, reason: report.reason }
    }

    fn reconfigure(config: String) -> Result<(), types::Failure> {
        let config: Value = serde_json::from_str(&config).map_err(PluginError::from)?;
        let before = instance::reconfigure::<H>(&config)?;
        let taken = instance::with_mut::<H, _>(|plugin| plugin.reconfigure(config));
        if taken.is_err()
            && let Some(before) = before
        {
            // What it took once it takes again; if not, the failure below is the one that matters.
            let _ = instance::reconfigure::<H>(&before);
        }
        Ok(taken?)
    }

    fn export_state() -> Result<Vec<u8>, types::Failure> {
        Ok(instance::with::<H, _>(LifecyclePlugin::export_state)?)
    }

    fn import_state(state: Vec<u8>) -> Result<(), types::Failure> {
        Ok(instance::with_mut::<H, _>(|plugin| plugin.import_state(state))?)
    }

    fn shutdown() {
        // A value that is busy is let go without: the host may drop an instance at any time.
        let _ = instance::with_mut::<H, _>(|plugin| {
            plugin.shutdown();
            Ok(())
        });
    }
}
