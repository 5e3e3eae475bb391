//! A neuron that counts its signals, and hands the count over. It answers with the `version` of its configuration when it began,
//! the one of now, and the count. `init`, `health`, `export` and `import` may be configured to `fail` or `panic`; `bytes` is how much state it has.

use hal9_plugin_sdk::*;

#[derive(Default)]
struct Counter {
    version: Option<Value>,
    count: u64,
}

fn obey(step: &str) -> Result<(), PluginError> {
    match config_value(step).as_ref().and_then(Value::as_str) {
        Some("panic") => panic!("{step} was asked to"),
        Some(_) => err(ErrorCode::Unavailable, format!("cannot {step}")),
        None => Ok(()),
    }
}

impl LifecyclePlugin for Counter {
    fn init(&mut self) -> Result<(), PluginError> {
        self.version = config_value("version");
        obey("init")
    }

    fn health(&self) -> HealthReport {
        obey("health").map_or_else(|error| HealthReport::unhealthy(error.to_string()), |()| HealthReport::healthy())
    }

    fn export_state(&self) -> Result<Vec<u8>, PluginError> {
        let mut state = self.count.to_le_bytes().to_vec();
        let bytes = config_value("bytes").as_ref().and_then(Value::as_u64).unwrap_or(0);
        state.resize(state.len().max(bytes as usize), 0);
        obey("export").map(|()| state)
    }

    fn import_state(&mut self, state: Vec<u8>) -> Result<(), PluginError> {
        self.count = state.first_chunk().map_or(0, |count| u64::from_le_bytes(*count));
        obey("import")
    }
}

impl NeuronPlugin for Counter {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        assert_ne!(signal.content, "panic", "the neuron was asked to");
        self.count += 1;
        let version = |version: Option<Value>| version.unwrap_or_default().to_string();
        let content = format!("{} {} {}", version(self.version.clone()), version(config_value("version")), self.count);
        Ok(PluginSignal { content, ..signal })
    }
}

neuron_plugin!(Counter);
lifecycle_plugin!(Counter);
