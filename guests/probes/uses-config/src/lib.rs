//! A neuron that answers with its configuration, or with the member of it that the signal names.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-config", name: "Uses config", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-config" }],
}

#[derive(Default)]
struct Configured;

impl NeuronPlugin for Configured {
    fn process_signal(&mut self, mut signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        signal.content = match signal.content.as_str() {
            "" => config().to_string(),
            key => format!("{:?}", config_value(key)),
        };
        Ok(signal)
    }
}

neuron_plugin!(Configured);
