//! A neuron that reads HAL9's memory and does not declare that it does.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.undeclared", name: "Undeclared", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "undeclared" }],
}

#[derive(Default)]
struct Undeclared;

impl NeuronPlugin for Undeclared {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        Ok(PluginSignal { content: format!("{:?}", memory_get("key")?), ..signal })
    }
}

neuron_plugin!(Undeclared);
