//! A neuron that calls others: `ask TARGET CONTENT`, where the content may be such an order again, and
//! `call TARGET METHOD PARAMS`. Anything else comes back. It carries no manifest: its tests make several plugins of it.

use hal9_plugin_sdk::*;

#[derive(Default)]
struct Calls;

impl NeuronPlugin for Calls {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let content = obey(&signal).unwrap_or_else(|error| error.to_string());
        Ok(PluginSignal { content, ..signal })
    }
}

fn obey(signal: &PluginSignal) -> Result<String, PluginError> {
    if let Some((target, content)) = signal.content.strip_prefix("ask ").and_then(|order| order.split_once(' ')) {
        let question = PluginSignal { content: content.to_string(), ..signal.clone() };
        return Ok(ask_plugin(target, question)?.content);
    }
    let words: Vec<_> = signal.content.splitn(4, ' ').collect();
    match words.as_slice() {
        ["call", target, method, params] => {
            Ok(call_plugin(target, method, serde_json::from_str::<Value>(params)?)?.to_string())
        }
        _ => Ok(signal.content.clone()),
    }
}

impl LifecyclePlugin for Calls {
    fn init(&mut self) -> Result<(), PluginError> {
        let Some(Value::String(order)) = config_value("init") else { return Ok(()) };
        obey(&PluginSignal::new("text", order)).map(log_info)
    }
}

neuron_plugin!(Calls);
lifecycle_plugin!(Calls);
