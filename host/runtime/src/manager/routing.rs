//! Where signals go: to every active neuron of a layer, and what those emit to further layers, so often and no more. It
//! refuses to know what is in a signal.

use std::collections::VecDeque;
use std::time::Duration;

use futures::future::join_all;
use hal9_package::PluginId;

use super::{Manager, Provider};
use crate::bindings::hal9::plugin::types::Signal;
use crate::imports::signals::Emission;
use crate::{Call, Error};

/// How often a signal may be sent on.
const HOPS: u32 = 8;

/// How many deliveries one signal may cause in all.
const DELIVERIES: usize = 1_024;

/// One signal that one neuron got, and what it answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// The neuron's plugin.
    pub plugin: PluginId,
    /// The neuron's type.
    pub neuron: String,
    /// The layer that it was sent to.
    pub layer: String,
    /// How often it was sent on before: 0 for the signal that was given.
    pub hop: u32,
    /// What the neuron answered.
    pub outcome: Result<Signal, Error>,
    /// How long that took.
    pub elapsed: Duration,
    /// The most bytes that the neuron's instance has had in use in its life.
    pub peak_memory: u64,
}

/// An emitted signal that was not delivered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// Who emitted it.
    pub plugin: PluginId,
    /// The layer that it was for.
    pub layer: String,
    /// Why it was not delivered.
    pub reason: &'static str,
}

/// What became of a signal.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Routed {
    /// Every delivery, in the order of hops.
    pub deliveries: Vec<Delivery>,
    /// What was emitted and not delivered.
    pub dropped: Vec<Dropped>,
}

impl Manager {
    /// Sends a signal to every active neuron of a layer, or to those whose type or plugin id is `neuron`, all at once; then
    /// what they emit to its layers, up to 8 hops and 1 024 deliveries. A neuron that fails does not keep others from theirs.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where no neuron is, with the layers that there are. What a neuron did is in its delivery.
    pub async fn send(&self, layer: &str, neuron: Option<&str>, signal: Signal) -> Result<Routed, Error> {
        let neurons = self.read().index.neurons(layer, neuron);
        if neurons.is_empty() {
            return Err(self.no_neuron(layer, neuron));
        }
        let mut routed = Routed::default();
        let mut caused = neurons.len();
        let mut waiting = VecDeque::from([(neurons, layer.to_owned(), 0, signal)]);
        while let Some((neurons, layer, hop, signal)) = waiting.pop_front() {
            let deliver = |neuron| deliver(neuron, &layer, hop, &signal);
            for (delivery, emitted) in join_all(neurons.into_iter().map(deliver)).await {
                for Emission { layer, signal } in emitted {
                    let neurons = self.read().index.neurons(&layer, None);
                    let reason = if hop == HOPS {
                        Some("it was sent on 8 times before")
                    } else if caused + neurons.len() > DELIVERIES {
                        Some("the first signal has caused 1024 deliveries")
                    } else if neurons.is_empty() {
                        Some("the layer has no active neuron")
                    } else {
                        None
                    };
                    match reason {
                        None => {
                            caused += neurons.len();
                            waiting.push_back((neurons, layer, hop + 1, signal));
                        }
                        Some(reason) => {
                            let plugin = delivery.plugin.clone();
                            tracing::warn!(plugin = plugin.as_ref(), layer, "emitted signal dropped: {reason}");
                            routed.dropped.push(Dropped { plugin, layer, reason });
                        }
                    }
                }
                routed.deliveries.push(delivery);
            }
        }
        Ok(routed)
    }

    fn no_neuron(&self, layer: &str, neuron: Option<&str>) -> Error {
        let plugins = self.read();
        let layers = plugins.index.layers();
        let help = if layers.is_empty() {
            "load and activate a neuron plugin".to_owned()
        } else {
            format!("layers with neurons: {}", layers.join(", "))
        };
        let what = match neuron {
            Some(neuron) => format!("no active neuron `{neuron}` is in layer {layer}"),
            None => format!("no active neuron is in layer {layer}"),
        };
        Error::NotFound { plugin: None, what, help }
    }
}

async fn deliver(neuron: Provider, layer: &str, hop: u32, signal: &Signal) -> (Delivery, Vec<Emission>) {
    let mut call = Call::measured();
    let outcome = neuron.plugin.process_signal(&mut call, signal).await;
    let delivery = Delivery {
        plugin: neuron.plugin.id().clone(),
        neuron: neuron.name,
        layer: layer.to_owned(),
        hop,
        outcome,
        elapsed: call.elapsed().unwrap_or_default(),
        peak_memory: call.peak_memory(),
    };
    (delivery, call.take_emitted())
}
