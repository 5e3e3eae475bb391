//! Owns which changes matter, by what is compared: of a component, those in what it uses. It refuses to know whom a change breaks
//! where two contracts are compared: `rules` does.

use std::collections::BTreeSet;

use serde::Serialize;

use super::change::{Kind, Party};
use super::reach::Sides;
use super::rules::Place;
use crate::Wit;

/// What is asked of two sides; it follows from what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Question {
    /// Two contracts: whom the change of it breaks.
    Contract,
    /// A component, then a contract: whether the component loads where the contract holds.
    Load,
    /// A contract, then a component: whether the component loads where that contract holds.
    Hosting,
    /// Two components: whether the second can be where the first one is.
    Replacement,
}

impl Question {
    /// What is asked of two sides.
    pub(super) fn of(old: &Wit, new: &Wit) -> Self {
        match (old.is_component(), new.is_component()) {
            (false, false) => Self::Contract,
            (true, false) => Self::Load,
            (false, true) => Self::Hosting,
            (true, true) => Self::Replacement,
        }
    }

    /// Whether such a change, there, is what the question is about.
    pub(super) fn asks(self, kind: Kind, sides: Sides) -> bool {
        use Kind as K;
        if self == Self::Contract {
            return true;
        }
        let (added, removed) = match kind {
            K::FunctionAdded | K::MethodAdded | K::StaticAdded | K::ConstructorAdded | K::ResourceAdded => {
                (true, false)
            }
            K::FunctionRemoved | K::MethodRemoved | K::StaticRemoved | K::ConstructorRemoved | K::ResourceRemoved => {
                (false, true)
            }
            // A component has nothing of what only texts have.
            K::DocumentationChanged | K::SinceChanged | K::DeprecationChanged => return false,
            K::TypeAdded | K::TypeRemoved | K::TypeRenamed | K::ParameterRenamed => return false,
            K::InterfaceAdded => return self == Self::Hosting,
            K::InterfaceRemoved => return self == Self::Load,
            K::WorldAdded | K::WorldRemoved => return false,
            K::WorldImportAdded | K::WorldImportRemoved | K::WorldExportAdded | K::WorldExportRemoved => {
                return self == Self::Replacement;
            }
            _ => return true,
        };
        // Of what it imports, a component has what it uses.
        match self {
            Self::Contract => true,
            Self::Load => removed || sides.exported,
            Self::Hosting => added || sides.exported,
            Self::Replacement => sides.exported,
        }
    }

    /// Whom a change breaks of those whom the question is about.
    pub(super) fn parties(self, kind: Kind, place: Place, parties: BTreeSet<Party>) -> BTreeSet<Party> {
        use Party::{BuiltPlugins, HostSource, OlderHosts, PluginSource};
        let about: &[Party] = match (self, kind) {
            (Self::Contract, _) => return parties,
            (Self::Load, _) => &[BuiltPlugins, PluginSource],
            (Self::Hosting, _) => &[OlderHosts],
            // A host that ran the old component calls what that exported, and offers what it imported.
            (Self::Replacement, Kind::WorldExportRemoved) => return BTreeSet::from([OlderHosts, HostSource]),
            (Self::Replacement, Kind::WorldImportAdded) => return BTreeSet::from([OlderHosts]),
            (Self::Replacement, Kind::WorldExportAdded | Kind::WorldImportRemoved) => return BTreeSet::new(),
            (Self::Replacement, _) if place.sides.exported => &[OlderHosts, HostSource],
            (Self::Replacement, _) => &[OlderHosts],
        };
        parties.into_iter().filter(|party| about.contains(party)).collect()
    }

    /// Why a change breaks whom it breaks, where that is not as between two contracts.
    pub(super) fn why(self, kind: Kind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Replacement, Kind::WorldImportAdded) => Some("hosts have to offer it, and to grant it"),
            (Self::Replacement, Kind::WorldExportRemoved) => Some("whoever calls it finds it nowhere"),
            (Self::Load, Kind::VersionCompatible) => Some("a host takes plugins of its own version or an earlier one"),
            _ => None,
        }
    }
}
