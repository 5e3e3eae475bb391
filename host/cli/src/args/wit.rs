//! What authors and contributors type about WIT: HAL9's text, and what a change of it breaks.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};

/// What can be asked about WIT.
#[derive(Debug, Subcommand)]
pub(crate) enum WitCommand {
    /// Print HAL9's WIT, as it is in this hal9: all of it, or one interface or world
    #[command(after_help = "\
Examples:
  hal9 wit show neuron
  hal9 wit show tool-plugin
  hal9 wit show > hal9.wit                        one document, for tools that take a file")]
    Show {
        /// An interface or a world, such as neuron
        name: Option<String>,
    },
    /// Write HAL9's WIT into a project's folder of WIT, where `hal9:plugin` is looked for
    #[command(after_help = "\
It becomes DIR/deps/hal9-plugin. Files of another version there are replaced or removed; all others stay. \
`hal9 plugin build` does the same by itself.

Examples:
  hal9 wit export wit
  hal9 wit export wit --json")]
    Export {
        /// The folder with the project's world; it is made where it is not there
        dir: PathBuf,
    },
    /// Say what differs between two versions of WIT, or two components, and whom that breaks
    #[command(after_help = "\
Each side is `builtin` (the WIT of this hal9), a version of HAL9's WIT that was published (0.1.0), a folder or file of WIT, \
a component, a package (.hal9), or a plugin's folder.

Two versions of WIT: which plugins that are built do not load any more, and whose source has to be changed; with --for hosts, \
which hosts do not load plugins of the new version, and which have to be changed.
A component and WIT: whether the component loads where that WIT holds. Of the component counts what it uses, \
and not what it imports of WASI, which every plugin has.
Two components: whether the second can be where the first one is: it imports and exports what that did.

Status 0: it breaks nobody of those who were asked for. Status 10 (conflict): it breaks somebody.

Examples:
  hal9 wit diff 0.1.0 builtin
  hal9 wit diff plugin.wasm builtin               does it load here?
  hal9 wit diff old/wit new/wit --for hosts
  hal9 wit diff mine-1.0.0.hal9 mine-1.1.0.hal9 --json")]
    Diff(DiffArgs),
}

#[derive(Debug, Group)]
pub(crate) struct DiffArgs {
    /// What was
    pub(crate) old: String,
    /// What is
    pub(crate) new: String,
    /// Whose breakage decides about the status; for a component, what it is compared with says it
    #[arg(long = "for", value_name = "WHOM")]
    pub(crate) whom: Option<Whom>,
}

/// The two sides of WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Whom {
    /// Plugins that are built, and the source of plugins
    Guests,
    /// Hosts of the old side, and the source of hosts
    Hosts,
}
