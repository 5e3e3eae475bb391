//! Owns what became of functions, methods and constructors. It refuses to know what is in the types that they use.

use wit_parser::{Function, FunctionKind, IndexMap, Param};

use super::change::Kind;
use super::names::Names;
use super::parts::parts;
use super::reach::{Sides, function_path, shown};
use super::rules::Place;
use super::same::By;
use super::walk::Walk;

impl Walk<'_> {
    /// Compares the functions of an interface.
    pub(super) fn functions(
        &mut self,
        interface: &str,
        sides: Sides,
        old: &IndexMap<String, Function>,
        new: &IndexMap<String, Function>,
    ) {
        for (name, function) in old {
            let path = function_path(interface, name);
            match new.get(name) {
                Some(other) => self.function(&path, sides, function, other),
                None => {
                    let what = format!("{} `{}` was removed", noun(function), shown(name));
                    self.add(interface, kinds(function).1, Place::at(sides), what);
                }
            }
        }
        for (name, function) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let what = format!("{} `{}` was added", noun(function), shown(name));
            self.add(interface, kinds(function).0, Place::at(sides), what);
        }
    }

    /// Compares two functions of one name.
    pub(super) fn function(&mut self, path: &str, sides: Sides, old: &Function, new: &Function) {
        let place = Place::at(sides);
        match (old.kind.is_async(), new.kind.is_async()) {
            (false, true) => self.add(path, Kind::BecameAsync, place, "it is async now".to_owned()),
            (true, false) => self.add(path, Kind::BecameSync, place, "it is async no more".to_owned()),
            _ => {}
        }
        self.parameters(path, place, old, new);
        let (was, is) = (old.result.as_ref(), new.result.as_ref());
        if !self.same.options(was, is, By::Name) && !self.same.options(was, is, By::Source) {
            let place = Place { same_shape: self.same.options(was, is, By::Shape), ..place };
            let was = was.map_or_else(|| "nothing".to_owned(), |ty| format!("`{}`", self.same.old.spell(ty)));
            let is = is.map_or_else(|| "nothing".to_owned(), |ty| format!("`{}`", self.same.new.spell(ty)));
            self.add(path, Kind::ResultChanged, place, format!("gives {is} instead of {was}"));
        }
        self.about(path, (&old.docs, &old.stability), (&new.docs, &new.stability));
    }

    fn parameters(&mut self, path: &str, place: Place, old: &Function, new: &Function) {
        let (was, is): (Vec<&str>, Vec<&str>) = (
            old.params.iter().map(|param| param.name.as_str()).collect(),
            new.params.iter().map(|param| param.name.as_str()).collect(),
        );
        let found = parts(&was, &is, |was, is| self.same.types(&old.params[was].ty, &new.params[is].ty, By::Source));
        let spelled = |names: &Names<'_>, param: &Param| format!("`{}: {}`", param.name, names.spell(&param.ty));
        for index in found.removed {
            let what = format!("parameter {} was removed", spelled(&self.same.old, &old.params[index]));
            self.add(path, Kind::ParameterRemoved, place, what);
        }
        for index in found.added {
            let what = format!("parameter {} was added", spelled(&self.same.new, &new.params[index]));
            self.add(path, Kind::ParameterAdded, place, what);
        }
        for (before, after) in found.renamed {
            let what = format!("parameter `{}` is called `{}` now", was[before], is[after]);
            self.add(path, Kind::ParameterRenamed, place, what);
        }
        if found.reordered {
            let what = format!("its parameters come in another order: {} instead of {}", is.join(", "), was.join(", "));
            self.add(path, Kind::ParametersReordered, place, what);
        }
        for (before, after) in found.kept {
            let (before, after) = (&old.params[before], &new.params[after]);
            if self.same.types(&before.ty, &after.ty, By::Name) || self.same.types(&before.ty, &after.ty, By::Source) {
                continue;
            }
            let place = Place { same_shape: self.same.types(&before.ty, &after.ty, By::Shape), ..place };
            let (is, was) = (self.same.new.spell(&after.ty), self.same.old.spell(&before.ty));
            let what = format!("parameter `{}` is `{is}` instead of `{was}`", before.name);
            self.add(path, Kind::ParameterRetyped, place, what);
        }
    }
}

/// What a function is, and what adding and removing one of its sort is called.
fn noun(function: &Function) -> &'static str {
    match function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => "function",
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => "method",
        FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => "static function",
        FunctionKind::Constructor(_) => "constructor",
    }
}

fn kinds(function: &Function) -> (Kind, Kind) {
    match function.kind {
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding => (Kind::FunctionAdded, Kind::FunctionRemoved),
        FunctionKind::Method(_) | FunctionKind::AsyncMethod(_) => (Kind::MethodAdded, Kind::MethodRemoved),
        FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => (Kind::StaticAdded, Kind::StaticRemoved),
        FunctionKind::Constructor(_) => (Kind::ConstructorAdded, Kind::ConstructorRemoved),
    }
}
