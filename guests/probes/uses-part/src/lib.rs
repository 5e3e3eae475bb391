//! A neuron that imports what no host offers: it loads once it is composed with `part`.

use hal9_plugin_sdk::*;

mod bindings {
    wit_bindgen::generate!({ path: "../part/wit", world: "uses-part", generate_all });
}

use bindings::test::part::speech::{Voice, shout};

hal9_plugin! {
    metadata: { id: "test.uses-part", name: "Uses part", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-part" }],
}

#[derive(Default)]
struct UsesPart;

impl NeuronPlugin for UsesPart {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        Ok(PluginSignal { content: shout(&signal.content, Voice { times: 2 }), ..signal })
    }
}

neuron_plugin!(UsesPart);
