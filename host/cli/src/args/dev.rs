//! What people can type to watch plugins: logs. It owns names, help and examples, and refuses to
//! know what any of it does.

use std::time::SystemTime;

use clap::{Args as Group, ValueEnum};

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
