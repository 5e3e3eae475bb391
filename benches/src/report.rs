//! Runs a benchmark and ends it with a table: each subject against its floor, both measured in this run.
#![expect(clippy::print_stdout, reason = "a benchmark's results are its output")]

use std::path::{Path, PathBuf};

use criterion::Criterion;

/// A subject and the floor that it is held against, by the ids of their benchmarks.
pub struct Ratio {
    /// What is compared, in words.
    pub what: &'static str,
    /// The benchmark of the subject, `group/function`.
    pub subject: &'static str,
    /// The benchmark of the floor.
    pub floor: &'static str,
    /// How many pieces of the subject's work one iteration of it does, and how many one of the floor does.
    pub pieces: (u64, u64),
}

/// Benchmarks that belong together. What one of them is called begins with the name of its group and a slash.
pub struct Group {
    /// As an argument of the program, it runs this group alone.
    pub name: &'static str,
    /// Runs them.
    pub benchmarks: fn(&mut Criterion),
    /// What they are held against.
    pub ratios: &'static [Ratio],
}

/// Runs the groups, or those among them that an argument names, and prints the ratios of what was run.
pub fn run(groups: &[Group]) {
    let folder = output_folder();
    let mut criterion = Criterion::default().output_directory(&folder).configure_from_args();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |group: &&Group| arguments.iter().any(|argument| argument.split('/').next() == Some(group.name));
    let mut chosen: Vec<_> = groups.iter().filter(is_named).collect();
    if chosen.is_empty() {
        chosen = groups.iter().collect();
    }
    for group in &chosen {
        (group.benchmarks)(&mut criterion);
    }
    criterion.final_summary();
    println!("\n{:<52} {:>12} {:>12} {:>8}", "ratio to the floor of this run", "subject", "floor", "ratio");
    for ratio in chosen.iter().flat_map(|group| group.ratios) {
        let (Some(subject), Some(floor)) = (median(&folder, ratio.subject), median(&folder, ratio.floor)) else {
            continue;
        };
        let (subject, floor) = (subject / ratio.pieces.0 as f64, floor / ratio.pieces.1 as f64);
        println!("{:<52} {:>12} {:>12} {:>7.2}×", ratio.what, time(subject), time(floor), subject / floor);
    }
}

/// `criterion` in the target folder that this program was built into.
fn output_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // target/<profile>/deps/<program>
    program.ancestors().nth(3).unwrap_or(Path::new("target")).join("criterion")
}

/// The median of a benchmark in nanoseconds; none, where it was not run.
fn median(folder: &Path, id: &str) -> Option<f64> {
    let text = std::fs::read_to_string(folder.join(id).join("new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn time(nanos: f64) -> String {
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        1e3..1e6 => format!("{:.2} µs", nanos / 1e3),
        _ => format!("{:.2} ms", nanos / 1e6),
    }
}
