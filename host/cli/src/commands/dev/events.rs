//! Owns what is told while a plugin is developed: an object a line for programs, a few words for people. It refuses to know
//! why any of it happens.

use std::path::PathBuf;
use std::time::Duration;

use hal9_host::{Kind, LogLine, LogSink};
use hal9_package::{Permissions, PluginId};
use semver::Version;
use serde_json::{Value, json};

use crate::commands::logs::{level, name};
use crate::commands::moment;
use crate::commands::signal::{Reply, reply_json, reply_text};
use crate::failure::Failure;
use crate::output::{Output, bold, dim, green, lines, plain, red, size, time, yellow};

/// A step on the way to a version that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    Build,
    Compile,
    Load,
    Swap,
    Configure,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Build => "it does not build",
            Self::Compile => "it does not compile",
            Self::Load => "it does not load",
            Self::Swap => "it is not swapped in",
            Self::Configure => "hal9.toml is not taken",
        }
    }
}

/// How long the first steps took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    /// Whether there was anything to build; else what was built elsewhere was read.
    pub(super) is_built: bool,
    pub(super) build: Duration,
    pub(super) compile: Duration,
}

/// Something that happened.
pub(super) enum Event {
    /// It is being built; with a first build, nothing serves yet.
    Building { folder: PathBuf },
    /// The first version serves.
    Serving { id: PluginId, version: Version, kinds: Vec<Kind>, granted: Permissions, took: Took, load: Duration },
    /// Another version took over.
    Swapped { id: PluginId, from: Version, to: Version, state: u64, took: Took, swap: Duration, paused: Duration },
    /// What was built is what serves already.
    Unchanged { took: Took },
    /// A step failed; what served before goes on, where anything did.
    Failed { step: Step, serving: Option<Version>, error: Failure },
    /// The plugin took another configuration.
    Configured { id: PluginId },
    /// A neuron answered, or failed to.
    Reply(Box<Reply>),
    /// A tool answered.
    Result { plugin: PluginId, tool: String, result: Value, time_us: u64 },
    /// A line of the input was not answered.
    Refused { error: Failure },
    /// It is over.
    Stopped,
}

/// Whole microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Event {
    /// Tells it.
    pub(super) fn tell(&self, output: Output) {
        // Nothing in an event cannot be written; and if the reader is gone, nobody is there to be told.
        let _ = output.result(&self.json(), || self.text());
    }

    fn json(&self) -> Value {
        match self {
            Self::Building { folder } => json!({"event": "building", "folder": folder}),
            Self::Serving { id, version, kinds, granted, took, load } => json!({
                "event": "serving",
                "id": id,
                "version": version,
                "kinds": kinds,
                "granted": granted,
                "build_us": micros(took.build),
                "compile_us": micros(took.compile),
                "load_us": micros(*load),
            }),
            Self::Swapped { id, from, to, state, took, swap, paused } => json!({
                "event": "swapped",
                "id": id,
                "from": from,
                "to": to,
                "state_bytes": state,
                "build_us": micros(took.build),
                "compile_us": micros(took.compile),
                "swap_us": micros(*swap),
                "paused_us": micros(*paused),
            }),
            Self::Unchanged { took } => json!({"event": "unchanged", "build_us": micros(took.build)}),
            Self::Failed { step, serving, error } => {
                json!({"event": "failed", "step": step, "serving": serving, "error": error})
            }
            Self::Configured { id } => json!({"event": "configured", "id": id}),
            Self::Reply(reply) => {
                let mut value = json!({"event": "reply"});
                if let (Some(members), Value::Object(reply)) = (value.as_object_mut(), reply_json(reply)) {
                    members.extend(reply);
                }
                value
            }
            Self::Result { plugin, tool, result, time_us } => {
                json!({"event": "result", "plugin": plugin, "tool": tool, "result": result, "time_us": time_us})
            }
            Self::Refused { error } => json!({"event": "refused", "error": error}),
            Self::Stopped => json!({"event": "stopped"}),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Building { folder } => dim(format!("building {}", folder.display())),
            Self::Serving { id, version, kinds, granted, took, load } => {
                let kinds: Vec<_> = kinds.iter().map(ToString::to_string).collect();
                let about = dim(format!("{}loaded in {}", took.words(), time(*load)));
                format!(
                    "{} {} {version} serves  {about}\n  kinds      {}\n  granted    {granted}\n  {}\n",
                    green("✓"),
                    bold(id),
                    kinds.join(", "),
                    dim("a line of input is a signal; `tool NAME {…}` calls a tool; Ctrl-C ends it"),
                )
            }
            Self::Swapped { id, from, to, state, took, swap, paused } => {
                let about = format!(
                    "{}swapped in {}, calls waited {} at most, {} of state",
                    took.words(),
                    time(*swap),
                    time(*paused),
                    size(*state)
                );
                let versions = if from == to { format!("{to}, changed,") } else { format!("{to} after {from}") };
                format!("{} {} {versions} serves  {}", green("✓"), bold(id), dim(about))
            }
            Self::Unchanged { took } => dim(format!("{}: the same component as before", took.build_words())),
            Self::Failed { step, serving, error } => {
                let goes_on = match serving {
                    Some(version) => format!("\n  {}", yellow(format!("version {version} goes on"))),
                    None => {
                        format!("\n  {}", yellow("nothing serves yet; it is tried again when you change something"))
                    }
                };
                let help = error.help.as_ref().map_or_else(String::new, |help| format!("\n  {} {help}", bold("help:")));
                format!("{} {}: {}{help}{goes_on}", red("✗"), step.words(), error.message)
            }
            Self::Configured { id } => format!("{} {id} has the configuration of hal9.toml", green("✓")),
            Self::Reply(reply) => reply_text(reply, false),
            Self::Result { tool, result, time_us, .. } => {
                let about = dim(format!("{} · {}", plain(tool), time(Duration::from_micros(*time_us))));
                let text = match result {
                    Value::String(text) => lines(text),
                    result => lines(&serde_json::to_string_pretty(result).unwrap_or_default()),
                };
                format!("{about}\n{text}")
            }
            Self::Refused { error } => {
                let help = error.help.as_ref().map_or_else(String::new, |help| format!("\n  {} {help}", bold("help:")));
                format!("{} {}{help}", red("✗"), error.message)
            }
            Self::Stopped => dim("stopped"),
        }
    }
}

impl Took {
    fn words(self) -> String {
        if self.compile.is_zero() {
            // What serves goes on, under other settings.
            return String::new();
        }
        format!("{}, compiled in {}, ", self.build_words(), time(self.compile))
    }

    fn build_words(self) -> String {
        format!("{} in {}", if self.is_built { "built" } else { "read" }, time(self.build))
    }
}

/// Tells what plugins log as it comes.
pub(super) struct LiveLog(pub(super) Output);

impl LogSink for LiveLog {
    fn write(&self, line: &LogLine<'_>) {
        // Panics begin with one.
        if line.message.trim().is_empty() && !self.0.json() {
            return;
        }
        let value = json!({
            "event": "log",
            "plugin": line.plugin,
            "level": name(line.level),
            "source": line.source,
            "message": line.message,
            "timestamp": moment(line.timestamp),
        });
        // As for other events.
        let _ = self.0.result(&value, || format!("{} {} {}", level(line.level), dim(line.plugin), plain(line.message)));
    }
}
