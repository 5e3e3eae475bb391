//! Owns what differs between two sides, and whom that breaks. It refuses to know how that is shown.

mod change;
mod functions;
mod names;
mod parts;
mod question;
mod reach;
mod rules;
mod same;
mod types;
mod walk;
mod worlds;

use std::collections::BTreeMap;

use serde::Serialize;
use wit_parser::PackageId;

pub use change::{Change, Kind, Party};
pub use question::Question;

use crate::wit::Subject;
use crate::{Error, Wit};
use names::Names;
use reach::Items;
use walk::Walk;

/// What differs between two sides.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// What was asked.
    pub question: Question,
    /// All changes: those that break built plugins first, those that break nobody last, and by their paths.
    pub changes: Vec<Change>,
    /// Packages, with their versions, that are on one side alone, so that nothing is said of them. WASI's are not named where a
    /// component is compared, as every host of HAL9's has them.
    pub left_out: Vec<String>,
}

impl Diff {
    /// How many changes break one of these.
    pub fn breaking(&self, parties: &[Party]) -> usize {
        self.changes.iter().filter(|change| parties.iter().any(|party| change.breaks.contains(party))).count()
    }
}

/// What differs between two sides. Packages are compared that both have; of a component what it uses, without what it imports of
/// WASI, as every plugin has that.
///
/// # Errors
///
/// [`Error::NothingInCommon`] for two sides without a common package.
pub fn diff(old: &Wit, new: &Wit) -> Result<Diff, Error> {
    let question = Question::of(old, new);
    let (was, is) = (Names::new(&old.resolve), Names::new(&new.resolve));
    let (was_packages, is_packages) = (was.packages(), is.packages());
    let mut both: BTreeMap<String, (PackageId, PackageId)> = BTreeMap::new();
    for (name, id) in &was_packages {
        if let Some(other) = is_packages.get(name) {
            both.insert((*name).to_owned(), (*id, *other));
        }
    }
    let own = |wit: &Wit| match wit.subject {
        Subject::Component(world) => wit.resolve.worlds[world].package,
        Subject::Contract(_) => None,
    };
    if both.is_empty() {
        let list = |names: &BTreeMap<&str, PackageId>, wit: &Wit| {
            let names: Vec<_> = names.iter().filter(|(_, id)| own(wit) != Some(**id)).map(|(name, _)| *name).collect();
            if names.is_empty() { "no package".to_owned() } else { names.join(", ") }
        };
        return Err(Error::NothingInCommon {
            old: old.name().to_owned(),
            new: new.name().to_owned(),
            of_old: list(&was_packages, old),
            of_new: list(&is_packages, new),
        });
    }
    let mut left_out: Vec<String> = Vec::new();
    for (packages, wit) in [(&was_packages, old), (&is_packages, new)] {
        let alone = packages.iter().filter(|(name, id)| {
            let is_wasi = question != Question::Contract && name.starts_with("wasi:");
            !both.contains_key(**name) && own(wit) != Some(**id) && !is_wasi
        });
        left_out.extend(alone.map(|(_, id)| wit.resolve.packages[*id].name.to_string()));
    }
    left_out.sort();
    left_out.dedup();
    let mut walk = Walk::new(old, new, question);
    walk.packages(&both);
    let mut changes = walk.changes;
    changes.sort_by_cached_key(|change| (gravity(change), change.path.clone(), change.kind));
    // What a world includes, it has as the other world has it.
    changes.dedup();
    Ok(Diff { question, changes, left_out })
}

/// The paths of all functions of a side.
pub(crate) fn functions(wit: &Wit) -> Vec<String> {
    Items::of(wit, &Names::new(&wit.resolve)).functions.into_keys().collect()
}

/// Less for what breaks more.
fn gravity(change: &Change) -> usize {
    let order = [Party::BuiltPlugins, Party::PluginSource, Party::OlderHosts, Party::HostSource];
    order.iter().position(|party| change.breaks.contains(party)).unwrap_or(order.len())
}
