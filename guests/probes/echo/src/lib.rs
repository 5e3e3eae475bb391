//! A neuron that gives back what it gets: what a component needs that calls no function of the host.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.echo", name: "Echo", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "echo" }],
    // Benchmarks call it without a pause.
    limits: { cpu_share: "100%" },
}

#[derive(Default)]
struct Echo;

impl NeuronPlugin for Echo {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        Ok(signal)
    }
}

neuron_plugin!(Echo);
