//! What people can type about plugins that are installed from packages, and about who may sign them.

use std::path::{Path, PathBuf};

use clap::{Args as Group, Subcommand};
use hal9_package::{Permission, PublicKey};

use super::market::Named;

/// What an operator does with packages.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Install plugins, from a registry by their names or from their packages, with the plugins that they need
    #[command(after_help = "\
A NAME is a plugin's id, or the last part of it where one plugin has that; @REQ says which versions will do, such as @1.2.0 or @^1. It is asked for at the registries of \
hal9.toml (`hal9 registry add`). The first time, the key that the registry names is trusted for the plugin; from then on it is had from that registry alone, signed by \
that key or one that it endorsed.

The signature of a FILE is FILE.minisig, made by `hal9 plugin sign` or by minisign. The key that made it must be trusted for the plugin's id: \
by `hal9 policy trust`, or by --key the first time. --key and --allow-unsigned hold for the packages that are named. Plugins that are needed are taken from the package's own folder, from --from and then from registries, unless \
they are installed. All of it is installed, or nothing. What a plugin is granted is asked for on a terminal; a script says it. \
A plugin that is installed in an older version is upgraded: only what it newly asks for is asked for.

Examples:
  hal9 plugin install sentiment-analyzer
  hal9 plugin install ai.hal9.text-tools@^0.1 --registry work
  hal9 plugin install sentiment-analyzer-0.1.0.hal9 --key publisher.pub
  hal9 plugin install my-plugin-1.2.0.hal9 --from packages --accept
  hal9 plugin install my-plugin-1.2.0.hal9 --grant Hal9Memory:notes/
  hal9 plugin install --lock hal9.lock --from packages --accept

Status 4: the package is invalid. Status 5: it is not signed by who may sign it. Status 6: it asks for what nobody granted. \
Status 10: another version stands against it.")]
    Install(InstallArgs),
    /// Bring plugins to the newest version that fits all the others
    #[command(after_help = "\
Looked for in --from, or else where the plugins were installed from: in their folders, each in its own first, and in their registries. What may not be installed is \
passed over, and told. Only what a version newly asks for is asked for. \
A version that does not load or start as things are leaves the old one as it is.

Examples:
  hal9 plugin upgrade --from packages
  hal9 plugin upgrade sentiment-analyzer --from packages --accept
  hal9 plugin upgrade --dry-run")]
    Upgrade(UpgradeArgs),
    /// Take an installed plugin out again
    #[command(after_help = "\
Refused while another plugin needs it. What it keeps in HAL9's memory stays, unless --purge says otherwise; what hal9.toml says of it stays.")]
    #[command(disable_version_flag = true)]
    Uninstall {
        /// Its id, or its name or the last part of its id
        plugin: String,
        /// Only this version; the newest that is left serves then
        #[arg(id = "ONLY", long = "version", value_name = "VERSION")]
        version: Option<semver::Version>,
        /// Delete what it keeps in HAL9's memory, and its logs, and forget which registry it is from
        #[arg(long, conflicts_with = "ONLY")]
        purge: bool,
    },
    /// Have another installed version of a plugin serve
    #[command(after_help = "Examples:
  hal9 plugin info my-plugin          shows which versions are installed
  hal9 plugin use my-plugin 1.1.0")]
    Use {
        /// Its id, or its name or the last part of its id
        plugin: String,
        /// The version
        #[arg(id = "WANTED", value_name = "VERSION")]
        version: semver::Version,
    },
    /// Print the versions, digests and keys of what is installed, for `install --lock`
    Lock {
        /// The file to write; standard output, where none is given
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// List the files of a plugin's package, or print one: its README, an example, an asset
    #[command(after_help = "Examples:
  hal9 plugin files my-plugin
  hal9 plugin files my-plugin README.md
  hal9 plugin files my-plugin assets/model.bin > model.bin")]
    Files {
        /// Its id, or its name or the last part of its id
        plugin: String,
        /// The file, as the list names it
        path: Option<String>,
    },
}

