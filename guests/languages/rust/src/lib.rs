//! Keywords, a neuron of layer L2 and a tool: it finds the most frequent words of a text. This file says what the plugin is and
//! takes its calls; `words` finds them and `totals` counts. The same plugin is beside this one in six other languages.

mod params;
mod totals;
mod words;

use hal9_plugin_sdk::*;
use totals::Totals;

hal9_plugin! {
    metadata: {
        id: "ai.hal9.keywords-rust",
        name: "Keywords (Rust)",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "The most frequent words of a text, as a neuron and as a tool",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::NeuronType {
            layer: "L2".to_string(),
            neuron_type: "keywords".to_string(),
            description: "Answers a text with its most frequent words and how many words it has".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "keywords".to_string(),
            description: "The most frequent words of a text".to_string(),
        },
    ],
    permissions: [Permission::Hal9Memory("totals")],
    limits: { cpu_share: "100%", host_calls: 2_000_000 },
    configuration: {
        "type": "object",
        "properties": {
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": 5,
                "description": "How many keywords a text has at most"
            }
        },
        "additionalProperties": false
    },
}

/// How many keywords there are at most, where nothing else is said.
const LIMIT: usize = 5;

/// Finds keywords, and counts over all signals.
#[derive(Debug)]
pub struct Keywords {
    limit: usize,
    /// None before they were needed.
    totals: Option<Totals>,
}

impl Default for Keywords {
    fn default() -> Self {
        Self { limit: LIMIT, totals: None }
    }
}

impl Keywords {
    fn totals(&mut self) -> &mut Totals {
        self.totals.get_or_insert_with(Totals::recall)
    }
}

impl NeuronPlugin for Keywords {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let found = words::find(&signal.content, self.limit);
        self.totals().add(1, found.words);
        log_info(format!("{} words, {} keywords", found.words, found.keywords.len()));
        Ok(signal.with("keywords", found.joined()).with("words", found.words.to_string()))
    }

    fn process_batch(&mut self, mut batch: SignalBatch) -> Result<SignalBatch, PluginError> {
        let (mut keywords, mut words) = (TextColumn::new(), Vec::with_capacity(batch.len()));
        let mut total = 0;
        for text in batch.contents().iter() {
            let found = words::find(text, self.limit);
            keywords.push(&found.joined())?;
            words.push(found.words as f32);
            total += found.words;
        }
        self.totals().add(batch.len() as u64, total);
        log_info(format!("{total} words in a batch of {}", batch.len()));
        batch.set_texts("keywords", keywords)?;
        batch.set_numbers("words", words)?;
        Ok(batch)
    }

    fn get_state(&self) -> NeuronState {
        let totals = self.totals.unwrap_or_else(Totals::recall);
        let details = [("signals", totals.signals), ("words", totals.words)];
        NeuronState {
            details: details.map(|(name, count)| (name.to_owned(), count.to_string())).into(),
            ..NeuronState::default()
        }
    }

    fn update_config(&mut self, config: Value) -> Result<(), PluginError> {
        // The host has held it against the schema.
        self.limit = config.get("limit").and_then(params::limit).unwrap_or(LIMIT);
        Ok(())
    }
}

impl ToolPlugin for Keywords {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "keywords".to_owned(),
            description: "Finds the most frequent words of a text, with how often each occurs.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "The text" },
                    "limit": { "type": "integer", "minimum": 1, "maximum": 100, "description": "How many at most; as configured, where it is left out" }
                },
                "required": ["text"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        params::read(params, self.limit).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let (text, limit) = params::read(&params, self.limit)?;
        let found = words::find(text, limit);
        let keywords: Vec<_> =
            found.keywords.iter().map(|(word, count)| json!({ "word": word, "count": count })).collect();
        Ok(json!({ "words": found.words, "keywords": keywords }))
    }
}

impl LifecyclePlugin for Keywords {
    fn export_state(&self) -> Result<Vec<u8>, PluginError> {
        Ok(self.totals.unwrap_or_else(Totals::recall).to_string().into_bytes())
    }

    fn import_state(&mut self, state: Vec<u8>) -> Result<(), PluginError> {
        self.totals = Some(Totals::parse(&state)?);
        Ok(())
    }
}

neuron_plugin!(Keywords);
tool_plugin!(Keywords);
lifecycle_plugin!(Keywords);
