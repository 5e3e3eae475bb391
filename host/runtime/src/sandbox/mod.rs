//! WASI for one instance: always linked, because every language runtime imports it, and inert until granted. No files, no
//! environment, no sockets, clocks that stand still, and randomness from a fixed seed, but for what the permissions say.

mod clocks;
mod files;
pub(crate) mod network;
mod output;
mod random;

use std::sync::Arc;

use hal9_package::{Limits, PermissionKind};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::Error;
use crate::guard::Guard;
use crate::imports::logging::{LogSource, Output};
pub(crate) use output::Stream;

/// Builds the WASI context of one instance, with its standard output and error.
///
/// # Errors
///
/// [`Error::Unavailable`] for a granted directory that cannot be opened.
pub(crate) fn build(
    guard: &Arc<Guard>,
    limits: &Limits,
    output: &Arc<Output>,
) -> Result<(WasiCtx, [Stream; 2]), Error> {
    let (plugin, granted) = (guard.plugin(), guard.rights().granted());
    let mut wasi = WasiCtxBuilder::new();
    let stdout = Stream::new(LogSource::Stdout, output.clone());
    let stderr = Stream::new(LogSource::Stderr, output.clone());
    wasi.stdout(stdout.clone()).stderr(stderr.clone());
    // Sockets answer every use with `access-denied` already: their check refuses all addresses by default.
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.max_random_size(limits.random_bytes.0);
    if !granted.contains(PermissionKind::SystemTime) {
        clocks::freeze(&mut wasi);
    }
    if !granted.contains(PermissionKind::SystemRandom) {
        random::seed(&mut wasi, plugin);
    }
    for name in granted.scopes(PermissionKind::SystemEnv).flatten() {
        if let Ok(value) = std::env::var(name) {
            wasi.env(name, value);
        }
    }
    files::preopen(&mut wasi, plugin, granted)?;
    Ok((wasi.build(), [stdout, stderr]))
}
