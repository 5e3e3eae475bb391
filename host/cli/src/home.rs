//! Owns where state lives: the folder that `HAL9_HOME` names, or the user's data folder. It refuses to know what is in the
//! files.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::failure::Failure;

/// How the names of files begin that are being written, before they get their own.
pub(crate) const UNFINISHED: &str = ".hal9-";

/// The folder with everything that outlives a command.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// `HAL9_HOME`, or `hal9` in the XDG data folder. It is made where it is not there.
    pub(crate) fn find() -> Result<Self, Failure> {
        let folder = match std::env::var_os("HAL9_HOME") {
            Some(folder) if !folder.is_empty() => PathBuf::from(folder),
            _ => etcetera::choose_base_strategy()
                .map_err(|error| {
                    Failure::usage(format!("there is no home folder: {error}"), "set HAL9_HOME to a folder of your own")
                })?
                .data_dir()
                .join("hal9"),
        };
        Self::at(&folder)
    }

    /// The home in a folder. It is made where it is not there, for its owner alone.
    pub(crate) fn at(folder: &Path) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).map_err(|error| Failure::file(folder, &error))?;
        let mut make = std::fs::DirBuilder::new();
        make.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
        make.create(&folder).map_err(|error| Failure::file(&folder, &error))?;
        Ok(Self(folder))
    }

    /// The folder itself; the registry has its database there.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The operator's settings.
    pub(crate) fn settings(&self) -> PathBuf {
        self.0.join("hal9.toml")
    }

    /// What is locked by a command that decides on what is installed.
    pub(crate) fn installing(&self) -> PathBuf {
        self.0.join("install.lock")
    }

    /// What plugins were refused, how they broke, and what was done with them.
    pub(crate) fn audit(&self) -> PathBuf {
        self.0.join("audit.jsonl")
    }

    /// What is kept of registries, a folder each.
    pub(crate) fn registries(&self) -> PathBuf {
        self.0.join("registries")
    }

    /// Tokens for registries; for their owner alone.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.0.join("credentials.toml")
    }

    /// HAL9's memory.
    pub(crate) fn memory(&self) -> PathBuf {
        self.0.join("memory.db")
    }

    /// What plugins log, a file each.
    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Compiled code; what is in there can be made again.
    pub(crate) fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// Key pairs that sign packages; for their owner alone.
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// What commands were writing when they were killed, of what is written as [`UNFINISHED`]; of a key that was being made,
    /// the secret.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.0.clone(), self.keys(), self.models()];
        // Where the settings are a link, they are written beside what it leads to.
        folders.extend(self.settings().canonicalize().ok().and_then(|path| Some(path.parent()?.to_owned())));
        let files = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().filter_map(Result::ok);
        let is_unfinished = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
        let files = files.filter(|file| is_unfinished(&file.file_name()));
        let mut found: Vec<_> =
            files.filter(|file| file.file_type().is_ok_and(|kind| kind.is_file())).map(|file| file.path()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Models that were trained, two files each.
    pub(crate) fn models(&self) -> PathBuf {
        self.0.join("models")
    }
}
