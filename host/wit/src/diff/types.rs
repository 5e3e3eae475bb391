//! Owns what became of types: their fields, cases and flags, and what names stand for. It refuses to know which functions use
//! them.

use wit_parser::{Docs, IndexMap, Type, TypeDefKind, TypeId};

use super::change::Kind;
use super::parts::{Parts, parts};
use super::reach::Sides;
use super::rules::Place;
use super::same::{By, is_use};
use super::walk::Walk;

/// What changes of one sort of part are called.
struct Words {
    part: &'static str,
    parts: &'static str,
    added: Kind,
    removed: Kind,
    renamed: Kind,
    reordered: Kind,
    retyped: Kind,
}

const FIELD: Words = Words {
    part: "field",
    parts: "fields",
    added: Kind::FieldAdded,
    removed: Kind::FieldRemoved,
    renamed: Kind::FieldRenamed,
    reordered: Kind::FieldsReordered,
    retyped: Kind::FieldRetyped,
};

const CASE: Words = Words {
    part: "case",
    parts: "cases",
    added: Kind::CaseAdded,
    removed: Kind::CaseRemoved,
    renamed: Kind::CaseRenamed,
    reordered: Kind::CasesReordered,
    retyped: Kind::CaseRetyped,
};

const ENUM_CASE: Words = Words {
    added: Kind::EnumCaseAdded,
    removed: Kind::EnumCaseRemoved,
    renamed: Kind::EnumCaseRenamed,
    reordered: Kind::EnumCasesReordered,
    ..CASE
};

const FLAG: Words = Words {
    part: "flag",
    parts: "flags",
    added: Kind::FlagAdded,
    removed: Kind::FlagRemoved,
    renamed: Kind::FlagRenamed,
    reordered: Kind::FlagsReordered,
    // A flag has no type.
    retyped: Kind::FlagRenamed,
};

/// One field, case or flag.
struct Part<'a> {
    name: &'a str,
    ty: Option<Type>,
    docs: &'a Docs,
}

impl<'a> Walk<'a> {
    /// Notes which types of an interface have another name, or are another interface's now, before anything that uses them is
    /// compared.
    pub(super) fn note_renamed(&mut self, old: &IndexMap<String, TypeId>, new: &IndexMap<String, TypeId>) {
        let (was, is) = (self.same.old.clone(), self.same.new.clone());
        for (name, id) in old {
            if is_use(was.resolve, &was.resolve.types[*id]) {
                continue;
            }
            let found = match new.get(name) {
                Some(other) if is_use(is.resolve, &is.resolve.types[*other]) => Some(*other),
                Some(_) => continue,
                None => self.renamed_to(*id, old, new),
            };
            if let Some(Type::Id(found)) = found.map(|found| is.peel(&Type::Id(found), By::Name)) {
                self.same.renamed.insert(was.path(*id), is.path(found));
            }
        }
    }

    /// The one type among those that are new which is as a type that is gone.
    fn renamed_to(&self, id: TypeId, old: &IndexMap<String, TypeId>, new: &IndexMap<String, TypeId>) -> Option<TypeId> {
        let (was, is) = (self.same.old.resolve, self.same.new.resolve);
        // A resource is looked up by its name: one of another name is another one.
        if matches!(was.types[id].kind, TypeDefKind::Resource) {
            return None;
        }
        let mut found = new.iter().filter(|(name, other)| {
            !old.contains_key(*name) && !is_use(is, &is.types[**other]) && self.same.definitions(id, **other, By::Name)
        });
        let first = found.next()?;
        found.next().is_none().then_some(*first.1)
    }

    /// Compares the types of an interface.
    pub(super) fn types(
        &mut self,
        interface: &str,
        sides: Sides,
        old: &IndexMap<String, TypeId>,
        new: &IndexMap<String, TypeId>,
    ) {
        let mut renamed = Vec::new();
        for (name, id) in old {
            let path = format!("{interface}/{name}");
            let def = &self.same.old.resolve.types[*id];
            if let Some(other) = new.get(name) {
                self.definition(&path, sides, *id, *other);
            } else if let Some(other) = self.renamed_to(*id, old, new).filter(|_| !is_use(self.same.old.resolve, def)) {
                let other = self.same.new.resolve.types[other].name.clone().unwrap_or_default();
                self.add(&path, Kind::TypeRenamed, Place::at(sides), format!("is called `{other}` now"));
                renamed.push(other);
            } else if matches!(def.kind, TypeDefKind::Resource) {
                self.add(&path, Kind::ResourceRemoved, Place::at(sides), "the resource was removed".to_owned());
            } else {
                self.add(
                    &path,
                    Kind::TypeRemoved,
                    Place::at(sides),
                    format!("the {} was removed", self.same.old.sort(*id)),
                );
            }
        }
        for (name, id) in new.iter().filter(|(name, _)| !old.contains_key(*name) && !renamed.contains(name)) {
            let path = format!("{interface}/{name}");
            let def = &self.same.new.resolve.types[*id];
            let is_resource = matches!(def.kind, TypeDefKind::Resource);
            let kind = if is_resource { Kind::ResourceAdded } else { Kind::TypeAdded };
            self.add(&path, kind, Place::at(sides), format!("the {} was added", self.same.new.sort(*id)));
        }
    }

