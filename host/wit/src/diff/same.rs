//! Owns whether two types are the same, and how a type is written. It refuses to know where a type is used.

use std::cell::RefCell;
use std::collections::HashMap;

use wit_parser::{Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

use super::names::Names;

/// How deep types may lie in each other; deeper ones are taken for different.
const DEPTH: usize = 256;

/// What has to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// Names, those of aliases too: then what changed within is told where it is defined.
    Name,
    /// What bindings make of it: an alias is what it stands for, a record is its name.
    Source,
    /// What a host checks: which parts in which order, whatever the types are called. Resources alone have names.
    Shape,
}

/// Compares types of the old side with those of the new one.
pub(super) struct Same<'a> {
    pub(super) old: Names<'a>,
    pub(super) new: Names<'a>,
    /// Types of the old side that have another name on the new one, by path.
    pub(super) renamed: HashMap<String, String>,
    known: RefCell<HashMap<(TypeId, TypeId, By), bool>>,
}

impl<'a> Same<'a> {
    pub(super) fn new(old: Names<'a>, new: Names<'a>) -> Self {
        Self { old, new, renamed: HashMap::new(), known: RefCell::default() }
    }

    /// Whether two types are the same.
    pub(super) fn types(&self, old: &Type, new: &Type, by: By) -> bool {
        self.at(old, new, by, 0)
    }

    /// Whether two types, or none of them, are the same.
    pub(super) fn options(&self, old: Option<&Type>, new: Option<&Type>, by: By) -> bool {
        self.options_at(old, new, by, 0)
    }

    /// Whether two definitions are the same, whatever they are called.
    pub(super) fn definitions(&self, old: TypeId, new: TypeId, by: By) -> bool {
        self.kinds(old, new, by, 0)
    }

    fn options_at(&self, old: Option<&Type>, new: Option<&Type>, by: By, depth: usize) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.at(old, new, by, depth),
            (None, None) => true,
            _ => false,
        }
    }

    fn at(&self, old: &Type, new: &Type, by: By, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let (old, new) = (self.old.peel(old, by), self.new.peel(new, by));
        let (Type::Id(old), Type::Id(new)) = (old, new) else { return old == new };
        if let Some(same) = self.known.borrow().get(&(old, new, by)) {
            return *same;
        }
        let same = match (self.is_by_name(self.old.resolve, old, by), self.is_by_name(self.new.resolve, new, by)) {
            (true, true) => {
                let old = self.old.path(old);
                self.renamed.get(&old).unwrap_or(&old) == &self.new.path(new)
            }
            (false, false) => self.kinds(old, new, by, depth),
            _ => false,
        };
        self.known.borrow_mut().insert((old, new, by), same);
        same
    }

    /// Whether a type is the same as another one if it has the same name.
    fn is_by_name(&self, resolve: &Resolve, id: TypeId, by: By) -> bool {
        let def = &resolve.types[id];
        let is_nominal = matches!(
            def.kind,
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) | TypeDefKind::Enum(_) | TypeDefKind::Flags(_)
        );
        match by {
            _ if matches!(def.kind, TypeDefKind::Resource) => true,
            By::Name => def.name.is_some(),
            By::Source => is_nominal,
            By::Shape => false,
        }
    }

    fn kinds(&self, old: TypeId, new: TypeId, by: By, depth: usize) -> bool {
        use TypeDefKind as K;
        let is = |old: &Type, new: &Type| self.at(old, new, by, depth + 1);
        let are = |old: Option<&Type>, new: Option<&Type>| self.options_at(old, new, by, depth + 1);
        match (&self.old.resolve.types[old].kind, &self.new.resolve.types[new].kind) {
            (K::Record(old), K::Record(new)) => {
                all(&old.fields, &new.fields, |old, new| old.name == new.name && is(&old.ty, &new.ty))
            }
            (K::Variant(old), K::Variant(new)) => {
                all(&old.cases, &new.cases, |old, new| old.name == new.name && are(old.ty.as_ref(), new.ty.as_ref()))
            }
            (K::Enum(old), K::Enum(new)) => all(&old.cases, &new.cases, |old, new| old.name == new.name),
            (K::Flags(old), K::Flags(new)) => all(&old.flags, &new.flags, |old, new| old.name == new.name),
            (K::Tuple(old), K::Tuple(new)) => all(&old.types, &new.types, is),
            (K::List(old), K::List(new)) | (K::Option(old), K::Option(new)) => is(old, new),
            (K::Result(old), K::Result(new)) => {
                are(old.ok.as_ref(), new.ok.as_ref()) && are(old.err.as_ref(), new.err.as_ref())
            }
            (K::Map(old_key, old), K::Map(new_key, new)) => is(old_key, new_key) && is(old, new),
            (K::FixedLengthList(old, many), K::FixedLengthList(new, as_many)) => many == as_many && is(old, new),
            (K::Future(old), K::Future(new)) | (K::Stream(old), K::Stream(new)) => are(old.as_ref(), new.as_ref()),
            (K::Handle(Handle::Own(old)), K::Handle(Handle::Own(new)))
            | (K::Handle(Handle::Borrow(old)), K::Handle(Handle::Borrow(new))) => is(&Type::Id(*old), &Type::Id(*new)),
            (K::Type(old), K::Type(new)) => is(old, new),
            (K::Type(old), _) => is(old, &Type::Id(new)),
            (_, K::Type(new)) => is(&Type::Id(old), new),
            (K::Resource, K::Resource) => true,
            _ => false,
        }
    }
}

fn all<T>(old: &[T], new: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
}

/// Whether a definition is a `use` of another interface's type.
pub(super) fn is_use(resolve: &Resolve, def: &TypeDef) -> bool {
    match &def.kind {
        TypeDefKind::Type(Type::Id(target)) => {
            let owner = resolve.types[*target].owner;
            def.owner != TypeOwner::None && owner != TypeOwner::None && owner != def.owner
        }
        _ => false,
    }
}
