//! What people can type to test a plugin. It owns names, help and examples, and refuses to know what a test does.

use std::path::PathBuf;

use clap::Args as Group;

#[derive(Debug, Group)]
#[command(after_help = "\
The plugin runs on the real host, under its real limits; HAL9's memory, the clock, randomness, the log, other plugins and the \
network are fakes, so that a run has no effect and the next one is the same. Its own cases are in the files of its folder that \
are called cases/*.toml (guests/TESTING.md has the format). The conformance suite holds what it exports against what HAL9's WIT \
says of it, whatever its language.

Status 0: all passed. Status 8 (plugin-error): a case failed. Status 2: a case file is wrong, with its line.

Examples:
  hal9 plugin test
  hal9 plugin test guests/text-tools --case slug
  hal9 plugin test --conformance shout-1.0.0.hal9 --junit report.xml
  hal9 plugin test --update                                   golden files become what came")]
pub(crate) struct TestArgs {
    /// A plugin's folder, a component, or a package (.hal9)
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Only cases with this in their names
    #[arg(long, value_name = "NAME")]
    pub(crate) case: Option<String>,
    /// The folder with the case files [default: cases in the plugin's folder; none for a component or a package]
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,
    /// Only the conformance suite, and none of its own cases
    #[arg(long, conflicts_with = "update")]
    pub(crate) conformance: bool,
    /// Write what came into the golden files that differ
    #[arg(long)]
    pub(crate) update: bool,
    /// Write the report as JUnit XML as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Show every case and how long it took
    #[arg(long, short)]
    pub(crate) verbose: bool,
}
