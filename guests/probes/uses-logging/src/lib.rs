//! A neuron that logs its signal's content at every level, and to standard output and error.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-logging", name: "Uses logging", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-logging" }],
}

#[derive(Default)]
struct Logs;

impl NeuronPlugin for Logs {
    #[expect(clippy::print_stdout, clippy::print_stderr, reason = "the host makes lines of its log of them")]
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        log_debug(&signal.content);
        log_info(&signal.content);
        log_warn(&signal.content);
        log_error(&signal.content);
        println!("{}", signal.content);
        eprint!("{}", signal.content);
        Ok(signal)
    }
}

neuron_plugin!(Logs);
