//! A neuron that calls others: `ask TARGET CONTENT`, where the content may be such an order again, and
//! `call TARGET METHOD PARAMS`. Anything else comes back. `init`, `export`, `import`, `reconfigure` and `shutdown` may be configured
//! to obey such an order too, and log what came of it. It carries no manifest: its tests make several plugins of it.

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

/// Obeys what is configured for a step of its life.
fn step(name: &str) -> Result<(), PluginError> {
    let Some(Value::String(order)) = config_value(name) else { return Ok(()) };
    obey(&PluginSignal::new("text", order)).map(log_info)
}

/// As [`step`], and goes on where that fails.
fn try_step(name: &str) {
    if let Err(error) = step(name) {
        log_info(format!("{name}: {error}"));
    }
}

impl LifecyclePlugin for Calls {
    fn init(&mut self) -> Result<(), PluginError> {
        step("init")
    }

    fn reconfigure(&mut self, _: Value) -> Result<(), PluginError> {
        try_step("reconfigure");
        Ok(())
    }

    fn export_state(&self) -> Result<Vec<u8>, PluginError> {
        try_step("export");
        Ok(vec![1])
    }

    fn import_state(&mut self, _: Vec<u8>) -> Result<(), PluginError> {
        try_step("import");
        Ok(())
    }

    fn shutdown(&mut self) {
        try_step("shutdown");
    }
}

neuron_plugin!(Calls);
lifecycle_plugin!(Calls);
