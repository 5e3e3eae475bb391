//! Owns what a child does: it bounds itself, compiles what it reads, and ends. It refuses to know who asked.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::protocol::{INVALID, NO_MEMORY, NO_TASK, REASON_BYTES, TASK, Task};
use crate::engine;
use crate::text::escape;

/// Why there is no code, with the status that says so.
struct Failed(u8, String);

/// Compiles one component for a host that has started this program as its [`Child`](crate::Child): from standard input to
/// standard output, within the bounds that the host has set. A program calls it before it does anything else, and ends
/// with its status.
pub fn compile_child() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(status, reason)) => {
            // Nobody is left who could be told.
            let _ = writeln!(io::stderr(), "{}", escape(&reason, REASON_BYTES as usize / 2));
            ExitCode::from(status)
        }
    }
}

fn work() -> Result<(), Failed> {
    let task = std::env::var(TASK).ok().and_then(|task| task.parse::<Task>().ok());
    let task =
        task.ok_or_else(|| Failed(NO_TASK, "a host starts this to compile; it does nothing alone".to_owned()))?;
    bound(&task).map_err(|error| failed("its bounds could not be set", &error))?;

    let mut component = Vec::new();
    let mut input = io::stdin().lock().take(task.component);
    input.read_to_end(&mut component).map_err(|error| failed("the component could not be read", &error))?;
    if component.len() as u64 != task.component {
        return Err(Failed(NO_TASK, "the component was cut short".to_owned()));
    }
    let engine = engine::for_compiling(task.init).map_err(refused)?;
    let artifact = engine.precompile_component(&component).map_err(refused)?;
    let mut output = io::stdout().lock();
    let written = output.write_all(&engine::fingerprint(&engine)).and_then(|()| output.write_all(&artifact));
    written.and_then(|()| output.flush()).map_err(|error| failed("the code could not be written", &error))
}

/// Bounds this process: memory, processor time, and no dump of it all when it breaks.
fn bound(task: &Task) -> rustix::io::Result<()> {
    let set = |resource, soft: u64, hard: u64| {
        let held = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(resource, Rlimit { current: Some(soft.min(held)), maximum: Some(hard.min(held)) })
    };
    // Not `RLIMIT_AS`: it counts what threads and their heaps set aside and never touch, which is more than what a small
    // component needs, and grows with the processors.
    set(Resource::Data, task.memory, task.memory)?;
    set(Resource::Cpu, task.cpu, task.cpu.saturating_add(1))?;
    set(Resource::Core, 0, 0)
}

fn failed(what: &str, error: &dyn std::error::Error) -> Failed {
    Failed(1, format!("{what}: {error}"))
}

fn refused(error: wasmtime::Error) -> Failed {
    let no_memory = error.is::<wasmtime::OutOfMemory>()
        || error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is_no_memory)
        || error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<rustix::io::Errno>())
            .any(|it| *it == rustix::io::Errno::NOMEM);
    Failed(if no_memory { NO_MEMORY } else { INVALID }, format!("{error:#}"))
}

fn is_no_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}
