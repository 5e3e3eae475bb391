//! The jobs as a HAL9 plugin, written as its authors would with the SDK: a neuron, a tool, a memory provider and a learning
//! algorithm in one. It refuses to know the host, and needs no permission.

use hal9_plugin_sdk::*;
use peer_jobs::{Store, model, signal, tool};

hal9_plugin! {
    metadata: { id: "peers.jobs", name: "Jobs", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [
        PluginCapability::NeuronType { layer: "L2", neuron_type: "words", description: "Counts words" },
        PluginCapability::ToolProvider { tool_name: "word_frequency", description: "Tells the most frequent words" },
        PluginCapability::MemoryProvider { provider_name: "jobs", description: "Keeps values while it lives" },
        PluginCapability::LearningAlgorithm { algorithm_name: "linear", description: "A model of fixed weights" },
    ],
    permissions: [],
    limits: { cpu_share: "100%" },
}

#[derive(Default)]
struct Words;

impl NeuronPlugin for Words {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let words = signal::count_words(&signal.content).to_string();
        Ok(signal.with("words", words))
    }

    fn process_batch(&mut self, mut batch: SignalBatch) -> Result<SignalBatch, PluginError> {
        let words = batch.contents().iter().map(|content| signal::count_words(content) as f32).collect();
        batch.set_numbers("words", words)?;
        Ok(batch)
    }
}

#[derive(Default)]
struct WordFrequency;

impl ToolPlugin for WordFrequency {
    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Some(text) = params.get("text").and_then(Value::as_str) else {
            return err(ErrorCode::InvalidInput, "`text` is missing; give the text whose words to count");
        };
        let Some(top) = params.get("top").and_then(Value::as_u64) else {
            return err(ErrorCode::InvalidInput, "`top` is missing; give the number of words to tell");
        };
        Ok(tool::word_frequency(text, usize::try_from(top).unwrap_or(usize::MAX)))
    }
}

#[derive(Default)]
struct Shelf(Store);

impl MemoryPlugin for Shelf {
    fn store(&mut self, key: String, value: Vec<u8>, _metadata: HashMap<String, String>) -> Result<(), PluginError> {
        self.0.put(key, value);
        Ok(())
    }

    fn retrieve(&self, key: &str) -> Result<Option<(Vec<u8>, HashMap<String, String>)>, PluginError> {
        Ok(self.0.get(key).map(|value| (value.to_vec(), HashMap::new())))
    }

    fn search(&self, _query: &str, _limit: usize) -> Result<Vec<SearchResult>, PluginError> {
        err(ErrorCode::Unsupported, "these values are found by their keys alone")
    }

    fn delete(&mut self, _key: &str) -> Result<bool, PluginError> {
        err(ErrorCode::Unsupported, "nothing is forgotten while the plugin lives")
    }
}

struct Linear;

impl LearningPlugin for Linear {
    fn describe() -> AlgorithmDescription {
        AlgorithmDescription {
            name: "linear".to_owned(),
            description: "A linear model of fixed weights".to_owned(),
            options: json!({ "type": "object" }),
        }
    }

    fn create(_options: Value) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn load(_bytes: &[u8]) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn train(&mut self, _batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
        err(ErrorCode::Unsupported, "the weights are fixed")
    }

    fn predict(&self, features: &[f32], _dimensions: u32) -> Result<Prediction, PluginError> {
        Ok(Prediction { targets: model::predict_all(features), ..Prediction::default() })
    }

    fn save(&self) -> Result<Vec<u8>, PluginError> {
        Ok(Vec::new())
    }
}

neuron_plugin!(Words);
tool_plugin!(WordFrequency);
memory_plugin!(Shelf);
learning_plugin!(Linear);
