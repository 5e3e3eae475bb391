//! A neuron that writes or answers more than it may: its signal's content says what, and how often or how much.

use hal9_plugin_sdk::*;
use std::io::Write;

hal9_plugin! {
    metadata: { id: "test.flood", name: "Flood", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "flood" }],
}

#[derive(Default)]
struct Flood;

impl NeuronPlugin for Flood {
    fn process_signal(&mut self, mut signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let Some((what, much)) = signal.content.split_once(' ') else { return Ok(signal) };
        let much: usize = much.parse().unwrap_or_default();
        match what {
            "lines" => (0..much).for_each(|line| log_info(line.to_string())),
            "line" => log_info("x".repeat(much)),
            "stdout" => write(std::io::stdout(), much)?,
            "stderr" => write(std::io::stderr(), much)?,
            "content" => signal.content = "x".repeat(much),
            "metadata" => signal.metadata.extend((0..much).map(|n| (n.to_string(), String::new()))),
            _ => {}
        }
        Ok(signal)
    }
}

fn write(mut stream: impl Write, much: usize) -> Result<(), PluginError> {
    let written = (0..much).try_for_each(|_| stream.write_all(b"0123456789\n")).and_then(|()| stream.flush());
    written.or_else(|error| err(ErrorCode::Unavailable, error.to_string()))
}

neuron_plugin!(Flood);
