//! A neuron that reports what its signal says: `experience ACTION REWARD NUMBERS` or `feedback COMMENT SCORE`.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.uses-learning", name: "Uses learning", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "uses-learning" }],
    permissions: [Permission::Hal9Learning],
}

#[derive(Default)]
struct Reports;

impl NeuronPlugin for Reports {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let words: Vec<_> = signal.content.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<f32>().ok()).unwrap_or_default();
        let answer = match words.as_slice() {
            ["experience", action, ..] => {
                let state = vec![0.5; number(3) as usize];
                report_experience(&state, action, number(2), Some(&state))
            }
            ["feedback", comment, ..] => report_feedback(signal.id, number(2), comment),
            _ => return err(ErrorCode::InvalidInput, signal.content),
        };
        Ok(PluginSignal { content: format!("{answer:?}"), ..signal })
    }
}

neuron_plugin!(Reports);
