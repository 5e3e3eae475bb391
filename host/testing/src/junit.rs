//! Owns the form of reports that CI reads: JUnit's XML. It refuses to know where it is written.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::report::{CaseReport, Finding, Outcome, Report};

impl Report {
    /// The report as JUnit XML.
    ///
    /// # Errors
    ///
    /// Where it cannot be written as XML.
    pub fn junit(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let mut junit = quick_junit::Report::new(self.plugin.as_str());
        junit.set_time(self.cases().map(|case| case.time).sum());
        for suite in &self.suites {
            let mut written = TestSuite::new(suite.name.as_str());
            written.set_time(suite.cases.iter().map(|case| case.time).sum());
            written.add_test_cases(suite.cases.iter().map(|case| test_case(&suite.name, case)));
            junit.add_test_suite(written);
        }
        Ok(junit.to_string()?)
    }
}

fn test_case(suite: &str, case: &CaseReport) -> TestCase {
    let status = match &case.outcome {
        Outcome::Passed { .. } => TestCaseStatus::success(),
        Outcome::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
        Outcome::Failed { findings } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = findings.first().map_or("", |finding| finding.what.as_str());
            status.set_message(first).set_description(findings.iter().map(said).collect::<Vec<_>>().join("\n"));
            status
        }
    };
    let mut written = TestCase::new(case.name.as_str(), status);
    written.set_classname(suite).set_time(case.time);
    written
}

fn said(finding: &Finding) -> String {
    let Finding { what, expected, got, at, help } = finding;
    let at = at.as_ref().map_or_else(String::new, |at| format!(" ({}:{}:{})", at.file.display(), at.line, at.column));
    let help = if help.is_empty() { String::new() } else { format!("\n  {help}") };
    format!("{what}{at}\n  expected: {expected}\n  got:      {got}{help}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::Suite;

    #[test]
    fn what_failed_and_what_was_skipped_is_in_it_and_is_escaped() {
        let case = |name: &str, outcome| CaseReport {
            name: name.to_owned(),
            at: None,
            contract: None,
            outcome,
            time: Duration::from_millis(2),
        };
        let findings = vec![Finding::new("step 1: expect", "<a>", "\u{1}b & c").help("look there")];
        let cases = vec![
            case("good", Outcome::Passed { written: vec![] }),
            case("bad", Outcome::Failed { findings }),
            case("left", Outcome::Skipped { reason: "no \"lifecycle\"".to_owned() }),
        ];
        let suites = vec![Suite { name: "cases/a.toml".to_owned(), cases }];
        let report = Report { plugin: "test.a".parse().unwrap(), version: "1.0.0".to_owned(), suites };
        let xml = report.junit().unwrap();
        for part in [
            "<testsuites name=\"test.a\" tests=\"3\" skipped=\"1\" failures=\"1\"",
            "<testcase name=\"bad\" classname=\"cases/a.toml\"",
            "&lt;a&gt;",
            "b &amp; c",
            "look there",
            "<skipped message=\"no &quot;lifecycle&quot;\"",
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
    }
}
