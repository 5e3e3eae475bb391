//! How all active plugins feel, asked at once. It refuses to know what is done about it.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use hal9_package::PluginId;

use super::Manager;
use crate::{Call, Error, HealthReport, Plugin, PluginStats};

/// How many plugins are asked at once.
const AT_ONCE: usize = 16;

/// What came of asking one plugin how it feels.
#[derive(Debug)]
#[non_exhaustive]
pub struct HealthCheck {
    /// Which plugin.
    pub plugin: PluginId,
    /// What it said; healthy, where it has nothing to say that with.
    pub outcome: Result<HealthReport, Error>,
    /// How long it took, without waiting for the plugin's turn; none, where it was not asked.
    pub elapsed: Option<Duration>,
    /// What the host has counted, this included.
    pub stats: PluginStats,
}

impl Manager {
    /// Asks all active plugins how they feel, 16 at once, each within the time of an ordinary call. In the order of their ids. One that
    /// is unhealthy, or breaks, has failed as far as its [`Breaker`](crate::Breaker) is concerned; one that rests says so,
    /// until it may be tried, which this does.
    pub async fn check_health(&self) -> Vec<HealthCheck> {
        let active: Vec<_> =
            self.read().loaded.values().filter(|entry| entry.active).map(|entry| entry.plugin.clone()).collect();
        stream::iter(active.into_iter().map(check)).buffered(AT_ONCE).collect().await
    }
}

async fn check(plugin: Plugin) -> HealthCheck {
    let mut call = Call::measured();
    let outcome = plugin.health(&mut call).await;
    HealthCheck { plugin: plugin.id().clone(), outcome, elapsed: call.elapsed(), stats: plugin.stats() }
}
