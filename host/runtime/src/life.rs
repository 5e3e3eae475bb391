//! Owns what an instance is told of its life between the calls that plugins are for: how it feels, what it knows, that it is let
//! go. It refuses to know when, and why.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;

use crate::bindings::hal9::plugin::types::Failure;
use crate::call::Waiting;
use crate::imports::config::ConfigCtx;
use crate::instance::{Live, arm, bounded};
use crate::quota::Pool;
use crate::{Error, FailureCode, HealthReport, Limit, fault};

/// State on its way from one instance to the next. It counts as memory of all plugins together.
pub(crate) struct Carried {
    bytes: Vec<u8>,
    all: Arc<Pool>,
}

impl Deref for Carried {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.all.give_back(self.bytes.len() as u64);
    }
}

/// Calls a function of `lifecycle` between the calls that plugins are for; none, where the instance has no lifecycle.
macro_rules! step {
    ($live:ident . $function:ident ( $($argument:expr),* ), $waiting:expr) => {{
        $live.store.data_mut().begin($waiting);
        arm(&mut $live.store);
        match &$live.guests.lifecycle {
            Some(guest) => {
                let result = bounded(&$live.bounds, pin!(guest.$function(&mut $live.store, $($argument),*))).await;
                $live.settle(result).map(Some)
            }
            None => Ok(None),
        }
    }};
}

/// Each is bounded as a call is, and knows who waits for it.
impl Live {
    /// Tells the instance that it is let go.
    pub(crate) async fn shutdown(&mut self, waiting: Waiting<'_>) -> Result<(), Error> {
        step!(self.call_shutdown(), waiting).map(drop)
    }

    /// How it feels before it serves; none, where it does not say.
    pub(crate) async fn health(&mut self) -> Result<Option<HealthReport>, Error> {
        step!(self.call_health(), Waiting::NOBODY)
    }

    /// Gives it another configuration, while all calls of the plugin wait.
    pub(crate) async fn reconfigure(&mut self, config: &Arc<serde_json::Value>) -> Result<(), Error> {
        let text = config.to_string();
        let taken = step!(self.call_reconfigure(&text), Waiting::Anybody)?;
        self.own(taken)?;
        let guard = self.version().reach.guard.clone();
        self.store.data_mut().config = ConfigCtx::new(guard, config.clone());
        Ok(())
    }

    /// All that the next instance needs to go on; none, where it keeps nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where all plugins together have no room for it, and whatever ends a call.
    pub(crate) async fn export_state(&mut self, waiting: Waiting<'_>) -> Result<Option<Carried>, Error> {
        self.allow_state(true);
        let exported = step!(self.call_export_state(), waiting);
        self.allow_state(false);
        let Some(exported) = exported? else { return Ok(None) };
        let Some(bytes) = self.own(Some(exported))?.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
        let all = self.version().host.shared.totals.memory.clone();
        if !all.take(bytes.len() as u64) {
            return Err(fault::no_memory(self.version()));
        }
        Ok(Some(Carried { bytes, all }))
    }

    /// Gives it what an earlier instance exported.
    ///
    /// # Errors
    ///
    /// [`Error::LimitExceeded`] for more than its memory; [`Error::Failed`] where it does not take it, as one without a
    /// lifecycle never does.
    pub(crate) async fn import_state(&mut self, state: &[u8], waiting: Waiting<'_>) -> Result<(), Error> {
        if state.len() as u64 > self.version().limits.memory.0 {
            return Err(fault::exceeded(self.version(), Limit::Memory));
        }
        if self.guests.lifecycle.is_none() {
            return Err(Error::failed(
                &self.version().id,
                Failure {
                    code: FailureCode::Unsupported,
                    message: format!(
                        "there are {} bytes of state, and no `lifecycle` export that takes them",
                        state.len()
                    ),
                },
            ));
        }
        let taken = step!(self.call_import_state(state), waiting)?;
        self.own(taken).map(drop)
    }

    /// The answer of the plugin's own.
    fn own<T>(&self, answer: Option<Result<T, Failure>>) -> Result<Option<T>, Error> {
        answer.transpose().map_err(|failure| Error::failed(&self.version().id, failure))
    }

    fn settle<T>(&mut self, result: wasmtime::Result<T>) -> Result<T, Error> {
        let state = self.store.data_mut();
        match result {
            Ok(answer) => {
                state.finish_output();
                state.forget();
                Ok(answer)
            }
            Err(error) => {
                self.lost = true;
                Err(fault::classify(&self.bounds.version, error, state))
            }
        }
    }
}
