//! Owns the comparison with what people would pick instead: the results of `benches/peers` as a table of ratios to ours, and who is
//! ahead where. It refuses to run them: that program does, and writes to the same folder.

use crate::results::Results;
use crate::{Row, Unit};

use super::plot::Bar;

pub(crate) const NAME: &str = "peers";
pub(crate) const ABOUT: &str = "What people would pick instead, at the same jobs with the same results; `benches/peers/README.md` says what each bounds.";

/// What signals are to be faster than.
pub(crate) const ROWS: &[Row] = &[
    Row::ratio("signal: mlua / HAL9", "peers/signal-lua", "peers/signal-hal9").at_least(1.0),
    Row::ratio("signal: Rhai / HAL9", "peers/signal-rhai", "peers/signal-hal9").at_least(1.0),
    Row::ratio("signal: Extism / HAL9", "peers/signal-extism", "peers/signal-hal9").at_least(1.0),
    Row::ratio("signal: JSON over a child's stdio / HAL9", "peers/signal-child-process", "peers/signal-hal9")
        .at_least(20.0),
];

/// What is done, as ids name it and as people do, and how many of it are done at once.
const JOBS: [(&str, &str, f64); 5] = [
    ("signal", "signal", 1.0),
    ("tool", "tool call", 1.0),
    ("store", "put and get", 1.0),
    ("predict", "predict", 1.0),
    ("predict-all", "predict, one of 2 000", 2_000.0),
];

/// Signals in a columnar batch, which others have no form for: its id, and how many of the first job it does at once.
const BATCH: (&str, f64) = ("signal-batch-hal9", 2_000.0);

/// The one that all are held against.
const OURS: &str = "hal9";

/// Who does it, as ids name it and as people do.
const PEERS: [(&str, &str); 9] = [
    ("native", "native, trait object"),
    ("libloading", "libloading, C ABI"),
    ("bare-wasmtime", "bare wasmtime, pointers by hand"),
    ("extism", "Extism"),
    ("lua", "Lua 5.4 (mlua)"),
    ("rhai", "Rhai"),
    ("child-process", "child process, JSON lines"),
    (OURS, "HAL9"),
    ("hal9-batch", "HAL9, one of 2 000 in a batch"),
];

/// What the peers came to.
pub(crate) struct Table {
    /// For each peer and job the nanoseconds of one piece of work; none, where it was not run.
    times: [[Option<f64>; JOBS.len()]; PEERS.len()],
}

impl Table {
    /// # Errors
    ///
    /// For results that cannot be read, which and why.
    pub(crate) fn new(results: &Results) -> Result<Self, String> {
        let mut times = [[None; JOBS.len()]; PEERS.len()];
        for (of_peer, (peer, _)) in times.iter_mut().zip(PEERS) {
            for (time, (job, _, at_once)) in of_peer.iter_mut().zip(JOBS) {
                *time = results.median(&format!("{NAME}/{job}-{peer}"))?.map(|time| time / at_once);
            }
        }
        let (batch, at_once) = BATCH;
        if let Some(of_batch) = times.last_mut() {
            of_batch[0] = results.median(&format!("{NAME}/{batch}"))?.map(|time| time / at_once);
        }
        Ok(Self { times })
    }

    /// The time of a job by us.
    fn ours(&self, job: usize) -> Option<f64> {
        let peer = PEERS.iter().position(|(peer, _)| *peer == OURS)?;
        self.times[peer][job]
    }

