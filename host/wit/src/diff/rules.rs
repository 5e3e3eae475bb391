//! Owns the rules: whom a change of which kind breaks, by where it is, and why. They are those of the component model as
//! wasmtime holds to it, and `wit/DECISIONS.md` has the reasons. It refuses to know how changes are found.

use std::collections::BTreeSet;

use super::change::{Kind, Party};
use super::reach::Sides;

/// Where a change is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The sides of the interface.
    pub(super) sides: Sides,
    /// For a type: whether plugins make values of it.
    pub(super) given: bool,
    /// For a type: whether plugins get values of it.
    pub(super) received: bool,
    /// For a type: whether a function brings it at all. One that none brings never meets a host.
    pub(super) unreached: bool,
    /// Whether what a host checks is as it was, so that names differ alone.
    pub(super) same_shape: bool,
    /// For a version: whether the new one is the later one.
    pub(super) later: bool,
    /// For a world: whether plugins are built for it. They are not for one that describes a host.
    pub(super) of_hosts: bool,
    /// For what a world imports or exports: the sides on which no world had it, or has it any more.
    pub(super) first_or_last: Sides,
}

impl Place {
    pub(super) fn at(sides: Sides) -> Self {
        Self { sides, ..Self::default() }
    }
}

/// Whom a change breaks.
pub(super) fn parties(kind: Kind, place: Place) -> BTreeSet<Party> {
    use Kind as K;
    use Party::{BuiltPlugins, HostSource, OlderHosts, PluginSource};
    let Sides { imported, exported } = place.sides;
    let mut parties = BTreeSet::new();
    let mut breaks = |party: Party, is_broken: bool| {
        if is_broken {
            parties.insert(party);
        }
    };
    match kind {
        K::TypeAdded | K::WorldAdded | K::DocumentationChanged | K::SinceChanged | K::DeprecationChanged => {}
        K::VersionCompatible => breaks(if place.later { OlderHosts } else { BuiltPlugins }, true),
        K::VersionIncompatible => {
            [BuiltPlugins, PluginSource, OlderHosts, HostSource].into_iter().for_each(|party| breaks(party, true));
        }
        K::WorldRemoved => {
            breaks(PluginSource, !place.of_hosts);
            breaks(HostSource, true);
        }
        K::WorldImportAdded | K::WorldExportAdded => {
            breaks(PluginSource, kind == K::WorldExportAdded && !place.of_hosts);
            breaks(OlderHosts, !place.first_or_last.is_none());
            breaks(HostSource, place.first_or_last.imported);
        }
        K::WorldImportRemoved | K::WorldExportRemoved => {
            breaks(PluginSource, !place.of_hosts);
            breaks(BuiltPlugins, !place.first_or_last.is_none());
            breaks(HostSource, !place.first_or_last.is_none());
        }
        K::InterfaceAdded => {
            breaks(OlderHosts, true);
            breaks(HostSource, imported);
        }
        K::InterfaceRemoved => {
            [BuiltPlugins, PluginSource, HostSource].into_iter().for_each(|party| breaks(party, true));
        }
        K::FunctionAdded | K::MethodAdded | K::StaticAdded | K::ConstructorAdded => {
            breaks(OlderHosts, imported);
            breaks(HostSource, imported);
            breaks(BuiltPlugins, exported);
            breaks(PluginSource, exported);
        }
        K::FunctionRemoved | K::MethodRemoved | K::StaticRemoved | K::ConstructorRemoved => {
            breaks(BuiltPlugins, imported);
            breaks(OlderHosts, exported);
            breaks(PluginSource, true);
            breaks(HostSource, true);
        }
        // Who implements a function calls its parameters what they like; who calls it may pass them by name.
        K::ParameterRenamed => breaks(PluginSource, imported),
        K::ResourceAdded => {
            breaks(OlderHosts, imported);
            breaks(HostSource, imported);
            breaks(PluginSource, exported);
        }
        K::ResourceRemoved => {
            breaks(BuiltPlugins, imported);
            breaks(PluginSource, true);
            breaks(HostSource, true);
        }
        K::TypeRemoved | K::TypeRenamed => {
            breaks(PluginSource, true);
            breaks(HostSource, true);
        }
        _ => {
            // A type, or a function's: hosts check the whole of it.
            let meets = !place.same_shape && !place.unreached;
            breaks(BuiltPlugins, meets);
            breaks(OlderHosts, meets);
            // Of a type that no function brings, nobody knows who makes it.
            let (given, received) = (place.given || place.unreached, place.received || place.unreached);
            let (of_plugins, of_hosts) = match kind {
                K::FieldAdded => (given, received),
                K::CaseAdded | K::EnumCaseAdded => (received, given),
                K::FlagAdded | K::FieldsReordered | K::CasesReordered => (false, false),
                K::EnumCasesReordered | K::FlagsReordered => (false, false),
                _ => (true, true),
            };
            breaks(PluginSource, of_plugins);
            breaks(HostSource, of_hosts);
        }
    }
    parties
}

