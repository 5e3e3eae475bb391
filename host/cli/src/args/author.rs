//! What an author types to begin a plugin, and to get the tools for it. It owns names, help and examples, and refuses to know
//! what any of it does.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use crate::languages::Language;

#[derive(Debug, Group)]
#[command(after_help = "\
Without --lang it looks at what plugins in Rust need, and at the tools of the other languages: what is missing of these is a \
warning, and --fix leaves it alone. With --lang it looks at these languages, what they need is needed (status 11), and --fix \
installs it and no more.

The tools of other languages go into a folder of yours: HAL9_TOOLS, by default hal9/tools in the cache folder. Those on the \
path and in a project (.venv, node_modules) come first, where their version fits.

Examples:
  hal9 doctor
  hal9 doctor --fix                      Rust's targets and cargo-component
  hal9 doctor --fix --lang python        componentize-py, about 120 MB
  hal9 doctor --fix --lang c --lang typescript
  hal9 doctor --fix --lang all           all of them, about 550 MB")]
pub(crate) struct DoctorArgs {
    /// Install what is missing, and mend what a crash left
    #[arg(long)]
    pub(crate) fix: bool,
    /// Look at what plugins in this language need: rust, python, javascript, typescript, c, cpp, zig, or all; repeatable
    #[arg(long, value_name = "LANG", value_parser = asked)]
    lang: Vec<Asked>,
}

/// A language that was named, or all of them.
#[derive(Clone, Copy, Debug)]
enum Asked {
    All,
    One(Language),
}

impl DoctorArgs {
    /// The languages that were named.
    pub(crate) fn languages(&self) -> Vec<Language> {
        let one = |asked: &Asked| match asked {
            Asked::All => Language::ALL.to_vec(),
            Asked::One(language) => vec![*language],
        };
        let mut languages: Vec<_> = self.lang.iter().flat_map(one).collect();
        languages.sort();
        languages.dedup();
        languages
    }
}

fn asked(text: &str) -> Result<Asked, String> {
    if text == "all" {
        return Ok(Asked::All);
    }
    Language::from_str(text, false).map(Asked::One).map_err(|_| {
        let names: Vec<_> = Language::ALL.into_iter().map(Language::name).collect();
        format!("there are {} and all", names.join(", "))
    })
}

/// What sort of plugin is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewKind {
    /// Answers signals of a layer
    Neuron,
    /// Functions that agents call, with JSON parameters
    Tool,
    /// Keeps and finds values by key
    MemoryProvider,
    /// Models that learn from rows of numbers
    LearningAlgorithm,
    /// Answers HTTP requests; hosts recognise it, and do not serve it yet
    ApiExtension,
}

impl NewKind {
    /// The name that is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Neuron => "neuron",
            Self::Tool => "tool",
            Self::MemoryProvider => "memory-provider",
            Self::LearningAlgorithm => "learning-algorithm",
            Self::ApiExtension => "api-extension",
        }
    }
}

#[derive(Debug, Group)]
#[command(after_help = "\
The folder is a project of that language: its package file, a source that does something, tests, settings of its formatter, and \
a README with the commands that come next. It builds, tests and packs as it stands. Nothing is written where the folder has \
something in it already (status 10).

Examples:
  hal9 plugin new shout
  hal9 plugin new shout --kind tool --lang python --id org.example.shout
  hal9 plugin new greeter --lang zig --dir ~/plugins/greeter")]
pub(crate) struct NewArgs {
    /// The plugin's name: lower-case letters, digits and hyphens
    pub(crate) name: String,
    /// What sort of plugin
    #[arg(long, value_enum, default_value = "neuron", value_name = "KIND")]
    pub(crate) kind: NewKind,
    /// In which language
    #[arg(long, value_enum, default_value = "rust", value_name = "LANG")]
    pub(crate) lang: Language,
    /// The folder that is made [default: one called as the plugin is]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The plugin's id, a domain of yours backwards or a UUID [default: local.NAME]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}
