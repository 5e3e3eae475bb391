//! What people type to serve a registry, and to say which ones they use.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Subcommand};
use hal9_package::{PluginId, PublicKey};
use hal9_registry_client::Claim;
use hal9_registry_index::api::{AccountName, Scope};
use semver::VersionReq;

use super::market::{Named, SeverityArg};
use super::store::key;

/// Registries: one's own, and those that plugins are had from.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Serve a registry out of a folder: pages for people at /, the interface for programs at /v1, described at /openapi.json
    #[command(after_help = "\
The folder is made where it is not there, with the registry's keys in keys/: keep root.key elsewhere, on paper or a stick, once it runs. \
It listens on this machine alone, unless --listen says otherwise; a proxy in front of it brings TLS, and --url says where people reach it. \
It ends on Ctrl-C or SIGTERM after the requests that it has begun.

Examples:
  hal9 registry serve --data registry
  hal9 registry serve --data /srv/plugins --name \"Plugins of Example\" --url https://plugins.example.org --listen 0.0.0.0:8080
  hal9 registry serve --data work --private --closed            accounts are made by: hal9 registry account add")]
    Serve(Box<ServeArgs>),
    /// Write all of a registry into one file, while it is served or not
    #[command(after_help = "Examples:
  hal9 registry backup --data registry -o plugins.tar")]
    Backup {
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The file to write; none that is there is written over
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Have a registry be what a backup says, while it is served or not
    #[command(after_help = "\
What was published after the backup is gone then, and its versions can be published again. The index goes on counting, so that clients do not take it for an old one.

Examples:
  hal9 registry restore plugins.tar --data registry")]
    Restore {
        /// The file that `hal9 registry backup` wrote
        file: PathBuf,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Remove what nobody needs any more: uploads that were given up, tokens that ended, files that nothing refers to
    #[command(after_help = "Examples:
  hal9 registry prune --data registry
  hal9 registry prune --data registry --yanked 90d            and the packages of versions that were yanked longer ago")]
    Prune {
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Take out the packages of versions that were yanked this long ago
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        yanked: Option<Duration>,
    },
    /// Copy another registry into a folder, to serve it from there
    #[command(after_help = "\
What comes is verified, and what is there already is not fetched again. `hal9 registry serve` on that folder answers as the other one does, by its signatures, and takes nothing.

Examples:
  hal9 registry mirror https://plugins.example.org --data mirror
  hal9 registry mirror https://plugins.example.org --data mirror --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")]
    Mirror {
        /// Where the other registry is
        url: String,
        /// The folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// One of its root keys; without it, the first answer is believed, and held against from then on
        #[arg(long, value_name = "KEY|FILE", value_parser = key)]
        key: Option<PublicKey>,
        /// Take plain HTTP from another machine as well
        #[arg(long)]
        insecure: bool,
    },
    /// Give a registry new keys; clients follow by the signature of the old ones
    #[command(after_help = "\
Needs keys/root.key in the folder, put there for as long as this takes.")]
    RotateKeys {
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A new root key as well; otherwise the index's key alone
        #[arg(long)]
        root: bool,
    },
    /// Take a version out of a registry, whoever owns it: its package cannot be had any more, and its number stays taken
    #[command(after_help = "Examples:
  hal9 registry withdraw com.evil.miner@1.0.0 --data registry --reason \"mines coins\"")]
    Withdraw {
        /// ID@VERSION
        plugin: Named,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Why, for everybody
        #[arg(long)]
        reason: String,
    },
    /// Warn whoever has some versions of a plugin, whoever owns it
    #[command(after_help = "Examples:
  hal9 registry warn com.evil.miner --versions '*' --severity critical --data registry \"mines coins: take it out\"")]
    Warn {
        /// The plugin's id
        plugin: PluginId,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
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
    },
    /// Make accounts of a registry, change their passwords, and keep them out
    #[command(subcommand)]
    Account(ServerAccountCommand),
    /// Use a registry: plugins are had from it from now on
    #[command(after_help = "\
Its root key is best had from somewhere else than the registry. Without --key the first answer is believed, and held against from then on.

Examples:
  hal9 registry add main https://plugins.example.org --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
  hal9 registry add work https://plugins.work.example --plugins 'com.work.*'     these from there alone")]
    Add(AddArgs),
    /// Use a registry no more; what was installed from it stays
    Remove {
        /// Its name
        name: String,
        /// Forget its keys, what was seen of it, and the token for it: another one may be called so then
        #[arg(long)]
        forget: bool,
    },
    /// List the registries that are used, and how fresh what is known of them is
    List,
}

