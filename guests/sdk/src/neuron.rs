//! The neuron: the trait that authors implement, and its way to the `neuron` export.
//! Knows nothing of layers; which one a neuron serves is in the manifest.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::neuron::exports::hal9::plugin::neuron as wit;
use crate::instance::{self, Hosted};
use crate::signal::metadata_list;
use crate::{ErrorCode, PluginError, PluginSignal, SignalBatch, Value, err};
use std::collections::HashMap;
use std::marker::PhantomData;

/// What a neuron says of itself (`neuron-state` of `neuron.wit`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeuronState {
    /// Signals answered since the instance was made. Where this and `failed` are both 0, the SDK puts its own count in.
    pub processed: u64,
    /// Signals answered with a failure since the instance was made.
    pub failed: u64,
    /// Whatever else is worth showing.
    pub details: HashMap<String, String>,
}

/// A neuron: takes signals of a layer and answers each with one. Export it with
/// [`neuron_plugin!`](crate::neuron_plugin).
#[diagnostic::on_unimplemented(message = "`{Self}` is no neuron", label = "implement `NeuronPlugin` for this type")]
pub trait NeuronPlugin: Default + 'static {
    /// Answers one signal. The reply keeps the id of the signal.
    ///
    /// # Errors
    /// As the neuron says. A failure concerns this signal alone.
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError>;

    /// Answers many signals at once: a row for each, in the same order, with the same ids. Without an implementation of
    /// its own, a neuron answers one after the other, which costs what `process_signal` does and a few copies.
    ///
    /// # Errors
    /// As the neuron says. A failure concerns the whole batch; the one of `process_signal` names its row.
    fn process_batch(&mut self, batch: SignalBatch) -> Result<SignalBatch, PluginError> {
        let mut replies = SignalBatch::with_capacity(batch.len(), batch.contents().text().len());
        let mut signal = PluginSignal::empty();
        for (at, row) in batch.rows().enumerate() {
            row.write_to(&mut signal);
            let id = signal.id;
            // A reply is the room for the next signal: most rows then need no memory of their own.
            signal = self.process_signal(signal).map_err(|error| error.context(format_args!("row {at}")))?;
            replies.append(&signal, if signal.id == id { row.halves() } else { signal.id.as_u64_pair() })?;
        }
        Ok(replies)
    }

    /// How it is doing.
    fn get_state(&self) -> NeuronState {
        NeuronState::default()
    }

    /// The plugin's configuration, a JSON object. Called once before anything else, and again when it changes, if the
    /// type is a [`LifecyclePlugin`](crate::LifecyclePlugin) too.
    ///
    /// # Errors
    /// As the neuron says; the call that it was to come before then fails with this.
    fn update_config(&mut self, config: Value) -> Result<(), PluginError> {
        let _ = config;
        Ok(())
    }
}

/// Makes a type that implements [`NeuronPlugin`] the plugin's neuron. Once in a plugin.
///
/// A type that does not implement it is refused on every target:
///
/// ```compile_fail,E0277
/// use hal9_plugin_sdk::*;
///
/// #[derive(Default)]
/// struct NoNeuron;
/// neuron_plugin!(NoNeuron);
/// ```
#[macro_export]
macro_rules! neuron_plugin {
    ($plugin:ty) => {
        $crate::__export_kind!($plugin, Neuron, neuron, export_neuron);
    };
}

/// The `neuron` export of a type.
pub struct Neuron<H: Hosted<Plugin: NeuronPlugin>>(PhantomData<H>);

impl<H: Hosted<Plugin: NeuronPlugin>> wit::Guest for Neuron<H> {
    fn process_signal(signal: types::Signal) -> Result<types::Signal, types::Failure> {
        let wire = signal.id;
        let (signal, room) = PluginSignal::received(signal);
        let id = signal.id;
        let slot = instance::slot::<H::Plugin>();
        let reply = instance::with_mut_of::<H, _>(&slot, |neuron| neuron.process_signal(signal))
            .and_then(|reply| if reply.id == id { Ok(reply.sent(wire, room)) } else { foreign("a reply") });
        slot.count(1, reply.is_ok());
        reply.map_err(Into::into)
    }

    fn process_batch(batch: types::SignalBatch) -> Result<types::SignalBatch, types::Failure> {
        let batch = SignalBatch::try_from(batch)?;
        let (rows, ids) = (batch.len(), batch.ids().to_vec());
        let slot = instance::slot::<H::Plugin>();
        let reply = instance::with_mut_of::<H, _>(&slot, |neuron| neuron.process_batch(batch))
            .and_then(|reply| if reply.has_ids(&ids) { Ok(reply) } else { foreign("the rows of a reply") });
        slot.count(u64::try_from(rows).unwrap_or(u64::MAX), reply.is_ok());
        reply.map(Into::into).map_err(Into::into)
    }

    fn state() -> wit::NeuronState {
        let slot = instance::slot::<H::Plugin>();
        // A configuration that was not taken is the next call's failure. It does not keep a neuron from its numbers.
        let mut state = instance::with::<H, _>(|neuron| Ok(neuron.get_state())).unwrap_or_else(|error| NeuronState {
            details: HashMap::from([("error".to_string(), error.to_string())]),
            ..NeuronState::default()
        });
        if (state.processed, state.failed) == (0, 0) {
            (state.processed, state.failed) = (slot.processed.get(), slot.failed.get());
        }
        wit::NeuronState { processed: state.processed, failed: state.failed, details: metadata_list(state.details) }
    }
}

fn foreign<T>(what: &str) -> Result<T, PluginError> {
    err(
        ErrorCode::Internal,
        format!("{what} did not carry the id of the signal; answer with `PluginSignal {{ id: signal.id, .. }}`"),
    )
}
