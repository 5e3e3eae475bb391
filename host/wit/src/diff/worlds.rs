//! Owns what became of worlds: what they import and export. It refuses to know what is within an interface.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{IndexMap, World, WorldId, WorldItem, WorldKey};

use super::Question;
use super::change::Kind;
use super::names::Names;
use super::reach::Sides;
use super::rules::Place;
use super::walk::Walk;

/// The world that describes HAL9's hosts. Plugins are built for the others.
const OF_HOSTS: &str = "hal9:plugin/host";

/// What came to worlds or went from them, by what it is and on which side: the worlds.
type Moved = BTreeMap<(Kind, String), BTreeSet<String>>;

impl<'a> Walk<'a> {
    /// Compares the worlds of packages that are to be compared.
    pub(super) fn worlds(&mut self, is_compared: impl Fn(&Names<'a>, WorldId) -> bool) {
        let (was, is) = (self.same.old.clone(), self.same.new.clone());
        let old: BTreeMap<_, _> =
            self.old.worlds.clone().into_iter().filter(|(_, id)| is_compared(&was, *id)).collect();
        let new: BTreeMap<_, _> = self.new.worlds.clone().into_iter().filter(|(_, id)| is_compared(&is, *id)).collect();
        let mut moved = Moved::new();
        for (path, id) in &old {
            let place = Place { of_hosts: path == OF_HOSTS, ..Place::default() };
            match new.get(path) {
                Some(other) => self.world(path, &was.resolve.worlds[*id], &is.resolve.worlds[*other], &mut moved),
                None => self.add(path, Kind::WorldRemoved, place, "the world was removed".to_owned()),
            }
        }
        for path in new.keys().filter(|path| !old.contains_key(*path)) {
            self.add(path, Kind::WorldAdded, Place::default(), "the world was added".to_owned());
        }
        for ((kind, path), worlds) in moved {
            self.moved(kind, &path, &worlds);
        }
    }

    fn world(&mut self, path: &str, old: &'a World, new: &'a World, moved: &mut Moved) {
        self.about(path, (&old.docs, &old.stability), (&new.docs, &new.stability));
        for (is_import, old, new) in [(true, &old.imports, &new.imports), (false, &old.exports, &new.exports)] {
            let sides = Sides { imported: is_import, exported: !is_import };
            let (was, is) = (by_name(&self.same.old, path, old), by_name(&self.same.new, path, new));
            for (member, item) in &was {
                match is.get(member) {
                    Some(other) => self.member(member, sides, item, other),
                    None => {
                        let kind = if is_import { Kind::WorldImportRemoved } else { Kind::WorldExportRemoved };
                        moved.entry((kind, member.clone())).or_default().insert(path.to_owned());
                    }
                }
            }
            for member in is.keys().filter(|member| !was.contains_key(*member)) {
                let kind = if is_import { Kind::WorldImportAdded } else { Kind::WorldExportAdded };
                moved.entry((kind, member.clone())).or_default().insert(path.to_owned());
            }
        }
    }

    /// Compares what a world has of its own on both sides. An interface of a package is compared there.
    fn member(&mut self, path: &str, sides: Sides, old: &WorldItem, new: &WorldItem) {
        match (old, new) {
            (WorldItem::Function(old), WorldItem::Function(new)) => self.function(path, sides, old, new),
            (WorldItem::Type { id: old, .. }, WorldItem::Type { id: new, .. }) => {
                self.definition(path, sides, *old, *new);
            }
            (WorldItem::Interface { id: old, .. }, WorldItem::Interface { id: new, .. }) => {
                let is_own = self.same.old.interface(*old) != path;
                if is_own {
                    self.interface(path, sides, *old, *new);
                }
            }
            _ => {
                let kind = if sides.imported { Kind::WorldImportRemoved } else { Kind::WorldExportRemoved };
                let place = Place { first_or_last: sides, ..Place::at(sides) };
                self.add(path, kind, place, "is of another sort now".to_owned());
            }
        }
    }

    fn moved(&mut self, kind: Kind, path: &str, worlds: &BTreeSet<String>) {
        let is_import = matches!(kind, Kind::WorldImportAdded | Kind::WorldImportRemoved);
        let is_added = matches!(kind, Kind::WorldImportAdded | Kind::WorldExportAdded);
        let sides = Sides { imported: is_import, exported: !is_import };
        let (there, gone) = if is_added { (&self.new, &self.old) } else { (&self.old, &self.new) };
        if self.is_left_out(path) {
            return;
        }
        // That it came, or went, is told of the interface itself.
        let is_interface = there.interfaces.contains_key(path);
        let is_told = is_interface && !gone.interfaces.contains_key(path) && self.question == Question::Contract;
        let is_own =
            worlds.iter().any(|world| path.strip_prefix(world.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if is_told && !is_own {
            return;
        }
        let first_or_last = if is_own { sides } else { there.sides(path).without(gone.sides(path)).both(sides) };
        let of_hosts = worlds.iter().all(|world| world == OF_HOSTS);
        let verb = if is_import { "import" } else { "export" };
        let what = match self.question {
            Question::Replacement if is_added => format!("is {verb}ed"),
            Question::Replacement => format!("is {verb}ed no more"),
            _ => {
                let names = worlds.iter().map(|world| format!("`{}`", world.rsplit('/').next().unwrap_or(world)));
                let names = names.collect::<Vec<_>>().join(", ");
                let (noun, s) = if worlds.len() == 1 { ("world", "s") } else { ("worlds", "") };
                let no_more = if is_added { "" } else { " no more" };
                format!("{noun} {names} {verb}{s} it{no_more}")
            }
        };
        self.add(path, kind, Place { of_hosts, first_or_last, ..Place::at(sides) }, what);
    }
}

/// What a world has, by path.
fn by_name<'i>(
    names: &Names<'_>,
    world: &str,
    items: &'i IndexMap<WorldKey, WorldItem>,
) -> BTreeMap<String, &'i WorldItem> {
    let path = |key: &WorldKey| match key {
        WorldKey::Name(name) => format!("{world}/{name}"),
        WorldKey::Interface(_) => names.key(key),
    };
    items.iter().map(|(key, item)| (path(key), item)).collect()
}