/// Accounts, for who runs the registry.
#[derive(Debug, Subcommand)]
pub(crate) enum ServerAccountCommand {
    /// Make an account; its password is asked for, or taken from HAL9_PASSWORD
    Add {
        /// Its name: 2 to 39 of a-z, 0-9 and `-`
        name: AccountName,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Give an account another password, and end all its tokens; asked for, or taken from HAL9_PASSWORD
    Password {
        /// Its name
        name: AccountName,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Let nobody sign in as an account, and end all its tokens; what it has published stays
    Disable {
        /// Its name
        name: AccountName,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Let an account sign in again
    Enable {
        /// Its name
        name: AccountName,
        /// The registry's folder
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

#[derive(Debug, Group)]
pub(crate) struct ServeArgs {
    /// The folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9009")]
    pub(crate) listen: SocketAddr,
    /// What people call it
    #[arg(long, default_value = "HAL9 plugins")]
    pub(crate) name: String,
    /// Where people reach it, where that is not the address: https://plugins.example.org
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Nobody can make an account himself
    #[arg(long)]
    pub(crate) closed: bool,
    /// Reading needs a token as well
    #[arg(long)]
    pub(crate) private: bool,
    /// How long what it signs is believed: after that, clients take the registry for one that is not kept up
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
    pub(crate) index_lifetime: Duration,
    /// Take out the packages of versions that were yanked this long ago
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) keep_yanked: Option<Duration>,
    /// Every request comes through a proxy, whose last X-Forwarded-For is the client's address
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Logs as lines of JSON
    #[arg(long)]
    pub(crate) log_json: bool,
}

#[derive(Debug, Group)]
pub(crate) struct AddArgs {
    /// What to call it: letters, digits and `-`
    pub(crate) name: String,
    /// Where it is
    pub(crate) url: String,
    /// One of its root keys, as its text or in a file
    #[arg(long, value_name = "KEY|FILE", value_parser = key)]
    pub(crate) key: Option<PublicKey>,
    /// These plugins are had from here and nowhere else: an id, or labels and `.*`; repeatable
    #[arg(long, value_name = "PATTERN")]
    pub(crate) plugins: Vec<Claim>,
    /// Where packages are fetched from as well, where the registry itself does not answer; repeatable
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Vec<String>,
    /// Take plain HTTP from another machine as well
    #[arg(long)]
    pub(crate) insecure: bool,
}

/// Who somebody is at a registry.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Make an account, and log in
    #[command(after_help = "The password is asked for, or taken from HAL9_PASSWORD; it has 12 bytes at least.")]
    Register {
        /// Its name: 2 to 39 of a-z, 0-9 and `-`
        name: AccountName,
        /// The registry, where several are used
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// Log in: a token is made and kept in HAL9_HOME/credentials.toml
    #[command(after_help = "\
The password is asked for, or taken from HAL9_PASSWORD. HAL9_TOKEN_MAIN in the environment is used for the registry `main` in place of what is kept, and so is HAL9_TOKEN where one registry alone is used.

Examples:
  hal9 auth login
  hal9 auth login ada --registry work
  hal9 auth login ada --scope publish --days 30                what this token may do, and how long
  echo $TOKEN | hal9 auth login --token-stdin                  a token that was made on the pages")]
    Login(LoginArgs),
    /// Log out: the token is revoked and forgotten
    Logout {
        /// The registry, where several are used
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// Say who is logged in, and what he may do
    Whoami {
        /// The registry, where several are used
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// List the account's tokens
    Tokens {
        /// The registry, where several are used
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// Revoke the token with this number
        #[arg(long, value_name = "ID")]
        revoke: Option<String>,
    },
}

#[derive(Debug, Group)]
pub(crate) struct LoginArgs {
    /// The account; asked for, where none is given
    pub(crate) name: Option<AccountName>,
    /// The registry, where several are used
    #[arg(long, value_name = "NAME")]
    pub(crate) registry: Option<String>,
    /// What the token may do; repeatable [default: all]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<Scope>,
    /// After so many days it is none any more
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: u16,
    /// Read a token from standard input
    #[arg(long, conflicts_with_all = ["name", "scope"])]
    pub(crate) token_stdin: bool,
}
