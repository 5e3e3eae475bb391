//! A command run under ptrace, and what is done to it at one of the moments at which it changes files. It does not know what
//! the command is for.
//!
//! A tracer is the thread that started the command: several of them may trace at once, each its own command.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::Change;

/// What happens to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: its moments are counted.
    None,
    /// It is killed before its nth change, the first being 0.
    Kill(usize),
    /// The disk is full from its nth change on.
    Full(usize),
    /// Its nth write takes half of the bytes.
    Short(usize),
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Traced {
    /// Its exit status, if it was not killed.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The changes it made that the fault may strike, up to its end.
    pub(crate) changes: Vec<Change>,
    /// Which of them the fault struck first, if any.
    pub(crate) struck: Option<usize>,
}

impl Fault {
    /// Whether a change is one of those that are counted for this fault.
    fn counts(self, change: &Change) -> bool {
        match self {
            Self::None | Self::Kill(_) => true,
            Self::Full(_) => change.takes_room,
            Self::Short(_) => change.bytes.is_some_and(|bytes| bytes > 1),
        }
    }

    fn strikes(self, moment: usize) -> bool {
        match self {
            Self::None => false,
            Self::Kill(at) | Self::Short(at) => moment == at,
            Self::Full(from) => moment >= from,
        }
    }
}

/// What has to be put right when a call returns.
enum AtExit {
    /// It was not made: this is why.
    Failed(Errno),
    /// The third argument, which a program may take for unchanged.
    Length(u64),
}

/// A system call that is not one, for a call that is not to be made.
const NO_CALL: u64 = u64::MAX;

/// Runs a command to its end. Changes are those of files below a folder, whose path has no links in it.
pub(crate) fn run(command: &Command, below: &Path, fault: Fault) -> Traced {
    run_with(command, below, fault, |_| {})
}

/// As [`run`], for a command that ends when somebody tells it to: `started` is given its process before it does anything.
pub(crate) fn run_with(command: &Command, below: &Path, fault: Fault, started: impl FnOnce(Pid)) -> Traced {
    let [mut stdout, mut stderr] = [(); 2].map(|()| tempfile::tempfile().unwrap());
    let child = stopped(command, &stdout, &stderr);
    started(child);
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(child, options).unwrap();
    kill(child, Signal::SIGCONT).unwrap();
    let (mut changes, mut struck, mut status) = (Vec::new(), None, None);
    let mut at_exit: HashMap<Pid, AtExit> = HashMap::new();
    // The threads of the command and of what it starts; none of another tracer's.
    loop {
        let stop = match waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) {
            Ok(stop) => stop,
            Err(Errno::ECHILD) => break,
            Err(error) => panic!("{command:?}: {error}"),
        };
        let mut signal = None;
        let thread = match stop {
            WaitStatus::Exited(process, code) => {
                if process == child {
                    status = Some(code);
                }
                continue;
            }
            WaitStatus::Signaled(..) => continue,
            WaitStatus::PtraceSyscall(thread) => {
                if let Some(change) = at_syscall(thread, below, &mut at_exit, |change| {
                    let strikes = fault.counts(change) && fault.strikes(changes.len());
                    struck = struck.or(strikes.then_some(changes.len()));
                    strikes.then_some(fault)
                }) && fault.counts(&change)
                {
                    changes.push(change);
                }
                thread
            }
            WaitStatus::Stopped(thread, sent) => {
                signal = Some(sent);
                thread
            }
            WaitStatus::PtraceEvent(thread, ..) => thread,
            WaitStatus::Continued(_) | WaitStatus::StillAlive => continue,
        };
        match ptrace::syscall(thread, signal) {
            // It was killed meanwhile.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => panic!("{command:?}: {error}"),
        }
    }
    let [stdout, stderr] = [&mut stdout, &mut stderr].map(|file| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Traced { status, stdout, stderr, changes, struck }
}

/// Looks at a call that a thread enters or leaves, and does to it what is to be done; the change that it enters to make.
fn at_syscall(
    thread: Pid,
    below: &Path,
    at_exit: &mut HashMap<Pid, AtExit>,
    strike: impl FnOnce(&Change) -> Option<Fault>,
) -> Option<Change> {
    // A thread that was killed meanwhile has no registers.
    let info = ptrace::syscall_info(thread).ok()?;
    let mut registers = ptrace::getregs(thread).ok()?;
    if info.op == libc::PTRACE_SYSCALL_INFO_EXIT {
        match at_exit.remove(&thread)? {
            AtExit::Failed(error) => registers.rax = -(error as i64) as u64,
            AtExit::Length(length) => registers.rdx = length,
        }
        ptrace::setregs(thread, registers).unwrap();
        return None;
    }
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return None;
    }
    let change = Change::at_entry(thread, &registers, below)?;
    match strike(&change) {
        None | Some(Fault::None) => {}
        Some(Fault::Kill(_)) => kill(thread, Signal::SIGKILL).unwrap(),
        Some(Fault::Full(_)) => {
            registers.orig_rax = NO_CALL;
            ptrace::setregs(thread, registers).unwrap();
            at_exit.insert(thread, AtExit::Failed(Errno::ENOSPC));
        }
        Some(Fault::Short(_)) => {
            at_exit.insert(thread, AtExit::Length(registers.rdx));
            registers.rdx /= 2;
            ptrace::setregs(thread, registers).unwrap();
        }
    }
    Some(change)
}

/// Starts a command that has stopped itself before its first instruction.
#[expect(clippy::zombie_processes, reason = "the tracer waits for it")]
fn stopped(command: &Command, stdout: &File, stderr: &File) -> Pid {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill -STOP $$; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let child = shell
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn()
        .unwrap();
    let child = Pid::from_raw(child.id().try_into().unwrap());
    let stop = waitpid(child, Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert_eq!(stop, WaitStatus::Stopped(child, Signal::SIGSTOP), "{command:?}");
    child
}
