//! Which versions of which plugins go together: what was asked for, what that needs, and what is installed already. It
//! does not install, and does not know what a plugin does.

mod candidate;
mod choices;
mod folder;
mod lock;
mod obstacles;
mod order;
mod ranges;
mod solver;
mod unsolvable;
mod words;

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hal9_package::Dependency;
use semver::Version;

pub use candidate::{Candidate, Catalogue, Catalogues};
pub use folder::{Folder, Found, Skipped};
pub use lock::{Lock, LockError, Locked};
pub use obstacles::{Need, Obstacle, ObstacleKind};
pub use unsolvable::Unsolvable;

use choices::Choices;
use solver::Stuck;

/// What is taken of a plugin that was asked for and is installed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// The installed version where it fits.
    Installed,
    /// The newest version that fits, as for an upgrade.
    Newest,
}

/// One version of each plugin that was asked for and of each that those need, dependencies first.
///
/// `installed` is what serves now, one version for each plugin, as is what the catalogue has. Of what was asked for is
/// taken what `prefer` says; of everything else the installed version where it fits, so that nothing is changed without
/// need, and otherwise the newest. A pre-release is taken only where a requirement names one of the same version. An
/// installed plugin that has now what it needs has that afterwards: where this takes another version of it, that one is
/// among the answers. Of what is installed and was not asked for nothing older is taken; asking for it is how to go back.
/// Equal input has equal answers.
///
/// # Errors
///
/// [`Unsolvable`], which names who needs what and what to change.
pub fn resolve(
    roots: &[Dependency],
    catalogue: &dyn Catalogue,
    installed: &[Candidate],
    hal9: &Version,
    prefer: Prefer,
) -> Result<Vec<Candidate>, Unsolvable> {
    let choices = Choices::find(roots, catalogue, installed, hal9, prefer)?;
    let solution = solver::solve(&choices).map_err(|stuck| match stuck {
        Stuck::None(derivation) => Unsolvable::Unmet { obstacles: obstacles::obstacles(*derivation, &choices) },
        Stuck::TooHard => Unsolvable::TooHard { what: "combinations", limit: solver::MAX_DETOURS },
    })?;
    let chosen: BTreeMap<_, _> =
        solution.iter().filter_map(|(id, version)| Some((id, choices.get(id, version)?))).collect();
    let changed = chosen.iter().filter(|(id, one)| choices.installed.get(id).is_some_and(|now| *now != one.version));
    order::order(choices.asked.keys().chain(changed.map(|(id, _)| *id)), &chosen)
        .map_err(|path| Unsolvable::Cycle { path })
}