    /// Compares two definitions of one name.
    pub(super) fn definition(&mut self, path: &str, sides: Sides, old: TypeId, new: TypeId) {
        let (was, is) = (self.same.old.resolve, self.same.new.resolve);
        let (was, is) = (&was.types[old], &is.types[new]);
        self.about(path, (&was.docs, &was.stability), (&is.docs, &is.stability));
        let place = self.place_of_type(path, sides);
        match (&was.kind, &is.kind) {
            (TypeDefKind::Resource, TypeDefKind::Resource) => {}
            (was, is) => match (Part::of(was), Part::of(is)) {
                (Some((words, was)), Some((other, is))) if words.added == other.added => {
                    self.parts(path, place, words, &was, &is);
                }
                _ => self.stands_for(path, place, old, new),
            },
        }
    }

    /// Compares the fields, cases or flags of a type.
    fn parts(&mut self, path: &str, place: Place, words: &Words, old: &[Part<'a>], new: &[Part<'a>]) {
        let (part, is_same) = (words.part, |old: &Part<'_>, new: &Part<'_>| {
            self.same.options(old.ty.as_ref(), new.ty.as_ref(), By::Name)
                || self.same.options(old.ty.as_ref(), new.ty.as_ref(), By::Source)
        });
        let names = |parts: &[Part<'a>]| parts.iter().map(|part| part.name).collect::<Vec<_>>();
        let (was, is) = (names(old), names(new));
        let found = parts(&was, &is, |was, is| is_same(&old[was], &new[is]));
        let retyped: Vec<_> = found.kept.iter().copied().filter(|(was, is)| !is_same(&old[*was], &new[*is])).collect();
        let Parts { kept, renamed, added, removed, reordered } = found;
        for index in removed {
            self.add(path, words.removed, place, format!("{part} `{}` was removed", was[index]));
        }
        for index in added {
            let what = format!("{part} `{}` was added", self.spell_part(&new[index]));
            self.add(path, words.added, place, what);
        }
        for (before, after) in renamed {
            self.add(path, words.renamed, place, format!("{part} `{}` is called `{}` now", was[before], is[after]));
        }
        if reordered {
            self.add(path, words.reordered, place, format!("its {} come in another order", words.parts));
        }
        for (before, after) in retyped {
            let (before, after) = (&old[before], &new[after]);
            let same_shape = self.same.options(before.ty.as_ref(), after.ty.as_ref(), By::Shape);
            let is = after.ty.map_or_else(|| "nothing".to_owned(), |ty| format!("`{}`", self.same.new.spell(&ty)));
            let was = before.ty.map_or_else(|| "nothing".to_owned(), |ty| format!("`{}`", self.same.old.spell(&ty)));
            let what = format!("{part} `{}` has {is} instead of {was}", before.name);
            self.add(path, words.retyped, Place { same_shape, ..place }, what);
        }
        for (before, after) in kept {
            self.documentation(&format!("{path}.{}", was[before]), old[before].docs, new[after].docs);
        }
    }

    fn spell_part(&self, part: &Part<'_>) -> String {
        match part.ty {
            Some(ty) => format!("{}: {}", part.name, self.same.new.spell(&ty)),
            None => part.name.to_owned(),
        }
    }

    /// Compares what a name stands for, where it is an alias on a side at least, or another sort of type.
    fn stands_for(&mut self, path: &str, place: Place, old: TypeId, new: TypeId) {
        let (was, is) = (Type::Id(old), Type::Id(new));
        let (was, is) = (self.same.old.unfold(&was), self.same.new.unfold(&is));
        let by = |by| match (was, is) {
            (Type::Id(was), Type::Id(is)) if was == old && is == new => self.same.definitions(was, is, by),
            _ => self.same.types(&was, &is, by),
        };
        if by(By::Name) || by(By::Source) {
            return;
        }
        let place = Place { same_shape: by(By::Shape), ..place };
        let (kind, what) = if self.same.old.is_alias(old) && self.same.new.is_alias(new) {
            let (is, was) = (self.same.new.meaning(new), self.same.old.meaning(old));
            (Kind::AliasChanged, format!("stands for `{is}` instead of `{was}`"))
        } else {
            let (is, was) = (self.same.new.sort(new), self.same.old.sort(old));
            (Kind::TypeKindChanged, format!("is another sort of type: {is} instead of {was}"))
        };
        self.add(path, kind, place, what);
    }
}

impl<'a> Part<'a> {
    /// The parts of a record, a variant, an enum or flags, and what they are called; none for any other type.
    fn of(kind: &'a TypeDefKind) -> Option<(&'static Words, Vec<Self>)> {
        let part = |name: &'a String, ty: Option<Type>, docs: &'a Docs| Part { name, ty, docs };
        Some(match kind {
            TypeDefKind::Record(record) => {
                (&FIELD, record.fields.iter().map(|field| part(&field.name, Some(field.ty), &field.docs)).collect())
            }
            TypeDefKind::Variant(variant) => {
                (&CASE, variant.cases.iter().map(|case| part(&case.name, case.ty, &case.docs)).collect())
            }
            TypeDefKind::Enum(cases) => {
                (&ENUM_CASE, cases.cases.iter().map(|case| part(&case.name, None, &case.docs)).collect())
            }
            TypeDefKind::Flags(flags) => {
                (&FLAG, flags.flags.iter().map(|flag| part(&flag.name, None, &flag.docs)).collect())
            }
            _ => return None,
        })
    }
}
