//! What an archive can have wrong with it: each fault with a twin that differs in the fault alone.

use crate::plugin::Plugin;

/// A fault, and what its twin has in its place.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Words of the refusal.
    pub(crate) says: &'static str,
    pub(crate) twin: fn(&mut Plugin),
    pub(crate) broken: fn(&mut Plugin),
}

/// A fault that the twin has nothing in place of.
pub(crate) const fn fault(name: &'static str, says: &'static str, broken: fn(&mut Plugin)) -> Case {
    Case { name, says, twin: |_| {}, broken }
}

pub(crate) const fn instead(
    name: &'static str,
    says: &'static str,
    twin: fn(&mut Plugin),
    broken: fn(&mut Plugin),
) -> Case {
    Case { name, says, twin, broken }
}

pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    crate::layout::CASES.iter().chain(crate::entries::CASES).chain(crate::names::CASES).chain(crate::contents::CASES)
}
