//! A home of its own for one test, and the command as a user runs it there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

/// A fresh `HAL9_HOME`.
pub(crate) struct Home(tempfile::TempDir);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The file with the operator's settings.
    pub(crate) fn settings(&self) -> std::path::PathBuf {
        self.path().join("hal9.toml")
    }

    /// What it says; nothing, where it is not there.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.settings()).unwrap_or_default()
    }

    /// The command with its arguments, for a test that sets up more.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hal9-under-test"));
        command.args(args).env("HAL9_HOME", self.path()).env_remove("HAL9_ENV").stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn hal9<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.command(args))
    }

    /// Runs the command with something on its standard input.
    pub(crate) fn hal9_with<S: AsRef<std::ffi::OsStr>>(&self, input: &[u8], args: impl IntoIterator<Item = S>) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing closes the pipe; that is not this test's failure.
        let _ = child.stdin.take().unwrap().write_all(input);
        Run::from(child.wait_with_output().unwrap())
    }

    /// Loads a guest that was built with plain cargo, granted all that it declares.
    pub(crate) fn load(&self, guest: &str) {
        let file = hal9_tests::guest(guest);
        self.hal9(["plugin".as_ref(), "load".as_ref(), "--dev".as_ref(), file.as_os_str()]).ok();
    }
}

impl From<std::process::Output> for Run {
    fn from(output: std::process::Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{self:#?}");
        self
    }

    /// Its result as JSON, of a command that went well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let run = self.ok();
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
    }

    /// It failed with this status, in words.
    #[track_caller]
    pub(crate) fn error_text(self, status: i32) -> String {
        assert_eq!(self.status, status, "{self:#?}");
        self.stderr
    }

    /// The error object of a command that failed with this status.
    #[track_caller]
    pub(crate) fn error(self, status: i32) -> Value {
        assert_eq!(self.status, status, "{self:#?}");
        let last = self.stderr.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        let error = &value["error"];
        for member in ["code", "reason", "plugin", "message", "help"] {
            assert!(error.get(member).is_some(), "no `{member}` in {value}");
        }
        error.clone()
    }
}

/// A command that goes on and says what happens, an object a line.
pub(crate) struct Live {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// A command that has not said anything for so long hangs. Nothing is measured by this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

impl Live {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { input: child.stdin.take(), child, lines }
    }

    pub(crate) fn id(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// The next object that it says.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the command has something to say");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next object that is this event, whatever comes before it.
    #[track_caller]
    pub(crate) fn event(&mut self, event: &str) -> Value {
        let mut before = Vec::new();
        loop {
            let value = self.next();
            if value["event"] == event {
                return value;
            }
            assert_ne!(value["event"], "stopped", "no {event} after {before:#?}");
            before.push(value);
        }
    }

    /// Gives it a line.
    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Ends its input.
    pub(crate) fn end(&mut self) {
        self.input = None;
    }

    /// It has nothing more to say, as it has ended.
    #[track_caller]
    pub(crate) fn ended(&mut self) {
        assert_eq!(self.lines.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }

    /// Waits for its end.
    pub(crate) fn status(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
