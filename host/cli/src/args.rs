//! What people can type. It owns names, help and examples, and refuses to know what any of it does.

mod author;
mod config;
mod dev;
mod market;
mod package;
mod policy;
mod registry;
mod store;
mod test;
mod wit;

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};
use hal9_package::Permission;

pub(crate) use author::{DoctorArgs, NewArgs, NewKind};
pub(crate) use config::{ConfigCommand, SetArgs};
pub(crate) use dev::{DevArgs, LevelArg, LogsArgs};
pub(crate) use market::{AtRegistry, MarketCommand, Named, OciArgs, PublishArgs, ReviewArgs, SearchArgs};
pub(crate) use package::{PackArgs, PackageCommand};
pub(crate) use policy::{AuditCommand, AuditShow, ChangeArgs, PolicyCommand, WhyDeniedArgs};
pub(crate) use registry::{AddArgs, AuthCommand, LoginArgs, RegistryCommand, ServeArgs, ServerAccountCommand};
pub(crate) use store::{ConsentArgs, InstallArgs, OnlineArgs, StoreCommand, TrustArgs, UpgradeArgs, key};
pub(crate) use test::TestArgs;
pub(crate) use wit::{DiffArgs, Whom, WitCommand};

/// Extends HAL9 with WebAssembly plugins that can do no more than they were granted.
///
/// State lives in HAL9_HOME (default: the XDG data folder), settings in hal9.toml there.
#[derive(Debug, Parser)]
#[command(name = "hal9", version, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Args {
    /// Results as JSON on standard output, failures as one JSON object on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Settings of this environment lie over the others: [env.NAME] in hal9.toml
    #[arg(long, global = true, value_name = "NAME", env = "HAL9_ENV")]
    pub(crate) env: Option<String>,
    /// Plugins of this folder come before those of the home: packages, and components; repeatable
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plugin_path: Vec<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hal9 demo                                                   see it all work
  hal9 plugin load --dev guests/sentiment-analyzer
  hal9 dev guests/sentiment-analyzer                          change it while it runs
  hal9 plugin search sentiment; hal9 plugin install sentiment-analyzer
  hal9 signal send --layer L2 --content \"I love this!\"
  hal9 tool call slugify --params '{\"text\": \"Ärger im Büro\"}'
  hal9 memory store --provider custom-memory note-1 --value \"The kettle is blue.\"
  hal9 learn train --model digits --data train.csv
  hal9 why-denied                                             what was refused, and what allows it
  hal9 policy grant sentiment-analyzer SystemTime
  hal9 audit show --kind deny --since 1h

Exit status: 0 done, 1 internal, 2 usage, 3 not found, 4 invalid package, 5 signature, \
6 permission denied, 7 limit exceeded, 8 plugin error, 9 plugin trapped, 10 conflict, 11 unavailable";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Builds real plugins, runs them, and shows what stops the others
    ///
    /// All of it happens in a folder of its own that is gone afterwards; your plugins stay as they are. The first time, the
    /// plugins are built, and the WebAssembly targets of Rust are added where they are missing.
    Demo {
        /// The folder with the plugins' sources [default: guests, here or where hal9 was built]
        #[arg(long, value_name = "DIR")]
        guests: Option<PathBuf>,
    },
    /// What this machine lacks to build and run plugins, and the fix
    Doctor(DoctorArgs),
    /// Run a plugin while you work on it: built, checked and swapped in whenever a source changes
    Dev(DevArgs),
    /// Build, check, install, load and watch plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Send signals to neurons
    #[command(subcommand)]
    Signal(SignalCommand),
    /// Find and call tools
    #[command(subcommand)]
    Tool(ToolCommand),
    /// Use memory providers
    #[command(subcommand)]
    Memory(MemoryCommand),
    /// Train and use models of learning algorithms
    #[command(subcommand)]
    Learn(LearnCommand),
    /// Show and change what plugins may do
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Say what plugins were refused last, by which rule, and the command that allows it
    WhyDenied(WhyDeniedArgs),
    /// Show what plugins were refused and how they broke, and check that the record of it is whole
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Serve a registry of plugins, and say which registries are used
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Log in at a registry, to publish and to review
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Show HAL9's WIT, and say what a change of WIT breaks
    #[command(subcommand)]
    Wit(WitCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    #[command(flatten)]
    Develop(DevelopCommand),
    /// Run a plugin's own cases, and hold it against what HAL9's interfaces say
    Test(TestArgs),
    #[command(flatten)]
    Store(StoreCommand),
    #[command(flatten)]
    Package(PackageCommand),
    #[command(flatten)]
    Market(MarketCommand),
    #[command(flatten)]
    Loaded(LoadedCommand),
}

