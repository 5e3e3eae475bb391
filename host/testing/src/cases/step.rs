//! Owns what a step of a case may be: one call of the plugin, and what is to come of it. It refuses to know how it is done.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;
use uuid::Uuid;

use super::values::{Bytes, Code, Json, Moment, True};

/// One call of the plugin, and what is to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "StepText")]
pub(crate) struct Step {
    /// What time it is from here on.
    pub(crate) clock: Option<Moment>,
    pub(crate) action: Action,
    pub(crate) expected: Expected,
    /// Where in the file it is said what is expected; none where nothing is.
    pub(crate) expected_at: Option<usize>,
}

/// What is done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Signal(SignalText),
    Batch(Vec<SignalText>),
    NeuronState,
    Tools,
    Validate(ToolCall),
    Tool(ToolCall),
    Store(Store),
    Retrieve(String),
    Search(Search),
    Delete(String),
    Algorithm,
    Create(Json),
    Train(Train),
    Predict(Rows),
    Save,
    Load(Load),
    Reload,
    Reconfigure(Json),
    Health,
}

/// What is to come of it.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// That it goes well, whatever it gives.
    Success,
    Value(Json),
    Golden(String),
    Error(ExpectedError),
    Limit(String),
    Trap(String),
}

/// A failure, as far as a case describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) code: Option<Code>,
    /// A part of what it says.
    pub(crate) message: Option<String>,
}

/// A signal without its layer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalText {
    /// Counted through the case from 1, where it is left out.
    pub(crate) id: Option<Uuid>,
    #[serde(default)]
    pub(crate) content: String,
    /// `text`, where it is left out.
    #[serde(rename = "type")]
    pub(crate) signal_type: Option<String>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    /// What the clock says, where it is left out.
    pub(crate) timestamp: Option<Moment>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) params: Params,
}

/// Parameters of a tool as text: what TOML says as JSON, and a string as it is, JSON or not.
#[derive(Clone, Debug)]
pub(crate) struct Params(pub(crate) String);

impl Default for Params {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        match value {
            toml::Value::String(text) => Ok(Self(text)),
            value => serde_json::to_string(&value).map(Self).map_err(D::Error::custom),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) key: String,
    pub(crate) value: Bytes,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    pub(crate) query: String,
    #[serde(default = "ten")]
    pub(crate) limit: u32,
}

fn ten() -> u32 {
    10
}

/// Rows of numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Vec<f32>>,
    /// As many as the first row has, where it is left out.
    dimensions: Option<u32>,
}

/// Rows of numbers, and what is to be learned about each.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Train {
    rows: Vec<Vec<f32>>,
    dimensions: Option<u32>,
    pub(crate) targets: Vec<f32>,
}

impl Train {
    pub(crate) fn features(&self) -> (Vec<f32>, u32) {
        Rows { rows: self.rows.clone(), dimensions: self.dimensions }.features()
    }
}

impl Rows {
    /// All rows one after the other, and how many numbers each has.
    pub(crate) fn features(&self) -> (Vec<f32>, u32) {
        let first = self.rows.first().map_or(0, |row| u32::try_from(row.len()).unwrap_or(u32::MAX));
        (self.rows.concat(), self.dimensions.unwrap_or(first))
    }
}

/// Which bytes a model is loaded from.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// What was saved last.
    Saved,
    Bytes(Bytes),
}

impl<'de> Deserialize<'de> for Load {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Boolean(true) => Ok(Self::Saved),
            value => value.try_into().map(Self::Bytes).map_err(|_| {
                D::Error::custom("write `load = true` for what was saved last, a string, or { hex = \"00ff\" }")
            }),
        }
    }
}

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    clock: Option<Moment>,
    signal: Option<SignalText>,
    batch: Option<Vec<SignalText>>,
    neuron_state: Option<True>,
    tools: Option<True>,
    validate: Option<ToolCall>,
    tool: Option<ToolCall>,
    store: Option<Store>,
    retrieve: Option<String>,
    search: Option<Search>,
    delete: Option<String>,
    algorithm: Option<True>,
    create: Option<Json>,
    train: Option<Train>,
    predict: Option<Rows>,
    save: Option<True>,
    load: Option<Load>,
    reload: Option<True>,
    reconfigure: Option<Json>,
    health: Option<True>,
    expect: Option<Spanned<Json>>,
    golden: Option<Spanned<String>>,
    expect_error: Option<Spanned<ExpectedError>>,
    expect_limit: Option<Spanned<String>>,
    expect_trap: Option<Spanned<String>>,
}

/// What a step may do.
const ACTIONS: &str = "signal, batch, neuron_state, tools, validate, tool, store, retrieve, search, delete, algorithm, \
                       create, train, predict, save, load, reload, reconfigure, health";

impl TryFrom<StepText> for Step {
    type Error = String;

    fn try_from(text: StepText) -> Result<Self, String> {
        let actions = [
            text.signal.map(Action::Signal),
            text.batch.map(Action::Batch),
            text.neuron_state.map(|_| Action::NeuronState),
            text.tools.map(|_| Action::Tools),
            text.validate.map(Action::Validate),
            text.tool.map(Action::Tool),
            text.store.map(Action::Store),
            text.retrieve.map(Action::Retrieve),
            text.search.map(Action::Search),
            text.delete.map(Action::Delete),
            text.algorithm.map(|_| Action::Algorithm),
            text.create.map(Action::Create),
            text.train.map(Action::Train),
            text.predict.map(Action::Predict),
            text.save.map(|_| Action::Save),
            text.load.map(Action::Load),
            text.reload.map(|_| Action::Reload),
            text.reconfigure.map(Action::Reconfigure),
            text.health.map(|_| Action::Health),
        ];
        let mut actions = actions.into_iter().flatten();
        let (Some(action), None) = (actions.next(), actions.next()) else {
            return Err(format!("a step does one thing: write exactly one of {ACTIONS}"));
        };
        let expectations = [
            text.expect.map(|value| (value.span(), Expected::Value(value.into_inner()))),
            text.golden.map(|file| (file.span(), Expected::Golden(file.into_inner()))),
            text.expect_error.map(|error| (error.span(), Expected::Error(error.into_inner()))),
            text.expect_limit.map(|limit| (limit.span(), Expected::Limit(limit.into_inner()))),
            text.expect_trap.map(|trap| (trap.span(), Expected::Trap(trap.into_inner()))),
        ];
        let mut expectations = expectations.into_iter().flatten();
        let expected = expectations.next();
        if expectations.next().is_some() {
            return Err("one thing comes of a step: write at most one of expect, golden, expect_error, expect_limit, \
                        expect_trap"
                .to_owned());
        }
        let (expected_at, expected) = match expected {
            Some((span, expected)) => (Some(span.start), expected),
            None => (None, Expected::Success),
        };
        Ok(Self { clock: text.clock, action, expected, expected_at })
    }
}
