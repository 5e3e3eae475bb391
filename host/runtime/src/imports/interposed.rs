//! The import interfaces of a host with an [`Interposer`]: each asks it first, and is then what it is without. It refuses to know
//! what an interface does. (They are linked in place of the others, so that a host without one does not ask.)

use std::marker::PhantomData;
use std::sync::Arc;

use hal9_package::{PermissionKind, PluginId};
use wasmtime::component::{HasData, Linker};

use super::clock::ClockCtx;
use super::config::ConfigCtx;
use super::learning::LearningCtx;
use super::logging::LoggingCtx;
use super::memory::MemoryCtx;
use super::metrics::MetricsCtx;
use super::plugins::PluginsCtx;
use super::signals::SignalsCtx;
use crate::Limit;
use crate::bindings::hal9::plugin::learning::Experience;
use crate::bindings::hal9::plugin::logging::Level;
use crate::bindings::hal9::plugin::plugins::CallError;
use crate::bindings::hal9::plugin::types::{Error, Signal, SignalId};
use crate::bindings::hal9::plugin::{clock, config, learning, logging, memory, metrics, plugins, signals};
use crate::instance::State;
use crate::interpose::{HostCall, Interference, Interposer};
use crate::limits::Breach;

/// An interface of one instance with what stands before it, for the time of a call.
pub(crate) struct Interposed<'a, C> {
    pub(crate) ctx: &'a mut C,
    pub(crate) plugin: PluginId,
    /// None only where the linker was made for another host, which `link` rules out.
    pub(crate) interposer: Option<Arc<dyn Interposer>>,
}

/// The trap of a call that was to trap.
#[derive(Debug, thiserror::Error)]
#[error("the call of the host was made to trap")]
struct MadeToTrap;

impl<C> Interposed<'_, C> {
    /// Whether the call is to be answered with `denied`.
    ///
    /// # Errors
    ///
    /// Where it is to end the plugin's call.
    fn is_denied(&self, call: &HostCall<'_>) -> wasmtime::Result<bool> {
        match self.interposer.as_ref().and_then(|interposer| interposer.called(&self.plugin, call)) {
            None => Ok(false),
            Some(Interference::Deny) => Ok(call.can_be_denied()),
            Some(Interference::TimeOut) => Err(Breach(Limit::Deadline).into()),
            Some(Interference::OutOfMemory) => Err(Breach(Limit::Memory).into()),
            Some(Interference::Trap) => Err(MadeToTrap.into()),
        }
    }
}

struct HasInterposed<C>(PhantomData<C>);

impl<C: 'static> HasData for HasInterposed<C> {
    type Data<'a> = Interposed<'a, C>;
}

/// Links the interfaces that are always there, but for `types`.
pub(crate) fn link_always(to: &mut Linker<State>) -> wasmtime::Result<()> {
    logging::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| {
        state.interposed(|state| &mut state.logging)
    })?;
    config::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|state| &mut state.config))
}

/// Links the interface of a permission, where it has one of HAL9's.
pub(crate) fn link(to: &mut Linker<State>, permission: PermissionKind) -> wasmtime::Result<()> {
    match permission {
        PermissionKind::SystemTime => {
            clock::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|s| &mut s.clock))
        }
        PermissionKind::Hal9Memory => {
            memory::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|s| &mut s.memory))
        }
        PermissionKind::Hal9Signal => {
            signals::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|s| &mut s.signals))
        }
        PermissionKind::Hal9Metrics => {
            metrics::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|s| &mut s.metrics))
        }
        PermissionKind::Hal9Learning => learning::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| {
            state.interposed(|s| &mut s.learning)
        }),
        PermissionKind::PluginCall => {
            plugins::add_to_linker::<_, HasInterposed<_>>(to, |state: &mut State| state.interposed(|s| &mut s.plugins))
        }
        _ => Ok(()),
    }
}

impl clock::Host for Interposed<'_, ClockCtx> {
    fn current_timestamp(&mut self) -> wasmtime::Result<u64> {
        self.is_denied(&HostCall::CurrentTimestamp)?;
        self.ctx.current_timestamp()
    }
}

impl config::Host for Interposed<'_, ConfigCtx> {
    fn document(&mut self) -> wasmtime::Result<String> {
        self.is_denied(&HostCall::ConfigDocument)?;
        self.ctx.document()
    }

    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.is_denied(&HostCall::ConfigGet { key: &key })?;
        self.ctx.get(key)
    }
}

impl logging::Host for Interposed<'_, LoggingCtx> {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.is_denied(&HostCall::Log { level, message: &message })?;
        self.ctx.log(level, message)
    }
}

impl memory::Host for Interposed<'_, MemoryCtx> {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        match self.is_denied(&HostCall::MemoryGet { key: &key })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.get(key).await,
        }
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        match self.is_denied(&HostCall::MemorySet { key: &key, value: &value })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.set(key, value).await,
        }
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<bool, Error>> {
        match self.is_denied(&HostCall::MemoryDelete { key: &key })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.delete(key).await,
        }
    }

    async fn list_keys(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        match self.is_denied(&HostCall::MemoryListKeys { prefix: &prefix, after: after.as_deref(), limit })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.list_keys(prefix, after, limit).await,
        }
    }
}

impl metrics::Host for Interposed<'_, MetricsCtx> {
    fn increment(&mut self, name: String, by: f64) -> wasmtime::Result<()> {
        match self.is_denied(&HostCall::Increment { name: &name, by })? {
            true => Ok(()),
            false => self.ctx.increment(name, by),
        }
    }

    fn gauge(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        match self.is_denied(&HostCall::Gauge { name: &name, value })? {
            true => Ok(()),
            false => self.ctx.gauge(name, value),
        }
    }

    fn histogram(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        match self.is_denied(&HostCall::Histogram { name: &name, value })? {
            true => Ok(()),
            false => self.ctx.histogram(name, value),
        }
    }
}

impl learning::Host for Interposed<'_, LearningCtx> {
    fn report_experience(&mut self, experience: Experience) -> wasmtime::Result<Result<(), Error>> {
        match self.is_denied(&HostCall::ReportExperience { experience: &experience })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.report_experience(experience),
        }
    }

    fn report_feedback(
        &mut self,
        signal: SignalId,
        score: f32,
        comment: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        match self.is_denied(&HostCall::ReportFeedback { signal, score, comment: &comment })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.report_feedback(signal, score, comment),
        }
    }
}

impl plugins::Host for Interposed<'_, PluginsCtx> {
    async fn call(
        &mut self,
        target: String,
        method: String,
        params: String,
    ) -> wasmtime::Result<Result<String, CallError>> {
        match self.is_denied(&HostCall::CallPlugin { target: &target, method: &method, params: &params })? {
            true => Ok(Err(CallError::Denied)),
            false => self.ctx.call(target, method, params).await,
        }
    }

    async fn ask(&mut self, target: String, signal: Signal) -> wasmtime::Result<Result<Signal, CallError>> {
        match self.is_denied(&HostCall::AskPlugin { target: &target, signal: &signal })? {
            true => Ok(Err(CallError::Denied)),
            false => self.ctx.ask(target, signal).await,
        }
    }
}

impl signals::Host for Interposed<'_, SignalsCtx> {
    fn emit(&mut self, layer: String, signal: Signal) -> wasmtime::Result<Result<(), Error>> {
        match self.is_denied(&HostCall::Emit { layer: &layer, signal: &signal })? {
            true => Ok(Err(Error::Denied)),
            false => self.ctx.emit(layer, signal),
        }
    }
}
