//! Owns what a run of tests comes to, as data: what passed, what failed and in which way, what was left out and why. It refuses to
//! know how that is shown.

use std::path::PathBuf;
use std::time::Duration;

use hal9_package::PluginId;

/// All that was run on one plugin.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// Which plugin.
    pub plugin: PluginId,
    /// Its version.
    pub version: String,
    /// What was run: a suite for each file of cases, and one for each interface of the conformance suite.
    pub suites: Vec<Suite>,
}

/// Cases that belong together.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Suite {
    /// Its name: the path of a file, or `conformance: neuron`.
    pub name: String,
    /// In the order in which they were run.
    pub cases: Vec<CaseReport>,
}

/// What became of one case.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Where it is written, for one of a plugin's own.
    pub at: Option<Place>,
    /// The sentence of the contract that it is about, for one of the conformance suite.
    pub contract: Option<Contract>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    #[serde(rename = "time_us", serialize_with = "micros")]
    pub time: Duration,
}

/// A sentence of the WIT docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Contract {
    /// The file, such as `neuron.wit`.
    pub file: &'static str,
    /// What it says there.
    pub says: &'static str,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// Which file.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

/// What became of a case.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// All came as it was expected.
    Passed {
        /// The golden files that were written, where that was asked for.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        written: Vec<PathBuf>,
    },
    /// Something did not.
    Failed {
        /// What, in the order in which it was seen; not empty.
        findings: Vec<Finding>,
    },
    /// It was not run.
    Skipped {
        /// Why not.
        reason: String,
    },
}

/// One thing that did not come as it was expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What was looked at, such as `step 2: expect` or `host`.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
    /// Where it is written what was expected, for a plugin's own cases.
    pub at: Option<Place>,
    /// What to look at or to do; may be empty.
    pub help: String,
}

/// How many cases came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sums {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that were not run.
    pub skipped: usize,
}

impl Report {
    /// How many cases came to what.
    pub fn sums(&self) -> Sums {
        self.cases().fold(Sums::default(), |mut sums, case| {
            match case.outcome {
                Outcome::Passed { .. } => sums.passed += 1,
                Outcome::Failed { .. } => sums.failed += 1,
                Outcome::Skipped { .. } => sums.skipped += 1,
            }
            sums
        })
    }

    /// All cases.
    pub fn cases(&self) -> impl Iterator<Item = &CaseReport> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }
}

impl CaseReport {
    /// What was not as expected; empty for a case that did not fail.
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            Outcome::Failed { findings } => findings,
            _ => &[],
        }
    }
}

impl Finding {
    /// One thing that was looked at, what was expected, and what came.
    pub(crate) fn new(what: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { what: what.into(), expected: expected.into(), got: got.into(), ..Self::default() }
    }

    /// With what to do about it.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

fn micros<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
