//! Owns a run: which groups it runs, and the table it ends with. It refuses to know the page that the report is.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's results are its output")]

use std::process::ExitCode;

use criterion::Criterion;

use crate::report;
use crate::results::{Results, is_measuring};
use crate::{Measure, Row, Target, Unit};

/// Benchmarks that belong together. What one of them is called begins with the name of its group and a slash.
pub struct Group {
    /// As an argument of the program, it runs this group alone.
    pub name: &'static str,
    /// The question it answers, in a sentence.
    pub about: &'static str,
    /// Runs them.
    pub benchmarks: fn(&mut Criterion),
    /// What the report says of them.
    pub rows: &'static [Row],
}

/// What a row came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// The time of the subject and of the floor in nanoseconds, a piece; none for what is no ratio.
    pub(crate) times: Option<(f64, f64)>,
    /// What the target is about.
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

/// What a row came to; none, where part of it was not run.
///
/// # Errors
///
/// For results that cannot be read, which and why.
pub(crate) fn measured(results: &Results, measure: &Measure) -> Result<Option<Measured>, String> {
    Ok(match *measure {
        Measure::Ratio { subject, floor, pieces } => {
            let (Some(subject), Some(floor)) = (results.median(subject)?, results.median(floor)?) else {
                return Ok(None);
            };
            let (subject, floor) = (subject / pieces.0 as f64, floor / pieces.1 as f64);
            Some(Measured { times: Some((subject, floor)), value: subject / floor, unit: Unit::Times })
        }
        Measure::Time { subject, pieces } => results.median(subject)?.map(|time| Measured {
            times: None,
            value: time / pieces as f64,
            unit: Unit::Nanos,
        }),
        Measure::Figure { id, unit } => results.figure(id)?.map(|value| Measured { times: None, value, unit }),
    })
}

/// The argument that has the report of the last runs written, in place of a run.
const REPORT: &str = "report";

/// Runs the groups, or those among them that an argument names, and prints what came of them. With the argument `report` it runs
/// none and writes the report of what was run before.
pub fn run(groups: &[Group]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if is_measuring() && arguments.iter().any(|argument| argument == REPORT) {
        return match report::write(groups) {
            Ok(page) => {
                println!("{}", page.display());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let results = Results::of_this_program();
    let chosen = chosen(groups, &arguments, is_measuring());
    let mut criterion = Criterion::default().output_directory(results.folder()).configure_from_args();
    for group in &chosen {
        (group.benchmarks)(&mut criterion);
    }
    if !is_measuring() {
        return ExitCode::SUCCESS;
    }
    criterion.final_summary();
    println!("\n{:<68} {:>10} {:>10} {:>10}  target", "medians of the last run", "subject", "floor", "");
    for row in chosen.iter().flat_map(|group| group.rows) {
        match measured(&results, &row.measure) {
            Ok(Some(measured)) => println!("{}", line(row, &measured)),
            Ok(None) => {}
            Err(error) => println!("{:<68} {error}", row.what),
        }
    }
    ExitCode::SUCCESS
}

/// The groups that arguments name; all, where none is named. In a test a name that is no group's is one of a test elsewhere.
fn chosen<'g>(groups: &'g [Group], arguments: &[String], measuring: bool) -> Vec<&'g Group> {
    let is_named = |group: &&Group| arguments.iter().any(|argument| argument.split('/').next() == Some(group.name));
    let named: Vec<_> = groups.iter().filter(is_named).collect();
    let is_filtered = arguments.iter().any(|argument| !argument.starts_with('-'));
    if named.is_empty() && (measuring || !is_filtered) { groups.iter().collect() } else { named }
}

fn line(row: &Row, measured: &Measured) -> String {
    let (subject, floor) = match measured.times {
        Some((subject, floor)) => (Unit::Nanos.show(subject), Unit::Nanos.show(floor)),
        None => Default::default(),
    };
    let target = row.target.map(|target| verdict(target, measured)).unwrap_or_default();
    let line =
        format!("{:<68} {subject:>10} {floor:>10} {:>10}  {target}", row.what, measured.unit.show(measured.value));
    line.trim_end().to_owned()
}

/// A target and whether it is met.
fn verdict(target: Target, measured: &Measured) -> String {
    let met = if target.is_met(measured.value) { "met" } else { "not met" };
    format!("{}, {met}", target.show(measured.unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &[Group] = &[
        Group { name: "call", about: "", benchmarks: |_| {}, rows: &[] },
        Group { name: "load", about: "", benchmarks: |_| {}, rows: &[] },
    ];

    fn names(arguments: &[&str], measuring: bool) -> Vec<&'static str> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        chosen(GROUPS, &arguments, measuring).iter().map(|group| group.name).collect()
    }

    #[test]
    fn a_group_is_run_alone_where_it_is_named_and_a_test_elsewhere_runs_none() {
        assert_eq!(names(&["--bench"], true), ["call", "load"]);
        assert_eq!(names(&["--bench", "load"], true), ["load"]);
        assert_eq!(names(&["--bench", "call/signal-host"], true), ["call"]);
        assert_eq!(names(&["--bench", "signal-host"], true), ["call", "load"]);
        assert_eq!(names(&[], false), ["call", "load"]);
        assert_eq!(names(&["audit_chain"], false), [""; 0]);
    }

    #[test]
    fn a_ratio_is_of_times_a_piece_and_is_none_where_one_part_was_not_run() {
        let folder = tempfile::tempdir().unwrap();
        for (id, median) in [("batch/columns", 20_000), ("batch/one", 1_500)] {
            let new = folder.path().join(id).join("new");
            std::fs::create_dir_all(&new).unwrap();
            let text = format!("{{\"median\":{{\"point_estimate\":{median}}}}}");
            std::fs::write(new.join("estimates.json"), text).unwrap();
        }
        let results = Results::in_folder(folder.path());
        let row = Row::ratio("one / many", "batch/one", "batch/columns").pieces(1, 2_000).at_least(25.0);
        let measured = measured(&results, &row.measure).unwrap().unwrap();
        assert_eq!(measured.times, Some((1_500.0, 10.0)));
        assert_eq!(measured.value, 150.0);
        assert_eq!(verdict(row.target.unwrap(), &measured), "≥ 25.0 ×, met");
        let other = Row::ratio("one / none", "batch/one", "batch/none");
        assert_eq!(super::measured(&results, &other.measure), Ok(None));
        let time = Row::time("many", "batch/columns").pieces(2_000, 1);
        assert_eq!(super::measured(&results, &time.measure).unwrap().unwrap().value, 10.0);
    }
}
