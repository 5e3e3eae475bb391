//! Owns the way through two sides: packages, then interfaces, then worlds, and what is told of what is found. It refuses to
//! know what is within functions and types.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{Docs, InterfaceId, PackageId, PackageName, Stability};

use super::Question;
use super::change::{Change, Kind};
use super::names::Names;
use super::reach::{Items, Reach, Sides, reach};
use super::rules::{Place, parties, why};
use super::same::Same;
use crate::Wit;

/// What is known on the way.
pub(super) struct Walk<'a> {
    pub(super) same: Same<'a>,
    pub(super) old: Items<'a>,
    pub(super) new: Items<'a>,
    pub(super) question: Question,
    pub(super) changes: Vec<Change>,
    reach: BTreeMap<String, Reach>,
}

/// Documentation and stability of an item.
type About<'a> = (&'a Docs, &'a Stability);

impl<'a> Walk<'a> {
    pub(super) fn new(old: &'a Wit, new: &'a Wit, question: Question) -> Self {
        let (old_names, new_names) = (Names::new(&old.resolve), Names::new(&new.resolve));
        let (old, new) = (Items::of(old, &old_names), Items::of(new, &new_names));
        let reach = reach(&old_names, &old, &new);
        Self { same: Same::new(old_names, new_names), old, new, question, changes: Vec::new(), reach }
    }

