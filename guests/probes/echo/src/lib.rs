//! A neuron that gives back what it gets: what a component needs that calls no function of the host.

use hal9_plugin_sdk::*;

#[derive(Default)]
struct Echo;

impl NeuronPlugin for Echo {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        Ok(signal)
    }
}

neuron_plugin!(Echo);
