//! Owns the report: what the last runs came to as a page with tables and drawings, and its summary in the README. It refuses to
//! measure anything; what was not run it leaves out, and says so.

mod machine;
mod notes;
mod page;
mod peers;
mod plot;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::results::Results;
use crate::run::{Group, Measured, measured};
use crate::{Measure, Row};
use machine::Machine;
use notes::Notes;

/// What is measured further apart than this was not measured in one run.
const ONE_RUN: Duration = Duration::from_secs(3 * 60 * 60);

/// A group with what its rows came to.
pub(crate) struct Section<'g> {
    pub(crate) name: &'g str,
    pub(crate) about: &'g str,
    pub(crate) lines: Vec<Line<'g>>,
    /// Rows of which nothing or only part was run.
    pub(crate) missing: Vec<&'g Row>,
}

/// A row with what it came to.
pub(crate) struct Line<'g> {
    pub(crate) row: &'g Row,
    pub(crate) measured: Measured,
    /// Whether its parts are of different runs, so that its ratio says little.
    pub(crate) is_of_two_runs: bool,
}

impl<'g> Section<'g> {
    /// # Errors
    ///
    /// For results that cannot be read, which and why.
    fn new(results: &Results, name: &'g str, about: &'g str, rows: &'g [Row]) -> Result<Self, String> {
        let mut section = Self { name, about, lines: Vec::new(), missing: Vec::new() };
        for row in rows {
            match measured(results, &row.measure)? {
                Some(measured) => {
                    let is_of_two_runs = is_of_two_runs(&results.times(&row.measure));
                    section.lines.push(Line { row, measured, is_of_two_runs });
                }
                None => section.missing.push(row),
            }
        }
        Ok(section)
    }
}

fn is_of_two_runs(times: &[SystemTime]) -> bool {
    let (first, last) = (times.iter().min(), times.iter().max());
    first.zip(last).is_some_and(|(first, last)| last.duration_since(*first).is_ok_and(|apart| apart > ONE_RUN))
}

/// Writes the page, its drawings and the summary; where the page is.
///
/// # Errors
///
/// For results or notes that cannot be read, a README without a place for the summary, and files that cannot be written:
/// which and why.
pub(crate) fn write(groups: &[Group]) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = Results::of_this_program();
    let mut sections = Vec::new();
    for group in groups {
        sections.push(Section::new(&results, group.name, group.about, group.rows)?);
    }
    sections.push(Section::new(&results, peers::NAME, peers::ABOUT, peers::ROWS)?);
    let times: Vec<_> = groups
        .iter()
        .flat_map(|group| group.rows)
        .chain(peers::ROWS)
        .flat_map(|row| results.times(&row.measure))
        .collect();
    if times.is_empty() {
        return Err("nothing was measured yet: run `cargo bench` first".to_owned());
    }
    let peers = peers::Table::new(&results)?;
    let notes = Notes::read(&folder.join("notes.toml"))?;
    notes.check(&sections)?;
    let machine = Machine::here(folder, &times);
    let drawings = drawings(&sections, &peers)?;

    let page = page::page(&sections, &peers, &notes, &machine, &drawings);
    let drawn = folder.join("report");
    fs::create_dir_all(&drawn).map_err(|error| format!("{}: {error}", drawn.display()))?;
    for drawing in &drawings {
        save(&drawn.join(format!("{}.svg", drawing.name)), &drawing.svg)?;
    }
    let readme = folder.with_file_name("README.md");
    let text = fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let text = page::with_summary(&text, &page::summary(&sections, &machine))
        .map_err(|error| format!("{}: {error}", readme.display()))?;
    save(&readme, &text)?;
    let file = folder.join("REPORT.md");
    save(&file, &page)?;
    Ok(file)
}

/// A drawing of a group.
pub(crate) struct Drawing {
    /// The group's name, and that of the file.
    pub(crate) name: String,
    svg: String,
}

/// A drawing for each group that has ratios.
fn drawings(sections: &[Section<'_>], peers: &peers::Table) -> Result<Vec<Drawing>, String> {
    let mut drawings = Vec::new();
    for section in sections {
        let bars = if section.name == peers::NAME { peers.bars() } else { bars(section) };
        if !bars.is_empty() {
            drawings.push(Drawing { name: section.name.to_owned(), svg: plot::ratios(&bars)? });
        }
    }
    Ok(drawings)
}

fn bars(section: &Section<'_>) -> Vec<plot::Bar> {
    let ratios = section.lines.iter().filter(|line| matches!(line.row.measure, Measure::Ratio { .. }));
    ratios
        .map(|line| plot::Bar {
            label: line.row.what.to_owned(),
            value: line.measured.value,
            missed: line.row.target.is_some_and(|target| !target.is_met(line.measured.value)),
        })
        .collect()
}

fn save(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_two_runs_is_told_from_one_of_the_same_run() {
        let begun = SystemTime::UNIX_EPOCH;
        assert!(!is_of_two_runs(&[]));
        assert!(!is_of_two_runs(&[begun + Duration::from_secs(60), begun]));
        assert!(is_of_two_runs(&[begun + ONE_RUN + Duration::from_secs(1), begun]));
    }
}
