//! `hal9:plugin/plugins`: calls from one plugin to another. It checks the grant, cycles and depth; it refuses to know
//! how a plugin is found and called: that is a [`PluginCalls`], which the manager is.

use std::sync::Arc;

use async_trait::async_trait;
use hal9_package::{PermissionKind, PluginId};

use super::signals::{EMIT_SIGNALS, Emission};
use crate::bindings::hal9::plugin::plugins::{self, CallError};
use crate::bindings::hal9::plugin::types::Signal;
use crate::call::Waiting;
use crate::guard::{Guard, Interface};

/// How deep plugins may call plugins.
pub(crate) const DEPTH: usize = 8;

/// What to do about calls that go too far.
const CHAIN: &str = "let plugins call each other less";

/// Calls a plugin for another one, under its own grants and limits. What comes here was granted, and is no cycle.
#[async_trait]
pub trait PluginCalls: Send + Sync {
    /// Executes tool `method` of `target`: its result, a JSON value, and what it emitted. `chain` is who waits for this, outermost
    /// first; `params` is what the caller gave, a JSON object or not.
    async fn call(
        &self,
        chain: &[PluginId],
        target: &PluginId,
        method: &str,
        params: &str,
    ) -> Result<(String, Vec<Emission>), CallError>;

    /// Has neuron plugin `target` process a signal: its reply, and what it emitted.
    async fn ask(
        &self,
        chain: &[PluginId],
        target: &PluginId,
        signal: Signal,
    ) -> Result<(Signal, Vec<Emission>), CallError>;
}

/// Where no manager is: nobody can be called.
#[derive(Debug, Default)]
pub(crate) struct NoPlugins;

#[async_trait]
impl PluginCalls for NoPlugins {
    async fn call(&self, _: &[PluginId], _: &PluginId, _: &str, _: &str) -> Result<(String, Vec<Emission>), CallError> {
        Err(CallError::NotFound)
    }

    async fn ask(&self, _: &[PluginId], _: &PluginId, _: Signal) -> Result<(Signal, Vec<Emission>), CallError> {
        Err(CallError::NotFound)
    }
}

/// The outgoing calls of one instance.
pub(crate) struct PluginsCtx {
    guard: Arc<Guard>,
    calls: Arc<dyn PluginCalls>,
    /// Who waits for the call that runs now, outermost first; without this plugin.
    chain: Vec<PluginId>,
    /// Whether all calls of this plugin are kept waiting.
    all_wait: bool,
    /// What callees emitted during the call that runs now.
    pub(crate) emitted: Vec<Emission>,
}

impl PluginsCtx {
    pub(crate) fn new(guard: Arc<Guard>, calls: Arc<dyn PluginCalls>) -> Self {
        Self { guard, calls, chain: Vec::new(), all_wait: false, emitted: Vec::new() }
    }

    /// Sets who waits for what begins now.
    pub(crate) fn begin(&mut self, waiting: Waiting<'_>) {
        self.chain.clear();
        self.all_wait = matches!(waiting, Waiting::Anybody);
        if let Waiting::Chain(chain) = waiting {
            self.chain.extend_from_slice(chain);
        }
    }

    /// The target and the chain as the target sees it.
    fn edge(&self, target: &str) -> Result<(PluginId, Vec<PluginId>), CallError> {
        if !self.guard.allows(PermissionKind::PluginCall, target) {
            return Err(CallError::Denied);
        }
        let target: PluginId = target.parse().map_err(|_| CallError::NotFound)?;
        if target == *self.guard.plugin() || self.chain.contains(&target) {
            self.guard.withheld(&format!("a call of {target}"), "it waits for this one already", CHAIN);
            return Err(CallError::Cycle);
        }
        // Who is called, or somebody that it calls, may be kept waiting by this plugin: both would wait until a deadline.
        if self.all_wait {
            self.guard.withheld(&format!("a call of {target}"), "all calls of this plugin wait for this one", CHAIN);
            return Err(CallError::Cycle);
        }
        if self.chain.len() + 1 >= DEPTH {
            self.guard.withheld(&format!("a call of {target}"), "calls of calls are 8 deep already", CHAIN);
            return Err(CallError::TooDeep);
        }
        let mut chain = self.chain.clone();
        chain.push(self.guard.plugin().clone());
        Ok((target, chain))
    }

    /// Keeps what a callee emitted for delivery with the caller's own, as many in one call as a plugin may emit itself:
    /// else a loop of calls would fill the host's memory.
    fn take_along(&mut self, emitted: Vec<Emission>) {
        let room = EMIT_SIGNALS.saturating_sub(self.emitted.len());
        if emitted.len() > room {
            tracing::warn!(
                plugin = self.guard.plugin().as_ref(),
                "{} signals of its callees are dropped",
                emitted.len() - room
            );
        }
        self.emitted.extend(emitted.into_iter().take(room));
    }
}

impl plugins::Host for PluginsCtx {
    async fn call(
        &mut self,
        target: String,
        method: String,
        params: String,
    ) -> wasmtime::Result<Result<String, CallError>> {
        self.guard.enter(Interface::Plugins)?;
        let (target, chain) = match self.edge(&target) {
            Ok(edge) => edge,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.calls.call(&chain, &target, &method, &params).await.map(|(result, emitted)| {
            self.take_along(emitted);
            result
        }))
    }

    async fn ask(&mut self, target: String, signal: Signal) -> wasmtime::Result<Result<Signal, CallError>> {
        self.guard.enter(Interface::Plugins)?;
        let (target, chain) = match self.edge(&target) {
            Ok(edge) => edge,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.calls.ask(&chain, &target, signal).await.map(|(reply, emitted)| {
            self.take_along(emitted);
            reply
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PluginId {
        text.parse().unwrap()
    }

    #[test]
    fn edges_cycles_depth_and_emissions_are_bounded() {
        let guard = Guard::of("test.a", &["PluginCall:test.a", "PluginCall:test.b"]);
        let mut ctx = PluginsCtx::new(guard, Arc::new(NoPlugins));
        assert_eq!(ctx.edge("test.b").unwrap(), (id("test.b"), vec![id("test.a")]));
        assert_eq!(ctx.edge("test.c"), Err(CallError::Denied));
        assert_eq!(ctx.edge("test.a"), Err(CallError::Cycle));
        ctx.begin(Waiting::Chain(&[id("test.b")]));
        assert_eq!(ctx.edge("test.b"), Err(CallError::Cycle));
        ctx.begin(Waiting::Anybody);
        assert_eq!(ctx.edge("test.b"), Err(CallError::Cycle));
        ctx.begin(Waiting::NOBODY);
        assert_eq!(ctx.edge("test.b").unwrap().1, [id("test.a")]);
        let emission = Emission { layer: "L3".into(), signal: Signal::text("x") };
        ctx.take_along(vec![emission.clone(); EMIT_SIGNALS - 1]);
        ctx.take_along(vec![emission; 5]);
        assert_eq!(ctx.emitted.len(), EMIT_SIGNALS);
        ctx.chain = (0..DEPTH - 1).map(|i| id(&format!("test.x{i}"))).collect();
        assert_eq!(ctx.edge("test.b"), Err(CallError::TooDeep));
    }
}
