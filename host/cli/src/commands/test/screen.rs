//! Owns how a report of tests looks to people: what failed in full, what passed in a line. It refuses to run any.

use hal9_testing::{CaseReport, Finding, Outcome, Place, Report, Suite};

use crate::output::{bold, count, dim, green, plain, red, time, yellow};

/// What is written below a finding stands this far in.
const INDENT: &str = "      ";

/// The report in lines; all of it, if it is to be `verbose`.
pub(super) fn text(report: &Report, verbose: bool) -> String {
    let mut text = format!("{} {}\n", bold(&report.plugin), report.version);
    for suite in &report.suites {
        // Of the laws that all plugins are held against, an author wants to hear of those that were broken.
        let is_own = suite.cases.iter().any(|case| case.at.is_some());
        text.push_str(&head(suite, is_own || verbose));
        for case in &suite.cases {
            let is_quiet = matches!(case.outcome, Outcome::Passed { .. }) && !is_own && !verbose;
            if !is_quiet {
                text.push_str(&of_case(case, verbose));
            }
        }
    }
    let sums = report.sums();
    let part = |number: usize, what: &str| (number > 0).then(|| format!("{number} {what}"));
    let parts = [part(sums.passed, "passed"), part(sums.failed, "failed"), part(sums.skipped, "skipped")];
    let sum = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    text.push_str(&format!("\n{}\n", if sums.failed == 0 { green(sum) } else { red(sum) }));
    text
}

fn head(suite: &Suite, with_cases: bool) -> String {
    if with_cases {
        return format!("\n{}\n", bold(&suite.name));
    }
    let failed = suite.cases.iter().filter(|case| !case.findings().is_empty()).count();
    let mark = if failed == 0 { green("✓") } else { red("✗") };
    format!("\n{mark} {}  {}\n", bold(&suite.name), dim(count(suite.cases.len() as u64, "law")))
}

fn of_case(case: &CaseReport, verbose: bool) -> String {
    let about = if verbose { format!("  {}", dim(time(case.time))) } else { String::new() };
    let name = plain(&case.name);
    match &case.outcome {
        Outcome::Passed { written } => {
            let files = written.iter().map(|file| format!("{INDENT}{}\n", dim(format!("wrote {}", file.display()))));
            format!("  {} {name}{about}\n{}", green("✓"), files.collect::<String>())
        }
        Outcome::Skipped { reason } => format!("  {} {name}{about}  {}\n", yellow("-"), dim(plain(reason))),
        Outcome::Failed { findings } => {
            let mut text = format!("  {} {}{about}\n", red("✗"), bold(name));
            if let Some(contract) = case.contract {
                text.push_str(&format!("{INDENT}{}\n", dim(format!("{}: {}", contract.file, contract.says))));
            }
            findings.iter().for_each(|finding| text.push_str(&of_finding(finding)));
            text
        }
    }
}

fn of_finding(finding: &Finding) -> String {
    let Finding { what, expected, got, at, help } = finding;
    let place = |at: &Place| format!("  {}", dim(format!("{}:{}:{}", at.file.display(), at.line, at.column)));
    let mut text = format!("{INDENT}{}{}\n", plain(what), at.as_ref().map(place).unwrap_or_default());
    text.push_str(&lines("expected", expected));
    text.push_str(&lines("got", got));
    if !help.is_empty() {
        text.push_str(&format!("{INDENT}{} {}\n", bold("help:"), plain(help)));
    }
    text
}

/// Lines with a word before the first of them.
fn lines(word: &str, text: &str) -> String {
    let line = |(number, line): (usize, &str)| {
        format!("{INDENT}{:<8}  {}\n", if number == 0 { word } else { "" }, plain(line))
    };
    text.split('\n').enumerate().map(line).collect()
}
