//! Owns the format of case files: what a case may say, strictly, and where in its file it says it. It refuses to know how a
//! case is run.

mod file;
mod step;
mod values;

use std::collections::BTreeMap;

use hal9_package::{LimitOverrides, Permissions, PluginId};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

pub use file::CaseError;
pub(crate) use file::CaseFile;
pub(crate) use step::{Action, Expected, ExpectedError, Load, SignalText, Step};
pub(crate) use values::{Bytes, Code, Json, Moment};

/// What a case file says, whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    /// How the conformance suite is run on this plugin.
    pub(crate) conformance: Option<Conformance>,
    #[serde(default, rename = "case")]
    pub(crate) cases: Vec<Spanned<Case>>,
}

/// How the conformance suite is run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conformance {
    /// The plugin's configuration.
    #[serde(default)]
    pub(crate) config: Json,
    /// What it gets of what it declares; all of it, where this is left out.
    pub(crate) grant: Option<Permissions>,
    /// Cases that are not held against it.
    #[serde(default)]
    pub(crate) skip: Vec<Skip>,
}

/// A case of the suite that a plugin does not pass, and why that is right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skip {
    pub(crate) case: Spanned<String>,
    pub(crate) reason: String,
}

/// One case: what there is before, what is done, and what is to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What the plugin gets of what it declares; all of it, where this is left out.
    pub(crate) grant: Option<Permissions>,
    #[serde(default)]
    pub(crate) deny: Permissions,
    #[serde(default)]
    pub(crate) config: Json,
    #[serde(default)]
    pub(crate) clock: Moment,
    #[serde(default)]
    pub(crate) seed: u64,
    #[serde(default)]
    pub(crate) limits: LimitOverrides,
    /// What HAL9's memory holds before.
    #[serde(default)]
    pub(crate) memory: BTreeMap<String, Bytes>,
    /// What other plugins answer.
    #[serde(default)]
    pub(crate) plugins: Vec<Other>,
    pub(crate) fault: Option<Fault>,
    #[serde(default, rename = "step")]
    pub(crate) steps: Vec<Spanned<Step>>,
    /// The calls of the host, in order.
    pub(crate) host: Option<Spanned<Vec<String>>>,
    /// What was refused, in order.
    pub(crate) denied: Option<Spanned<Vec<String>>>,
    /// The lines of the log, in order.
    pub(crate) logs: Option<Spanned<Vec<String>>>,
    /// The signals that were emitted, in order.
    pub(crate) emitted: Option<Spanned<Json>>,
    /// Where counters and gauges stand, by their names.
    pub(crate) metrics: Option<Spanned<BTreeMap<String, f64>>>,
    /// What HAL9's memory holds afterwards: these keys, and no others.
    pub(crate) memory_after: Option<Spanned<BTreeMap<String, Bytes>>>,
}

/// A call of the host that goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Which call, counted from 1.
    pub(crate) call: u32,
    /// Of which interface (`memory`) or function (`memory.set`); of any that needs a permission, where this is left out.
    pub(crate) of: Option<String>,
    pub(crate) kind: FaultKind,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    Deny,
    TimeOut,
    OutOfMemory,
    Trap,
}

/// What another plugin answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OtherText")]
pub(crate) struct Other {
    pub(crate) id: PluginId,
    /// Which of its tools; none where it is asked as a neuron.
    pub(crate) tool: Option<String>,
    /// For which parameters; for any, where this is left out.
    pub(crate) params: Option<Json>,
    pub(crate) answer: Answer,
}

/// An answer of another plugin.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Result(Json),
    Error { code: Code, message: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherText {
    id: PluginId,
    tool: Option<String>,
    params: Option<Json>,
    result: Option<Json>,
    reply: Option<SignalText>,
    error: Option<OtherError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherError {
    code: Code,
    #[serde(default)]
    message: String,
}

impl TryFrom<OtherText> for Other {
    type Error = &'static str;

    fn try_from(text: OtherText) -> Result<Self, Self::Error> {
        let OtherText { id, tool, params, result, reply, error } = text;
        let answer = match (result, reply, error) {
            (Some(result), None, None) if tool.is_some() => Answer::Result(result),
            (None, Some(reply), None) if tool.is_none() && params.is_none() => {
                let mut value = serde_json::json!({ "content": reply.content, "metadata": reply.metadata });
                if let Some(signal_type) = reply.signal_type {
                    value["type"] = Value::from(signal_type);
                }
                Answer::Result(Json(value))
            }
            (None, None, Some(OtherError { code, message })) => Answer::Error { code, message },
            _ => return Err("write `tool` with `result`, or `reply` for a neuron, or `error` in place of either"),
        };
        Ok(Self { id, tool, params, answer })
    }
}
