//! `hal9 signal send --batch`: many signals through every neuron of a layer, some thousands at once.

use std::path::Path;
use std::time::{Duration, Instant};

use hal9_host::RoutedBatch;
use hal9_package::PluginId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{dropped_json, dropped_text, signal_json, start};
use crate::args::SendArgs;
use crate::failure::Failure;
use crate::output::{bold, count, dim, green, plain, red, table, time};
use crate::session::Session;
use crate::signal_lines::{Chunk, SignalLines};

/// So much that went wrong people see at most; programs get it all.
const SHOWN: usize = 10;

pub(super) async fn send(session: &mut Session, args: &SendArgs, path: &Path) -> Result<(), Failure> {
    let lines = SignalLines::open(path, &args.signal_type, &args.meta)?;
    let all = lines.check()?;
    let neuron = args.neuron.as_deref();
    let mut told = Told::new(session.output.json());
    let mut sums = Sums::default();
    for reply in start(session, &args.layer, neuron).await? {
        if let Err(failure) = reply.outcome {
            told.line(json!({"plugin": reply.plugin, "layer": reply.layer, "hop": reply.hop, "error": failure}));
            session.note_error(&failure);
            sums.fail(&format!("{} could not be started", reply.plugin), failure);
        }
    }
    let spinner = session.output.spinner("sending");
    let began = Instant::now();
    for chunk in lines.chunks()? {
        let Chunk { batch, lines } = chunk?;
        match session.manager.send_batch(&args.layer, neuron, batch).await {
            Ok(routed) => sums.add(session, &mut told, routed, &lines),
            // Where plugins could not be started, that is the reason, and not that nobody is there.
            Err(error) => return Err(sums.first.unwrap_or_else(|| error.into())),
        }
        if !told.give(session) {
            // Whoever closed the pipe has read enough.
            return Ok(());
        }
        spinner.set_message(format!("{} of {}", sums.signals, count(all, "signal")));
    }
    drop(spinner);
    let elapsed = began.elapsed();
    told.line(json!({ "summary": sums.json(elapsed) }));
    told.give(session);
    session.output.line(sums.text(elapsed));
    match sums.first {
        // As for one signal: each that somebody answered got through.
        Some(failure) if sums.unanswered > 0 => {
            let message = format!("{} got no reply: {}", count(sums.unanswered, "signal"), failure.message);
            Err(Failure { message, ..failure })
        }
        _ => Ok(()),
    }
}

/// Lines for programs, as far as they are not given yet.
struct Told(Option<String>);

impl Told {
    fn new(json: bool) -> Self {
        Self(json.then(String::new))
    }

    fn line(&mut self, value: impl Into<Value>) {
        if let Some(text) = &mut self.0 {
            text.push_str(&value.into().to_string());
            text.push('\n');
        }
    }

    /// Gives what there is; whether somebody still reads it.
    fn give(&mut self, session: &Session) -> bool {
        match &mut self.0 {
            Some(text) => session.output.stream(&std::mem::take(text)),
            None => true,
        }
    }
}

/// What one neuron had and did.
struct Sum {
    plugin: PluginId,
    neuron: String,
    layer: String,
    signals: u64,
    failed: u64,
    time: Duration,
}

/// What became of all signals.
#[derive(Default)]
struct Sums {
    signals: u64,
    /// Signals that no neuron of the layer answered.
    unanswered: u64,
    dropped: u64,
    neurons: Vec<Sum>,
    /// What went wrong, as far as people see it, and how often something did.
    shown: Vec<String>,
    wrong: u64,
    first: Option<Failure>,
}

