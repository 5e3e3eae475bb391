//! What people type to find plugins in registries, and to hand them to others through one.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as Group, Subcommand, ValueEnum};
use hal9_package::{PluginId, PublicKey};
use hal9_registry_index::{Severity, api::AccountName, api::Order};
use semver::{Version, VersionReq};

use super::store::key;

/// What is done with plugins through registries.
#[derive(Debug, Subcommand)]
pub(crate) enum MarketCommand {
    /// Search registries for plugins
    #[command(after_help = "\
A word may be the beginning of one. All that is given must hold.

Examples:
  hal9 plugin search sentiment
  hal9 plugin search --kind tool --without network               tools that need no network
  hal9 plugin search --imports wasi:http/outgoing-handler --order downloads")]
    Search(Box<SearchArgs>),
    /// Show all that a registry says of a plugin
    #[command(after_help = "Examples:
  hal9 plugin show ai.hal9.sentiment-analyzer
  hal9 plugin show ai.hal9.sentiment-analyzer@0.1.0              with its README and WIT")]
    Show {
        /// Its id, with @VERSION for one version
        plugin: Named,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Say which installed plugins have newer versions, are deprecated, yanked or dangerous
    #[command(after_help = "\
Status 0, whatever is found, unless --exit-code asks for 10 where something is; status 5 where a registry is not believed. Without a network, what was known last is told, and how old that is, \
until it expires; with --offline after that as well.")]
    Outdated {
        /// Plugins; all that are installed, where none is given
        plugins: Vec<String>,
        /// Status 10 where a plugin is outdated, deprecated, yanked or dangerous
        #[arg(long)]
        exit_code: bool,
        /// Ask nobody: tell what was known last, however old it is
        #[arg(long)]
        offline: bool,
    },
    /// Publish a package, for everybody who uses the registry
    #[command(after_help = "\
The package must be signed: FILE.minisig, by `hal9 plugin sign`. The first version's key is the plugin's: later ones must be signed by it, or by one that it endorses \
(`hal9 plugin endorse`). A version that is published never changes. What was sent before a command was broken off is not sent again.

Examples:
  hal9 plugin publish sentiment-analyzer-0.1.0.hal9
  hal9 plugin publish x-1.1.0.hal9 --notes CHANGES.md --registry work

Status 4: the package is invalid. Status 5: its signature. Status 6: nobody is logged in. Status 10: the name is somebody else's or easily taken for one, or the version is there with other content.")]
    Publish(PublishArgs),
    /// Say of a version that nobody should begin to use it; whoever has it keeps it
    #[command(after_help = "Examples:
  hal9 plugin yank ai.hal9.text-tools@0.2.0 --reason \"loses text\"
  hal9 plugin yank ai.hal9.text-tools@0.2.0 --undo")]
    Yank {
        /// ID@VERSION
        plugin: Named,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Take it back
        #[arg(long, conflicts_with = "reason")]
        undo: bool,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Say of a plugin that it should not be used any more
    Deprecate {
        /// Its id
        plugin: PluginId,
        /// Why
        #[arg(long, required_unless_present = "undo")]
        message: Option<String>,
        /// What to use instead
        #[arg(long, value_name = "ID")]
        instead: Option<PluginId>,
        /// Take it back
        #[arg(long, conflicts_with_all = ["message", "instead"])]
        undo: bool,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Warn whoever has some versions of a plugin that they are dangerous
    #[command(after_help = "Examples:
  hal9 plugin warn ai.hal9.web-scraper --versions '<0.3.1' --severity high \"sends what it reads to others: upgrade\"")]
    Warn {
        /// Its id
        plugin: PluginId,
        /// The versions that it is about
        #[arg(long, value_name = "REQ", required_unless_present = "undo")]
        versions: Option<VersionReq>,
        /// How dangerous it is
        #[arg(long, required_unless_present = "undo")]
        severity: Option<SeverityArg>,
        /// What it is, and what to do
        #[arg(required_unless_present = "undo")]
        summary: Option<String>,
        /// Where more is said of it
        #[arg(long)]
        url: Option<String>,
        /// Take the warning with this number back
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["versions", "severity", "summary", "url"])]
        undo: Option<u64>,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Show, add and remove who may publish a plugin
    Owner {
        /// Its id
        plugin: PluginId,
        /// Let this account publish it as well
        #[arg(long, value_name = "ACCOUNT")]
        add: Option<AccountName>,
        /// Let this account publish it no more
        #[arg(long, value_name = "ACCOUNT", conflicts_with = "add")]
        remove: Option<AccountName>,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Let another key sign a plugin's packages: for a second author, or in place of a key that goes
    #[command(after_help = "Examples:
  hal9 plugin endorse ai.hal9.text-tools new.pub --by old.key")]
    Endorse {
        /// Its id
        plugin: PluginId,
        /// The other public key
        #[arg(value_name = "KEY|FILE", value_parser = key)]
        new: PublicKey,
        /// The secret key of the plugin that says so [default: HAL9_HOME/keys/default.key]
        #[arg(long, value_name = "KEYFILE")]
        by: Option<PathBuf>,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Judge a version: 1 to 5 stars and a text, signed by your key
    #[command(after_help = "\
The key is registered with your account the first time. A later review of the same version takes the place of the earlier.

Examples:
  hal9 plugin review ai.hal9.sentiment-analyzer --stars 5 --text \"Quick, and right most of the time.\"
  hal9 plugin review ai.hal9.sentiment-analyzer@0.1.0 --stars 2 --output review.json       signed, for the pages")]
    Review(ReviewArgs),
    /// Show what people think of a plugin; each review is verified
    Reviews {
        /// Its id
        plugin: PluginId,
        /// So many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        at: AtRegistry,
    },
    /// Push a package into an OCI registry
    #[command(after_help = "\
The component is pushed as the Wasm OCI artifact layout defines, for any tool to use, and the package with its signature beside it. Who is asked is told by \
--user and HAL9_PASSWORD, or by docker's config.json.

Examples:
  hal9 plugin push text-tools-0.1.0.hal9 oci://ghcr.io/ada/text-tools:0.1.0
  hal9 plugin push text-tools-0.1.0.hal9 oci://localhost:5000/text-tools            tagged with its version")]
    Push {
        /// The package; its signature lies beside it
        file: PathBuf,
        /// oci://HOST/REPOSITORY[:TAG]
        reference: String,
        #[command(flatten)]
        oci: OciArgs,
    },
    /// Pull a package out of an OCI registry
    #[command(after_help = "\
The package and its signature are written beside each other, for `hal9 plugin install`, which decides whom to trust.

Examples:
  hal9 plugin pull oci://ghcr.io/ada/text-tools:0.1.0
  hal9 plugin pull oci://localhost:5000/text-tools:0.1.0 -o packages")]
    Pull {
        /// oci://HOST/REPOSITORY[:TAG|@DIGEST]
        reference: String,
        /// The folder to write to
        #[arg(short, long, value_name = "DIR", default_value = ".")]
        output: PathBuf,
        #[command(flatten)]
        oci: OciArgs,
    },
}

/// Which registry is asked.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct AtRegistry {
    /// The registry, where several are used
    #[arg(long, value_name = "NAME")]
    pub(crate) registry: Option<String>,
}

#[derive(Debug, Group)]
pub(crate) struct SearchArgs {
    /// Words of its id, name, description, tags, capabilities or README
    pub(crate) text: Vec<String>,
    /// neuron, tool, memory-provider, learning-algorithm, api-extension or custom
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// The name of a capability, such as a tool's
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Option<String>,
    /// A tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// An account that owns it
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) author: Option<String>,
    /// The licence, as the manifest writes it
    #[arg(long)]
    pub(crate) license: Option<String>,
    /// A WIT interface that it imports
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) imports: Option<String>,
    /// A WIT interface that it exports
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) exports: Option<String>,
    /// It asks for this permission; repeatable
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) asks: Vec<String>,
    /// It does not ask for this kind of permission, or `network`, `files`, or `any`; repeatable
    #[arg(long, value_name = "KIND")]
    pub(crate) without: Vec<String>,
    /// Deprecated and yanked ones as well
    #[arg(long)]
    pub(crate) all: bool,
    /// The order
    #[arg(long, default_value = "relevance")]
    pub(crate) order: OrderArg,
    /// So many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) at: AtRegistry,
}

