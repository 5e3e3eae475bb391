//! Owns the conformance suite: for each interface that a plugin may export, what any plugin that exports it must do, each law with
//! the sentence of the WIT docs that says so. It refuses to know what a plugin is for.

mod batch;
mod inputs;
mod lab;
mod learning;
mod lifecycle;
mod memory_provider;
mod neuron;
mod schema;
mod tool;

use std::time::Instant;

use futures::future::LocalBoxFuture;
use hal9_host::Kind;

use crate::cases::Conformance;
use crate::report::{CaseReport, Contract, Finding, Outcome, Suite};
use crate::rig::{Rig, Setting};
use lab::Lab;

/// What came of holding a plugin against a law.
type Verdict = Result<(), Breach>;

/// Why a plugin was not found to keep a law.
enum Breach {
    /// It does not.
    Found(Box<Finding>),
    /// The law says nothing about it.
    Silent(String),
}

impl From<Finding> for Breach {
    fn from(finding: Finding) -> Self {
        Self::Found(finding.into())
    }
}

/// One law: what it is called, the sentence that it is from, and how a plugin is held against it.
struct Law {
    name: &'static str,
    contract: Contract,
    check: for<'a> fn(&'a Lab<'a>) -> LocalBoxFuture<'a, Verdict>,
}

/// A law: `law!("neuron.wit", "sentence", "name", function)`.
macro_rules! law {
    ($file:literal, $says:literal, $name:literal, $check:path) => {
        $crate::conformance::Law {
            name: $name,
            contract: $crate::report::Contract { file: $file, says: $says },
            check: |lab| Box::pin($check(lab)),
        }
    };
}
use law;

/// The laws of each interface, in the order in which they are held.
fn laws() -> [(Kind, &'static str, &'static [Law]); 6] {
    [
        (Kind::Neuron, "neuron", neuron::LAWS),
        (Kind::Neuron, "neuron, batches", batch::LAWS),
        (Kind::Tool, "tool", tool::LAWS),
        (Kind::MemoryProvider, "memory-provider", memory_provider::LAWS),
        (Kind::LearningAlgorithm, "learning-algorithm", learning::LAWS),
        (Kind::Lifecycle, "lifecycle", lifecycle::LAWS),
    ]
}

/// Whether there is a law of that name.
pub(crate) fn is_law(name: &str) -> bool {
    laws().iter().any(|(.., laws)| laws.iter().any(|law| law.name == name))
}

/// Holds a plugin against the laws of all that it exports.
pub(crate) async fn run(
    rig: &Rig,
    settings: &Conformance,
    is_wanted: impl Fn(&str) -> bool,
    done: &mut impl FnMut(&CaseReport),
) -> Vec<Suite> {
    let setting = Setting { config: settings.config.0.clone(), grant: settings.grant.clone(), ..Setting::default() };
    let lab = Lab::new(rig, setting);
    let mut suites = Vec::new();
    for (_, of, laws) in laws().iter().filter(|(kind, ..)| rig.kinds().contains(kind)) {
        let mut suite = Suite { name: format!("conformance: {of}"), cases: Vec::new() };
        for law in laws.iter().filter(|law| is_wanted(law.name)) {
            let started = Instant::now();
            let skipped = settings.skip.iter().find(|skip| skip.case.get_ref() == law.name);
            let outcome = match skipped {
                Some(skip) => Outcome::Skipped { reason: skip.reason.clone() },
                None => match (law.check)(&lab).await {
                    Ok(()) => Outcome::Passed { written: Vec::new() },
                    Err(Breach::Found(finding)) => Outcome::Failed { findings: vec![*finding] },
                    Err(Breach::Silent(reason)) => Outcome::Skipped { reason },
                },
            };
            let (name, contract) = (law.name.to_owned(), Some(law.contract));
            let report = CaseReport { name, at: None, contract, outcome, time: started.elapsed() };
            done(&report);
            suite.cases.push(report);
        }
        suites.push(suite);
    }
    suites
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The docs of a WIT file as one text.
    fn docs(file: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("///"));
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_law_cites_a_sentence_that_is_there_and_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for (_, of, laws) in laws() {
            assert!(!laws.is_empty(), "{of}");
            for law in laws {
                let Contract { file, says } = law.contract;
                assert!(docs(file).contains(says), "{}: {file} does not say: {says}", law.name);
                assert!(names.insert(law.name), "{}", law.name);
            }
        }
    }
}
