//! Where an author works: a folder and a home of their own, `hal9` in it, and the tools of all languages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder of an author's. It has a space and a letter that is not ASCII in its path, as folders of people do.
pub(crate) struct Desk {
    root: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(desk.path()).unwrap();
        std::fs::create_dir(desk.home()).unwrap();
        desk
    }

    /// The folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("my plügins")
    }

    /// A folder in it.
    pub(crate) fn project(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Says something in the settings.
    pub(crate) fn set(&self, settings: &str) {
        std::fs::write(self.home().join("hal9.toml"), settings).unwrap();
    }

    /// `hal9` as it is run in a folder, with the tools that the tests have brought.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, folder: &Path, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hal9-under-test"));
        command
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .env("HAL9_HOME", self.home())
            .env("HAL9_TOOLS", tools())
            .env("CARGO_TARGET_DIR", target())
            .env_remove("HAL9_ENV");
        command
    }

    /// Runs `hal9` in a folder of the desk.
    pub(crate) fn hal9<S: AsRef<OsStr>>(&self, folder: &str, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.command(&self.project(folder), args))
    }

    /// Runs `hal9` in a folder of the desk, on a machine where nothing is installed.
    pub(crate) fn hal9_without_tools<S: AsRef<OsStr>>(&self, folder: &str, args: impl IntoIterator<Item = S>) -> Run {
        let empty = self.root.path().join("nothing");
        std::fs::create_dir_all(&empty).unwrap();
        let mut command = self.command(&self.project(folder), args);
        Run::of(command.env("PATH", &empty).env("HAL9_TOOLS", &empty).env("CARGO_HOME", &empty).env("HOME", &empty))
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Its result as JSON, of a command that went well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let run = self.ok();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
    }

    /// The error of a command that failed with this status, as JSON: its message, and what it says to do.
    #[track_caller]
    pub(crate) fn error(self, status: i32) -> (String, String) {
        assert_eq!(self.status, status, "{self:#?}");
        let last = self.stderr.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        let text = |member: &str| value["error"][member].as_str().unwrap_or_default().to_owned();
        (text("message"), text("help"))
    }
}

/// Where plugins in Rust are built: what they share is built once.
pub(crate) fn target() -> PathBuf {
    hal9_tests::guests_target_dir().with_file_name("authors-rust")
}

/// The folder with the tools of all languages.
pub(crate) fn tools() -> &'static Path {
    hal9_tests::tools(&mut Command::new(env!("CARGO_BIN_EXE_hal9-under-test")))
}
