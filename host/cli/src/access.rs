//! Owns who else can change what a home is trusted by: its folder, its settings, its registry and its store. It refuses to know
//! what is in them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hal9_host::shell_word;

use crate::failure::{Code, Failure};
use crate::home::Home;

/// The bits that let the group, and everybody, write.
const OTHERS: u32 = 0o022;

/// Something that others can write.
pub(crate) struct Writable {
    pub(crate) path: PathBuf,
    /// Its mode, as `chmod` takes it.
    pub(crate) mode: u32,
}

impl Writable {
    /// What a path leads to, where others can write it. What is not there nobody writes.
    fn of(path: &Path) -> Option<Self> {
        let mode = path.metadata().ok()?.permissions().mode() & 0o7777;
        (mode & OTHERS != 0).then(|| Self { path: path.to_owned(), mode })
    }

    /// What is wrong with it, in words.
    pub(crate) fn words(&self) -> String {
        format!("{} can be written by others (mode {:04o})", self.path.display(), self.mode)
    }

    /// The command that puts it right.
    pub(crate) fn fix(&self) -> String {
        format!("chmod go-w {}", shell_word(&self.path.display().to_string()))
    }

    /// Takes the right away from them.
    pub(crate) fn close(&self) -> Result<(), Failure> {
        std::fs::set_permissions(&self.path, Permissions::from_mode(self.mode & !OTHERS))
            .map_err(|error| Failure::file(&self.path, &error))
    }
}

/// What of a home others can write.
pub(crate) fn writable(home: &Home) -> Vec<Writable> {
    let store = home.folder().join("store");
    let registry = home.folder().join("registry.db");
    let paths = [home.folder().to_owned(), home.settings(), registry, store.join("blobs"), store.join("tmp"), store];
    paths.iter().filter_map(|path| Writable::of(path)).collect()
}

/// Refuses to decide on trust by what others can write: whoever can change `hal9.toml` says whose packages are taken. As
/// strict as `ssh` is with its own: the bits count, not who could come to use them.
pub(crate) fn check(home: &Home) -> Result<(), Failure> {
    let found = [home.folder().to_owned(), home.settings()].iter().find_map(|path| Writable::of(path));
    let Some(found) = found else { return Ok(()) };
    let message = format!("{}, who could decide whose packages are trusted", found.words());
    Err(Failure::new(Code::Unavailable, message).reason("home").help(format!("{}; or hal9 doctor --fix", found.fix())))
}
