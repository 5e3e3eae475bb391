//! Owns a model of a learning algorithm: the handle, and which instance it lives in. It refuses to know where saved
//! models are kept.

use std::pin::pin;
use std::sync::{Arc, PoisonError};

use wasmtime::component::ResourceAny;

use crate::bindings::exports::hal9::plugin::learning_algorithm::{
    AlgorithmDescription, Prediction, TrainingBatch, TrainingReport,
};
use crate::instance::{Guests, Live, bounded};
use crate::lease::Lease;
use crate::plugin::call;
use crate::resident::Resident;
use crate::{Call, Error, Kind, Plugin, fault};

/// A model that lives in its plugin's instance. When that is replaced, after a trap for instance, the model is gone, and
/// its calls say so; what [`Model::save`] gave can be loaded again. Dropping it frees the guest's side at the next call of any
/// model.
#[derive(Debug)]
pub struct Model {
    plugin: Plugin,
    handle: ResourceAny,
    generation: u64,
}

impl Plugin {
    /// What the learning algorithm is. (`hal9:plugin/learning-algorithm.describe`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn describe_algorithm(&self, call: &mut Call) -> Result<AlgorithmDescription, Error> {
        call!(self, call, Kind::LearningAlgorithm, learning_algorithm.call_describe(), |lease, result| {
            lease.end_plain(call, result)
        })
    }

    /// A new model; `options` is a JSON object. (`model.create`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn create_model(&self, call: &mut Call, options: &str) -> Result<Model, Error> {
        let mut lease = begin(&self.resident, call).await?;
        let Some(Live { store, guests: Guests { learning_algorithm: Some(guest), .. }, bounds, generation, .. }) =
            lease.live.as_deref_mut()
        else {
            return Err(lease.without(call, Kind::LearningAlgorithm));
        };
        let (generation, models) = (*generation, guest.model());
        let result = bounded(bounds, pin!(models.call_create(store, options))).await;
        Ok(Model { handle: lease.end(call, result)?, plugin: self.clone(), generation })
    }

    /// A model as [`Model::save`] gave it. (`model.load`)
    ///
    /// # Errors
    ///
    /// Whatever ends the call.
    pub async fn load_model(&self, call: &mut Call, bytes: &[u8]) -> Result<Model, Error> {
        let mut lease = begin(&self.resident, call).await?;
        let Some(Live { store, guests: Guests { learning_algorithm: Some(guest), .. }, bounds, generation, .. }) =
            lease.live.as_deref_mut()
        else {
            return Err(lease.without(call, Kind::LearningAlgorithm));
        };
        let (generation, models) = (*generation, guest.model());
        let result = bounded(bounds, pin!(models.call_load(store, bytes))).await;
        Ok(Model { handle: lease.end(call, result)?, plugin: self.clone(), generation })
    }
}

/// Calls a method of a model, if its instance still lives.
macro_rules! method {
    ($self:ident, $call:ident, $function:ident ( $($argument:expr),* )) => {
        method!($self, $call, $function($($argument),*), |_| Ok(()))
    };
    ($self:ident, $call:ident, $function:ident ( $($argument:expr),* ), $check:expr) => {{
        let mut lease = $self.begin($call).await?;
        let Some(Live { store, guests: Guests { learning_algorithm: Some(guest), .. }, bounds, .. }) =
            lease.live.as_deref_mut()
        else {
            return Err(lease.without($call, Kind::LearningAlgorithm));
        };
        let method = guest.model();
        let result = bounded(bounds, pin!(method.$function(store, $self.handle, $($argument),*))).await;
        lease.end_if($call, result, $check)
    }};
}

impl Model {
    /// Learns from a batch on top of what was learned before. (`model.train`)
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] for a model whose instance is gone, and whatever ends the call.
    pub async fn train(&mut self, call: &mut Call, batch: &TrainingBatch) -> Result<TrainingReport, Error> {
        method!(self, call, call_train(batch))
    }

    /// Predicts rows of `dimensions` numbers each, one after the other. (`model.predict`)
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] for a model whose instance is gone, [`Error::BadReply`] for another number of
    /// predictions than of rows, and whatever ends the call.
    pub async fn predict(&self, call: &mut Call, features: &[f32], dimensions: u32) -> Result<Prediction, Error> {
        let rows = features.len().checked_div(dimensions as usize).unwrap_or(0);
        method!(self, call, call_predict(features, dimensions), |prediction: &mut Prediction| {
            let (targets, scores) = (prediction.targets.len(), prediction.scores.len());
            if targets == rows && Some(scores) == rows.checked_mul(prediction.width as usize) {
                return Ok(());
            }
            Err(format!("gave {targets} predictions with {scores} scores for {rows} rows"))
        })
    }

    /// All that the model knows, for [`Plugin::load_model`]. (`model.save`)
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] for a model whose instance is gone, and whatever ends the call.
    pub async fn save(&self, call: &mut Call) -> Result<Vec<u8>, Error> {
        method!(self, call, call_save())
    }

    async fn begin<'a>(&'a self, call: &mut Call) -> Result<Lease<'a>, Error> {
        let mut lease = begin(&self.plugin.resident, call).await?;
        if lease.live.as_ref().is_none_or(|live| live.generation != self.generation) {
            lease.cancel(call);
            return Err(Error::Unavailable {
                plugin: Some(self.plugin.id().clone()),
                limit: None,
                what: format!("{}: the model is gone, as the plugin's instance was replaced", self.plugin.id()),
                help: "load it again from what was saved, or train a new one".to_owned(),
            });
        }
        Ok(lease)
    }
}

/// Begins a call of a learning algorithm, and frees the models first that nobody needs any more.
async fn begin<'a>(resident: &'a Arc<Resident>, call: &mut Call) -> Result<Lease<'a>, Error> {
    let mut lease = Lease::begin(resident, call).await?;
    let released: Vec<_> = resident.released.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
    for (generation, handle) in released {
        let Some(Live { store, bounds, .. }) = lease.live.as_deref_mut().filter(|live| live.generation == generation)
        else {
            continue;
        };
        let dropped = bounded(bounds, pin!(handle.resource_drop_async(store))).await;
        if let Err(error) = dropped {
            return Err(match lease.end::<()>(call, Err(error)) {
                Err(error) => error,
                Ok(()) => fault::exceeded(&resident.current(), crate::Limit::Handles),
            });
        }
    }
    Ok(lease)
}

impl Drop for Model {
    fn drop(&mut self) {
        let released = &self.plugin.resident.released;
        released.lock().unwrap_or_else(PoisonError::into_inner).push((self.generation, self.handle));
    }
}
