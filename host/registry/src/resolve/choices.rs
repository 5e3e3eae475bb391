//! What may be chosen: all versions of all plugins that could come into it, each with the reason why it may not be taken.
//! It does not know which of them go together.

use std::collections::{BTreeMap, BTreeSet};

use hal9_package::{Dependency, PluginId};
use pubgrub::Ranges;
use semver::{Version, VersionReq};

use super::{
    Candidate, Catalogue, Prefer, Unsolvable,
    ranges::{Ordered, ranges},
};

/// Why a version is not taken, whatever the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It needs a newer HAL9.
    TooNew(Version),
    /// It needs itself.
    NeedsItself,
    /// It is older than what is installed, and nobody asked for it.
    Older(Version),
}

/// A version with the reason why it may not be taken.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) version: Ordered,
    pub(super) candidate: Candidate,
    pub(super) unfit: Option<Unfit>,
}

/// Everything that could come into a solution.
#[derive(Debug)]
pub(super) struct Choices {
    /// All versions by plugin, newest first. A plugin that is not to be had has none.
    pub(super) plugins: BTreeMap<PluginId, Vec<Choice>>,
    /// What was asked for. A plugin may be there with several requirements.
    pub(super) asked: BTreeMap<PluginId, Vec<VersionReq>>,
    /// What is installed, by plugin.
    pub(super) installed: BTreeMap<PluginId, Version>,
    /// The installed plugins that must go on working: those that have now what they need.
    pub(super) kept: BTreeSet<PluginId>,
    /// What is taken of the plugins that were asked for.
    pub(super) prefer: Prefer,
    /// The version of this HAL9.
    pub(super) hal9: Version,
}

/// More versions than this are not looked at. A home has tens of plugins.
const MAX_VERSIONS: usize = 100_000;

impl Choices {
    pub(super) fn find(
        roots: &[Dependency],
        catalogue: &dyn Catalogue,
        installed: &[Candidate],
        hal9: &Version,
        prefer: Prefer,
    ) -> Result<Self, Unsolvable> {
        let mut asked: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for root in roots {
            asked.entry(root.plugin_id.clone()).or_default().push(root.version.clone());
        }
        let mut current: BTreeMap<&PluginId, &Candidate> = BTreeMap::new();
        for one in installed {
            current.entry(&one.id).and_modify(|now| *now = newer(now, one)).or_insert(one);
        }
        let kept = whole(&current, hal9);
        let mut choices = Self {
            plugins: BTreeMap::new(),
            installed: current.iter().map(|(id, one)| ((*id).clone(), one.version.clone())).collect(),
            kept,
            asked,
            prefer,
            hal9: hal9.clone(),
        };
        let mut open: Vec<PluginId> = choices.asked.keys().chain(&choices.kept).cloned().collect();
        let mut count = 0;
        while let Some(id) = open.pop() {
            if choices.plugins.contains_key(&id) {
                continue;
            }
            let mut versions = catalogue.versions(&id).map_err(Unsolvable::Catalogue)?;
            versions.retain(|one| one.id == id);
            // First what is installed: it is what its user runs, whatever else the same version is elsewhere.
            versions.splice(0..0, installed.iter().filter(|one| one.id == id).cloned());
            versions.sort_by(|a, b| b.version.cmp(&a.version));
            versions.dedup_by(|second, first| second.version == first.version);
            count += versions.len();
            if count > MAX_VERSIONS {
                return Err(Unsolvable::TooHard { what: "versions", limit: MAX_VERSIONS });
            }
            open.extend(versions.iter().flat_map(|one| &one.dependencies).map(|one| one.plugin_id.clone()));
            let versions = versions.into_iter().map(|candidate| choices.judge(candidate)).collect();
            choices.plugins.insert(id, versions);
        }
        Ok(choices)
    }

    /// All versions of a plugin, newest first.
    pub(super) fn of(&self, id: &PluginId) -> &[Choice] {
        self.plugins.get(id).map_or(&[], Vec::as_slice)
    }

    /// The versions of a plugin in a range that may be taken, newest first.
    pub(super) fn fit(&self, id: &PluginId, range: &Ranges<Ordered>) -> impl Iterator<Item = &Candidate> {
        let inside = |choice: &&Choice| choice.unfit.is_none() && range.contains(&choice.version);
        self.of(id).iter().filter(inside).map(|choice| &choice.candidate)
    }

    /// A version of a plugin.
    pub(super) fn get(&self, id: &PluginId, version: &Version) -> Option<&Candidate> {
        self.of(id).iter().map(|choice| &choice.candidate).find(|one| one.version == *version)
    }

    /// What is taken of a plugin where only its range counts: the installed version, or else the newest.
    pub(super) fn best(&self, id: &PluginId, range: &Ranges<Ordered>) -> Option<&Candidate> {
        let newest = self.prefer == Prefer::Newest && self.asked.contains_key(id);
        let installed = self.installed.get(id).filter(|_| !newest);
        installed
            .and_then(|version| self.fit(id, range).find(|one| one.version == *version))
            .or_else(|| self.fit(id, range).next())
    }

    fn judge(&self, candidate: Candidate) -> Choice {
        let Candidate { id, version, dependencies, min_hal9_version, .. } = &candidate;
        let unfit = if dependencies.iter().any(|one| one.plugin_id == *id) {
            Some(Unfit::NeedsItself)
        } else if let Some(min) = min_hal9_version.as_ref().filter(|min| **min > self.hal9) {
            Some(Unfit::TooNew(min.clone()))
        } else {
            let installed = self.installed.get(id).filter(|_| !self.asked.contains_key(id));
            installed.filter(|installed| version < installed).cloned().map(Unfit::Older)
        };
        Choice { version: Ordered(version.clone()), candidate, unfit }
    }
}

/// The requirements of one plugin for another, as one range. Usually there is one.
pub(super) fn together<'a>(requirements: impl IntoIterator<Item = &'a VersionReq>) -> Ranges<Ordered> {
    requirements.into_iter().fold(Ranges::full(), |all, one| all.intersection(&ranges(one)))
}

fn newer<'a>(a: &'a Candidate, b: &'a Candidate) -> &'a Candidate {
    if b.version > a.version { b } else { a }
}

/// The installed plugins that have all that they need. What is broken already is nobody's reason to refuse.
fn whole(installed: &BTreeMap<&PluginId, &Candidate>, hal9: &Version) -> BTreeSet<PluginId> {
    let runs = |one: &Candidate| one.min_hal9_version.as_ref().is_none_or(|min| min <= hal9);
    let mut whole: BTreeMap<_, _> = installed.iter().filter(|(_, one)| runs(one)).collect();
    loop {
        let broken: Vec<_> = whole
            .iter()
            .filter(|(_, one)| {
                !one.dependencies
                    .iter()
                    .all(|need| whole.get(&&need.plugin_id).is_some_and(|other| need.version.matches(&other.version)))
            })
            .map(|(id, _)| *id)
            .collect();
        if broken.is_empty() {
            return whole.into_keys().map(|id| (*id).clone()).collect();
        }
        whole.retain(|id, _| !broken.contains(id));
    }
}