    /// Compares packages that both sides have; `both` has the package of each side by its name.
    pub(super) fn packages(&mut self, both: &BTreeMap<String, (PackageId, PackageId)>) {
        let (was, is) = (self.same.old.resolve, self.same.new.resolve);
        let (was_names, is_names) = (self.same.old.clone(), self.same.new.clone());
        for (name, (old, new)) in both {
            self.version(name, &was.packages[*old].name, &is.packages[*new].name);
        }
        let in_both = |names: &Names<'a>, package: Option<PackageId>| {
            package.is_some_and(|package| both.contains_key(names.package(package)))
        };
        let mut paths: BTreeSet<String> = BTreeSet::new();
        // Those within worlds are compared with their worlds.
        let named = |names: &Names<'a>, path: &str, id: InterfaceId| {
            in_both(names, names.resolve.interfaces[id].package) && names.interface(id) == path
        };
        paths.extend(
            self.old.interfaces.iter().filter(|(path, id)| named(&was_names, path, **id)).map(|(p, _)| p.clone()),
        );
        paths.extend(
            self.new.interfaces.iter().filter(|(path, id)| named(&is_names, path, **id)).map(|(p, _)| p.clone()),
        );
        paths.retain(|path| !self.is_left_out(path));
        for path in &paths {
            if let (Some(old), Some(new)) = (self.old.interfaces.get(path), self.new.interfaces.get(path)) {
                self.note_renamed(&was.interfaces[*old].types, &is.interfaces[*new].types);
            }
        }
        paths.iter().for_each(|path| self.interface_of_package(path));
        if matches!(self.question, Question::Contract | Question::Replacement) {
            self.worlds(|names, world| in_both(names, names.resolve.worlds[world].package));
        }
    }

    /// Whether nothing is said of an interface: WASI's are there for every plugin of HAL9's, whatever it was made for.
    pub(super) fn is_left_out(&self, path: &str) -> bool {
        self.question != Question::Contract
            && path.starts_with("wasi:")
            && !self.old.sides(path).exported
            && !self.new.sides(path).exported
    }

    fn version(&mut self, package: &str, old: &PackageName, new: &PackageName) {
        if old.version == new.version {
            return;
        }
        let shown =
            |name: &PackageName| name.version.as_ref().map_or_else(|| "no version".to_owned(), ToString::to_string);
        let what = format!("has version {} instead of {}", shown(new), shown(old));
        let is_compatible = match (track(old), track(new)) {
            (Some(old), Some(new)) => old == new,
            _ => false,
        };
        let kind = if is_compatible { Kind::VersionCompatible } else { Kind::VersionIncompatible };
        self.add(package, kind, Place { later: new.version > old.version, ..Place::at(Sides::BOTH) }, what);
    }

    fn interface_of_package(&mut self, path: &str) {
        let (was, is) = (self.old.sides(path), self.new.sides(path));
        match (self.old.interfaces.get(path).copied(), self.new.interfaces.get(path).copied()) {
            (Some(old), Some(new)) => {
                self.interface(path, was.both(is), old, new);
                // What a contract has for the other side alone is not there for a component.
                let (lost, gained) = (was.without(is), is.without(was));
                if self.question == Question::Load && !lost.is_none() {
                    self.add(
                        path,
                        Kind::InterfaceRemoved,
                        Place::at(lost),
                        "is there for the other side alone".to_owned(),
                    );
                }
                if self.question == Question::Hosting && !gained.is_none() {
                    self.add(
                        path,
                        Kind::InterfaceAdded,
                        Place::at(gained),
                        "was there for the other side alone".to_owned(),
                    );
                }
            }
            (Some(_), None) => {
                self.add(path, Kind::InterfaceRemoved, Place::at(was), "the interface was removed".to_owned())
            }
            (None, Some(_)) => {
                self.add(path, Kind::InterfaceAdded, Place::at(is), "the interface was added".to_owned())
            }
            (None, None) => {}
        }
    }

    /// Compares two interfaces of one name.
    pub(super) fn interface(&mut self, path: &str, sides: Sides, old: InterfaceId, new: InterfaceId) {
        let (was, is) = (&self.same.old.resolve.interfaces[old], &self.same.new.resolve.interfaces[new]);
        self.about(path, (&was.docs, &was.stability), (&is.docs, &is.stability));
        self.types(path, sides, &was.types, &is.types);
        self.functions(path, sides, &was.functions, &is.functions);
    }

    /// Where a type is, and how plugins come to it.
    pub(super) fn place_of_type(&self, path: &str, sides: Sides) -> Place {
        match self.reach.get(path) {
            Some(reach) if !reach.functions.is_empty() => {
                Place { given: reach.given, received: reach.received, ..Place::at(sides) }
            }
            _ => Place { unreached: true, ..Place::at(sides) },
        }
    }

    /// Compares what is said about an item.
    pub(super) fn about(&mut self, path: &str, old: About<'_>, new: About<'_>) {
        self.documentation(path, old.0, new.0);
        let place = Place::default();
        let (was, is) = (since(old.1), since(new.1));
        if was != is {
            let what = format!(
                "@since says {} instead of {}",
                is.unwrap_or("nothing".into()),
                was.unwrap_or("nothing".into())
            );
            self.add(path, Kind::SinceChanged, place, what);
        }
        match (deprecated(old.1), deprecated(new.1)) {
            (was, is) if was == is => {}
            (_, Some(version)) => {
                self.add(path, Kind::DeprecationChanged, place, format!("is deprecated since {version}"));
            }
            (_, None) => self.add(path, Kind::DeprecationChanged, place, "is deprecated no more".to_owned()),
        }
    }

    pub(super) fn documentation(&mut self, path: &str, old: &Docs, new: &Docs) {
        let text = |docs: &Docs| docs.contents.as_deref().unwrap_or_default().trim().to_owned();
        if text(old) != text(new) {
            self.add(path, Kind::DocumentationChanged, Place::default(), "its documentation changed".to_owned());
        }
    }

    /// Notes a change, if the question is about such.
    pub(super) fn add(&mut self, path: &str, kind: Kind, place: Place, what: String) {
        if !self.question.asks(kind, place.sides) {
            return;
        }
        let breaks = self.question.parties(kind, place, parties(kind, place));
        let is_said = |_: &&Reach| !breaks.is_empty();
        let reach = self.reach.get(path).filter(is_said);
        let reaches = reach.map(|reach| reach.functions.iter().cloned().collect()).unwrap_or_default();
        let of_question = self.question.why(kind).filter(|_| !breaks.is_empty());
        let why = of_question.unwrap_or_else(|| why(kind, place, &breaks)).to_owned();
        self.changes.push(Change { path: path.to_owned(), kind, what, why, breaks, reaches });
    }
}

/// What versions that wasmtime takes for each other have in common; none for a version that it takes for itself alone. It is
/// wasmtime's `alternate_lookup_key`.
fn track(name: &PackageName) -> Option<(u64, u64)> {
    let version = name.version.as_ref()?;
    match (version.pre.is_empty(), version.major, version.minor) {
        (false, ..) | (true, 0, 0) => None,
        (true, 0, minor) => Some((0, minor)),
        (true, major, _) => Some((major, 0)),
    }
}

fn since(stability: &Stability) -> Option<String> {
    match stability {
        Stability::Stable { since, .. } => Some(since.to_string()),
        Stability::Unstable { .. } | Stability::Unknown => None,
    }
}

fn deprecated(stability: &Stability) -> Option<String> {
    match stability {
        Stability::Stable { deprecated, .. } | Stability::Unstable { deprecated, .. } => {
            deprecated.as_ref().map(ToString::to_string)
        }
        Stability::Unknown => None,
    }
}
