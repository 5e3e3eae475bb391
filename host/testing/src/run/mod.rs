//! Owns the running of a plugin's own cases: a fresh plugin on a clean stage for each, its steps in order, and then what the
//! host saw. It refuses to know how a step is done.

mod said;
pub(crate) use said::said;
mod steps;

use std::path::{Path, PathBuf};
use std::time::Instant;

use hal9_host::{Error, escape};
use serde_json::Value;

use crate::cases::{Case, CaseFile, Expected, Step};
use crate::compare;
use crate::golden;
use crate::report::{CaseReport, Finding, Outcome, Place};
use crate::rig::{Rig, Setting};
use crate::stage::Scene;
use crate::text::{cut, of_bytes};
use crate::values;

use steps::Stand;

/// Runs one case of a file. With `update` its golden files are written where they differ.
pub(crate) async fn case(rig: &Rig, file: &CaseFile, at: usize, case: &Case, update: bool) -> CaseReport {
    let started = Instant::now();
    let mut run =
        Run { rig, file, folder: file.path.parent().unwrap_or(&file.path), update, findings: vec![], written: vec![] };
    run.case(case).await;
    let outcome = match run.findings.is_empty() {
        true => Outcome::Passed { written: run.written },
        false => Outcome::Failed { findings: run.findings },
    };
    let (line, column) = file.place(at);
    let at = Some(Place { file: file.path.clone(), line, column });
    CaseReport { name: case.name.clone(), at, contract: None, outcome, time: started.elapsed() }
}

/// A case that runs.
struct Run<'a> {
    rig: &'a Rig,
    file: &'a CaseFile,
    folder: &'a Path,
    update: bool,
    findings: Vec<Finding>,
    written: Vec<PathBuf>,
}

