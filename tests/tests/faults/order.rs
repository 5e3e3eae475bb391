//! In which order a command changes files. Killing it cannot show that what it has acknowledged is on the disk: the system
//! keeps what a killed command has written, and a machine without power does not.

use std::path::Path;

use super::calls::Change;
use super::prepared::Prepared;
use super::tracer::{Fault, run};

#[test]
fn files_are_on_the_disk_before_the_registry_knows_them_and_go_after_it_forgot_them() {
    let prepared = Prepared::new();
    for scenario in &prepared.scenarios {
        let home = scenario.home();
        let traced = run(&home.command(&scenario.args), home.path(), Fault::None);
        assert_eq!(traced.status, Some(0), "{}: {traced:#?}", scenario.name);
        let order = Order { changes: &traced.changes, home: home.path() };
        let problem = if scenario.name == "uninstall" { order.taken_out() } else { order.put_in() };
        assert_eq!(problem, None, "{}: {:#?}", scenario.name, traced.changes);
    }
}

struct Order<'a> {
    changes: &'a [Change],
    home: &'a Path,
}

impl Order<'_> {
    /// Each file is synced, renamed, and the rename synced; then the registry is written, and synced.
    fn put_in(&self) -> Option<String> {
        let renames = self.positions(|one| one.name.starts_with("rename") && self.is_content(one));
        let Some(first) = renames.first() else { return Some("nothing was put into the store".to_owned()) };
        let mut stored = *first;
        for at in &renames {
            let target = &self.changes[*at].path;
            let before = |one: &Change| one.path != *target && one.path.file_name() == target.file_name();
            let written = self.positions(|one| one.name.contains("write") && before(one));
            let written = written.into_iter().rfind(|written| written < at);
            let is_synced =
                written.is_some_and(|written| self.changes[written..*at].iter().any(|one| syncs(one) && before(one)));
            if !is_synced {
                return Some(format!("{} was renamed before it was synced", target.display()));
            }
            let folder = target.parent();
            let synced = self.changes[*at..].iter().position(|one| syncs(one) && Some(one.path.as_path()) == folder);
            let Some(synced) = synced else {
                return Some(format!("the folder of {} was not synced", target.display()));
            };
            stored = stored.max(at + synced);
        }
        if self.changes[*first..stored].iter().any(|one| self.is_record(one)) {
            return Some("the registry was written before the files were on the disk".to_owned());
        }
        (!self.is_recorded(stored, self.changes.len()))
            .then(|| "the registry was not written and synced after the files".to_owned())
    }

    /// The registry is written and synced; then the files are removed.
    fn taken_out(&self) -> Option<String> {
        let removed = self.positions(|one| one.name.starts_with("unlink") && self.is_content(one));
        let Some(first) = removed.first() else { return Some("nothing was removed".to_owned()) };
        (!self.is_recorded(0, *first)).then(|| "files were removed that the registry may still know".to_owned())
    }

    /// Whether the registry was written in between, and all of that synced.
    fn is_recorded(&self, from: usize, to: usize) -> bool {
        let between = &self.changes[from..to];
        let last = between.iter().rposition(|one| self.is_record(one));
        last.is_some_and(|last| between[last..].iter().any(|one| syncs(one) && one.path == self.log()))
    }

    fn is_record(&self, change: &Change) -> bool {
        change.name.contains("write") && change.path == self.log()
    }

    /// What SQLite writes a transaction to.
    fn log(&self) -> std::path::PathBuf {
        self.home.join("registry.db-wal")
    }

    fn is_content(&self, change: &Change) -> bool {
        change.path.starts_with(self.home.join("store").join("blobs"))
    }

    fn positions(&self, is: impl Fn(&Change) -> bool) -> Vec<usize> {
        self.changes.iter().enumerate().filter(|(_, one)| is(one)).map(|(at, _)| at).collect()
    }
}

fn syncs(change: &Change) -> bool {
    matches!(change.name, "fsync" | "fdatasync")
}