#[derive(Debug, Group)]
pub(crate) struct PublishArgs {
    /// The package
    pub(crate) file: PathBuf,
    /// The signature, where it is not FILE.minisig
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: Option<PathBuf>,
    /// The public key that has signed it [default: HAL9_HOME/keys/default.pub]
    #[arg(long, value_name = "KEY|FILE", value_parser = key)]
    pub(crate) key: Option<PublicKey>,
    /// What is new, in Markdown: a file
    #[arg(long, value_name = "FILE")]
    pub(crate) notes: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) at: AtRegistry,
}

#[derive(Debug, Group)]
pub(crate) struct ReviewArgs {
    /// Its id, with @VERSION; without, the installed version, or else the newest
    pub(crate) plugin: Named,
    /// 1 to 5
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) stars: u8,
    /// What to know of it
    #[arg(long, default_value = "")]
    pub(crate) text: String,
    /// The secret key to sign with [default: HAL9_HOME/keys/default.key]
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) key: Option<PathBuf>,
    /// Write the signed review to this file, and do not send it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) at: AtRegistry,
}

#[derive(Debug, Group)]
pub(crate) struct OciArgs {
    /// Who asks; the password or token is asked for, or taken from HAL9_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Take plain HTTP from another machine as well
    #[arg(long)]
    pub(crate) insecure: bool,
}

