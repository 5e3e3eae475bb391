//! Owns the run of one child that compiles: what it is given, when it is killed, and how it ended. It refuses to know what
//! becomes of the code.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use hal9_package::ByteSize;
use rustix::process::Signal;

use super::protocol::{INVALID, NO_MEMORY, REASON_BYTES, TASK, Task};
use super::sealed::Artifact;
use crate::engine::{Fingerprint, Init};

/// A program that compiles one component and ends: any one that calls [`compile_child`](crate::compile_child) when it is
/// started with these arguments, such as the embedder's own. It gets an empty environment, the root as its folder, and
/// none of the files that this process has opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Child {
    /// The program. A path that is not absolute is looked for from the root.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The time that one component may take; then it is killed. By default a minute.
    pub time: Duration,
    /// The memory that it may use (on Linux: `RLIMIT_DATA`), a quarter of it for the code it makes. By default 2 GiB.
    pub memory: ByteSize,
}

/// The most threads of a child. More of them would need memory, and only the largest components have work for so many.
const MOST_THREADS: usize = 8;

/// How often it is looked whether a child that has said all has ended as well.
const PAUSE: Duration = Duration::from_millis(1);

/// How a child ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With code.
    Done(Artifact),
    /// It says why the bytes cannot be compiled.
    Invalid(String),
    /// It ran out of time.
    Time,
    /// It ran out of memory.
    Memory,
    /// The compiler panicked or was killed by a signal.
    Crashed(String),
    /// It was never a program that compiles for this host.
    Lost(String),
}

