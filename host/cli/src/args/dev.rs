//! What people can type while they work on a plugin: `hal9 dev`, and logs. It owns names, help and examples, and refuses to
//! know what any of it does.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args as Group, ValueEnum};
use hal9_package::Permission;

#[derive(Debug, Group)]
#[command(after_help = "Examples:
  hal9 dev guests/sentiment-analyzer
  hal9 dev . --grant Hal9Memory --grant SystemTime
  echo \"I love this!\" | hal9 dev guests/sentiment-analyzer

The plugin runs for this command only: nothing is installed, and what else of its id the home has is left alone. What \
does not build, load or take the state of the version before leaves that one serving. A version that asks for more than \
was granted is not swapped in: start the command again, which grants it.

Every line of standard input goes to the plugin, and the reply is printed: `tool NAME {\"a\": 1}` calls a tool, anything \
else is a signal to its first neuron. The end of the input ends the command, once all is answered, unless it is a \
terminal; so does Ctrl-C. With --json, every event is one object a line.")]
pub(crate) struct DevArgs {
    /// The plugin's folder: a project in any language, or one with a component that you build yourself; or the component
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Grant this and no more than what is named so; repeatable [default: what it declares, unless hal9.toml says otherwise]
    #[arg(long, value_name = "PERMISSION", conflicts_with = "no_grants")]
    pub(crate) grant: Vec<Permission>,
    /// Grant nothing
    #[arg(long)]
    pub(crate) no_grants: bool,
}

#[derive(Debug, Group)]
#[command(after_help = "Examples:
  hal9 plugin logs sentiment-analyzer --level warn --since 1h
  hal9 plugin logs -f
  hal9 --json plugin logs -f sentiment-analyzer web-scraper

With --follow, lines are shown as they come, until Ctrl-C; with --json, one object a line.")]
pub(crate) struct LogsArgs {
    /// Their ids, or their names or the last parts of their ids; all of the home's, where none is named
    pub(crate) plugins: Vec<String>,
    /// How many of the last lines
    #[arg(long, default_value_t = 100)]
    pub(crate) tail: usize,
    /// Only lines of this level and above
    #[arg(long, value_enum, default_value_t = LevelArg::Debug)]
    pub(crate) level: LevelArg,
    /// Only lines since then: a time, or how long ago
    #[arg(long, value_name = "TIME|DURATION", value_parser = super::policy::moment)]
    pub(crate) since: Option<SystemTime>,
    /// Go on with the lines that come, until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LevelArg {
    Debug,
    Info,
    Warn,
    Error,
}
