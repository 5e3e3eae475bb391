//! A neuron that stamps its reply with the time of day.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-clock", name: "Uses clock", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-clock" }],
    permissions: [Permission::SystemTime],
}

#[derive(Default)]
struct Clock;

impl NeuronPlugin for Clock {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        Ok(PluginSignal { timestamp: current_timestamp(), ..signal })
    }
}

neuron_plugin!(Clock);