impl Sums {
    /// Adds what became of some signals, and tells it.
    fn add(&mut self, session: &mut Session, told: &mut Told, routed: RoutedBatch, lines: &[u64]) {
        let mut answered = vec![false; lines.len()];
        for delivery in routed.deliveries {
            let is_first = delivery.hop == 0;
            let about = |line: Option<u64>| {
                json!({
                    "line": line,
                    "plugin": delivery.plugin,
                    "neuron": delivery.neuron,
                    "layer": delivery.layer,
                    "hop": delivery.hop,
                })
            };
            for (row, reply) in delivery.replies() {
                if let (true, Some(answered)) = (is_first, answered.get_mut(row)) {
                    *answered = true;
                }
                if told.0.is_some() {
                    // Which line caused a signal that was emitted is not known.
                    let mut value = about(lines.get(row).copied().filter(|_| is_first));
                    value["signal"] = signal_json(&reply);
                    told.line(value);
                }
            }
            let of = format!("{} · {}", delivery.plugin, plain(&delivery.neuron));
            let mut about = about(None);
            let sum = self.sum(delivery.plugin, delivery.neuron, delivery.layer);
            sum.signals += delivery.batch.rows() as u64;
            let mut failures = Vec::new();
            for part in delivery.parts {
                sum.time += part.elapsed;
                if let Err(error) = part.outcome {
                    sum.failed += part.rows.len() as u64;
                    failures.push((part.rows, Failure::from(error)));
                }
            }
            for (rows, failure) in failures {
                let signals = count(rows.len() as u64, "signal");
                about["signals"] = rows.len().into();
                let place = match (lines.get(rows.start), lines.get(rows.end.saturating_sub(1))) {
                    (Some(first), Some(last)) if is_first => {
                        about["lines"] = json!([first, last]);
                        if first == last {
                            format!("line {first}")
                        } else {
                            format!("lines {first} to {last}, {signals}")
                        }
                    }
                    _ => {
                        let uuid = |row| delivery.batch.id(row).map(|(high, low)| Uuid::from_u64_pair(high, low));
                        about["ids"] = json!(rows.filter_map(uuid).collect::<Vec<_>>());
                        signals
                    }
                };
                about["error"] = json!(failure);
                told.line(about.clone());
                session.note_error(&failure);
                self.fail(&format!("{of} · {place}"), failure);
            }
        }
        for dropped in &routed.dropped {
            told.line(json!({ "dropped": dropped_json(dropped) }));
            self.dropped += dropped.signals as u64;
            self.note(dropped_text(dropped));
        }
        self.signals += lines.len() as u64;
        self.unanswered += answered.into_iter().filter(|answered| !answered).count() as u64;
    }

    fn sum(&mut self, plugin: PluginId, neuron: String, layer: String) -> &mut Sum {
        let is_it = |sum: &Sum| sum.plugin == plugin && sum.neuron == neuron && sum.layer == layer;
        let at = self.neurons.iter().position(is_it).unwrap_or_else(|| {
            self.neurons.push(Sum { plugin, neuron, layer, signals: 0, failed: 0, time: Duration::ZERO });
            self.neurons.len() - 1
        });
        &mut self.neurons[at]
    }

    fn fail(&mut self, what: &str, failure: Failure) {
        let why = failure.message.lines().next().unwrap_or_default();
        self.note(format!("{} {why}  {}\n", red("failed:"), dim(what)));
        self.first.get_or_insert(failure);
    }

    fn note(&mut self, text: String) {
        self.wrong += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(text);
        }
    }

    fn replies(&self) -> u64 {
        self.neurons.iter().map(|sum| sum.signals - sum.failed).sum()
    }

    fn json(&self, elapsed: Duration) -> Value {
        json!({
            "signals": self.signals,
            "replies": self.replies(),
            "unanswered": self.unanswered,
            "dropped": self.dropped,
            "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        })
    }

    fn text(&self, elapsed: Duration) -> String {
        let sent = format!("{} sent, {} replies", count(self.signals, "signal"), self.replies());
        let mark = if self.wrong == 0 { green("✓") } else { red("✗") };
        let mut text = format!("{mark} {}  {}\n", bold(sent), dim(time(elapsed)));
        if !self.neurons.is_empty() {
            let rows = self.neurons.iter().map(|sum| {
                let each = u32::try_from(sum.signals).map_or(Duration::ZERO, |signals| sum.time / signals.max(1));
                [
                    plain(&sum.neuron),
                    sum.plugin.to_string(),
                    plain(&sum.layer),
                    sum.signals.to_string(),
                    sum.failed.to_string(),
                    time(each),
                ]
            });
            text.push_str(&table(["NEURON", "PLUGIN", "LAYER", "SIGNALS", "FAILED", "TIME EACH"], rows));
        }
        self.shown.iter().for_each(|line| text.push_str(line));
        if self.wrong > self.shown.len() as u64 {
            text.push_str(&dim(format!("and {} more; --json tells all\n", self.wrong - self.shown.len() as u64)));
        }
        text
    }
}