    /// What was run of a job: who, their time, and how many times ours that is.
    fn of_job(&self, job: usize) -> impl Iterator<Item = (&'static str, &'static str, f64, Option<f64>)> + '_ {
        let ours = self.ours(job);
        PEERS.into_iter().zip(&self.times).filter_map(move |((peer, name), times)| {
            let time = times[job]?;
            Some((peer, name, time, ours.map(|ours| time / ours)))
        })
    }

    /// The table and the list of who is ahead, in Markdown; none, where nothing was run.
    pub(crate) fn markdown(&self) -> Option<String> {
        if self.times.iter().flatten().all(Option::is_none) {
            return None;
        }
        let mut text = String::from("| |");
        JOBS.iter().for_each(|(_, job, _)| text.push_str(&format!(" {job} |")));
        text.push_str("\n|---|");
        text.push_str(&"---:|".repeat(JOBS.len()));
        for ((_, name), times) in PEERS.into_iter().zip(&self.times) {
            if times.iter().all(Option::is_none) {
                continue;
            }
            text.push_str(&format!("\n| {name} |"));
            for (job, time) in times.iter().enumerate() {
                let cell = time.map(|time| match self.ours(job) {
                    Some(ours) => format!("{} ({})", Unit::Nanos.show(time), Unit::Times.show(time / ours)),
                    None => Unit::Nanos.show(time),
                });
                text.push_str(&format!(" {} |", cell.unwrap_or_default()));
            }
        }
        text.push_str("\n\nIn brackets how many times ours that is: below 1 it is ahead of us.\n\n");
        for (job, (_, name, _)) in JOBS.iter().enumerate() {
            text.push_str(&self.standing(job, name));
        }
        let not_run = PEERS.iter().zip(&self.times).filter(|(_, times)| times.iter().all(Option::is_none));
        let not_run: Vec<_> = not_run.map(|((_, name), _)| *name).collect();
        if !not_run.is_empty() {
            text.push_str(&format!("\nNot run: {}.\n", not_run.join("; ")));
        }
        Some(text)
    }

    /// Who is ahead of us at a job and who is behind, nearest last and first.
    fn standing(&self, job: usize, name: &str) -> String {
        let mut others: Vec<_> = self
            .of_job(job)
            .filter(|(peer, ..)| !peer.starts_with(OURS))
            .filter_map(|(_, name, _, ratio)| Some((name, ratio?)))
            .collect();
        if others.is_empty() {
            return String::new();
        }
        others.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let list = |of: &[(&str, f64)]| match of {
            [] => "nobody".to_owned(),
            of => of.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("; "),
        };
        let (ahead, behind) = others.split_at(others.partition_point(|(_, ratio)| *ratio < 1.0));
        format!("- **{name}**. Ahead of us: {}. Behind us: {}.\n", list(ahead), list(behind))
    }

    /// A bar for each peer and job.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        let mut bars = Vec::new();
        for (job, (_, job_name, _)) in JOBS.iter().enumerate() {
            for (peer, name, _, ratio) in self.of_job(job) {
                if let Some(ratio) = ratio.filter(|_| peer != OURS) {
                    bars.push(Bar { label: format!("{job_name}: {name} / HAL9"), value: ratio, missed: ratio < 1.0 });
                }
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(times: &[(&str, f64)]) -> Table {
        let folder = tempfile::tempdir().unwrap();
        for (id, time) in times {
            let new = folder.path().join("peers").join(id).join("new");
            std::fs::create_dir_all(&new).unwrap();
            std::fs::write(new.join("estimates.json"), format!("{{\"median\":{{\"point_estimate\":{time}}}}}"))
                .unwrap();
        }
        Table::new(&Results::in_folder(folder.path())).unwrap()
    }

    #[test]
    fn who_is_ahead_is_told_by_their_times_and_what_was_not_run_by_its_name() {
        let times = [("signal-hal9", 1_000.0), ("signal-native", 100.0), ("signal-lua", 1_500.0)];
        let text = table(&times).markdown().unwrap();
        assert!(text.contains("| native, trait object | 100 ns (0.10 ×) |"), "{text}");
        assert!(text.contains("| HAL9 | 1.00 µs (1.00 ×) |"), "{text}");
        assert!(
            text.contains("- **signal**. Ahead of us: native, trait object. Behind us: Lua 5.4 (mlua).\n"),
            "{text}"
        );
        assert!(text.contains("Not run: libloading, C ABI; "), "{text}");
        assert!(!text.contains("**tool call**"), "{text}");
    }

    #[test]
    fn a_batch_is_told_from_a_call_and_peers_without_ours_have_no_ratio() {
        let table = table(&[("signal-batch-hal9", 20_000.0), ("predict-all-native", 10_000.0)]);
        let text = table.markdown().unwrap();
        assert!(text.contains("| HAL9, one of 2 000 in a batch | 10 ns |"), "{text}");
        assert!(text.contains("| native, trait object |  |  |  |  | 5 ns |"), "{text}");
        assert!(table.bars().is_empty() && !text.contains("Ahead of us"), "{text}");
        assert!(super::tests::table(&[]).markdown().is_none());
    }
}