/// Why a change breaks whom it breaks; empty, where it breaks nobody.
pub(super) fn why(kind: Kind, place: Place, breaks: &BTreeSet<Party>) -> &'static str {
    use Kind as K;
    if breaks.is_empty() {
        return "";
    }
    let Sides { imported, exported } = place.sides;
    match kind {
        K::VersionCompatible => "HAL9's hosts take plugins that were built with their own version or an earlier one",
        K::VersionIncompatible => "to a host that is another package: no import and no export is found",
        K::WorldRemoved => "whoever names it, or includes it, finds it nowhere",
        K::WorldImportAdded => "a plugin that uses it needs a host that has it",
        K::WorldExportAdded => "plugins for the world have to implement it; built ones load without",
        K::WorldImportRemoved | K::WorldExportRemoved if place.first_or_last.is_none() => {
            "plugins for the world lose it"
        }
        K::WorldImportRemoved => "plugins that use it find it nowhere",
        K::WorldExportRemoved => "no host calls it any more",
        K::InterfaceAdded if imported => "a plugin that uses it needs a host that has it",
        K::InterfaceAdded => "no older host calls it",
        K::InterfaceRemoved if imported => "plugins that use it find it nowhere",
        K::InterfaceRemoved => "no host calls it any more",
        K::FunctionAdded | K::MethodAdded | K::StaticAdded | K::ConstructorAdded if exported => {
            "plugins have to implement it: a host looks for all of an interface"
        }
        K::FunctionAdded | K::MethodAdded | K::StaticAdded | K::ConstructorAdded => {
            "a plugin that calls it needs a host that has it"
        }
        K::FunctionRemoved | K::MethodRemoved | K::StaticRemoved | K::ConstructorRemoved if imported => {
            "plugins that call it find it nowhere"
        }
        K::FunctionRemoved | K::MethodRemoved | K::StaticRemoved | K::ConstructorRemoved => {
            "nobody calls it any more, and bindings do not have it"
        }
        K::ParameterRenamed => "hosts do not look at the name, but calls in Python may pass it by name",
        K::ParametersReordered => {
            "a call would mean something else, and nothing would notice where the types are the same"
        }
        K::ResourceAdded if imported => "a plugin that uses it needs a host that has it",
        K::ResourceAdded => "plugins have to implement it",
        K::ResourceRemoved => "whoever uses it finds it nowhere",
        K::TypeRemoved | K::TypeRenamed => "hosts do not look at the name, but sources use it",
        K::BecameAsync | K::BecameSync => "a host takes the one for the other as little as bindings do",
        _ if place.same_shape => "hosts do not look at the name, but sources use it",
        _ if place.unreached => "no function brings it to a host, but sources may use it",
        K::CaseAdded | K::EnumCaseAdded if place.received => {
            "types have to match exactly; plugins that get it have to handle the new case"
        }
        K::CaseAdded | K::EnumCaseAdded | K::FlagAdded => {
            "types have to match exactly; to build again is enough for plugins"
        }
        K::FieldAdded if place.given => "types have to match exactly; plugins that make it have to set the new field",
        K::FieldAdded => "types have to match exactly; to build again is enough for plugins, which only read it",
        K::FieldsReordered | K::CasesReordered | K::EnumCasesReordered | K::FlagsReordered => {
            "types have to match exactly, in order too; to build again is enough"
        }
        _ => "types have to match exactly",
    }
}
