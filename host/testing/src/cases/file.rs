//! Owns the reading of case files: every fault of one is an error with its line and its column. It refuses to know where a
//! plugin is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Case, Conformance, Text};

/// The most of a case file, in bytes.
const MOST: u64 = 4 << 20;

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file says what no case may say.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Text {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
        /// The line.
        text: String,
    },
    /// Two files say how the conformance suite is run.
    #[error("{} and {} both have [conformance]", first.display(), second.display())]
    TwoConformances {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

/// A file of cases.
#[derive(Debug)]
pub(crate) struct CaseFile {
    pub(crate) path: PathBuf,
    pub(crate) conformance: Option<Conformance>,
    /// Each with where it begins.
    pub(crate) cases: Vec<(usize, Case)>,
    text: String,
}

impl CaseFile {
    /// All `.toml` files in a folder, in the order of their names; none, where there is no such folder.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, CaseError> {
        let failed = |source| CaseError::File { path: folder.to_owned(), source };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        let files: Vec<_> = paths.into_iter().map(Self::read).collect::<Result<_, _>>()?;
        let mut settings = files.iter().filter(|file| file.conformance.is_some()).map(|file| file.path.clone());
        match (settings.next(), settings.next()) {
            (Some(first), Some(second)) => Err(CaseError::TwoConformances { first, second }),
            _ => Ok(files),
        }
    }

    fn read(path: PathBuf) -> Result<Self, CaseError> {
        let failed = |source| CaseError::File { path: path.clone(), source };
        let large = || io::Error::new(io::ErrorKind::FileTooLarge, "a case file has 4 MiB at most");
        if fs::metadata(&path).map_err(failed)?.len() > MOST {
            return Err(failed(large()));
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        Self::parse(path, text)
    }

    pub(crate) fn parse(path: PathBuf, text: String) -> Result<Self, CaseError> {
        let read: Text = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(&path, &text, at, error.message().to_owned())
        })?;
        let cases: Vec<_> = read.cases.into_iter().map(|case| (case.span().start, case.into_inner())).collect();
        let mut names = BTreeSet::new();
        for (at, case) in &cases {
            if let Some(message) = fault(case, &mut names) {
                return Err(wrong(&path, &text, *at, message));
            }
        }
        Ok(Self { path, conformance: read.conformance, cases, text })
    }

    /// What is wrong at a place in the file.
    pub(crate) fn wrong(&self, at: usize, message: String) -> CaseError {
        wrong(&self.path, &self.text, at, message)
    }

    /// The line and the column of a place in the file, both counted from 1.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        place(&self.text, at)
    }
}

fn wrong(path: &Path, text: &str, at: usize, message: String) -> CaseError {
    let (line, column) = place(text, at);
    let shown = text.lines().nth(line - 1).unwrap_or_default().to_owned();
    CaseError::Text { path: path.to_owned(), line, column, message, text: shown }
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// What is wrong with a case as a whole.
fn fault<'a>(case: &'a Case, names: &mut BTreeSet<&'a str>) -> Option<String> {
    const INTERFACES: [&str; 8] = ["clock", "config", "learning", "logging", "memory", "metrics", "plugins", "signals"];
    if case.name.trim().is_empty() {
        return Some("a case needs a name that says what it is about".to_owned());
    }
    if !names.insert(&case.name) {
        return Some(format!("there is another case called `{}`", case.name));
    }
    if case.steps.is_empty() && case.denied.is_none() {
        return Some(format!(
            "`{}` does nothing: write [[case.step]], or `denied` for what is refused when it is loaded",
            case.name
        ));
    }
    let fault = case.fault.as_ref()?;
    if fault.call == 0 {
        return Some("calls are counted from 1".to_owned());
    }
    let of = fault.of.as_deref()?;
    let interface = of.split('.').next().unwrap_or_default();
    (!INTERFACES.contains(&interface)).then(|| {
        format!(
            "`{of}` is no interface of the host; write one of {}, or a function such as memory.set",
            INTERFACES.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CaseFile, String> {
        CaseFile::parse("cases/a.toml".into(), text.to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_case_says_where_it_is_and_so_does_each_of_its_steps() {
        let text = "\n[[case]]\nname = 'a'\n[[case.step]]\nsignal = { content = 'x' }\nexpect = { content = 'y' }\n";
        let file = read(text).unwrap();
        let (at, case) = &file.cases[0];
        assert_eq!(file.place(*at).0, 2);
        assert_eq!(file.place(case.steps[0].span().start).0, 4);
        assert_eq!(file.place(case.steps[0].get_ref().expected_at.unwrap()), (6, 10));
    }

    #[test]
    fn what_the_guide_shows_is_what_is_read() {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/TESTING.md");
        let guide = fs::read_to_string(guide).unwrap();
        let blocks: Vec<_> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(blocks.len(), 3);
        for block in blocks {
            // Members of a case stand alone where the text is about them.
            let is_whole = block.starts_with('[');
            let text = if is_whole { block.to_owned() } else { format!("[[case]]\nname = 'a'\ndenied = []\n{block}") };
            read(&text).unwrap();
        }
    }

    #[test]
    fn what_no_case_may_say_is_an_error_with_its_line() {
        let step = "[[case]]\nname = 'a'\n[[case.step]]\n";
        let wrong = [
            ("[[case]]\nname = 'a'\ncolour = 'red'\n", "cases/a.toml:3:1: unknown field `colour`"),
            ("[[case]]\nname = ''\n", "cases/a.toml:1:1: a case needs a name"),
            ("[[case]]\nname = 'a'\n", "does nothing"),
            (&format!("{step}signal = {{}}\nreload = true\n"), ":3:1: a step does one thing"),
            (step, "a step does one thing"),
            (&format!("{step}reload = true\nexpect = 1\ngolden = 'x'\n"), "one thing comes of a step"),
            (&format!("{step}signal = {{ contents = 'x' }}\n"), ":4:12: unknown field `contents`"),
            (&format!("{step}reload = true\nexpect = 'x'\n"), ":5:10: a string is read as JSON here"),
            ("[[case]]\nname = 'a'\nfault = { call = 0, kind = 'deny' }\ndenied = []\n", "counted from 1"),
            ("[[case]]\nname = 'a'\nfault = { call = 1, kind = 'explode' }\n", ":3:28: unknown variant `explode`"),
            (
                "[[case]]\nname = 'a'\nfault = { call = 1, of = 'disk', kind = 'deny' }\ndenied = []\n",
                "`disk` is no interface",
            ),
            ("[[case]]\nname = 'a'\nplugins = [{ id = 'a.b', result = 1 }]\n", "write `tool` with `result`"),
            ("[[case]]\nname = 'a'\ngrant = ['Everything']\n", ":3:"),
            ("[[case]]\nname =\n", "cases/a.toml:2:7"),
        ];
        for (text, expected) in wrong {
            let said = read(text).unwrap_err();
            assert!(said.contains(expected), "{text}\n{said}");
        }
        let twice = format!("{step}reload = true\n{step}reload = true\n");
        assert!(read(&twice).unwrap_err().contains(":5:1: there is another case called `a`"));
    }
}