impl Child {
    /// A program with its arguments, for a minute and 2 GiB.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            time: Duration::from_secs(60),
            memory: ByteSize::mib(2 << 10),
        }
    }

    /// Has the child compile, and waits for it.
    pub(super) fn run(&self, fingerprint: &Fingerprint, init: Init, component: &[u8]) -> Ended {
        self.attempt(fingerprint, init, component).unwrap_or_else(|error| Ended::Lost(error.to_string()))
    }

    fn attempt(&self, fingerprint: &Fingerprint, init: Init, component: &[u8]) -> io::Result<Ended> {
        let begun = Instant::now();
        let left = || self.time.saturating_sub(begun.elapsed());
        let mut running = Running(self.command(init, component.len()).spawn()?);
        feed(running.0.stdin.take(), component.to_vec())?;
        let most = fingerprint.len() as u64 + self.memory.0 / 4;
        let output = collect(running.0.stdout.take(), most + 1)?;
        let errors = collect(running.0.stderr.take(), REASON_BYTES)?;
        let Ok(output) = output.recv_timeout(left()) else { return Ok(Ended::Time) };
        if output.len() as u64 > most {
            return Ok(Ended::Memory);
        }
        let status = loop {
            match running.0.try_wait()? {
                Some(status) => break status,
                None if left().is_zero() => return Ok(Ended::Time),
                None => thread::sleep(PAUSE),
            }
        };
        let said = errors.recv_timeout(left()).unwrap_or_default();
        Ok(read(fingerprint, status, output, String::from_utf8_lossy(&said).trim()))
    }

    fn command(&self, init: Init, component: usize) -> Command {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let seconds = self.time.as_secs().saturating_add(1).saturating_mul(threads as u64);
        let task = Task { memory: self.memory.0, cpu: seconds, component: component as u64, init };
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .env(TASK, task.to_string())
            .env("RAYON_NUM_THREADS", threads.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// A child that does not outlive this.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails only for one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes the component. That it is not read to its end is known from how the child ends.
///
/// Threads of their own, and not of a scope: a grandchild that keeps a pipe open must not keep the host.
fn feed(to: Option<impl Write + Send + 'static>, component: Vec<u8>) -> io::Result<()> {
    let mut to = to.ok_or(io::ErrorKind::BrokenPipe)?;
    let write = move || drop(to.write_all(&component));
    thread::Builder::new().name("hal9-compile".into()).spawn(write).map(drop)
}

/// Reads to the end, and no more than `most` bytes.
fn collect(from: Option<impl Read + Send + 'static>, most: u64) -> io::Result<Receiver<Vec<u8>>> {
    let from = from.ok_or(io::ErrorKind::BrokenPipe)?;
    let (sender, receiver) = channel();
    let read = move || {
        let mut bytes = Vec::new();
        // What was read before an error says as much as there is to say.
        let _ = from.take(most).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    };
    thread::Builder::new().name("hal9-compile".into()).spawn(read)?;
    Ok(receiver)
}

/// The status of a program of Rust that panicked.
const PANIC: u8 = 101;

/// Whether a child says that it broke for want of memory: for a value, or for a thread's stack.
fn starved(said: &str) -> bool {
    ["memory allocation of", "global thread pool has not been initialized"].iter().any(|text| said.contains(text))
}

fn read(fingerprint: &Fingerprint, status: ExitStatus, output: Vec<u8>, said: &str) -> Ended {
    let last = said.lines().last().unwrap_or_default();
    match (status.code().and_then(|code| u8::try_from(code).ok()), status.signal()) {
        (Some(0), _) if output.starts_with(fingerprint) => Ended::Done(Artifact::compiled(output, fingerprint.len())),
        (Some(0), _) => Ended::Lost("it is of another version".to_owned()),
        (Some(INVALID), _) => Ended::Invalid(said.to_owned()),
        (Some(NO_MEMORY), _) => Ended::Memory,
        (Some(PANIC), _) if starved(said) => Ended::Memory,
        (Some(PANIC), _) => Ended::Crashed(said.to_owned()),
        (_, Some(signal)) if signal == Signal::XCPU.as_raw() => Ended::Time,
        // Not by us, who have waited for it: by a kernel that was out of memory.
        (_, Some(signal)) if signal == Signal::KILL.as_raw() => Ended::Memory,
        (_, Some(signal)) if signal == Signal::ABORT.as_raw() && starved(said) => Ended::Memory,
        (_, Some(_)) => Ended::Crashed(format!("{status}: {last}")),
        _ => Ended::Lost(format!("{status}: {last}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: &str = "/bin/sh";

    /// How a child ends that is a script.
    fn run(script: &str, time: Duration) -> Ended {
        Child { time, ..Child::new(SHELL, ["-c", script]) }.run(&[b'f'; 32], Init::Copied, b"a component")
    }

    fn patient(script: &str) -> Ended {
        run(script, Duration::from_secs(60))
    }

    const FINGERPRINT: &str = "ffffffffffffffffffffffffffffffff";

    #[test]
    fn what_a_child_writes_is_its_code_if_it_is_of_this_version_and_ends_well() {
        let Ended::Done(artifact) = patient(&format!("printf {FINGERPRINT}; cat")) else { panic!("it is done") };
        assert_eq!(artifact.bytes(), b"a component");
        assert!(matches!(patient("cat"), Ended::Lost(_)));
        assert!(matches!(patient(&format!("printf {FINGERPRINT}; exit 1")), Ended::Lost(_)));
    }

    #[test]
    fn the_status_says_what_was_wrong() {
        let Ended::Invalid(reason) = patient("echo 'no such thing' >&2; exit 65") else { panic!("it is invalid") };
        assert_eq!(reason, "no such thing");
        assert!(matches!(patient("exit 71"), Ended::Memory));
        assert!(matches!(patient("echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$"), Ended::Memory));
        assert!(matches!(patient("kill -KILL $$"), Ended::Memory));
        let no_stack = "echo 'The global thread pool has not been initialized.' >&2; exit 101";
        assert!(matches!(patient(no_stack), Ended::Memory));
        assert!(matches!(patient("kill -XCPU $$"), Ended::Time));
        assert!(matches!(patient("kill -SEGV $$"), Ended::Crashed(_)));
        assert!(matches!(patient("exit 101"), Ended::Crashed(_)));
        assert!(matches!(patient("exit 3"), Ended::Lost(_)));
    }

    #[test]
    fn a_child_that_does_not_end_is_killed() {
        // The guards: the wait for its output, the wait for its end after that, and the kill itself.
        for script in ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000", "sleep 5 & exec sleep 1000"] {
            assert!(matches!(run(script, Duration::from_millis(200)), Ended::Time), "{script}");
        }
        assert!(matches!(patient("sleep 0.3; exit 65"), Ended::Invalid(_)));
    }

    #[test]
    fn a_child_that_writes_without_end_is_cut_off() {
        let mut child = Child::new(SHELL, ["-c", "exec cat /dev/zero"]);
        child.memory = ByteSize::mib(1);
        assert!(matches!(child.run(&[0; 32], Init::Copied, b""), Ended::Memory));
        assert!(matches!(patient("cat /dev/zero >&2; exit 71"), Ended::Memory), "and so is what it says of itself");
    }

    #[test]
    fn a_child_gets_no_environment_and_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("held-open")).unwrap();
        let script = "seen() { ls -l /proc/$1/fd | grep -c held-open; }
            { pwd; env; echo; seen self; seen $PPID; } >&2; exit 65";
        let Ended::Invalid(seen) = patient(script) else { panic!("it is invalid") };
        drop(file);
        let (outside, files) = seen.split_once("\n\n").unwrap();
        let mut names: Vec<_> = outside.lines().map(|line| line.split('=').next().unwrap()).collect();
        names.sort_unstable();
        // What a shell sets itself.
        names.retain(|name| !["PWD", "_", "OLDPWD", "SHLVL"].contains(name));
        assert_eq!(names, ["/", TASK, "RAYON_NUM_THREADS"]);
        assert_eq!(files, "0\n1", "what the child has of it, and what its parent has");
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let Ended::Lost(reason) = Child::new("/no/such/program", [""; 0]).run(&[0; 32], Init::Copied, b"") else {
            panic!()
        };
        assert!(reason.contains("No such file"), "{reason}");
    }
}
