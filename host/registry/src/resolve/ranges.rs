//! Which versions a requirement means, as ranges that can be intersected and complemented. It knows neither plugins nor
//! which versions there are.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use pubgrub::Ranges;
use semver::{BuildMetadata, Prerelease, Version, VersionReq};

/// A version in the order that ranges need: all pre-releases stand before all releases.
///
/// In semver's own order `^1` has a hole at every pre-release of 1.x, which no finite number of ranges can say. In this
/// order it is one range of releases, and the pre-releases that a requirement names are a few ranges of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ordered(pub(super) Version);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.pre.is_empty(), &self.0).cmp(&(other.0.pre.is_empty(), &other.0))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The versions for which [`VersionReq::matches`] says yes, no more and no less.
///
/// What a requirement says changes only at a few versions. So it is asked at each of them and holds up to the next; its
/// operators need not be known here a second time.
pub(super) fn ranges(requirement: &VersionReq) -> Ranges<Ordered> {
    cells(requirement, &releases(requirement), None).union(&prereleases(requirement))
}

/// The ranges that begin at those versions where the requirement matches, each up to the next and the last up to `end`.
fn cells(requirement: &VersionReq, starts: &BTreeSet<Version>, end: Option<&Version>) -> Ranges<Ordered> {
    let ends = starts.iter().skip(1).map(Some).chain([end]);
    starts.iter().zip(ends).filter(|(start, _)| requirement.matches(start)).fold(
        Ranges::empty(),
        |ranges, (start, end)| {
            let start = Ordered(start.clone());
            ranges.union(&match end {
                Some(end) => Ranges::between(start, Ordered(end.clone())),
                None => Ranges::higher_than(start),
            })
        },
    )
}

/// The releases at which a requirement may begin or cease to match: what each comparator names, and the next patch, minor
/// and major version after it.
fn releases(requirement: &VersionReq) -> BTreeSet<Version> {
    let mut starts = BTreeSet::from([Version::new(0, 0, 0)]);
    for one in &requirement.comparators {
        let named = Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
        starts.extend(next_patch(&named));
        starts.extend(next_minor(&named));
        starts.extend(next_major(&named));
        starts.insert(named);
    }
    starts
}

/// The pre-releases that match. A requirement matches those only of versions that it names with a pre-release.
fn prereleases(requirement: &VersionReq) -> Ranges<Ordered> {
    let mut ranges = Ranges::empty();
    for one in requirement.comparators.iter().filter(|one| !one.pre.is_empty()) {
        let (Some(minor), Some(patch)) = (one.minor, one.patch) else { continue };
        let named = Version::new(one.major, minor, patch);
        let alike = requirement.comparators.iter().filter(|other| {
            (other.major, other.minor, other.patch) == (one.major, one.minor, one.patch) && !other.pre.is_empty()
        });
        // `alpha.0` is the next after `alpha`, and `0` the first of all.
        let labels =
            alike.flat_map(|other| [Some(other.pre.clone()), Prerelease::new(&format!("{}.0", other.pre)).ok()]);
        let starts = labels.chain([Prerelease::new("0").ok()]).flatten().map(|pre| with(&named, pre)).collect();
        let next = next_patch(&named).or_else(|| next_minor(&named)).or_else(|| next_major(&named));
        // After the very last pre-release comes the first release.
        let end = match (next, Prerelease::new("0")) {
            (Some(next), Ok(first)) => with(&next, first),
            _ => Version::new(0, 0, 0),
        };
        ranges = ranges.union(&cells(requirement, &starts, Some(&end)));
    }
    ranges
}

fn with(version: &Version, pre: Prerelease) -> Version {
    Version { pre, build: BuildMetadata::EMPTY, ..version.clone() }
}

fn next_patch(version: &Version) -> Option<Version> {
    Some(Version::new(version.major, version.minor, version.patch.checked_add(1)?))
}

fn next_minor(version: &Version) -> Option<Version> {
    Some(Version::new(version.major, version.minor.checked_add(1)?, 0))
}

fn next_major(version: &Version) -> Option<Version> {
    Some(Version::new(version.major.checked_add(1)?, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = u64::MAX;
    const NUMBERS: [u64; 5] = [0, 1, 2, 3, MAX];
    const LABELS: [&str; 9] = ["", "-0", "-0.0", "-1", "-alpha", "-alpha.0", "-alpha.1", "-beta", "-rc.1"];
    const BUILDS: [&str; 3] = ["", "+0", "+exp.sha"];

    fn versions() -> Vec<Version> {
        let mut versions = Vec::new();
        for major in NUMBERS {
            for minor in NUMBERS {
                for patch in NUMBERS {
                    for (at, label) in LABELS.into_iter().enumerate() {
                        // One spelling of build metadata each: they matter to no requirement.
                        let build = BUILDS[(at + patch.min(3) as usize) % BUILDS.len()];
                        versions.push(format!("{major}.{minor}.{patch}{label}{build}").parse().unwrap());
                    }
                }
            }
        }
        versions
    }

    #[track_caller]
    fn agree(requirement: &str, versions: &[Version]) {
        let requirement: VersionReq = requirement.parse().unwrap_or_else(|error| panic!("{requirement}: {error}"));
        let ranges = ranges(&requirement);
        for version in versions {
            let (found, expected) = (ranges.contains(&Ordered(version.clone())), requirement.matches(version));
            assert_eq!(found, expected, "{requirement} and {version}: {ranges}");
        }
    }

    fn comparator(number: &mut impl FnMut(usize) -> usize) -> String {
        let operator = ["", "=", ">", ">=", "<", "<=", "~", "^"][number(8)];
        let [major, minor, patch] = [(); 3].map(|()| NUMBERS[number(NUMBERS.len())]);
        match number(8) {
            0 => format!("{operator}{major}"),
            1 => format!("{operator}{major}.{minor}"),
            2 => format!("{major}.{minor}.*"),
            3 => format!("{major}.*"),
            _ => format!("{operator}{major}.{minor}.{patch}{}", LABELS[number(LABELS.len())]),
        }
    }

    #[test]
    fn the_ranges_of_a_requirement_are_what_it_matches() {
        let versions = versions();
        for requirement in ["*", "0", "^0.0", "^0.0.0", "~0", ">=0.0.0-0", "<0.0.0-0", ">=1.2.3-alpha, <1.2.3-beta"] {
            agree(requirement, &versions);
        }
        // A generator of our own, so that a failure comes back with the same seed.
        let mut seed = 0x9e37_79b9_u64;
        let mut number = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for _ in 0..2_000 {
            let some: Vec<_> = (0..=number(3)).map(|_| comparator(&mut number)).collect();
            agree(&some.join(", "), &versions);
        }
    }

    #[test]
    fn requirements_that_mean_the_same_are_equal_ranges() {
        let of = |text: &str| ranges(&text.parse().unwrap());
        assert_eq!(of("^1.2"), of(">=1.2.0, <2"));
        assert_eq!(of("*"), of(">=0.0.0"));
        assert!(of("^1").is_disjoint(&of("^2")));
        assert!(of(">=2, <1").is_empty());
    }
}
