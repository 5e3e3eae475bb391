//! Owns what all laws are held with: a fresh plugin on a clean stage, and the line between a proper failure and a plugin that breaks.
//! It refuses to know any law.

use std::fmt::{Debug, Display};

use hal9_host::{Call, Error, FailureCode, Kind, Plugin, Signal};
use hal9_package::RuntimeOverrides;

use super::Breach;
use crate::report::Finding;
use crate::rig::{Rig, Setting};
use crate::run::said;
use crate::text::cut;

/// A plugin that is held against laws.
pub(super) struct Lab<'a> {
    pub(super) rig: &'a Rig,
    setting: Setting,
}

/// A proper failure: an answer that says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) code: FailureCode,
    pub(super) message: String,
}

impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the failure {}: {}", self.code, self.message)
    }
}

impl<'a> Lab<'a> {
    pub(super) fn new(rig: &'a Rig, setting: Setting) -> Self {
        Self { rig, setting }
    }

    /// The plugin as nobody has called it, in a HAL9 that knows nothing yet.
    pub(super) fn fresh(&self) -> Result<Plugin, Breach> {
        self.rig.clear();
        self.another()
    }

    /// One more of the same plugin, in the same HAL9: an instance of its own.
    pub(super) fn another(&self) -> Result<Plugin, Breach> {
        self.load(&self.setting)
    }

    /// The plugin as nobody has called it, with so many instances at once; with one, where its models live in that.
    pub(super) fn parallel(&self, instances: u32) -> Result<Plugin, Breach> {
        self.rig.clear();
        let has_models = self.rig.kinds().contains(&Kind::LearningAlgorithm);
        let instances = if has_models { 1 } else { instances };
        let runtime = RuntimeOverrides { parallel: Some(instances), ..self.setting.runtime.clone() };
        self.load(&Setting { runtime, ..self.setting.clone() })
    }

    fn load(&self, setting: &Setting) -> Result<Plugin, Breach> {
        let help = "where it needs a configuration, say so in a case file: [conformance] with config = { … }";
        self.rig.load(setting).map_err(|error| wrong("load", "a plugin that loads", &error).help(help).into())
    }
}

/// What an answer is as far as laws go: a value, or a proper failure.
///
/// # Errors
///
/// A trap, a limit, or an answer that breaks the contract of the interface.
pub(super) fn answer<T>(what: impl Display, result: Result<T, Error>) -> Result<Result<T, Failed>, Breach> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Failed { code, message, .. }) => Ok(Err(Failed { code, message })),
        Err(error @ Error::BadReply { .. }) => {
            Err(wrong(what.to_string(), "an answer that keeps the contract", &error).into())
        }
        Err(error) => Err(wrong(what.to_string(), "an answer, or a failure that says what is wrong", &error).into()),
    }
}

/// The value that an answer must be.
pub(super) fn value<T>(what: impl Display, result: Result<T, Error>) -> Result<T, Breach> {
    let answer = answer(&what, result)?;
    answer.map_err(|failed| Finding::new(what.to_string(), "an answer", failed.to_string()).into())
}

/// The failure that an answer must be, with one of these codes.
pub(super) fn failure<T>(what: impl Display, codes: &[FailureCode], result: Result<T, Error>) -> Result<(), Breach> {
    let names: Vec<_> = codes.iter().map(ToString::to_string).collect();
    let expected = format!("the failure {}", names.join(" or "));
    match answer(&what, result)? {
        Ok(_) => Err(Finding::new(what.to_string(), expected, "an answer").into()),
        Err(failed) if codes.contains(&failed.code) => Ok(()),
        Err(failed) => Err(Finding::new(what.to_string(), expected, failed.to_string()).into()),
    }
}

/// A breach, where two things differ that must not.
pub(super) fn equal<T: PartialEq + Debug>(what: impl Display, expected: &T, got: &T) -> Result<(), Breach> {
    if expected == got {
        return Ok(());
    }
    let shown = |value: &T| cut(&format!("{value:?}"));
    Err(Finding::new(what.to_string(), shown(expected), shown(got)).into())
}

fn wrong(what: impl Into<String>, expected: &str, error: &Error) -> Finding {
    Finding::new(what, expected, said(error)).help(error.help().unwrap_or_default())
}

/// Has a neuron answer a signal: its reply, or its failure.
pub(super) async fn ask(
    plugin: &Plugin,
    what: impl Display,
    signal: &Signal,
) -> Result<Result<Signal, Failed>, Breach> {
    answer(what, plugin.process_signal(&mut Call::new(), signal).await)
}
