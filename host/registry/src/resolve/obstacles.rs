//! What stands in the way of a solution, found in the solver's derivation: which needs cannot be met, alone or together. It
//! does not know how that is put into words.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use hal9_package::PluginId;
use pubgrub::{DerivationTree, External, Ranges};
use semver::{Version, VersionReq};

use super::{
    choices::{Choices, Unfit, together},
    ranges::Ordered,
    solver::{Derivation, Needer},
};

/// Something that keeps plugins from going together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The plugin that is not there as it is needed.
    pub plugin: PluginId,
    /// What is wrong with it.
    pub kind: ObstacleKind,
    /// Who needs it how: one need, or those of which no version fits all.
    pub needs: Vec<Need>,
    /// The versions of it that there are, newest first.
    pub available: Vec<Version>,
}

/// What is wrong with a plugin that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObstacleKind {
    /// It is not to be had at all.
    Missing,
    /// It is there, and in no version that fits the need.
    NoVersion,
    /// The version that fits needs a newer HAL9.
    TooNew {
        /// The newest version that fits.
        version: Version,
        /// The HAL9 that it needs.
        needs: Version,
        /// This HAL9.
        hal9: Version,
    },
    /// The version that fits needs itself.
    NeedsItself {
        /// The newest version that fits.
        version: Version,
    },
    /// The version that fits is older than the installed one, and nobody asked for it.
    Older {
        /// The newest version that fits.
        version: Version,
        /// What is installed.
        installed: Version,
    },
    /// Each need can be met, and no version meets all of them.
    Conflict,
}

/// That a plugin is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Who needs it; `None` for what was asked for.
    pub by: Option<PluginId>,
    /// The versions of `by` that need something that does not fit, newest first.
    pub versions: Vec<Version>,
    /// Whether the first of these versions is installed.
    pub installed: bool,
    /// How the first of these versions states it, such as `^1.2`.
    pub requirement: String,
    /// The plugins over which `by` is needed, beginning with one that was asked for or is installed; empty where `by` is
    /// that itself.
    pub way: Vec<PluginId>,
}

/// A need as the solver met it.
struct Fact {
    need: Need,
    range: Ranges<Ordered>,
}

/// Who needs which plugin: `None` is the home.
type Edges = BTreeMap<(PluginId, Option<PluginId>), Vec<Ranges<Ordered>>>;

/// More than this are not told of, and more than this many needs of one plugin not compared with each other.
const MANY: usize = 200;

/// What stands in the way, by plugin.
pub(super) fn obstacles(derivation: Derivation, choices: &Choices) -> Vec<Obstacle> {
    let edges = edges(derivation);
    let parents = parents(&edges);
    let mut facts: BTreeMap<&PluginId, Vec<Fact>> = BTreeMap::new();
    for ((plugin, by), versions) in &edges {
        let of_plugin = facts.entry(plugin).or_default();
        match by {
            Some(by) => of_plugin.extend(needs_of(by, versions, plugin, choices)),
            // That an installed plugin stays is no requirement of anybody's.
            None => of_plugin.extend(choices.asked.get(plugin).map(|asked| Fact {
                need: Need { by: None, versions: vec![], installed: false, requirement: words(asked), way: vec![] },
                range: together(asked),
            })),
        }
    }
    let mut found = Vec::new();
    for (plugin, facts) in facts {
        let (possible, impossible): (Vec<_>, Vec<_>) =
            facts.iter().take(MANY).partition(|fact| choices.fit(plugin, &fact.range).next().is_some());
        let mut conflicts = pairs(plugin, &possible, choices);
        if conflicts.is_empty() {
            conflicts.extend(all(plugin, &possible, choices));
        }
        let alone = impossible.into_iter().map(|fact| (reason(plugin, fact, choices), vec![fact.need.clone()]));
        let conflicts = conflicts.into_iter().map(|needs| (ObstacleKind::Conflict, needs));
        found.extend(alone.chain(conflicts).map(|(kind, needs)| Obstacle {
            plugin: plugin.clone(),
            kind,
            needs,
            available: choices.of(plugin).iter().map(|choice| choice.candidate.version.clone()).collect(),
        }));
    }
    found.truncate(MANY);
    for need in found.iter_mut().flat_map(|obstacle| &mut obstacle.needs) {
        let known = |by: &&PluginId| !choices.asked.contains_key(by) && !choices.kept.contains(by);
        need.way = need.by.iter().filter(known).flat_map(|by| way(by, &parents)).collect();
    }
    found
}

/// The dependencies that a derivation rests on, with the versions that have them.
///
/// A derivation may be deeper than the stack, so it is taken apart with a list of what is left to do; and what it shares is
/// looked at when the last that shares it is.
fn edges(derivation: Derivation) -> Edges {
    let mut edges = Edges::new();
    let mut left = vec![Arc::new(derivation)];
    while let Some(one) = left.pop() {
        match Arc::try_unwrap(one) {
            Ok(DerivationTree::Derived(derived)) => left.extend([derived.cause1, derived.cause2]),
            Ok(DerivationTree::External(External::FromDependencyOf(by, versions, Needer::Plugin(plugin), _))) => {
                let by = match by {
                    Needer::Home => None,
                    Needer::Plugin(id) => Some(id),
                };
                edges.entry((plugin, by)).or_default().push(versions);
            }
            Ok(DerivationTree::External(_)) | Err(_) => {}
        }
    }
    edges
}

