//! Files by preopened directories: nothing outside of them can be named. It refuses to know what is in them.

use hal9_package::{PermissionKind, Permissions, PluginId};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::Error;

/// Opens every granted directory; a directory that is granted for writing can be read as well.
///
/// # Errors
///
/// [`Error::Unavailable`] for a directory that cannot be opened.
pub(super) fn preopen(wasi: &mut WasiCtxBuilder, plugin: &PluginId, granted: &Permissions) -> Result<(), Error> {
    let writable: Vec<&str> = granted.scopes(PermissionKind::FileWrite).flatten().collect();
    for scope in &writable {
        open(wasi, plugin, scope, FsPerms::ReadWrite, PermissionKind::FileWrite)?;
    }
    for scope in granted.scopes(PermissionKind::FileRead).flatten() {
        if !writable.contains(&scope) {
            open(wasi, plugin, scope, FsPerms::ReadOnly, PermissionKind::FileRead)?;
        }
    }
    Ok(())
}

fn open(
    wasi: &mut WasiCtxBuilder,
    plugin: &PluginId,
    scope: &str,
    perms: FsPerms,
    kind: PermissionKind,
) -> Result<(), Error> {
    let (host, guest) = scope.split_once("=>").unwrap_or((scope, scope));
    wasi.preopened_dir(host.trim(), guest.trim(), perms).map(drop).map_err(|error| Error::Unavailable {
        plugin: Some(plugin.clone()),
        what: format!("{plugin}: the directory of {kind}:{scope} cannot be opened: {error}"),
        help: format!("create the directory `{}`, or revoke {kind}:{scope}", host.trim()),
    })
}
