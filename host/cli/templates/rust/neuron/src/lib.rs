//! A neuron: answers a signal with the number of its words, and keeps the total in HAL9's memory.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: {
        id: "local.example-plugin",
        name: "Example Plugin",
        version: env!("CARGO_PKG_VERSION"),
        author: "The authors of Example Plugin",
        description: "Counts the words of signals, and remembers how many there were in all.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::NeuronType {
            layer: "L2",
            neuron_type: "example-plugin",
            description: "Answers a signal with the number of its words.",
        },
    ],
    permissions: [Permission::Hal9Memory],
}

#[derive(Default)]
struct ExamplePlugin;

impl NeuronPlugin for ExamplePlugin {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let words = signal.content.split_ascii_whitespace().count() as u64;
        let total = words + total()?;
        memory_set("total", total.to_string())?;
        log_info(format!("{words} words, {total} in all"));
        Ok(signal.with("words", words.to_string()))
    }
}

/// How many words there were before this instance and in it.
fn total() -> Result<u64, PluginError> {
    let kept = memory_get("total")?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&kept).parse().unwrap_or(0))
}

neuron_plugin!(ExamplePlugin);

#[cfg(test)]
mod tests {
    use super::*;

    fn reply_to(text: &str) -> PluginSignal {
        let signal = PluginSignal::new("text", text);
        ExamplePlugin.process_signal(signal).expect("a reply")
    }

    #[test]
    fn words_are_counted_and_remembered() {
        let cases = [("", "0"), (" \t\r\n ", "0"), ("one", "1"), ("  two\n words ", "2"), ("Ärger im Büro", "3")];
        for (text, words) in cases {
            assert_eq!(reply_to(text).metadata["words"], words, "{text:?}");
        }
        assert_eq!(total(), Ok(6));
        assert_eq!(testing::logs().last().map(String::as_str), Some("info: 3 words, 6 in all"));
    }
}