/// What the versions of a plugin need of another, one fact for each way of saying it; the newest versions first.
fn needs_of(by: &PluginId, versions: &[Ranges<Ordered>], plugin: &PluginId, choices: &Choices) -> Vec<Fact> {
    let range = versions.iter().fold(Ranges::empty(), |all, one| all.union(one));
    let mut facts: Vec<Fact> = Vec::new();
    for one in choices.fit(by, &range) {
        let stated = || one.dependencies.iter().filter(|need| need.plugin_id == *plugin).map(|need| &need.version);
        let requirement = words(stated());
        if let Some(fact) = facts.iter_mut().find(|fact| fact.need.requirement == requirement) {
            fact.need.versions.push(one.version.clone());
            continue;
        }
        let installed = choices.installed.get(by) == Some(&one.version);
        let versions = vec![one.version.clone()];
        let need = Need { by: Some(by.clone()), versions, installed, requirement, way: vec![] };
        facts.push(Fact { need, range: together(stated()) });
    }
    facts
}

fn words<'a>(requirements: impl IntoIterator<Item = &'a VersionReq>) -> String {
    let requirements: Vec<_> = requirements.into_iter().map(ToString::to_string).collect();
    requirements.join(", ")
}

/// Who needs each plugin on the shortest way from the home.
fn parents(edges: &Edges) -> BTreeMap<&PluginId, Option<&PluginId>> {
    let mut needed: BTreeMap<Option<&PluginId>, Vec<&PluginId>> = BTreeMap::new();
    for (plugin, by) in edges.keys() {
        needed.entry(by.as_ref()).or_default().push(plugin);
    }
    let mut parents = BTreeMap::new();
    let mut open = VecDeque::from([None]);
    while let Some(by) = open.pop_front() {
        for plugin in needed.get(&by).into_iter().flatten() {
            parents.entry(*plugin).or_insert_with(|| {
                open.push_back(Some(*plugin));
                by
            });
        }
    }
    parents
}

/// Over which plugins a plugin is needed.
fn way(to: &PluginId, parents: &BTreeMap<&PluginId, Option<&PluginId>>) -> Vec<PluginId> {
    let parent = |id: &PluginId| parents.get(id).copied().flatten();
    let mut way: Vec<_> = std::iter::successors(parent(to), |id| parent(id)).cloned().collect();
    way.reverse();
    way
}

/// Why a need cannot be met, whatever else is needed.
fn reason(plugin: &PluginId, fact: &Fact, choices: &Choices) -> ObstacleKind {
    let Some(choice) = choices.of(plugin).iter().find(|choice| fact.range.contains(&choice.version)) else {
        return if choices.of(plugin).is_empty() { ObstacleKind::Missing } else { ObstacleKind::NoVersion };
    };
    let version = choice.candidate.version.clone();
    match choice.unfit.clone() {
        Some(Unfit::TooNew(needs)) => ObstacleKind::TooNew { version, needs, hal9: choices.hal9.clone() },
        Some(Unfit::NeedsItself) => ObstacleKind::NeedsItself { version },
        Some(Unfit::Older(installed)) => ObstacleKind::Older { version, installed },
        None => ObstacleKind::NoVersion,
    }
}

/// The pairs of needs that no version meets, one for each pair of plugins that have them.
fn pairs(plugin: &PluginId, facts: &[&Fact], choices: &Choices) -> Vec<Vec<Need>> {
    let mut found: BTreeMap<_, Vec<Need>> = BTreeMap::new();
    for (at, one) in facts.iter().enumerate() {
        for other in facts[at + 1..].iter().filter(|other| other.need.by != one.need.by) {
            if choices.fit(plugin, &one.range.intersection(&other.range)).next().is_some() {
                continue;
            }
            let pair = [&one.need, &other.need];
            let known = found.entry(pair.map(|need| &need.by)).or_insert_with(|| pair.map(Clone::clone).to_vec());
            for (known, need) in known.iter_mut().zip(pair) {
                let more: Vec<_> = need.versions.iter().filter(|one| !known.versions.contains(one)).cloned().collect();
                known.versions.extend(more);
            }
        }
    }
    found.into_values().collect()
}

/// The needs that no version meets together, where each two of them can be met.
fn all(plugin: &PluginId, facts: &[&Fact], choices: &Choices) -> Option<Vec<Need>> {
    let mut by: BTreeMap<_, (&Need, Ranges<Ordered>)> = BTreeMap::new();
    for fact in facts {
        by.entry(&fact.need.by)
            .and_modify(|(_, range)| *range = range.union(&fact.range))
            .or_insert_with(|| (&fact.need, fact.range.clone()));
    }
    if by.len() < 2 {
        return None;
    }
    let together = by.values().fold(Ranges::full(), |all, (_, range)| all.intersection(range));
    let met = choices.fit(plugin, &together).next().is_some();
    (!met).then(|| by.into_values().map(|(need, _)| need.clone()).collect())
}
