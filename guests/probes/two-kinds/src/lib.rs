//! A neuron and a tool that are one value: the tool tells how many signals the neuron has seen.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.two-kinds", name: "Two kinds", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [
        PluginCapability::NeuronType { layer: "L2", neuron_type: "counter" },
        PluginCapability::ToolProvider { tool_name: "counter" },
    ],
}

#[derive(Default)]
struct Counter(u64);

impl NeuronPlugin for Counter {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        assert_ne!(signal.content, "panic", "the neuron was asked to");
        self.0 += 1;
        Ok(signal)
    }
}

impl ToolPlugin for Counter {
    fn execute(&mut self, _params: HashMap<String, Value>) -> Result<Value, PluginError> {
        Ok(json!(self.0))
    }
}

neuron_plugin!(Counter);
tool_plugin!(Counter);
