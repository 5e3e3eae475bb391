//! Owns tables of numbers from CSV files: features as one flat list, targets as numbers or names. It refuses to know what
//! learns from them.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::plain;

/// The most numbers that a file may have.
const NUMBERS: usize = 16 << 20;

/// A CSV file with a head line.
#[derive(Debug)]
pub(crate) struct Dataset {
    path: PathBuf,
    head: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

/// Rows of features, one after the other.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The names of the columns.
    pub(crate) features: Vec<String>,
    numbers: Vec<f32>,
    rows: usize,
}

/// What is to be learned of each row.
#[derive(Debug)]
pub(crate) struct Targets {
    numbers: Vec<f32>,
    classes: Option<Vec<String>>,
}

impl Dataset {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |error: &csv::Error| match error.kind() {
            csv::ErrorKind::Io(error) => Failure::file(path, error),
            _ => Failure::usage(format!("{}: {error}", path.display()), "give a CSV file with a head line"),
        };
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|error| wrong(&error))?;
        let head: Vec<String> = reader.headers().map_err(|error| wrong(&error))?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for row in reader.into_records() {
            rows.push(row.map_err(|error| wrong(&error))?);
            if rows.len().saturating_mul(head.len()) > NUMBERS {
                let what = format!("{}: over {NUMBERS} numbers", path.display());
                return Err(Failure::usage(what, "split the file, and train on one part after the other"));
            }
        }
        Ok(Self { path: path.to_owned(), head, rows })
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.head.iter().any(|name| name == column)
    }

    /// The named columns as numbers.
    pub(crate) fn features(&self, names: &[String]) -> Result<Rows, Failure> {
        let columns: Vec<usize> = names.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?;
        let mut numbers = Vec::with_capacity(columns.len() * self.rows.len());
        for row in &self.rows {
            for column in &columns {
                numbers.push(self.number(row, *column)?);
            }
        }
        Ok(Rows { features: names.to_vec(), numbers, rows: self.rows.len() })
    }

    /// Features and targets. Features are the named columns, or all but the target. Targets are numbers where every one is;
    /// else they are names of classes, counted in the order in which they occur, after those that are known.
    pub(crate) fn split(
        &self,
        target: &str,
        features: Option<&[String]>,
        known: Option<Vec<String>>,
    ) -> Result<(Rows, Targets), Failure> {
        let column = self.column(target)?;
        let all: Vec<String> = self.head.iter().filter(|name| *name != target).cloned().collect();
        let rows = self.features(features.unwrap_or(&all))?;
        let texts = || self.rows.iter().map(|row| row.get(column).unwrap_or_default());
        if known.is_none() && texts().all(|text| text.parse::<f32>().is_ok_and(f32::is_finite)) {
            let numbers = texts().filter_map(|text| text.parse().ok()).collect();
            return Ok((rows, Targets { numbers, classes: None }));
        }
        let mut classes = known.unwrap_or_default();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for text in texts() {
            let class = classes.iter().position(|class| class == text).unwrap_or_else(|| {
                classes.push(text.to_owned());
                classes.len() - 1
            });
            numbers.push(class as f32);
        }
        Ok((rows, Targets { numbers, classes: Some(classes) }))
    }

    fn column(&self, name: &str) -> Result<usize, Failure> {
        self.head.iter().position(|column| column == name).ok_or_else(|| {
            let names: Vec<_> = self.head.iter().take(12).map(|name| plain(name)).collect();
            let what = format!("{} has no column `{}`", self.path.display(), plain(name));
            Failure::usage(what, format!("its head line has: {}", names.join(", ")))
        })
    }

    fn number(&self, row: &csv::StringRecord, column: usize) -> Result<f32, Failure> {
        let text = row.get(column).unwrap_or_default();
        text.parse::<f32>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
            let line = row.position().map_or(0, csv::Position::line);
            let name = self.head.get(column).map(String::as_str).unwrap_or_default();
            let what = format!(
                "{}, line {line}: `{}` in column `{}` is no number",
                self.path.display(),
                plain(text),
                plain(name)
            );
            Failure::usage(what, "correct the line, or remove the column")
        })
    }
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Numbers a row.
    pub(crate) fn dimensions(&self) -> u32 {
        u32::try_from(self.features.len()).unwrap_or(u32::MAX)
    }

    /// All rows, one after the other.
    pub(crate) fn all(&self) -> &[f32] {
        &self.numbers
    }

    /// The rows, so many at once.
    pub(crate) fn batches(&self, rows: usize) -> impl Iterator<Item = &[f32]> {
        self.numbers.chunks((rows * self.features.len()).max(1))
    }
}

impl Targets {
    /// One number a row.
    pub(crate) fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// The names of the classes, where they are names.
    pub(crate) fn classes(self) -> Option<Vec<String>> {
        self.classes
    }

    /// What a predicted number stands for.
    pub(crate) fn name(classes: Option<&[String]>, number: f32) -> String {
        let class = classes.and_then(|classes| classes.get(number as usize));
        class.map_or_else(|| number.to_string(), |class| plain(class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(text: &str) -> Result<Dataset, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, text).unwrap();
        Dataset::read(&path)
    }

    #[test]
    fn names_become_classes_and_known_ones_keep_their_numbers() {
        let data = dataset("a,label,b\n1,cat,2\n3, dog ,4\n5,cat,6\n").unwrap();
        let (rows, targets) = data.split("label", None, Some(vec!["dog".into()])).unwrap();
        assert_eq!((rows.features.as_slice(), rows.len()), (["a".to_owned(), "b".to_owned()].as_slice(), 3));
        assert_eq!(rows.batches(2).collect::<Vec<_>>(), [&[1.0, 2.0, 3.0, 4.0][..], &[5.0, 6.0]]);
        assert_eq!(targets.numbers(), [1.0, 0.0, 1.0]);
        assert_eq!(Targets::name(targets.classes().as_deref(), 1.0), "cat");
    }

    #[test]
    fn numbers_stay_numbers() {
        let (_, targets) = dataset("a,label\n1,7\n2,0.5\n").unwrap().split("label", None, None).unwrap();
        assert_eq!(targets.numbers(), [7.0, 0.5]);
        assert_eq!(targets.classes(), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = dataset("a,label\n1,2\nx,3\n").unwrap().split("label", None, None).unwrap_err();
        assert!(error.message.ends_with("data.csv, line 3: `x` in column `a` is no number"), "{}", error.message);
        let error = dataset("a,b\n1,2\n").unwrap().split("label", None, None).unwrap_err();
        assert!(error.message.contains("no column `label`") && error.help.unwrap().contains("a, b"));
        let error = dataset("a,b\n1,2,3\n").unwrap_err();
        assert!(error.message.contains("line: 2") || error.message.contains("line 2"), "{}", error.message);
    }
}
