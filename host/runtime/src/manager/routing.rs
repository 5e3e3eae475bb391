//! Where signals go: to every active neuron of a layer, and what those emit to further layers, so often and no more. It
//! refuses to know what is in a signal, and whether one travels or many at once: see [`Load`].

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

/// How many deliveries one signal may cause in all; and how many all signals of a batch together.
const DELIVERIES: usize = 1_024;
const DELIVERIES_AT_ONCE: usize = 1 << 20;

/// Of so many loads on their way, the last ones, it is seen whether another signal can go with one.
const OPEN: usize = 64;

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

/// Emitted signals that were not delivered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// Who emitted them.
    pub plugin: PluginId,
    /// The layer that they were for.
    pub layer: String,
    /// Why they were not delivered.
    pub reason: &'static str,
    /// How many there were, one after the other.
    pub signals: usize,
}

/// What became of a signal, or of a batch of them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Routed<D = Delivery> {
    /// Every delivery, in the order of hops.
    pub deliveries: Vec<D>,
    /// What was emitted and not delivered.
    pub dropped: Vec<Dropped>,
}

impl<D> Default for Routed<D> {
    fn default() -> Self {
        Self { deliveries: Vec::new(), dropped: Vec::new() }
    }
}

/// What travels from layer to layer: a signal, or a batch of them.
pub(super) trait Load: Sized + Sync {
    /// What is known of it when one neuron had it.
    type Delivery;

    /// Whether signals that are emitted to one layer on one hop travel together.
    const JOINS: bool;

    /// Said of what it may not cause any more.
    const CAUSED_ENOUGH: &'static str;

    /// How many signals it is.
    fn rows(&self) -> usize;

    /// A load of one emitted signal; none where it cannot travel so.
    fn of(signal: Signal) -> Option<Self>;

    /// Takes a signal along; or gives it back, as it has no room.
    fn join(&mut self, signal: Signal) -> Result<(), Signal>;

    /// Gives it to a neuron; what came of that, and what the neuron emitted.
    fn deliver(
        &self,
        neuron: Provider,
        layer: &str,
        hop: u32,
    ) -> impl Future<Output = (Self::Delivery, Vec<Emission>)> + Send;
}

/// What is on its way to the neurons of a layer.
struct Wave<L> {
    neurons: Vec<Provider>,
    layer: String,
    hop: u32,
    load: L,
}

/// All that is on its way, and how much it may still become.
struct Traffic<L> {
    waiting: VecDeque<Wave<L>>,
    /// Deliveries of a signal to a neuron, those that wait included.
    caused: usize,
    most: usize,
}

impl Manager {
    /// Sends a signal to every active neuron of a layer, or to those whose type or plugin id is `neuron`, all at once; then
    /// what they emit to its layers, up to 8 hops and 1 024 deliveries. A neuron that fails does not keep others from theirs.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where no neuron is, with the layers that there are. What a neuron did is in its delivery.
    pub async fn send(&self, layer: &str, neuron: Option<&str>, signal: Signal) -> Result<Routed, Error> {
        self.route(layer, neuron, signal).await
    }

    /// Sends a load, and what neurons make of it.
    pub(super) async fn route<L: Load>(
        &self,
        layer: &str,
        neuron: Option<&str>,
        load: L,
    ) -> Result<Routed<L::Delivery>, Error> {
        let neurons = self.read().index.neurons(layer, neuron);
        if neurons.is_empty() {
            return Err(self.no_neuron(layer, neuron));
        }
        let mut routed = Routed::default();
        let mut traffic = Traffic {
            caused: neurons.len().saturating_mul(load.rows()),
            most: load.rows().saturating_mul(DELIVERIES).min(DELIVERIES_AT_ONCE),
            waiting: VecDeque::from([Wave { neurons, layer: layer.to_owned(), hop: 0, load }]),
        };
        while let Some(Wave { neurons, layer, hop, load }) = traffic.waiting.pop_front() {
            let deliver = async |neuron: Provider| {
                let plugin = neuron.plugin.id().clone();
                (plugin, load.deliver(neuron, &layer, hop).await)
            };
            for (plugin, (delivery, emitted)) in join_all(neurons.into_iter().map(deliver)).await {
                for Emission { layer, signal } in emitted {
                    if let Err(reason) = self.send_on(&mut traffic, hop, &layer, signal) {
                        routed.note(&plugin, layer, reason);
                    }
                }
                routed.deliveries.push(delivery);
            }
        }
        Ok(routed)
    }

    /// Has a signal that was emitted on `hop` wait for the next one, with others if it may.
    ///
    /// # Errors
    ///
    /// Why it is dropped.
    fn send_on<L: Load>(
        &self,
        traffic: &mut Traffic<L>,
        hop: u32,
        layer: &str,
        mut signal: Signal,
    ) -> Result<(), &'static str> {
        if hop == HOPS {
            return Err("it was sent on 8 times before");
        }
        let hop = hop + 1;
        if L::JOINS {
            let mut last = traffic.waiting.iter_mut().rev().take(OPEN);
            if let Some(wave) = last.find(|wave| wave.hop == hop && wave.layer == layer) {
                if traffic.caused + wave.neurons.len() > traffic.most {
                    return Err(L::CAUSED_ENOUGH);
                }
                match wave.load.join(signal) {
                    Ok(()) => {
                        traffic.caused += wave.neurons.len();
                        return Ok(());
                    }
                    Err(refused) => signal = refused,
                }
            }
        }
        let neurons = self.read().index.neurons(layer, None);
        if traffic.caused + neurons.len() > traffic.most {
            return Err(L::CAUSED_ENOUGH);
        }
        if neurons.is_empty() {
            return Err("the layer has no active neuron");
        }
        let load = L::of(signal).ok_or("it has more metadata than a batch takes")?;
        traffic.caused += neurons.len();
        traffic.waiting.push_back(Wave { neurons, layer: layer.to_owned(), hop, load });
        Ok(())
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

impl<D> Routed<D> {
    /// Takes note of a signal that is dropped; with the last one, where that was the same story.
    fn note(&mut self, plugin: &PluginId, layer: String, reason: &'static str) {
        match self.dropped.last_mut() {
            Some(last) if last.plugin == *plugin && last.layer == layer && last.reason == reason => last.signals += 1,
            _ => {
                tracing::warn!(plugin = plugin.as_ref(), layer, "emitted signal dropped: {reason}");
                self.dropped.push(Dropped { plugin: plugin.clone(), layer, reason, signals: 1 });
            }
        }
    }
}

impl Load for Signal {
    type Delivery = Delivery;
    const JOINS: bool = false;
    const CAUSED_ENOUGH: &'static str = "the first signal has caused 1024 deliveries";

    fn rows(&self) -> usize {
        1
    }

    fn of(signal: Signal) -> Option<Self> {
        Some(signal)
    }

    fn join(&mut self, signal: Signal) -> Result<(), Signal> {
        Err(signal)
    }

    async fn deliver(&self, neuron: Provider, layer: &str, hop: u32) -> (Delivery, Vec<Emission>) {
        let mut call = Call::measured();
        let outcome = neuron.plugin.process_signal(&mut call, self).await;
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
}
