//! A neuron that emits what its signal says, a JSON object, and then perhaps goes wrong. It carries no manifest: its
//! tests put it into several layers under several ids.

use hal9_plugin_sdk::*;

#[derive(Default)]
struct Emits;

impl NeuronPlugin for Emits {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let order: Value = serde_json::from_str(&signal.content)?;
        let layer = order["layer"].as_str().unwrap_or_default();
        // Without content it emits the order itself, which whoever gets it obeys as well.
        let content = order["content"].as_str().unwrap_or(&signal.content);
        let content = content.repeat(order["repeat"].as_u64().unwrap_or(1) as usize);
        let results = (0..order["count"].as_u64().unwrap_or(1))
            .map(|_| emit_signal(layer, PluginSignal { content: content.clone(), ..signal.clone() }))
            .collect::<Vec<_>>();
        match order["then"].as_str() {
            Some("fail") => return err(ErrorCode::Internal, "after it emitted"),
            Some("panic") => panic!("after it emitted"),
            _ => {}
        }
        let refused = results.iter().find_map(|result| result.clone().err());
        Ok(PluginSignal { content: format!("{refused:?}"), ..signal })
    }
}

neuron_plugin!(Emits);
