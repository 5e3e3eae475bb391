//! A neuron that reports the numbers that its signal has a line for: `KIND NAME NUMBER`.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-metrics", name: "Uses metrics", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-metrics" }],
    permissions: [Permission::Hal9Metrics],
}

#[derive(Default)]
struct Measures;

impl NeuronPlugin for Measures {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        for line in signal.content.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let &[kind, name, number] = words.as_slice() else { return err(ErrorCode::InvalidInput, line) };
            let number = number.parse().unwrap_or(f64::NAN);
            match kind {
                "increment" => metric_increment(name, number),
                "gauge" => metric_gauge(name, number),
                _ => metric_histogram(name, number),
            }
        }
        Ok(signal)
    }
}

neuron_plugin!(Measures);
