//! What authors and contributors type about WIT: the text of HAL9's.

use std::path::PathBuf;

use clap::Subcommand;

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
}
