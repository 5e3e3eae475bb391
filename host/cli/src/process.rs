//! Owns the programs that are started from here: their environment, what they write, and a word on what goes on meanwhile.
//! It refuses to know what they are for.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use crate::failure::{Code, Failure};

/// What a program did.
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to standard error; empty, where that went to the user.
    pub(crate) stderr: String,
}

/// Who reads a program's standard error.
#[derive(Clone, Copy)]
pub(crate) enum Errors<'a> {
    /// The user, as it is written.
    Shown,
    /// Nobody yet; its last line is what a spinner shows.
    Kept(&'a ProgressBar),
}

/// Ends programs that run on another thread, and all that they have started.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Mutex<Stopping>>);

#[derive(Default)]
struct Stopping {
    is_over: bool,
    /// The group of the program that runs.
    group: Option<u32>,
}

impl Stop {
    /// Ends what runs, and whatever is started from now on.
    pub(crate) fn stop(&self) {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stopping.is_over = true;
        stopping.group.take().into_iter().for_each(end_group);
    }

    /// Has a program that was started in a group of its own be ended with the others.
    fn begin(&self, child: &Child) {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match stopping.is_over {
            true => end_group(child.id()),
            false => stopping.group = Some(child.id()),
        }
    }

    /// The program is about to be gone; its number may be another one's then.
    fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).group = None;
    }
}

/// Asks a program and all that it has started to end. Whatever is gone already needs not be told.
#[cfg(unix)]
fn end_group(group: u32) {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn end_group(_: u32) {}

/// What cargo tells the programs that it runs about themselves. It would say wrong things of another package.
const SET_BY_CARGO: [&str; 6] =
    ["CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_MAKEFLAGS", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_PACKAGE"];

/// What somebody who says it to `cargo run` means for the program that is run: flags of the machine's own target, which
/// break a build for WebAssembly or have everything built again.
const SAID_TO_CARGO: [&str; 6] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
];

fn leaks(name: &str, under_cargo: bool) -> bool {
    name == "CARGO"
        || name == "OUT_DIR"
        || SET_BY_CARGO.iter().any(|prefix| name.starts_with(prefix))
        || (under_cargo && SAID_TO_CARGO.contains(&name))
}

/// A program to run in a folder, without what a cargo around us has set for us. A relative `CARGO_TARGET_DIR` is taken from
/// where we were started, as that cargo took it.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    let under_cargo = std::env::var_os("CARGO_MANIFEST_DIR").is_some();
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| leaks(name, under_cargo)) {
            command.env_remove(name);
        }
    }
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty())
        && let Ok(folder) = std::path::absolute(folder)
    {
        command.env("CARGO_TARGET_DIR", folder);
    }
    command
}

/// Runs a program to its end.
///
/// # Errors
///
/// Where it cannot be started or read; not, where it fails.
pub(crate) fn run(command: Command, errors: Errors<'_>) -> Result<Finished, Failure> {
    run_until(command, errors, None)
}

/// As [`run`], of a program that may be ended before it comes to its end. It is then in a group of its own, so that a key
/// that interrupts a terminal's programs does not reach it but by whoever ends it.
pub(crate) fn run_until(mut command: Command, errors: Errors<'_>, stop: Option<&Stop>) -> Result<Finished, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let lost = |error: std::io::Error| {
        Failure::new(Code::Unavailable, format!("{program} could not be run: {error}")).help("hal9 doctor")
    };
    command.stdout(Stdio::piped()).stderr(match errors {
        Errors::Shown => Stdio::inherit(),
        Errors::Kept(_) => Stdio::piped(),
    });
    #[cfg(unix)]
    if stop.is_some() {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let mut child = command.spawn().map_err(lost)?;
    stop.iter().for_each(|stop| stop.begin(&child));
    // Both at once, so that neither fills up while the other is read.
    let reader = child.stderr.take().map(|stderr| {
        let spinner = match errors {
            Errors::Kept(spinner) => spinner.clone(),
            Errors::Shown => ProgressBar::hidden(),
        };
        std::thread::spawn(move || follow(BufReader::new(stderr), &spinner))
    });
    let mut stdout = Vec::new();
    let read = child.stdout.take().map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut stdout));
    stop.iter().for_each(|stop| stop.end());
    read.map_err(lost)?;
    let stderr = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let status = child.wait().map_err(lost)?;
    Ok(Finished { success: status.success(), stdout, stderr })
}

/// Reads lines to the end, and has the spinner show the last one.
fn follow(mut from: impl BufRead, spinner: &ProgressBar) -> String {
    let what = spinner.message();
    let mut text = String::new();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        let read = String::from_utf8_lossy(&line);
        let word = anstream::adapter::strip_str(read.trim()).to_string();
        if !word.is_empty() {
            spinner.set_message(format!("{what}: {word}"));
        }
        text.push_str(&read);
        line.clear();
    }
    spinner.set_message(what);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_the_outer_build_is_taken_away() {
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"] {
            assert!(leaks(name, true) && leaks(name, false), "{name}");
        }
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            assert!(leaks(name, true) && !leaks(name, false), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "PATH"]
        {
            assert!(!leaks(name, true), "{name}");
        }
    }

    #[test]
    fn output_is_kept_apart_and_a_failure_is_told() {
        let mut shell = command(Path::new("sh"), Path::new("."));
        shell.args(["-c", "echo out; echo first >&2; echo last >&2; exit 3"]);
        let done = run(shell, Errors::Kept(&ProgressBar::hidden())).unwrap();
        assert_eq!(
            (done.success, done.stdout.as_slice(), done.stderr.as_str()),
            (false, &b"out\n"[..], "first\nlast\n")
        );
        let missing = run(command(Path::new("no-such-program"), Path::new(".")), Errors::Shown);
        assert!(missing.is_err_and(|failure| failure.code == Code::Unavailable));
    }
}
