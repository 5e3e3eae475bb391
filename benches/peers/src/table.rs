//! The end of a run: a row a peer, a column a job, each time with its ratio to ours, and who is ahead where. It refuses to know
//! figures of other runs.

use std::cmp::Ordering;
use std::path::Path;
use std::time::SystemTime;

use crate::inputs::ROWS;
use crate::measure::GROUP;

/// A peer, as the table names it.
pub(crate) struct Row {
    /// The name, as in the ids of its benchmarks.
    pub(crate) peer: &'static str,
    /// What bounds a plugin.
    pub(crate) bounds: &'static str,
}

/// A job by the id of its benchmarks, in words, and how many pieces of work one iteration is.
struct Job {
    id: &'static str,
    what: &'static str,
    pieces: usize,
}

const JOBS: [Job; 5] = [
    Job { id: "signal", what: "signal", pieces: 1 },
    Job { id: "tool", what: "tool call", pieces: 1 },
    Job { id: "store", what: "put and get", pieces: 1 },
    Job { id: "predict", what: "predict", pieces: 1 },
    Job { id: "predict-all", what: "predict, one of 2 000", pieces: ROWS },
];

/// What ours is to be at least so many times faster than, with a signal.
const TARGETS: [(&str, f64); 4] = [("lua", 1.0), ("rhai", 1.0), ("extism", 1.0), ("child-process", 20.0)];

/// As far apart as two runs of one thing may be.
const LEVEL: f64 = 1.05;

/// Prints what was measured since `started`, in Markdown; nothing where that is nothing, as when benchmarks are only tried.
pub(crate) fn print(folder: &Path, started: SystemTime, rows: &[Row], ours: &str) {
    let time = |job: &Job, peer: &str| {
        let nanos = median(&folder.join(GROUP).join(format!("{}-{peer}", job.id)), started)?;
        Some(nanos / job.pieces as f64)
    };
    let cell = |job: &Job, nanos: Option<f64>| match (nanos, time(job, ours)) {
        (Some(nanos), Some(ours)) => format!("{} ({})", said(nanos), ratio(nanos / ours)),
        (Some(nanos), None) => said(nanos),
        (None, _) => "-".to_owned(),
    };
    let batch = Job { id: "signal-batch", what: "", pieces: ROWS };
    let measured = |job: &Job| rows.iter().any(|row| time(job, row.peer).is_some());
    if !JOBS.iter().any(measured) {
        return;
    }

    println!("\n{}", line("peer", JOBS.iter().map(|job| job.what.to_owned())));
    println!("{}", line(&"-".repeat(NAME), JOBS.iter().map(|_| "-".repeat(CELL))));
    for row in rows {
        println!("{}", line(row.peer, JOBS.iter().map(|job| cell(job, time(job, row.peer)))));
    }
    let in_batch = time(&batch, ours);
    let cells = JOBS.iter().map(|job| cell(job, if job.id == "signal" { in_batch } else { None }));
    println!("{}", line(&format!("{ours}, one of {ROWS}"), cells));
    println!("\nMedians, and in brackets how many times as long as {ours}, resident, with all limits on.");

    for (whose, order) in
        [("Ahead of us", Ordering::Less), ("Level with us", Ordering::Equal), ("Behind us", Ordering::Greater)]
    {
        println!("\n{whose}:");
        for job in &JOBS {
            let Some(of_ours) = time(job, ours) else { continue };
            let others = rows.iter().filter(|row| row.peer != ours);
            let others = others.filter_map(|row| Some((row.peer, time(job, row.peer)? / of_ours)));
            let those = others.filter(|(_, ratio)| against(*ratio) == order);
            let those: Vec<_> =
                those.map(|(peer, times)| format!("{peer} {}", ratio(times.max(1.0 / times)))).collect();
            println!("- {}: {}", job.what, if those.is_empty() { "nobody".to_owned() } else { those.join(", ") });
        }
    }

    println!("\nTargets for a signal:");
    let signal = &JOBS[0];
    for (peer, target) in TARGETS {
        if let (Some(theirs), Some(ours)) = (time(signal, peer), time(signal, ours)) {
            let verdict = if theirs / ours >= target { "met" } else { "not met" };
            println!("- {} faster than {peer}: {}, {verdict}", ratio(target), ratio(theirs / ours));
        }
    }

    println!("\nWhat bounds a plugin, as it was measured:");
    for row in rows {
        println!("- {}: {}", row.peer, row.bounds);
    }
}

const NAME: usize = 18;
const CELL: usize = 22;

fn line(name: &str, cells: impl Iterator<Item = String>) -> String {
    cells.fold(format!("| {name:<NAME$} |"), |line, cell| format!("{line} {cell:>CELL$} |"))
}

/// Where a peer is that takes so many times as long as we do.
fn against(ratio: f64) -> Ordering {
    match ratio {
        ratio if ratio > LEVEL => Ordering::Greater,
        ratio if ratio < 1.0 / LEVEL => Ordering::Less,
        _ => Ordering::Equal,
    }
}

/// The median of a benchmark in nanoseconds; none, where it was not measured since `started`.
fn median(folder: &Path, started: SystemTime) -> Option<f64> {
    let file = folder.join("new/estimates.json");
    if std::fs::metadata(&file).ok()?.modified().ok()? < started {
        return None;
    }
    let estimates: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn said(nanos: f64) -> String {
    match nanos {
        ..10.0 => format!("{nanos:.1} ns"),
        10.0..1e3 => format!("{nanos:.0} ns"),
        1e3..1e6 => format!("{:.2} µs", nanos / 1e3),
        _ => format!("{:.2} ms", nanos / 1e6),
    }
}

fn ratio(ratio: f64) -> String {
    match ratio {
        ..10.0 => format!("{ratio:.2}×"),
        _ => format!("{ratio:.0}×"),
    }
}
