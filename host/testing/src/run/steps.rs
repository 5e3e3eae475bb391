//! Owns the doing of steps: each is a call of the plugin, and gives a value. It refuses to know what was expected.

use std::collections::BTreeMap;

use hal9_host::{Call, Emission, Error, Kind, Metadata, Model, Plugin, Signal, SignalBatch, TrainingBatch};
use serde_json::{Value, json};

use crate::cases::{Action, Load, SignalText};
use crate::rig::{Rig, Setting, millis};
use crate::values;

/// A plugin in the middle of a case.
pub(super) struct Stand<'a> {
    rig: &'a Rig,
    setting: Setting,
    plugin: Plugin,
    model: Option<Model>,
    saved: Option<Vec<u8>>,
    /// How many signals it was sent.
    signals: u64,
    /// What all steps emitted that went well.
    pub(super) emitted: Vec<Emission>,
}

impl<'a> Stand<'a> {
    pub(super) fn new(rig: &'a Rig, setting: Setting) -> Result<Self, Error> {
        let plugin = rig.load(&setting)?;
        Ok(Self { rig, setting, plugin, model: None, saved: None, signals: 0, emitted: Vec::new() })
    }

    /// Lets the plugin go in good order, so that what it says at its end is seen. How that goes is no part of a case.
    pub(super) async fn end(&self) {
        let _ = self.plugin.stop().await;
    }

    /// Does what a step says: what it gave.
    pub(super) async fn act(&mut self, action: &Action) -> Result<Value, Error> {
        let mut call = Call::new();
        let result = self.call(&mut call, action).await;
        self.emitted.extend(call.take_emitted());
        result
    }

    async fn call(&mut self, call: &mut Call, action: &Action) -> Result<Value, Error> {
        let done = |()| Value::Null;
        match action {
            Action::Signal(text) => {
                let signal = self.signal(text);
                Ok(values::signal(&self.plugin.process_signal(call, &signal).await?))
            }
            Action::Batch(texts) => {
                let signals: Vec<_> = texts.iter().map(|text| self.signal(text)).collect();
                let batch = SignalBatch::from_signals(&signals)?;
                let reply = self.plugin.process_batch(call, &batch).await?;
                Ok(reply.signals().map(|signal| values::signal(&signal)).collect())
            }
            Action::NeuronState => self.plugin.neuron_state(call).await.map(|state| values::neuron_state(&state)),
            Action::Tools => self.plugin.describe_tools(call).await.map(|tools| values::tools(&tools)),
            Action::Validate(tool) => {
                let violations = self.plugin.validate_tool(call, &tool.name, &tool.params.0).await?;
                Ok(values::violations(&violations))
            }
            Action::Tool(tool) => {
                let result = self.plugin.execute_tool(call, &tool.name, &tool.params.0).await?;
                Ok(values::json_or_text(&result))
            }
            Action::Store(entry) => {
                let metadata = pairs(&entry.metadata);
                self.plugin.store(call, &entry.key, &entry.value.0, &metadata).await.map(done)
            }
            Action::Retrieve(key) => Ok(values::entry(self.plugin.retrieve(call, key).await?.as_ref())),
            Action::Search(search) => Ok(values::hits(&self.plugin.search(call, &search.query, search.limit).await?)),
            Action::Delete(key) => self.plugin.delete(call, key).await.map(Value::from),
            Action::Algorithm => {
                self.plugin.describe_algorithm(call).await.map(|algorithm| values::algorithm(&algorithm))
            }
            Action::Create(options) => {
                self.model = Some(self.plugin.create_model(call, &options.0.to_string()).await?);
                Ok(Value::Null)
            }
            Action::Load(load) => {
                let bytes = match load {
                    Load::Saved => self.saved.as_ref().ok_or_else(|| self.unprepared("nothing was saved", "save"))?,
                    Load::Bytes(bytes) => &bytes.0,
                };
                self.model = Some(self.plugin.load_model(call, bytes).await?);
                Ok(Value::Null)
            }
            Action::Train(train) => {
                let (features, dimensions) = train.features();
                let batch = TrainingBatch { features, dimensions, targets: train.targets.clone() };
                let report = self.model()?.train(call, &batch).await?;
                Ok(json!({ "samples": report.samples, "loss": values::number(report.loss) }))
            }
            Action::Predict(rows) => {
                let (features, dimensions) = rows.features();
                Ok(values::prediction(&self.model()?.predict(call, &features, dimensions).await?))
            }
            Action::Save => {
                let bytes = self.model()?.save(call).await?;
                let length = bytes.len();
                self.saved = Some(bytes);
                Ok(json!({ "bytes": length }))
            }
            Action::Reload => self.reload(call).await,
            Action::Reconfigure(config) => {
                self.plugin.reconfigure(call, config.0.clone()).await?;
                self.setting.config = config.0.clone();
                Ok(Value::Null)
            }
            Action::Health => self.plugin.health(call).await.map(|report| values::health(&report)),
        }
    }

    /// Puts a fresh instance in the place of the one that there is, with the state of that, where it keeps any.
    async fn reload(&mut self, call: &mut Call) -> Result<Value, Error> {
        let keeps_state = self.rig.kinds().contains(&Kind::Lifecycle);
        let state = if keeps_state { self.plugin.export_state(call).await? } else { Vec::new() };
        let next = self.rig.load(&self.setting)?;
        // As the host does it: state of no bytes is none.
        if !state.is_empty() {
            next.import_state(call, &state).await?;
        }
        self.plugin.stop().await?;
        (self.plugin, self.model) = (next, None);
        Ok(json!({ "state": state.len() }))
    }

    fn model(&mut self) -> Result<&mut Model, Error> {
        match &mut self.model {
            Some(model) => Ok(model),
            None => Err(unprepared(&self.plugin, "there is no model", "create")),
        }
    }

    fn unprepared(&self, what: &str, step: &str) -> Error {
        unprepared(&self.plugin, what, step)
    }

    fn signal(&mut self, text: &SignalText) -> Signal {
        self.signals += 1;
        let id = text.id.map_or((0, self.signals), |id| id.as_u64_pair());
        Signal {
            id,
            content: text.content.clone(),
            signal_type: text.signal_type.clone().unwrap_or_else(|| "text".to_owned()),
            metadata: pairs(&text.metadata),
            timestamp: text.timestamp.map_or_else(|| self.rig.millis(), |moment| millis(moment.0)),
        }
    }
}

/// A step needs one that comes before it.
fn unprepared(plugin: &Plugin, what: &str, step: &str) -> Error {
    Error::InvalidInput {
        plugin: Some(plugin.id().clone()),
        what: what.to_owned(),
        help: format!("put a step with `{step}` before this one"),
    }
}

fn pairs(metadata: &BTreeMap<String, String>) -> Metadata {
    metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}
