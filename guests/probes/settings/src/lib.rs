//! A neuron that answers with its configuration, which has defaults, a table and a secret; and that logs the member that a
//! signal names. It is as healthy as its configuration says.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.settings", name: "Settings", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "settings" }],
    configuration: {
        "type": "object",
        "properties": {
            "depth": { "type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "How deep it looks" },
            "mode": { "enum": ["fast", "good"], "default": "fast", "description": "What matters more" },
            "name": { "type": "string" },
            "feels": { "enum": ["degraded", "unhealthy"] },
            "api_key": { "type": "string", "minLength": 4, "writeOnly": true, "description": "The key of the service" },
            "server": {
                "type": "object",
                "properties": { "host": { "type": "string", "default": "localhost" }, "port": { "type": "integer", "default": 80 } },
                "additionalProperties": false
            }
        },
        "additionalProperties": false
    },
}

#[derive(Default)]
struct Settings;

impl LifecyclePlugin for Settings {
    fn health(&self) -> HealthReport {
        match config_value("feels").as_ref().and_then(Value::as_str) {
            Some("unhealthy") => HealthReport::unhealthy("was told to"),
            Some(_) => HealthReport::degraded("was told to"),
            None => HealthReport::healthy(),
        }
    }
}

impl NeuronPlugin for Settings {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        if let Some(value) = config_value(&signal.content) {
            log_info(format!("{} is {value}", signal.content));
        }
        Ok(PluginSignal { content: config().to_string(), ..signal })
    }
}

neuron_plugin!(Settings);
lifecycle_plugin!(Settings);
