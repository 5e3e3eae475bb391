//! Calls from one plugin to another: found by id among the active ones, under the callee's own grants and limits. What
//! the caller may call was checked before it comes here.

use std::sync::{PoisonError, RwLock, Weak};

use async_trait::async_trait;
use hal9_package::PluginId;

use super::Plugins;
use crate::bindings::hal9::plugin::types::{Failure, Signal};
use crate::imports::plugins::PluginCalls;
use crate::imports::signals::Emission;
use crate::{Call, CallError, Error, Plugin};

/// The manager as its plugins see it. Weak, as the plugins belong to the manager.
pub(super) struct Calls(pub(super) Weak<RwLock<Plugins>>);

impl Calls {
    fn find(&self, target: &PluginId) -> Result<Plugin, CallError> {
        let plugins = self.0.upgrade().ok_or(CallError::NotFound)?;
        let plugins = plugins.read().unwrap_or_else(PoisonError::into_inner);
        let entry = plugins.loaded.get(target).filter(|entry| entry.active);
        entry.map(|entry| entry.plugin.clone()).ok_or(CallError::NotFound)
    }
}

#[async_trait]
impl PluginCalls for Calls {
    async fn call(
        &self,
        chain: &[PluginId],
        target: &PluginId,
        method: &str,
        params: &str,
    ) -> Result<(String, Vec<Emission>), CallError> {
        let plugin = self.find(target)?;
        let call = &mut Call::behind(chain);
        let result = plugin.execute_tool(call, method, params).await.map_err(told)?;
        Ok((result, call.take_emitted()))
    }

    async fn ask(
        &self,
        chain: &[PluginId],
        target: &PluginId,
        signal: Signal,
    ) -> Result<(Signal, Vec<Emission>), CallError> {
        let plugin = self.find(target)?;
        let call = &mut Call::behind(chain);
        let reply = plugin.process_signal(call, &signal).await.map_err(told)?;
        Ok((reply, call.take_emitted()))
    }
}

/// What a caller is told of a callee's error: its own words, but nothing of how it broke.
fn told(error: Error) -> CallError {
    match error {
        Error::Failed { code, message, .. } => CallError::Failed(Failure { code, message }),
        Error::NotFound { .. } => CallError::NotFound,
        error => {
            tracing::warn!(plugin = error.plugin(), "called by another plugin: {error}");
            CallError::Broken
        }
    }
}