/// What an author does with a plugin that need not be loaded.
#[derive(Debug, Subcommand)]
pub(crate) enum DevelopCommand {
    /// Begin a plugin: a project of a language, with source, tests and all that it is built with
    New(NewArgs),
    /// Build a plugin's component with the tools of its language
    #[command(after_help = "\
The language is told by the folder: Cargo.toml is Rust, built with cargo-component where it is installed, else with plain cargo; \
src/plugin.py, .js, .ts, .c, .cpp or .zig is what is called so, and is built into build/plugin.wasm, with HAL9's WIT out of this \
program beside it. What a language needs is installed by: hal9 doctor --fix --lang LANG

The component is then checked, as by `hal9 plugin validate`. \
A build that fails is an invalid package (status 4) with the reason \"build\"; a tool that is missing is status 11.")]
    Build {
        /// The plugin's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Check a package, a plugin's folder, a component or a manifest as a load would, without running it
    #[command(after_help = "\
It says all that is wrong, not only the first of it. Status 0: it would load, granted all that it declares. Status 4: it \
would not. Status 6: it imports an interface whose permission its manifest does not declare.

Examples:
  hal9 plugin validate
  hal9 plugin validate sentiment-analyzer-1.0.0.hal9
  hal9 plugin validate manifest.json")]
    Validate {
        /// A package (.hal9), a plugin's folder, a component, or a manifest (.json)
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Show what a package or a component has in it, imports, exports and says of itself
    #[command(after_help = "\
Examples:
  hal9 plugin inspect sentiment-analyzer-1.0.0.hal9
  hal9 plugin inspect --wit target/wasm32-wasip2/release/my_plugin.wasm
  hal9 plugin inspect . --json")]
    Inspect {
        /// A package (.hal9), a component, or a plugin's folder
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Show the component's world as WIT
        #[arg(long)]
        wit: bool,
    },
}

/// What an operator does with the plugins of a home.
#[derive(Debug, Subcommand)]
pub(crate) enum LoadedCommand {
    /// List the plugins that there are, and where they come from
    #[command(after_help = "\
Plugins are found in the folders of --plugin-path, then in those of HAL9_PLUGIN_PATH, in ./plugins, in the home (loaded from \
a folder or installed), and in /usr/local/share/hal9/plugins and /usr/share/hal9/plugins. The first usable one of an id is \
the one. In a folder, these are packages (.hal9), components (.wasm) that carry a manifest, and folders with one component \
and a manifest.json. What was found in a folder has only what hal9.toml grants it, and is judged as by `hal9 plugin install`: \
without a trusted signature it is used only from a folder that --plugin-path or HAL9_PLUGIN_PATH names, or where [trust] in \
hal9.toml has `allow_unsigned = true`, and there not for an id that the home has or hal9.toml is about. From such a folder no \
version is taken that is older than the home's either.")]
    List {
        /// Those as well that another one of the same id comes before
        #[arg(long)]
        all: bool,
    },
    /// Show all about a plugin: grants, limits, what it has done
    Info {
        /// Its id, or its name or the last part of its id
        plugin: String,
    },
    /// Load a plugin from where it is developed; what it declares is granted, unless --grant or hal9.toml say otherwise
    #[command(after_help = "Examples:
  hal9 plugin load --dev guests/sentiment-analyzer
  hal9 dev guests/sentiment-analyzer                          change it while it runs
  hal9 plugin load --dev target/wasm32-wasip1/release/my_plugin.wasm
  hal9 plugin load --dev . --grant Hal9Memory --grant SystemTime")]
    Load {
        /// A plugin's folder (built first, if it is a project whose component is missing or old), a folder with a component, or a component
        #[arg(long, value_name = "PATH")]
        dev: PathBuf,
        /// Grant this and no more than what is named so; repeatable
        #[arg(long, value_name = "PERMISSION", conflicts_with = "no_grants")]
        grant: Vec<Permission>,
        /// Grant nothing
        #[arg(long)]
        no_grants: bool,
    },
    /// Let signals and calls reach a plugin again
    Activate {
        /// Its id, or its name or the last part of its id
        plugin: String,
    },
    /// Keep signals and calls from a plugin
    Deactivate {
        /// Its id, or its name or the last part of its id
        plugin: String,
    },
    /// Forget a plugin; its files stay, and so does what it keeps in HAL9's memory
    Unload {
        /// Its id, or its name or the last part of its id
        plugin: String,
    },
    /// Show what plugins logged
    Logs(LogsArgs),
    /// Show and change what a plugin is configured with
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Start plugins and ask them how they feel
    #[command(after_help = "\
Status 0: all are healthy, or degraded. Status 8: one is unhealthy, or cannot be started or asked.")]
    Health {
        /// Its id, or its name or the last part of its id; all active ones, where none is named
        plugin: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SignalCommand {
    /// Send a signal, or a file of them, to every active neuron of a layer, or to one
    #[command(after_help = "\
A file of signals has an object a line: {\"content\": \"I love this!\", \"type\": \"text\", \"metadata\": {\"lang\": \"en\"}, \"id\": UUID, \
\"timestamp\": MILLISECONDS}; all but the content may be left out. It may be of any length. A line that is wrong is named (status 2) \
before anything is sent. Neurons get some thousands of signals at once, and what one of them fails with is of all signals that \
it was given then. With --json, each reply is an object a line, with the line that it answers; so is each failure, and the sums at the \
end. Status 0: each signal was answered by a neuron at least; else that of the first failure.

Examples:
  hal9 signal send --layer L2 --content \"I love this!\"
  hal9 signal send --layer L2 \"I love this!\"
  echo \"I love this!\" | hal9 signal send --layer L2 --json
  hal9 signal send --layer L2 --batch reviews.jsonl --json > replies.jsonl
  jq -cR '{content: .}' reviews.txt | hal9 signal send --layer L2 --batch -")]
    Send(SendArgs),
}

#[derive(Debug, Group)]
pub(crate) struct SendArgs {
    /// The layer, such as L2
    #[arg(long)]
    pub(crate) layer: String,
    /// Only the neuron of this type, or of this plugin id
    #[arg(long, value_name = "NAME")]
    pub(crate) neuron: Option<String>,
    /// The text
    #[arg(long, value_name = "TEXT", conflicts_with = "text")]
    pub(crate) content: Option<String>,
    /// The text; from standard input, where none is given
    pub(crate) text: Option<String>,
    /// Many signals: a file with an object a line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["content", "text"])]
    pub(crate) batch: Option<PathBuf>,
    /// The signal's type
    #[arg(long = "type", value_name = "TYPE", default_value = "text")]
    pub(crate) signal_type: String,
    /// A fact about it, NAME=VALUE; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) meta: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolCommand {
    /// List the tools of all active plugins
    List,
    /// Show what a tool does and takes
    Describe {
        /// The tool's name
        name: String,
    },
    /// Call a tool
    #[command(after_help = "Examples:
  hal9 tool call slugify --params '{\"text\": \"Ärger im Büro\"}'
  hal9 tool call text_stats --params - < params.json")]
    Call {
        /// The tool's name
        name: String,
        /// The parameters, a JSON object; `-` reads them from standard input
        #[arg(long, value_name = "JSON", default_value = "{}")]
        params: String,
    },
}

#[derive(Debug, Group)]
pub(crate) struct ProviderArg {
    /// The memory provider; may be left out where there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemoryCommand {
    /// Keep a value under a key
    Store {
        #[command(flatten)]
        provider: ProviderArg,
        /// The key
        key: String,
        /// The value as text; from --file or standard input, where none is given
        #[arg(long, value_name = "TEXT", conflicts_with = "file")]
        value: Option<String>,
        /// The value as a file
        #[arg(long)]
        file: Option<PathBuf>,
        /// A fact about it, NAME=VALUE; repeatable
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        meta: Vec<(String, String)>,
    },
    /// Give back what is kept under a key, byte by byte
    Get {
        #[command(flatten)]
        provider: ProviderArg,
        /// The key
        key: String,
    },
    /// Find what fits a query, best first
    Search {
        #[command(flatten)]
        provider: ProviderArg,
        /// What to look for, in words
        query: String,
        /// How many results at most
        #[arg(long, default_value_t = 10)]
        limit: u32,
    },
    /// Forget a key
    Delete {
        #[command(flatten)]
        provider: ProviderArg,
        /// The key
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LearnCommand {
    /// Train a model on the rows of a CSV file, on top of what it has learned before
    #[command(after_help = "Examples:
  hal9 learn train --model digits --data train.csv --epochs 5
  hal9 learn predict --model digits --data test.csv

The file has a head line, numbers in all columns, and one column with what is to be learned: a number, or the name of a class.")]
    Train(TrainArgs),
    /// Predict the rows of a CSV file; where it has the answers as well, say how many are right
    Predict {
        /// The model's name
        #[arg(long, value_name = "NAME")]
        model: String,
        /// The CSV file, with a head line
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
    },
}

#[derive(Debug, Group)]
pub(crate) struct TrainArgs {
    /// The model's name; a new one is made where there is none
    #[arg(long, value_name = "NAME")]
    pub(crate) model: String,
    /// The CSV file, with a head line
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// The column to learn
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub(crate) target: String,
    /// The learning algorithm of a new model; may be left out where there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) algorithm: Option<String>,
    /// Options of a new model, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) options: String,
    /// Rows that are learned at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batch: u32,
    /// How often to go through the file
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) epochs: u32,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
