//! Owns where things are, seen from a plugin: which interfaces it imports and exports, and which functions bring it which
//! types, or take them from it. It refuses to compare.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use wit_parser::{Function, Handle, InterfaceId, Type, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey};

use super::names::Names;
use super::same::By;
use crate::wit::{Subject, Wit};

/// On which sides of a plugin an interface is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) imported: bool,
    pub(super) exported: bool,
}

impl Sides {
    pub(super) const BOTH: Self = Self { imported: true, exported: true };

    pub(super) fn both(self, other: Self) -> Self {
        Self { imported: self.imported && other.imported, exported: self.exported && other.exported }
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self { imported: self.imported && !other.imported, exported: self.exported && !other.exported }
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// A function with its place.
pub(super) struct Placed<'a> {
    pub(super) function: &'a Function,
    pub(super) sides: Sides,
}

/// What there is on one side of a comparison, by path.
pub(super) struct Items<'a> {
    pub(super) interfaces: BTreeMap<String, InterfaceId>,
    pub(super) worlds: BTreeMap<String, WorldId>,
    pub(super) functions: BTreeMap<String, Placed<'a>>,
    sides: BTreeMap<String, Sides>,
    /// Whether what no world has may be on either side.
    is_contract: bool,
}

impl<'a> Items<'a> {
    pub(super) fn of(wit: &'a Wit, names: &Names<'a>) -> Self {
        let mut items = Self {
            interfaces: BTreeMap::new(),
            worlds: BTreeMap::new(),
            functions: BTreeMap::new(),
            sides: BTreeMap::new(),
            is_contract: !wit.is_component(),
        };
        for (id, world) in &wit.resolve.worlds {
            if matches!(wit.subject, Subject::Component(root) if root != id) {
                continue;
            }
            items.worlds.insert(names.world(id), id);
            for (is_import, members) in [(true, &world.imports), (false, &world.exports)] {
                let sides = Sides { imported: is_import, exported: !is_import };
                members.iter().for_each(|(key, item)| items.add_member(names, id, key, item, sides));
            }
        }
        for (id, interface) in &wit.resolve.interfaces {
            if interface.name.is_some() && interface.package.is_some() {
                items.add_interface(names, names.interface(id), id);
            }
        }
        items
    }

    fn add_member(&mut self, names: &Names<'a>, world: WorldId, key: &WorldKey, item: &'a WorldItem, sides: Sides) {
        let path = match key {
            WorldKey::Interface(id) => names.interface(*id),
            WorldKey::Name(name) => format!("{}/{name}", names.world(world)),
        };
        let known = self.sides.entry(path.clone()).or_default();
        *known = Sides { imported: known.imported || sides.imported, exported: known.exported || sides.exported };
        match item {
            WorldItem::Interface { id, .. } if matches!(key, WorldKey::Name(_)) => self.add_interface(names, path, *id),
            WorldItem::Function(function) => {
                self.functions.insert(path, Placed { function, sides });
            }
            WorldItem::Interface { .. } | WorldItem::Type { .. } => {}
        }
    }

    fn add_interface(&mut self, names: &Names<'a>, path: String, id: InterfaceId) {
        let sides = self.sides(&path);
        for (name, function) in &names.resolve.interfaces[id].functions {
            self.functions.insert(function_path(&path, name), Placed { function, sides });
        }
        self.interfaces.insert(path, id);
    }

    /// On which sides an interface is; both, for one of a contract that no world has: anybody's world might.
    pub(super) fn sides(&self, interface: &str) -> Sides {
        let nowhere = if self.is_contract { Sides::BOTH } else { Sides::default() };
        self.sides.get(interface).copied().unwrap_or(nowhere)
    }
}

/// A function's path in its interface: `hal9:plugin/learning-algorithm/model.train` for a method.
pub(super) fn function_path(interface: &str, name: &str) -> String {
    format!("{interface}/{}", shown(name))
}

/// A function's name without what says that it is a method and the like.
pub(super) fn shown(name: &str) -> String {
    match name.strip_prefix('[').and_then(|name| name.split_once(']')) {
        Some(("constructor", resource)) => format!("{resource}.constructor"),
        Some((_, name)) => name.to_owned(),
        None => name.to_owned(),
    }
}

/// How plugins come to a type.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// Plugins make values of it.
    pub(super) given: bool,
    /// Plugins get values of it.
    pub(super) received: bool,
    /// The functions that bring it.
    pub(super) functions: BTreeSet<String>,
}

/// How plugins come to each type, by its path, over functions that are on both sides of a comparison.
pub(super) fn reach(names: &Names<'_>, old: &Items<'_>, new: &Items<'_>) -> BTreeMap<String, Reach> {
    let mut reached = BTreeMap::new();
    for (path, placed) in &old.functions {
        let Some(other) = new.functions.get(path) else { continue };
        let sides = placed.sides.both(other.sides);
        let Function { params, result, .. } = placed.function;
        for (types, is_parameter) in
            [(params.iter().map(|param| param.ty).collect::<Vec<_>>(), true), (result.iter().copied().collect(), false)]
        {
            let (given, received) =
                if is_parameter { (sides.imported, sides.exported) } else { (sides.exported, sides.imported) };
            for id in within(names, types) {
                let reach: &mut Reach = reached.entry(names.path(id)).or_default();
                reach.given |= given;
                reach.received |= received;
                if !sides.is_none() {
                    reach.functions.insert(path.clone());
                }
            }
        }
    }
    reached
}

/// The definitions that types have in them, each once. A handle has none of what its resource can do.
fn within(names: &Names<'_>, types: Vec<Type>) -> HashSet<TypeId> {
    let mut seen = HashSet::new();
    let mut left = types;
    while let Some(ty) = left.pop() {
        let Type::Id(id) = names.peel(&ty, By::Name) else { continue };
        if !seen.insert(id) {
            continue;
        }
        match &names.resolve.types[id].kind {
            TypeDefKind::Record(record) => left.extend(record.fields.iter().map(|field| field.ty)),
            TypeDefKind::Variant(variant) => left.extend(variant.cases.iter().filter_map(|case| case.ty)),
            TypeDefKind::Tuple(tuple) => left.extend(&tuple.types),
            TypeDefKind::Result(result) => left.extend(result.ok.iter().chain(&result.err)),
            TypeDefKind::List(of) | TypeDefKind::Option(of) | TypeDefKind::FixedLengthList(of, _) => left.push(*of),
            TypeDefKind::Map(key, value) => left.extend([key, value]),
            TypeDefKind::Future(of) | TypeDefKind::Stream(of) => left.extend(of),
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => left.push(Type::Id(*id)),
            TypeDefKind::Type(of) => left.push(*of),
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) | TypeDefKind::Resource | TypeDefKind::Unknown => {}
        }
    }
    seen
}
