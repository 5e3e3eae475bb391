//! Owns the words of the report, in Markdown: the page, and the summary between two marks of the README. It refuses to know where
//! they are kept.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::{Row, Target, Unit};

use super::machine::Machine;
use super::notes::Notes;
use super::{Drawing, Line, Section, peers};

const BEGIN: &str = "<!-- bench summary begin -->";
const END: &str = "<!-- bench summary end -->";

/// The whole report.
pub(crate) fn page(
    sections: &[Section<'_>],
    peers: &peers::Table,
    notes: &Notes,
    machine: &Machine,
    drawings: &[Drawing],
) -> String {
    let mut text = String::from(
        "# What plugins cost\n\n\
         `cargo bench`, then `cargo bench -- report`, which wrote this page. Times are medians. A ratio is of two times of the same run, mostly \
         of a subject and its floor: the same component on bare wasmtime with the same engine settings. Machines differ, ratios travel.\n\n| | |\n|---|---|\n",
    );
    for (name, value) in &machine.facts {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push_str("\n## Targets\n\n");
    text.push_str(&targets(sections));
    for section in sections {
        let _ = write!(text, "\n## {}\n\n{}\n\n", section.name, section.about);
        let is_peers = section.name == peers::NAME;
        let table = if is_peers { peers.markdown() } else { None };
        if section.lines.is_empty() && table.is_none() {
            text.push_str(if is_peers { "Not run: that is a program of its own.\n" } else { "Not run.\n" });
            continue;
        }
        if let Some(table) = table {
            let _ = writeln!(text, "{table}");
        }
        if !section.lines.is_empty() {
            text.push_str(&matrix(section).unwrap_or_else(|| group_table(section)));
        }
        if drawings.iter().any(|drawing| drawing.name == section.name) {
            let _ = write!(text, "\n![ratios of {0}](report/{0}.svg)\n", section.name);
        }
        text.push_str(&remarks(section, notes));
    }
    text
}

/// The same figures of several subjects as a table with a line for each subject: where every row is called `SUBJECT: FIGURE` and
/// none has a floor or a target.
fn matrix(section: &Section<'_>) -> Option<String> {
    let (mut subjects, mut figures, mut cells) = (Vec::new(), Vec::new(), HashMap::new());
    for line in &section.lines {
        let (subject, figure) = line.row.what.split_once(": ")?;
        if line.measured.times.is_some() || line.row.target.is_some() {
            return None;
        }
        for (names, name) in [(&mut subjects, subject), (&mut figures, figure)] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        cells.insert((subject, figure), line.measured.unit.show(line.measured.value));
    }
    let mut text = format!("| | {} |\n|---|{}\n", figures.join(" | "), "---:|".repeat(figures.len()));
    for subject in subjects {
        let _ = write!(text, "| {subject} |");
        for figure in &figures {
            let cell = cells.get(&(subject, *figure)).map_or("", String::as_str);
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    Some(text)
}

fn group_table(section: &Section<'_>) -> String {
    let mut text = String::from("| | subject | floor | result | target |\n|---|---:|---:|---:|---|\n");
    for line in &section.lines {
        let (subject, floor) = match line.measured.times {
            Some((subject, floor)) => (Unit::Nanos.show(subject), Unit::Nanos.show(floor)),
            None => Default::default(),
        };
        let target =
            line.row.target.map(|target| format!("{}, {}", target.show(line.measured.unit), word(target, line)));
        let target = target.unwrap_or_default();
        let value = line.measured.unit.show(line.measured.value);
        let _ = writeln!(text, "| {} | {subject} | {floor} | {value} | {target} |", line.row.what);
    }
    text
}

/// Notes, what was measured in pieces, and what was not measured.
fn remarks(section: &Section<'_>, notes: &Notes) -> String {
    let mut text = String::new();
    for line in &section.lines {
        if let Some(note) = notes.of(section.name, line.row.what) {
            let _ = write!(text, "\n**{}**: {note}\n", line.row.what);
        }
    }
    let two: Vec<_> = section.lines.iter().filter(|line| line.is_of_two_runs).map(|line| line.row.what).collect();
    if !two.is_empty() {
        let _ = write!(text, "\nOf two runs, so that the ratio says little: {}.\n", two.join("; "));
    }
    text.push_str(&not_run(&section.missing));
    text
}

/// Which rows were not run; nothing, where all were.
fn not_run(rows: &[&Row]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| row.what).collect();
    if rows.is_empty() { String::new() } else { format!("\nNot run: {}.\n", rows.join("; ")) }
}

/// Every row that has a target.
fn targets(sections: &[Section<'_>]) -> String {
    let mut text = String::from("| | measured | target | |\n|---|---:|---:|---|\n");
    let (mut met, mut all) = (0, 0);
    for (line, target) in with_targets(sections) {
        all += 1;
        met += usize::from(target.is_met(line.measured.value));
        let unit = line.measured.unit;
        let (value, bound, word) = (unit.show(line.measured.value), target.show(unit), word(target, line));
        let _ = writeln!(text, "| {} | {value} | {bound} | {word} |", line.row.what);
    }
    let _ = write!(text, "\n{met} of {all} that were measured are met.\n");
    let missing = sections.iter().flat_map(|section| &section.missing).copied();
    text.push_str(&not_run(&missing.filter(|row| row.target.is_some()).collect::<Vec<_>>()));
    text
}

fn with_targets<'s>(sections: &'s [Section<'_>]) -> impl Iterator<Item = (&'s Line<'s>, Target)> {
    sections.iter().flat_map(|section| &section.lines).filter_map(|line| Some((line, line.row.target?)))
}

/// Whether a target is met, in a word that is seen where it is not.
fn word(target: Target, line: &Line<'_>) -> &'static str {
    if target.is_met(line.measured.value) { "met" } else { "**not met**" }
}

/// What the README says of it all.
pub(crate) fn summary(sections: &[Section<'_>], machine: &Machine) -> String {
    let mut text = targets(sections);
    let on: Vec<_> = ["processor", "cores", "wasmtime", "measured"]
        .into_iter()
        .filter_map(|name| Some(format!("{name} {}", machine.fact(name)?)))
        .collect();
    let _ = write!(text, "\nOn {}. [The whole report](benches/REPORT.md).\n", on.join(", "));
    text
}

/// A text with what stands between the marks of the summary replaced.
///
/// # Errors
///
/// Where the marks are not there.
pub(crate) fn with_summary(text: &str, summary: &str) -> Result<String, String> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(format!("there is no place for the summary: write `{BEGIN}` and `{END}` where it is to be"));
    };
    Ok(format!("{before}{BEGIN}\n{summary}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Measured;

    const ROWS: &[Row] = &[
        Row::ratio("signal: host / bare", "call/host", "call/bare").at_most(1.15),
        Row::time("fresh", "instantiate/fresh").at_most(8e3),
        Row::figure("bytes a plugin", "scale/bytes", Unit::Bytes),
        Row::time("cold start", "load/cold").at_most(25e6),
    ];

    fn section() -> Section<'static> {
        let line = |at: usize, times, value, unit| Line {
            row: &ROWS[at],
            measured: Measured { times, value, unit },
            is_of_two_runs: at == 0,
        };
        let lines = vec![
            line(0, Some((1_300.0, 1_000.0)), 1.3, Unit::Times),
            line(1, None, 7_000.0, Unit::Nanos),
            line(2, None, 45_056.0, Unit::Bytes),
        ];
        Section { name: "call", about: "A call.", lines, missing: vec![&ROWS[3]] }
    }

    #[test]
    fn a_group_shows_its_rows_their_targets_and_what_was_not_run() {
        let section = section();
        let table = group_table(&section);
        assert!(
            table.contains("| signal: host / bare | 1.30 µs | 1.00 µs | 1.30 × | ≤ 1.15 ×, **not met** |"),
            "{table}"
        );
        assert!(table.contains("| fresh |  |  | 7.00 µs | ≤ 8.00 µs, met |"), "{table}");
        assert!(table.contains("| bytes a plugin |  |  | 44.0 KiB |  |"), "{table}");
        let remarks = remarks(&section, &Notes::default());
        assert!(remarks.contains("Not run: cold start.") && remarks.contains("Of two runs"), "{remarks}");
        let targets = targets(&[section]);
        assert!(targets.contains("1 of 2 that were measured are met."), "{targets}");
        assert!(!targets.contains("bytes a plugin") && targets.contains("Not run: cold start."), "{targets}");
    }

    #[test]
    fn the_same_figures_of_several_subjects_are_a_table() {
        const ROWS: &[Row] = &[
            Row::figure("C: component", "languages/c-component", Unit::Bytes),
            Row::time("C: signal", "languages/c-signal"),
            Row::time("Zig: signal", "languages/zig-signal"),
        ];
        let line = |at: usize, value, unit| Line {
            row: &ROWS[at],
            measured: Measured { times: None, value, unit },
            is_of_two_runs: false,
        };
        let lines = vec![line(0, 2_048.0, Unit::Bytes), line(1, 3_000.0, Unit::Nanos), line(2, 4_000.0, Unit::Nanos)];
        let table = matrix(&Section { name: "languages", about: "", lines, missing: Vec::new() }).unwrap();
        let expected = "| | component | signal |\n|---|---:|---:|\n| C | 2.0 KiB | 3.00 µs |\n| Zig |  | 4.00 µs |\n";
        assert_eq!(table, expected);
        assert_eq!(matrix(&section()), None, "rows with floors and targets");
    }

    #[test]
    fn the_summary_takes_the_place_of_the_last_one_and_a_text_without_a_place_is_refused() {
        let before = format!("# HAL9\n\n{BEGIN}\nold\n{END}\n\nmore\n");
        let after = with_summary(&before, "new\n").unwrap();
        assert_eq!(after, format!("# HAL9\n\n{BEGIN}\nnew\n{END}\n\nmore\n"));
        assert_eq!(with_summary(&after, "new\n").unwrap(), after);
        for without in ["# HAL9\n", BEGIN, &format!("{END} {BEGIN}")] {
            assert!(with_summary(without, "new").unwrap_err().contains(END));
        }
    }
}
