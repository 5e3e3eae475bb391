//! The sentiment analyzer, a neuron of layer L2: it answers a text with how positive or negative it is and which
//! emotions it names. This file says what the plugin is and takes its calls; what a text means is worked out in
//! `analysis`, which knows nothing of HAL9.

mod analysis;
mod cache;
mod emotions;
mod hash;
mod lexicon;
mod reply;
mod rules;
mod settings;
mod tokens;

use analysis::{Analysis, analyze};
use cache::Digest;
use hal9_plugin_sdk::*;
use reply::Columns;
use settings::{Label, Settings};

hal9_plugin! {
    metadata: {
        id: "ai.hal9.sentiment-analyzer",
        name: "Sentiment Analyzer",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Labels English text as positive, negative or neutral, with a score, and names the emotions in it",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::NeuronType {
            layer: "L2".to_string(),
            neuron_type: "sentiment".to_string(),
            description: "Answers a text with its sentiment: label, score from -1 to 1, shares and emotions".to_string(),
        },
    ],
    permissions: [
        Permission::Hal9Memory,
        Permission::SystemTime,
    ],
    limits: {
        // A batch of thousands is seconds of work for a quarter of a core.
        cpu_share: "100%",
    },
    configuration: {
        "type": "object",
        "properties": {
            "positive_threshold": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "default": 0.05,
                "description": "A text with this score or a higher one is positive"
            },
            "negative_threshold": {
                "type": "number",
                "minimum": -1,
                "maximum": 0,
                "default": -0.05,
                "description": "A text with this score or a lower one is negative"
            },
            "cache": {
                "type": "boolean",
                "default": true,
                "description": "Whether results are kept in HAL9's memory"
            }
        },
        "additionalProperties": false
    },
}

/// Answers a signal with the sentiment of its content.
#[derive(Debug, Default)]
pub struct SentimentAnalyzer {
    settings: Settings,
    counts: Counts,
}

/// What has been done since the instance was made.
#[derive(Debug, Default)]
struct Counts {
    positive: u64,
    negative: u64,
    neutral: u64,
    cache_hits: u64,
    cache_misses: u64,
    cache_errors: u64,
}

impl NeuronPlugin for SentimentAnalyzer {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let (analysis, cache) =
            if self.settings.cache { self.recall(&signal.content) } else { (analyze(&signal.content), "off") };
        let label = self.settings.label(analysis.score);
        self.counts.add(label);
        log_debug(format!("{} ({:.4}), {} bytes, cache {cache}", label.name(), analysis.score, signal.content.len()));
        Ok(reply::reply(signal, &analysis, label, cache, current_timestamp()))
    }

    fn process_batch(&mut self, batch: SignalBatch) -> Result<SignalBatch, PluginError> {
        let mut columns = Columns::with_capacity(batch.len());
        for text in batch.contents().iter() {
            // Without the cache: to ask the host for a row takes longer than to read it.
            let analysis = analyze(text);
            let label = self.settings.label(analysis.score);
            self.counts.add(label);
            columns.push(&analysis, label)?;
        }
        log_debug(format!("a batch of {}", batch.len()));
        columns.reply(batch, current_timestamp())
    }

    fn get_state(&self) -> NeuronState {
        let Counts { positive, negative, neutral, cache_hits, cache_misses, cache_errors } = self.counts;
        let details = [
            ("positive", positive),
            ("negative", negative),
            ("neutral", neutral),
            ("cache_hits", cache_hits),
            ("cache_misses", cache_misses),
            ("cache_errors", cache_errors),
        ];
        NeuronState {
            details: details.map(|(name, count)| (name.to_owned(), count.to_string())).into(),
            ..NeuronState::default()
        }
    }

    fn update_config(&mut self, config: Value) -> Result<(), PluginError> {
        self.settings = Settings::read(&config)?;
        Ok(())
    }
}

impl SentimentAnalyzer {
    /// The analysis that the cache has of a text, or a new one; and which of these, in a word. A memory that fails
    /// costs the time to analyse, and never the analysis.
    fn recall(&mut self, text: &str) -> (Analysis, &'static str) {
        let digest = Digest::of(text);
        match cache::look_up(digest) {
            Ok(Some(analysis)) => {
                self.counts.cache_hits += 1;
                return (analysis, "hit");
            }
            Ok(None) => {}
            Err(error) => self.cannot("read", &error),
        }
        self.counts.cache_misses += 1;
        let analysis = analyze(text);
        if let Err(error) = cache::keep(digest, &analysis) {
            self.cannot("write", &error);
        }
        (analysis, "miss")
    }

    fn cannot(&mut self, what: &str, error: &HostError) {
        self.counts.cache_errors += 1;
        log_debug(format!("cannot {what} the cache: {error}"));
    }
}

impl Counts {
    fn add(&mut self, label: Label) {
        match label {
            Label::Positive => self.positive += 1,
            Label::Negative => self.negative += 1,
            Label::Neutral => self.neutral += 1,
        }
    }
}

neuron_plugin!(SentimentAnalyzer);
