//! WASI for one instance: always linked, because every language runtime imports it, and inert until granted. No files, no
//! environment, no sockets, clocks that stand still, and randomness from a fixed seed, but for what the permissions say.

mod clocks;
mod environment;
mod files;
pub(crate) mod network;
mod output;
mod random;

use std::sync::Arc;

use hal9_package::{Limits, PermissionKind};
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::{cli, filesystem};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::Error;
use crate::guard::Guard;
use crate::imports::clock::Clock;
use crate::imports::logging::{LogSource, Output};
use crate::instance::State;
pub(crate) use environment::EnvironmentView;
pub(crate) use files::{Files, FilesView};
pub(crate) use output::Stream;

/// Links WASI as wasmtime has it, but for the interfaces that ask first whether they may.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    filesystem::types::add_to_linker::<_, files::HasFiles>(linker, State::files)?;
    filesystem::preopens::add_to_linker::<_, files::HasFiles>(linker, State::files)?;
    cli::environment::add_to_linker::<_, environment::HasEnvironment>(linker, State::environment)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Builds the WASI context of one instance, with its standard output and error. The clock and the seed are none for the machine's own
/// time and real randomness, which it has where they are granted.
///
/// # Errors
///
/// [`Error::Unavailable`] for a granted directory that cannot be opened.
pub(crate) fn build(
    guard: &Arc<Guard>,
    files: &Files,
    limits: &Limits,
    output: &Arc<Output>,
    (clock, seed): (Option<&Arc<dyn Clock>>, Option<u64>),
) -> Result<(WasiCtx, [Stream; 2]), Error> {
    let granted = guard.rights().granted();
    let mut wasi = WasiCtxBuilder::new();
    let stdout = Stream::new(LogSource::Stdout, output.clone());
    let stderr = Stream::new(LogSource::Stderr, output.clone());
    wasi.stdout(stdout.clone()).stderr(stderr.clone());
    // Sockets answer every use with `access-denied` already: their check refuses all addresses by default.
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.max_random_size(limits.random_bytes.0);
    match granted.contains(PermissionKind::SystemTime) {
        true => clocks::run(&mut wasi, guard, clock),
        false => clocks::freeze(&mut wasi, guard),
    }
    match granted.contains(PermissionKind::SystemRandom) {
        true => random::open(&mut wasi, guard, seed),
        false => random::seed(&mut wasi, guard),
    }
    environment::fill(&mut wasi, guard);
    files.preopen(&mut wasi)?;
    Ok((wasi.build(), [stdout, stderr]))
}
