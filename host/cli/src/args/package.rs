//! What an author types to make packages, and to sign them.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

/// What an author does to hand a plugin on.
#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Make a package of a plugin's folder: what others install
    #[command(after_help = "\
The package has the component (built first, if it must be), README.md, LICENSE*, all of examples/ and assets/, and what the \
`files` of a manifest.json in the folder name. Hidden files and build folders stay out; links are refused. It is checked as by \
`hal9 plugin validate` before anything is written. The same files make the same package, byte by byte.

Examples:
  hal9 plugin pack guests/sentiment-analyzer
  hal9 plugin pack . -o dist/ --sign ~/keys/me.key
  hal9 plugin pack . --plug regex-engine.wasm --plug unicode-tables.wasm")]
    Pack(PackArgs),
    /// Make a key pair to sign packages with, in minisign's format
    #[command(after_help = "\
Without -o the key is HAL9_HOME/keys/default.key, which is the one that `hal9 plugin sign` uses. Its password is asked for, or \
taken from HAL9_KEY_PASSWORD. A key that is there is never written over.

Examples:
  hal9 plugin keygen
  hal9 plugin keygen -o ~/keys/me                 me.key, which stays with you, and me.pub, for everybody
  hal9 plugin keygen -o ci --no-password")]
    Keygen {
        /// Write NAME.key and NAME.pub
        #[arg(short, long, value_name = "NAME")]
        output: Option<PathBuf>,
        /// Leave the secret key unencrypted: whoever reads the file can sign
        #[arg(long)]
        no_password: bool,
    },
    /// Sign a package, for `hal9` and for `minisign`
    #[command(after_help = "\
The signature is written to FILE.minisig. Its trusted comment names the plugin, the version and the package's digest.

Examples:
  hal9 plugin sign sentiment-analyzer-1.0.0.hal9
  hal9 plugin sign x.hal9 --key ~/keys/me.key
  minisign -V -p me.pub -m x.hal9                 what anybody can check without hal9")]
    Sign {
        /// The package
        file: PathBuf,
        /// The secret key [default: HAL9_HOME/keys/default.key]
        #[arg(long, value_name = "KEYFILE")]
        key: Option<PathBuf>,
    },
    /// Check that a file is what the holder of a key signed
    #[command(after_help = "\
Status 5, with the reason: unsigned, untrusted-key (another key made the signature), bad-signature (the file or the signature \
was changed).

Examples:
  hal9 plugin verify x.hal9 --key me.pub
  hal9 plugin verify x.hal9 --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")]
    Verify {
        /// The file
        file: PathBuf,
        /// The public key, or its file
        #[arg(long, value_name = "KEY|FILE")]
        key: String,
        /// The signature [default: FILE.minisig]
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
}

#[derive(Debug, Group)]
pub(crate) struct PackArgs {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Where to write it: a file, or a folder [default: NAME-VERSION.hal9, here]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Compose with this component, whose exports satisfy imports; repeatable
    #[arg(long, value_name = "COMPONENT")]
    pub(crate) plug: Vec<PathBuf>,
    /// Sign it with this secret key
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) sign: Option<PathBuf>,
}
