//! The order of a solution: what is needed before who needs it. It does not choose versions.

use std::collections::{BTreeMap, BTreeSet};

use hal9_package::PluginId;
use semver::Version;

use super::Candidate;

/// Plugins that need each other: each needs the next, and the last is the first again.
pub(super) type Circle = Vec<(PluginId, Version)>;

/// The plugins that can be reached from some of them, dependencies first and otherwise by id.
///
/// # Errors
///
/// The circle, where plugins need each other.
pub(super) fn order<'a>(
    from: impl IntoIterator<Item = &'a PluginId>,
    solution: &BTreeMap<&'a PluginId, &'a Candidate>,
) -> Result<Vec<Candidate>, Circle> {
    let mut ordered = Vec::new();
    let mut done = BTreeSet::new();
    for start in from {
        // The way to where we are, and at each plugin of it those that it needs and that are not looked at yet.
        let mut way: Vec<(&Candidate, Vec<&PluginId>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(id) = next.take()
                && !done.contains(id)
                && let Some(candidate) = solution.get(id).copied()
            {
                if let Some(first) = way.iter().position(|(on_way, _)| on_way.id == *id) {
                    return Err(cycle(way[first..].iter().map(|(candidate, _)| *candidate)));
                }
                let mut needs: Vec<_> = candidate.dependencies.iter().map(|one| &one.plugin_id).collect();
                needs.sort_by(|a, b| b.cmp(a));
                way.push((candidate, needs));
            }
            let Some((candidate, needs)) = way.last_mut() else { break };
            next = needs.pop();
            if next.is_none() {
                done.insert(&candidate.id);
                ordered.push((*candidate).clone());
                way.pop();
            }
        }
    }
    Ok(ordered)
}

/// The circle, beginning with the least id: so that it reads the same from wherever it was entered.
fn cycle<'a>(circle: impl Iterator<Item = &'a Candidate>) -> Circle {
    let mut path: Vec<_> = circle.map(|one| (one.id.clone(), one.version.clone())).collect();
    let least = path.iter().enumerate().min_by(|(_, a), (_, b)| a.cmp(b)).map_or(0, |(at, _)| at);
    path.rotate_left(least);
    path.extend(path.first().cloned());
    path
}
