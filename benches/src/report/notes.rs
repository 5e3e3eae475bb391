//! Owns what people have written about rows: what was tried where a target is not met, and what bounds it. It refuses to know
//! what was measured.

use std::collections::BTreeMap;
use std::path::Path;

use super::Section;

/// Notes by group and by what a row measures. In TOML a table a group: `"what" = "note"`.
#[derive(Default)]
pub(crate) struct Notes(BTreeMap<String, BTreeMap<String, String>>);

impl Notes {
    /// Those of a file; none, where it is not there.
    ///
    /// # Errors
    ///
    /// For a file that cannot be read, and for one that is no such TOML, with where.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(|error| format!("{}: {error}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    /// The note of a row.
    pub(crate) fn of(&self, group: &str, what: &str) -> Option<&str> {
        self.0.get(group)?.get(what).map(|note| note.trim())
    }

    /// Whether each note is about a row.
    ///
    /// # Errors
    ///
    /// For the first that is about none, as it would be lost.
    pub(crate) fn check(&self, sections: &[Section<'_>]) -> Result<(), String> {
        for (group, notes) in &self.0 {
            let section = sections.iter().find(|section| section.name == group);
            for what in notes.keys() {
                let is_there = section.is_some_and(|section| {
                    let measured = section.lines.iter().map(|line| line.row);
                    measured.chain(section.missing.iter().copied()).any(|row| row.what == what)
                });
                if !is_there {
                    return Err(format!(
                        "notes.toml: there is no row \"{what}\" in [{group}]; name it as the table does"
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Row;

    #[test]
    fn a_note_belongs_to_a_row_and_one_that_belongs_to_none_is_refused() {
        let notes = Notes::parse("[call]\n\"signal: host / bare\" = '''\nBound by lists.\n'''\n").unwrap();
        assert_eq!(notes.of("call", "signal: host / bare"), Some("Bound by lists."));
        assert_eq!(notes.of("load", "signal: host / bare"), None);
        const ROW: Row = Row::time("signal: host / bare", "call/signal");
        let section = |missing| Section { name: "call", about: "", lines: Vec::new(), missing };
        assert_eq!(notes.check(&[section(vec![&ROW])]), Ok(()));
        assert!(notes.check(&[section(Vec::new())]).unwrap_err().contains("signal: host / bare"));
    }

    #[test]
    fn what_is_no_note_is_refused_with_its_place() {
        assert!(Notes::parse("[call]\nsignal = 3\n").err().unwrap().contains("line 2"));
        assert!(Notes::parse("[call\n").is_err());
    }
}
