//! The solver held against trying everything, on many small catalogues.

use super::*;

/// A generator of our own, so that a failure comes back with the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

const PLUGINS: usize = 5;
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"];
const REQUIREMENTS: [&str; 8] = ["*", "^1", "^1.1", "=1.0.0", "^2", "<2", "2.0.0-rc.1", ">=1.1, <3"];

fn need(random: &mut Random, plugin: usize) -> Dependency {
    let version = REQUIREMENTS[random.below(REQUIREMENTS.len())].parse().unwrap();
    Dependency { plugin_id: format!("x.p{plugin}").parse().unwrap(), version }
}

/// A few versions of a few plugins. Each needs only plugins of higher numbers, so that there are no circles.
fn catalogue(random: &mut Random) -> Vec<Candidate> {
    let mut all = Vec::new();
    for plugin in 0..PLUGINS {
        for version in VERSIONS {
            if random.below(4) == 0 {
                continue;
            }
            let mut dependencies = Vec::new();
            for other in plugin + 1..PLUGINS {
                if random.below(2) == 0 {
                    dependencies.push(need(random, other));
                }
            }
            all.push(Candidate {
                id: format!("x.p{plugin}").parse().unwrap(),
                version: version.parse().unwrap(),
                dependencies,
                min_hal9_version: (random.below(8) == 0).then(|| Version::new(9, 0, 0)),
                digest: None,
            });
        }
    }
    all
}

/// Whether some versions are all that is needed and go together.
fn holds(chosen: &[&Candidate], roots: &[Dependency]) -> bool {
    let met =
        |need: &Dependency| chosen.iter().any(|one| one.id == need.plugin_id && need.version.matches(&one.version));
    let fits = |one: &&Candidate| one.min_hal9_version.is_none() && one.dependencies.iter().all(met);
    roots.iter().all(met) && chosen.iter().all(fits)
}

/// Whether there is any solution at all.
fn is_solvable(all: &[Candidate], roots: &[Dependency]) -> bool {
    // One choice for each plugin: one of its versions, or none.
    let choices: Vec<Vec<Option<&Candidate>>> = (0..PLUGINS)
        .map(|plugin| {
            let id = format!("x.p{plugin}");
            std::iter::once(None).chain(all.iter().filter(|one| one.id.as_str() == id).map(Some)).collect()
        })
        .collect();
    let combinations: usize = choices.iter().map(Vec::len).product();
    (0..combinations).any(|mut number| {
        let chosen: Vec<_> = choices
            .iter()
            .filter_map(|of_plugin| {
                let choice = of_plugin[number % of_plugin.len()];
                number /= of_plugin.len();
                choice
            })
            .collect();
        holds(&chosen, roots)
    })
}

#[test]
fn there_is_an_answer_exactly_where_trying_everything_finds_one() {
    let mut random = Random(7);
    let hal9 = Version::new(0, 1, 0);
    let (mut solved, mut refused) = (0, 0);
    for round in 0..400 {
        let all = catalogue(&mut random);
        let roots: Vec<_> = (0..2).map(|plugin| need(&mut random, plugin)).collect();
        let solvable = is_solvable(&all, &roots);
        match resolve(&roots, &all, &[], &hal9, Prefer::Newest) {
            Ok(chosen) => {
                assert!(solvable && holds(&chosen.iter().collect::<Vec<_>>(), &roots), "round {round}: {chosen:#?}");
                let before = |at: usize, need: &Dependency| chosen[..at].iter().any(|one| one.id == need.plugin_id);
                let in_order = |(at, one): (usize, &Candidate)| one.dependencies.iter().all(|need| before(at, need));
                assert!(chosen.iter().enumerate().all(in_order), "round {round}: {chosen:#?}");
                solved += 1;
            }
            Err(Unsolvable::Unmet { obstacles }) => {
                assert!(!solvable, "round {round}: {obstacles:#?}");
                assert!(!obstacles.is_empty(), "round {round}: nothing is told of {all:#?}");
                refused += 1;
            }
            Err(other) => panic!("round {round}: {other}"),
        }
    }
    assert!(solved > 50 && refused > 50, "{solved} solved, {refused} refused");
}
