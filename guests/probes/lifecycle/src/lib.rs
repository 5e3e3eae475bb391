//! A neuron that wants to know about its own life. Its configuration says what becomes of it: `init` and `shutdown` with
//! `fail`, which tells `token` too, `panic`, `exit`, `spin` or a text to log, `health` with a reason, `refuse` for a configuration that it does not take.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.lifecycle", name: "Lifecycle", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::NeuronType { layer: "L2", neuron_type: "lifecycle" }],
}

#[derive(Default)]
struct Life {
    told: String,
}

fn obey(when: &str) -> Result<(), PluginError> {
    match config_value(when).as_ref().and_then(Value::as_str) {
        Some("fail") => {
            let token = config_value("token").map_or_else(String::new, |token| format!(" with {token}"));
            return err(ErrorCode::Unavailable, format!("cannot {when}{token}"));
        }
        Some("panic") => panic!("{when} was asked to"),
        Some("exit") => std::process::exit(1),
        Some("spin") => while std::hint::black_box(true) {},
        Some(text) => log_info(format!("{when}: {text}")),
        None => {}
    }
    Ok(())
}

impl LifecyclePlugin for Life {
    fn init(&mut self) -> Result<(), PluginError> {
        self.told.push_str("init");
        obey("init")
    }

    fn health(&self) -> HealthReport {
        match config_value("health") {
            Some(reason) => HealthReport::degraded(reason.to_string()),
            None => HealthReport::healthy(),
        }
    }

    fn reconfigure(&mut self, config: Value) -> Result<(), PluginError> {
        self.told.push_str(" reconfigure");
        if config["refuse"] == true { err(ErrorCode::InvalidInput, "not this one") } else { Ok(()) }
    }

    fn shutdown(&mut self) {
        // Whatever it obeys with, there is nobody to tell.
        let _ = obey("shutdown");
    }
}

impl NeuronPlugin for Life {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        assert_ne!(signal.content, "panic", "the neuron was asked to");
        if !signal.content.is_empty() {
            log_info(&signal.content);
        }
        Ok(PluginSignal { content: format!("{} {}", self.told, config()), ..signal })
    }
}

neuron_plugin!(Life);
lifecycle_plugin!(Life);
