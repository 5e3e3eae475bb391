//! A neuron that goes wrong as its signal's content says, or gives the signal back.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.faults", name: "Faults", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "faults" }],
}

#[derive(Default)]
struct Faults;

impl NeuronPlugin for Faults {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let zero = signal.content.len() / 1_000;
        match signal.content.as_str() {
            "spin" => spin(),
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
            "grow" => grow(),
            "recurse" => return Ok(PluginSignal { timestamp: recurse(signal.timestamp), ..signal }),
            "panic" => panic!("the probe was asked to\u{1b}[2J"),
            "divide" => return Ok(PluginSignal { timestamp: signal.timestamp / zero as u64, ..signal }),
            "unreachable" => std::process::abort(),
            "exit" => std::process::exit(3),
            "fail" => return err(ErrorCode::Unsupported, "not\ntoday\u{1b}[2J"),
            _ => {}
        }
        Ok(signal)
    }
}

fn spin() {
    while std::hint::black_box(true) {}
}

fn grow() {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

/// Depth without frames in linear memory: it is the host's stack that ends, not the guest's.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(n: u64) -> u64 {
    recurse(std::hint::black_box(n) + 1).wrapping_mul(n)
}

neuron_plugin!(Faults);
