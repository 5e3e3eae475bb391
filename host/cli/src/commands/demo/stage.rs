//! Owns how the demo is told: its steps one below the other, each with the time that it took, or one object in the end. It
//! refuses to know what the steps do.

use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::failure::{Code, Failure};
use crate::output::{Output, bold, columns, dim, green, red, time, wrap};

/// The columns before a step's own text: a mark, and the time.
const MARGIN: usize = 13;

/// The steps so far.
pub(super) struct Stage {
    output: Output,
    started: Instant,
    steps: Vec<Value>,
}

/// What a step has to tell, beside its title.
#[derive(Default)]
pub(super) struct Told {
    lines: Vec<String>,
    facts: Map<String, Value>,
}

impl Told {
    /// A line for people.
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// A fact for programs.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }
}

/// What went otherwise than it should have.
pub(super) fn unexpected(what: impl Into<String>) -> Failure {
    let mut failure = Failure::new(Code::PluginError, what)
        .help("the plugins of the demo are not as they should be: build them again from a clean clone");
    failure.reason = Some("unexpected".to_owned());
    failure
}

impl Stage {
    pub(super) fn open(output: Output) -> Self {
        output.line(bold("HAL9: four plugins, built from source, at work, and held to their limits"));
        output.line("");
        Self { output, started: Instant::now(), steps: Vec::new() }
    }

    pub(super) fn output(&self) -> Output {
        self.output
    }

    /// Takes one step, and tells it.
    pub(super) async fn step<T>(
        &mut self,
        name: &str,
        title: &str,
        work: impl AsyncFnOnce(&mut Told) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut told = Told::default();
        let started = Instant::now();
        let result = work(&mut told).await;
        let elapsed = started.elapsed();
        let mark = if result.is_ok() { green("✓") } else { red("✗") };
        self.output.line(format!("{mark} {}  {}", dim(format!("{:>9}", time(elapsed))), bold(title)));
        for line in &told.lines {
            let line = format!("{:MARGIN$}{line}", "");
            // Whoever reads it from a pipe gets it in one piece.
            self.output.line(columns().map_or(line.clone(), |columns| wrap(&line, columns, MARGIN + 2)));
        }
        let mut value = json!({
            "step": name,
            "title": title,
            "ok": result.is_ok(),
            "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        });
        if let Value::Object(value) = &mut value {
            value.extend(told.facts);
        }
        self.steps.push(value);
        result
    }

    /// Says how it all ended.
    pub(super) fn close(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let elapsed = self.started.elapsed();
        let value = json!({
            "ok": result.is_ok(),
            "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "steps": self.steps,
        });
        let done = self.steps.iter().filter(|step| step["ok"] == true).count();
        self.output.result(&value, || match &result {
            Ok(()) => format!("\n{} all {done} steps did what they should, in {}", green("Done:"), time(elapsed)),
            Err(_) => format!("\n{} at step {}, after {}", red("Stopped"), done + 1, time(elapsed)),
        })?;
        result
    }
}
