//! A neuron that does with HAL9's memory what its signal says, `DO KEY VALUE`, and answers with what came of it.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-memory", name: "Uses memory", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-memory" }],
    permissions: [Permission::Hal9Memory],
}

#[derive(Default)]
struct Remembers;

impl NeuronPlugin for Remembers {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let mut words = signal.content.splitn(3, ' ');
        let (what, key, value) = (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answer = match what.unwrap_or_default() {
            "get" => format!(
                "{:?}",
                memory_get(key).map(|value| value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            ),
            "set" => format!("{:?}", memory_set(key, value)),
            "fill" => format!("{:?}", memory_set(key, vec![0; value.parse().unwrap_or(0)])),
            "delete" => format!("{:?}", memory_delete(key)),
            "keys" => format!("{:?}", memory_keys(key)),
            what => format!("cannot {what}"),
        };
        Ok(PluginSignal { content: answer, ..signal })
    }
}

neuron_plugin!(Remembers);