#[derive(Debug, Group)]
pub(crate) struct InstallArgs {
    /// Plugins of a registry, or packages
    #[arg(required_unless_present = "lock", value_name = "NAME[@REQ]|FILE")]
    pub(crate) wanted: Vec<String>,
    /// A folder with packages that may be needed; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Vec<PathBuf>,
    /// The signature, where it is not FILE.minisig
    #[arg(long, value_name = "FILE", conflicts_with = "lock")]
    pub(crate) signature: Option<PathBuf>,
    /// Trust this key for the plugins of these packages from now on: its text, or a file
    #[arg(long, value_name = "KEY|FILE", value_parser = key, conflicts_with = "lock")]
    pub(crate) key: Option<PublicKey>,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    /// Take a package without a signature, where hal9.toml allows that: allow_unsigned = true in [trust]
    #[arg(long)]
    pub(crate) allow_unsigned: bool,
    /// Take a version that is older than the installed one
    #[arg(long, conflicts_with = "lock")]
    pub(crate) allow_downgrade: bool,
    /// Install exactly what this file says, from --from
    #[arg(long, value_name = "FILE", conflicts_with = "wanted", requires = "from")]
    pub(crate) lock: Option<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) online: OnlineArgs,
}

#[derive(Debug, Group)]
pub(crate) struct UpgradeArgs {
    /// Plugins, or packages; all that are installed, where none is given
    #[arg(value_name = "PLUGIN|FILE")]
    pub(crate) plugins: Vec<String>,
    /// A folder with packages; repeatable [default: where the plugins were installed from]
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    /// Take a package without a signature, where hal9.toml allows that: allow_unsigned = true in [trust]
    #[arg(long)]
    pub(crate) allow_unsigned: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) online: OnlineArgs,
}

/// Which registries are asked, and what is believed while they cannot be.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct OnlineArgs {
    /// Ask this registry and no other
    #[arg(long, value_name = "NAME")]
    pub(crate) registry: Option<String>,
    /// Ask nobody: what was seen last of the registries is believed, however old it is
    #[arg(long)]
    pub(crate) offline: bool,
}

impl InstallArgs {
    /// The packages that are named.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.wanted.iter().filter(|text| is_file(text)).map(Path::new)
    }

    /// The plugins of registries that are named.
    ///
    /// # Errors
    ///
    /// For what is neither a name nor a file, with what to write.
    pub(crate) fn names(&self) -> Result<Vec<Named>, String> {
        let names = self.wanted.iter().filter(|text| !is_file(text));
        names
            .map(|text| text.parse().map_err(|error| format!("`{text}`: {error}; there is no such file either")))
            .collect()
    }
}

/// Whether somebody means a file: no name of a plugin looks like one.
pub(crate) fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    text.contains(std::path::MAIN_SEPARATOR)
        || path.extension().is_some_and(|extension| extension == "hal9")
        || path.is_file()
}

/// What is granted of what plugins ask for.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct ConsentArgs {
    /// Grant all that is asked for
    #[arg(long, conflicts_with_all = ["grant", "no_grants"])]
    pub(crate) accept: bool,
    /// Grant this and no more of what is asked for; repeatable
    #[arg(long, value_name = "PERMISSION", conflicts_with = "no_grants")]
    pub(crate) grant: Vec<Permission>,
    /// Grant nothing of what is asked for
    #[arg(long)]
    pub(crate) no_grants: bool,
    /// Take a plugin whose id is easily taken for that of an installed one
    #[arg(long)]
    pub(crate) allow_look_alike: bool,
    /// Take a version that its registry warns of as critically dangerous
    #[arg(long)]
    pub(crate) allow_dangerous: bool,
}

/// Who may sign a plugin.
#[derive(Debug, Group)]
pub(crate) struct TrustArgs {
    /// Its id, or its name or the last part of its id; of a plugin that is not installed yet, its id
    pub(crate) plugin: String,
    /// The key: the line of a public key file, or the file
    #[arg(value_name = "KEY|FILE", value_parser = key)]
    pub(crate) key: PublicKey,
}

/// A public key, as its text or in a file.
pub(crate) fn key(text: &str) -> Result<PublicKey, String> {
    let file = std::path::Path::new(text);
    if !file.is_file() {
        return text.parse().map_err(|error| format!("{error}; give the line of a public key file, or such a file"));
    }
    crate::trust::text_of(file)
        .map_err(|failure| failure.message)?
        .parse()
        .map_err(|error| format!("{}: {error}", file.display()))
}
