//! Owns what was measured: where criterion keeps its estimates, and beside them the figures that are no times. It refuses to
//! know what they mean.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::Measure;

/// Whether this program runs to measure, and not to be tested: `cargo bench` says so, `cargo test` does not. What is only
/// tested does everything once and in small, and keeps nothing.
pub fn is_measuring() -> bool {
    let has = |wanted: &str| std::env::args().skip(1).any(|argument| argument == wanted);
    has("--bench") && !has("--test")
}

/// Keeps a figure that is no time, such as bytes, under its id, `group/name`. The report shows it.
///
/// # Panics
///
/// Where it cannot be written, with why.
pub fn record(id: &str, value: f64) {
    if is_measuring() {
        Results::of_this_program().record(id, value);
    }
}

/// The folder that criterion writes to.
pub(crate) struct Results {
    folder: PathBuf,
}

impl Results {
    /// `criterion` in the target folder that this program was built into.
    pub(crate) fn of_this_program() -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        // target/<profile>/deps/<program>
        Self::in_folder(program.ancestors().nth(3).unwrap_or(Path::new("target")).join("criterion"))
    }

    pub(crate) fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn record(&self, id: &str, value: f64) {
        let file = self.figure_file(id);
        let folder = file.parent().unwrap_or(&self.folder);
        let text = serde_json::json!({ "value": value }).to_string();
        if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text)) {
            panic!("{}: {error}", file.display());
        }
    }

    /// The median time of a benchmark in nanoseconds; none, where it was not run.
    ///
    /// # Errors
    ///
    /// For a file that is there and cannot be read, which one and why.
    pub(crate) fn median(&self, id: &str) -> Result<Option<f64>, String> {
        number(&self.estimates_file(id), &["median", "point_estimate"])
    }

    /// What was recorded under an id; none, where nothing was.
    ///
    /// # Errors
    ///
    /// As [`median`](Self::median).
    pub(crate) fn figure(&self, id: &str) -> Result<Option<f64>, String> {
        number(&self.figure_file(id), &["value"])
    }

    /// When the parts of a measure were measured; empty, where they were not.
    pub(crate) fn times(&self, measure: &Measure) -> Vec<SystemTime> {
        let files = match measure {
            Measure::Ratio { subject, floor, .. } => vec![self.estimates_file(subject), self.estimates_file(floor)],
            Measure::Time { subject, .. } => vec![self.estimates_file(subject)],
            Measure::Figure { id, .. } => vec![self.figure_file(id)],
        };
        files.iter().filter_map(|file| fs::metadata(file).ok()?.modified().ok()).collect()
    }

    fn estimates_file(&self, id: &str) -> PathBuf {
        self.folder.join(id).join("new").join("estimates.json")
    }

    fn figure_file(&self, id: &str) -> PathBuf {
        self.folder.join("figures").join(format!("{id}.json"))
    }
}

/// The number at a place in a JSON file; none, where there is no such file.
fn number(file: &Path, place: &[&str]) -> Result<Option<f64>, String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}; delete it and measure again", file.display())),
    };
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}; delete it and measure again", file.display()))?;
    let number = place.iter().try_fold(&value, |value, name| value.get(name)).and_then(Value::as_f64);
    match number {
        Some(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
        _ => Err(format!("{}: no number at `{}`; delete it and measure again", file.display(), place.join("."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_estimates(text: &str) -> (tempfile::TempDir, Results) {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::in_folder(folder.path());
        let file = results.estimates_file("call/host");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        (folder, results)
    }

    #[test]
    fn the_median_is_read_from_where_criterion_writes_it() {
        let (_folder, results) = with_estimates(r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":7.5}}"#);
        assert_eq!(results.median("call/host"), Ok(Some(7.5)));
    }

    #[test]
    fn what_was_not_run_is_no_error_and_what_is_garbled_is_one_that_names_its_file() {
        let (_folder, results) = with_estimates("{\"median\":");
        assert_eq!(results.median("call/bare"), Ok(None));
        assert_eq!(results.figure("scale/bytes"), Ok(None));
        let error = results.median("call/host").unwrap_err();
        assert!(error.contains("call/host/new/estimates.json"), "{error}");
        for garbled in ["[]", "{}", r#"{"median":{"point_estimate":"7"}}"#, r#"{"median":{"point_estimate":-1}}"#] {
            let (_folder, results) = with_estimates(garbled);
            assert!(results.median("call/host").unwrap_err().contains("`median.point_estimate`"), "{garbled}");
        }
    }

    #[test]
    fn a_figure_is_what_was_recorded_last() {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::in_folder(folder.path());
        results.record("scale/bytes", 1.0);
        results.record("scale/bytes", 44_032.0);
        assert_eq!(results.figure("scale/bytes"), Ok(Some(44_032.0)));
    }
}