impl Run<'_> {
    async fn case(&mut self, case: &Case) {
        let (stage, id) = (&self.rig.stage, self.rig.id());
        stage.set(Scene { now: case.clock.0, fault: case.fault.clone(), others: case.plugins.clone() });
        let kept: Vec<_> = case.memory.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
        if let Err(error) = stage.keep(id, &kept).await {
            return self.found(None, Finding::new("memory", "to keep what the case begins with", error.to_string()));
        }
        let setting = Setting {
            grant: case.grant.clone(),
            deny: case.deny.clone(),
            config: case.config.0.clone(),
            limits: case.limits.clone(),
            seed: case.seed,
            ..Setting::default()
        };
        let emitted = match Stand::new(self.rig, setting) {
            Ok(mut stand) => {
                self.steps(&mut stand, case).await;
                stand.end().await;
                std::mem::take(&mut stand.emitted)
            }
            // What is refused there is on record, and the case says whether it was to be.
            Err(Error::Ungranted { .. }) if case.denied.is_some() && case.steps.is_empty() => Vec::new(),
            Err(error) => {
                let help = error.help().unwrap_or_default().to_owned();
                return self.found(None, Finding::new("load", "a plugin that loads", said(&error)).help(help));
            }
        };
        self.seen(case).await;
        if let Some(expected) = &case.emitted {
            let got = emitted.iter().map(values::emission).collect::<Value>();
            if let Some(different) = compare::difference(&expected.get_ref().0, &got) {
                self.differs("emitted", Some(expected.span().start), different);
            }
        }
    }

    async fn steps(&mut self, stand: &mut Stand<'_>, case: &Case) {
        for (number, step) in case.steps.iter().enumerate() {
            let (begins, step) = (step.span().start, step.get_ref());
            if let Some(clock) = step.clock {
                self.rig.stage.set_time(clock.0);
            }
            let result = stand.act(&step.action).await;
            let at = step.expected_at.unwrap_or(begins);
            if let Err(mut finding) = self.expected(step, result) {
                finding.what = format!("step {}: {}", number + 1, finding.what);
                self.found(Some(at), *finding);
                // What comes after it is not what was meant.
                return;
            }
        }
    }

    fn expected(&mut self, step: &Step, result: Result<Value, Error>) -> Result<(), Box<Finding>> {
        match (&step.expected, result) {
            (Expected::Success, Ok(_)) => Ok(()),
            (Expected::Value(expected), Ok(got)) => match compare::difference(&expected.0, &got) {
                None => Ok(()),
                Some(different) => Err(finding("expect", different).into()),
            },
            (Expected::Golden(name), Ok(got)) => {
                let written = golden::check(self.folder, name, &got, self.update)?;
                self.written.extend(written);
                Ok(())
            }
            (Expected::Success | Expected::Value(_) | Expected::Golden(_), Err(error)) => {
                let help = error.help().unwrap_or_default().to_owned();
                Err(Finding::new("expect", "a call that goes well", said(&error)).help(help).into())
            }
            (expected, Ok(got)) => {
                Err(Finding::new(said::member(expected), said::expected(expected), cut(&got.to_string())).into())
            }
            (expected, Err(error)) if said::fits(expected, &error) => Ok(()),
            (expected, Err(error)) => {
                Err(Finding::new(said::member(expected), said::expected(expected), said(&error)).into())
            }
        }
    }

    /// Holds what the host saw against what the case says of it.
    async fn seen(&mut self, case: &Case) {
        let (stage, id) = (&self.rig.stage, self.rig.id());
        if let Some(missed) = stage.missed_fault().filter(|_| self.findings.is_empty()) {
            let help = "count the calls with `host = []`: the report shows them all";
            self.found(None, Finding::new("fault", "that its call is made", missed).help(help));
        }
        let lists = [("host", &case.host, stage.calls()), ("logs", &case.logs, stage.logs())];
        for (name, expected, got) in lists {
            let Some(expected) = expected else { continue };
            if let Some((wanted, came)) = compare::lines(expected.get_ref(), &got) {
                self.found(Some(expected.span().start), Finding::new(name, wanted, cut(&came)));
            }
        }
        if let Some(expected) = &case.denied {
            let got = said::denials(&stage.denials());
            if !said::are_denied(expected.get_ref(), &got) {
                let list = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
                let help = "a refusal is named by its permission, such as Hal9Memory:key; without a scope it fits any";
                let finding = Finding::new("denied", list(expected.get_ref()), list(&got)).help(help);
                self.found(Some(expected.span().start), finding);
            }
        }
        if let Some(expected) = &case.metrics {
            let metrics = stage.metrics(id).metrics;
            for (name, value) in expected.get_ref() {
                let got = metrics.get(name).map(|metric| metric.value);
                if got != Some(*value) {
                    let got = got.map_or_else(|| "no metric of that name".to_owned(), |got| got.to_string());
                    let finding = Finding::new(format!("metrics: {name}"), value.to_string(), got);
                    self.found(Some(expected.span().start), finding);
                }
            }
        }
        if let Some(expected) = &case.memory_after {
            let wanted: Vec<_> =
                expected.get_ref().iter().map(|(key, value)| format!("{key} = {}", of_bytes(&value.0))).collect();
            let got = match stage.kept(id).await {
                Ok(kept) => kept.iter().map(|(key, value)| format!("{key} = {}", of_bytes(value))).collect(),
                Err(error) => vec![error.to_string()],
            };
            if let Some((wanted, came)) = compare::lines(&wanted, &got) {
                self.found(Some(expected.span().start), Finding::new("memory_after", wanted, cut(&came)));
            }
        }
    }

    fn differs(&mut self, what: &str, at: Option<usize>, different: compare::Difference) {
        self.found(at, finding(what, different));
    }

    fn found(&mut self, at: Option<usize>, mut finding: Finding) {
        if let Some(at) = at {
            let (line, column) = self.file.place(at);
            finding.at = Some(Place { file: self.file.path.clone(), line, column });
        }
        finding.got = finding.got.split('\n').map(|line| escape(line, 4_096)).collect::<Vec<_>>().join("\n");
        self.findings.push(finding);
    }
}

fn finding(what: &str, different: compare::Difference) -> Finding {
    let at = if different.path.is_empty() { String::new() } else { format!(" {}", different.path) };
    Finding::new(format!("{what}{at}"), cut(&different.expected), cut(&different.got))
}
