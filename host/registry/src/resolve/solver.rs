//! The search for versions that go together, by PubGrub. It does not know where plugins are, or how a failure is told.

use std::{cell::Cell, cmp::Reverse, collections::BTreeMap, fmt};

use hal9_package::PluginId;
use pubgrub::{Dependencies, DependencyProvider, DerivationTree, PackageResolutionStatistics, PubGrubError, Ranges};
use semver::Version;

use super::{
    choices::{Choices, together},
    ranges::Ordered,
};

/// Who needs something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Needer {
    /// The home: what was asked for, and what is installed.
    Home,
    /// A plugin.
    Plugin(PluginId),
}

impl fmt::Display for Needer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str("the home"),
            Self::Plugin(id) => id.fmt(f),
        }
    }
}

/// Why there is no solution, as PubGrub found it. It may be deep: never drop it as it is.
pub(super) type Derivation = DerivationTree<Needer, Ranges<Ordered>, String>;

/// How a search ended without a solution.
pub(super) enum Stuck {
    /// There is none.
    None(Box<Derivation>),
    /// The search took more than [`MAX_DETOURS`].
    TooHard,
}

/// How many decisions a search may take beyond one for each plugin. Each that was wrong makes the next one slower.
pub(super) const MAX_DETOURS: usize = 2_000;

/// One version of each plugin that is needed, all going together.
pub(super) fn solve(choices: &Choices) -> Result<BTreeMap<PluginId, Version>, Stuck> {
    let search = Search { choices, rounds: Cell::new(0) };
    match pubgrub::resolve(&search, Needer::Home, Ordered(HOME)) {
        Ok(solution) => Ok(solution
            .into_iter()
            .filter_map(|(needer, version)| match needer {
                Needer::Home => None,
                Needer::Plugin(id) => Some((id, version.0)),
            })
            .collect()),
        Err(PubGrubError::NoSolution(derivation)) => Err(Stuck::None(derivation.into())),
        // The other steps of a search cannot fail.
        Err(_) => Err(Stuck::TooHard),
    }
}

const HOME: Version = Version::new(0, 0, 0);

struct Search<'a> {
    choices: &'a Choices,
    rounds: Cell<usize>,
}

/// When a plugin's version is chosen, the last first: what comes first gets the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// What others need.
    Needed,
    /// What is installed, so that what is chosen after it leaves it as it is.
    Installed,
    /// What was asked for.
    Asked,
    /// What has no choice at all.
    Now,
}

/// A search was given up.
#[derive(Debug, thiserror::Error)]
#[error("the search takes too long")]
struct GivenUp;

impl DependencyProvider for Search<'_> {
    type P = Needer;
    type V = Ordered;
    type VS = Ranges<Ordered>;
    type M = String;
    type Err = GivenUp;
    type Priority = (Turn, u32, Reverse<usize>);

    fn prioritize(
        &self,
        package: &Needer,
        range: &Ranges<Ordered>,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let Needer::Plugin(id) = package else { return (Turn::Now, 0, Reverse(0)) };
        let choices = self.choices.fit(id, range).count();
        let turn = if choices == 0 {
            Turn::Now
        } else if self.choices.asked.contains_key(id) {
            Turn::Asked
        } else if self.choices.installed.contains_key(id) {
            Turn::Installed
        } else {
            Turn::Needed
        };
        (turn, statistics.conflict_count(), Reverse(choices))
    }

    fn choose_version(&self, package: &Needer, range: &Ranges<Ordered>) -> Result<Option<Ordered>, GivenUp> {
        Ok(match package {
            Needer::Home => Some(Ordered(HOME)),
            Needer::Plugin(id) => self.choices.best(id, range).map(|one| Ordered(one.version.clone())),
        })
    }

    fn get_dependencies(
        &self,
        package: &Needer,
        version: &Ordered,
    ) -> Result<Dependencies<Needer, Ranges<Ordered>, String>, GivenUp> {
        let mut needs: BTreeMap<&PluginId, Ranges<Ordered>> = BTreeMap::new();
        match package {
            Needer::Home => {
                needs.extend(self.choices.kept.iter().map(|id| (id, Ranges::full())));
                needs.extend(self.choices.asked.iter().map(|(id, requirements)| (id, together(requirements))));
            }
            Needer::Plugin(id) => {
                for one in self.choices.get(id, &version.0).into_iter().flat_map(|one| &one.dependencies) {
                    let range = needs.entry(&one.plugin_id).or_insert_with(Ranges::full);
                    *range = range.intersection(&together([&one.version]));
                }
            }
        }
        let needs = needs.into_iter().map(|(id, range)| (Needer::Plugin(id.clone()), range));
        Ok(Dependencies::Available(needs.collect()))
    }

    fn should_cancel(&self) -> Result<(), GivenUp> {
        self.rounds.set(self.rounds.get() + 1);
        if self.rounds.get() > self.choices.plugins.len() + MAX_DETOURS { Err(GivenUp) } else { Ok(()) }
    }
}