/// A plugin by its id, or the last part of it, with a version or requirement behind `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) requirement: Option<String>,
}

impl Named {
    /// The id, where it is a whole one.
    pub(crate) fn id(&self) -> Option<PluginId> {
        self.name.parse().ok()
    }

    /// The one version that is named.
    pub(crate) fn version(&self) -> Option<Version> {
        self.requirement.as_deref().and_then(|text| text.strip_prefix('=').unwrap_or(text).parse().ok())
    }

    /// The versions that will do. A whole version is that version and no other.
    pub(crate) fn versions(&self) -> Option<VersionReq> {
        let text = self.requirement.as_deref()?;
        match self.version() {
            Some(version) => format!("={version}").parse().ok(),
            None => text.parse().ok(),
        }
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, requirement) = match text.split_once('@') {
            Some((name, requirement)) => (name, Some(requirement)),
            None => (text, None),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if name.is_empty() || name.len() > PluginId::MAX_BYTES || !name.bytes().all(plain) {
            return Err("a plugin is named by its id, such as ai.hal9.text-tools, or by the last part of it".to_owned());
        }
        if let Some(requirement) = requirement {
            requirement.parse::<VersionReq>().map_err(|error| {
                format!(
                    "`{requirement}` is no version requirement: {error}; write one such as 1.2.0, ^1.2 or \">=1, <3\""
                )
            })?;
        }
        // Ids have no capitals, and people who type a name may.
        Ok(Self { name: name.to_ascii_lowercase(), requirement: requirement.map(str::to_owned) })
    }
}

/// How what is found is ordered.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OrderArg {
    /// What fits best
    Relevance,
    /// Most downloads first
    Downloads,
    /// Best rating first
    Rating,
    /// Last published first
    Updated,
    /// First published last
    Newest,
    /// By name
    Name,
}

impl From<OrderArg> for Order {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::Relevance => Self::Relevance,
            OrderArg::Downloads => Self::Downloads,
            OrderArg::Rating => Self::Rating,
            OrderArg::Updated => Self::Updated,
            OrderArg::Newest => Self::Newest,
            OrderArg::Name => Self::Name,
        }
    }
}

/// How dangerous something is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SeverityArg {
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityArg> for Severity {
    fn from(severity: SeverityArg) -> Self {
        match severity {
            SeverityArg::Low => Self::Low,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::High => Self::High,
            SeverityArg::Critical => Self::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_named_with_or_without_a_requirement() {
        let named = |text: &str| text.parse::<Named>();
        let one = named("ai.hal9.text-tools@1.2.0").unwrap();
        assert_eq!(
            (one.id().unwrap().as_str(), one.versions().unwrap().to_string()),
            ("ai.hal9.text-tools", "=1.2.0".to_owned())
        );
        assert_eq!(named("Text-Tools@^1").unwrap().versions().unwrap().to_string(), "^1");
        assert_eq!(named("text-tools").unwrap().versions(), None);
        for bad in ["", "@1", "a b", "../x", "x@", "x@one"] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
