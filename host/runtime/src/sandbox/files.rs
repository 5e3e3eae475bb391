//! Files: the folders that were granted, and below them regular files and folders only, so many at once and so many bytes.
//! Owns what a plugin may open, hold and write; it refuses to know how a file is read, which is wasmtime's.

mod listing;
mod streams;
#[cfg(test)]
mod tests;
mod wasi;

use std::fmt;
use std::io;
use std::sync::Arc;

use hal9_package::{Limits, Permission, PermissionKind};
use tokio::sync::Semaphore;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::guard::{Guard, Interface};
use crate::limits::Breach;
use crate::quota::{Full, Held, Pool, Quota};
use crate::text::escape;
use crate::totals::Totals;
use crate::{Error, Limit};
pub(crate) use wasi::FilesView;
pub(super) use wasi::HasFiles;

/// How many threads may wait for the disk for one plugin. A thread that waits cannot be stopped: so it counts until it is
/// done, also when its call is long over.
const THREADS: usize = 4;

/// What a new file, folder or link takes of the plugin's `file_bytes`, as far as the number of them is concerned: a disk
/// is full of empty files as well.
const ENTRY_BYTES: u64 = 4 << 10;

/// How many new files, folders and links a plugin may make, however little it may write.
const ENTRIES: u64 = 64;

/// The most of a path that a record shows.
const PATH_BYTES: usize = 256;

/// The files of one plugin, for all of its instances: what it wrote counts for as long as it is loaded.
pub(crate) struct Files {
    guard: Arc<Guard>,
    grants: Vec<Arc<Grant>>,
    open: Arc<Quota>,
    bytes: Arc<Quota>,
    entries: Arc<Pool>,
    threads: Arc<Semaphore>,
}

/// A folder that was granted.
struct Grant {
    host: String,
    guest: String,
    writable: bool,
    read: Permission,
    write: Permission,
}

/// A file or a folder that the plugin has open.
#[derive(Clone)]
struct Open {
    descriptor: Descriptor,
    grant: Arc<Grant>,
    /// None for the granted folders themselves, which the host holds open.
    _held: Option<Arc<Held>>,
}

/// The plugin, or all of them, wrote as much as they may.
#[derive(Debug)]
struct OverQuota;

impl fmt::Display for OverQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more bytes may be written to files")
    }
}

impl std::error::Error for OverQuota {}

impl From<OverQuota> for FsError {
    fn from(_: OverQuota) -> Self {
        ErrorCode::Quota.into()
    }
}

impl Files {
    pub(crate) fn new(guard: &Arc<Guard>, limits: &Limits, totals: &Totals) -> Self {
        let granted = guard.rights().granted();
        let writable: Vec<&str> = granted.scopes(PermissionKind::FileWrite).flatten().collect();
        let readable = granted.scopes(PermissionKind::FileRead).flatten().filter(|scope| !writable.contains(scope));
        let grants = writable.iter().map(|scope| (*scope, true)).chain(readable.map(|scope| (scope, false)));
        let bytes = limits.file_bytes.0;
        Self {
            grants: grants.map(|(scope, writable)| Arc::new(Grant::new(scope, writable))).collect(),
            guard: guard.clone(),
            open: Arc::new(Quota::new(limits.open_files.into(), totals.open_files.clone())),
            bytes: Arc::new(Quota::new(bytes, totals.file_bytes.clone())),
            entries: Arc::new(Pool::new(if bytes == 0 { 0 } else { ENTRIES.max(bytes / ENTRY_BYTES) })),
            threads: Arc::new(Semaphore::new(THREADS)),
        }
    }

    /// The files of the next version of the same plugin: what the version before used up stays so where its limit is the same.
    pub(crate) fn after(self, before: &Self) -> Self {
        let bytes = self.bytes.after(&before.bytes);
        // The number of entries follows from that of bytes.
        let entries = if Arc::ptr_eq(&bytes, &before.bytes) { before.entries.clone() } else { self.entries };
        Self { bytes, entries, open: self.open.after(&before.open), threads: before.threads.clone(), ..self }
    }

    /// Opens every granted folder for an instance, in the order of the grants.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] for a folder that cannot be opened.
    pub(super) fn preopen(&self, wasi: &mut WasiCtxBuilder) -> Result<(), Error> {
        // What runs is run on a thread of our own: see `blocking`.
        wasi.allow_blocking_current_thread(true);
        for grant in &self.grants {
            let (perms, permission) = match grant.writable {
                true => (FsPerms::ReadWrite, &grant.write),
                false => (FsPerms::ReadOnly, &grant.read),
            };
            wasi.preopened_dir(&grant.host, &grant.guest, perms).map_err(|error| {
                let plugin = self.guard.plugin();
                Error::Unavailable {
                    plugin: Some(plugin.clone()),
                    limit: None,
                    what: format!("{plugin}: the directory of {permission} cannot be opened: {error}"),
                    help: format!("create the directory `{}`, or revoke {permission}", grant.host),
                }
            })?;
        }
        Ok(())
    }

    /// Counts what makes the host do work.
    fn enter(&self) -> Result<(), Breach> {
        self.guard.enter(Interface::Files)
    }

    fn reads(&self, open: &Open) {
        self.guard.used(&open.grant.read);
    }

    /// Whether anything may be changed through what is open. A refusal is recorded.
    fn writes(&self, open: &Open) -> FsResult<()> {
        if open.grant.writable {
            self.guard.used(&open.grant.write);
            return Ok(());
        }
        self.guard.refused(open.grant.write.clone());
        Err(ErrorCode::ReadOnly.into())
    }

    /// Takes one of the files and folders that may be open, until the answer is dropped.
    fn hold(&self) -> FsResult<Arc<Held>> {
        self.open.hold().map(Arc::new).map_err(|full| {
            self.limited(Limit::OpenFiles, "no further file or folder was opened", full);
            ErrorCode::Quota.into()
        })
    }

    /// Takes bytes that are to be written.
    fn spend(&self, bytes: u64) -> Result<(), OverQuota> {
        self.bytes.spend(bytes).map_err(|full| {
            self.limited(Limit::FileBytes, &format!("{bytes} more bytes were not written"), full);
            OverQuota
        })
    }

    fn give_back(&self, bytes: u64) {
        self.bytes.give_back(bytes);
    }

    /// Takes one of the files, folders and links that may be made; then something is made.
    fn add(&self) -> Result<(), OverQuota> {
        if self.entries.take(1) {
            return Ok(());
        }
        self.limited(Limit::FileBytes, "no further file, folder or link was made", Full::Own);
        Err(OverQuota)
    }

    /// Gives back what was taken for something that was not made.
    fn made<T>(&self, result: FsResult<T>) -> FsResult<T> {
        result.inspect_err(|_| self.entries.give_back(1))
    }

    fn limited(&self, limit: Limit, what: &str, full: Full) {
        self.guard.limited(limit, &format!("{what}; the bound is {}", full.whose()));
    }

    /// Records that `path` below an open folder was refused.
    fn barred(&self, open: &Open, path: &str, why: &str) {
        let path = escape(path, PATH_BYTES);
        let folder = &open.grant.guest;
        let help = format!("no permission opens it: let the plugin keep to files and folders below {folder}");
        self.guard.withheld(&format!("`{path}` below {folder}"), why, &help);
    }

    /// Records what was refused because its path leads out of what is granted.
    fn within<T>(&self, result: FsResult<T>, open: &Open, path: &str) -> FsResult<T> {
        if let Err(error) = &result
            && matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted))
        {
            self.barred(open, path, "it leads out of there, or the system forbids it");
        }
        result
    }

    /// As [`Files::within`], and refuses where nothing was done as what is there is neither a file nor a folder.
    fn regular<T>(&self, result: FsResult<Option<T>>, open: &Open, path: &str) -> FsResult<T> {
        match self.within(result, open, path)? {
            Some(done) => Ok(done),
            None => {
                self.barred(open, path, "it is neither a regular file nor a folder");
                Err(ErrorCode::NotPermitted.into())
            }
        }
    }
}

impl Grant {
    fn new(scope: &str, writable: bool) -> Self {
        let (host, guest) = scope.split_once("=>").unwrap_or((scope, scope));
        let permission = |kind| Permission { kind, scope: Some(scope.to_owned()) };
        Self {
            host: host.trim().to_owned(),
            guest: guest.trim().to_owned(),
            writable,
            read: permission(PermissionKind::FileRead),
            write: permission(PermissionKind::FileWrite),
        }
    }
}

/// Runs what may wait for the disk on a thread that may wait. The thread counts as the plugin's until `work` is done, also
/// when nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    threads: Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    // The semaphore is never closed.
    let thread = threads.acquire_owned().await.map_err(io::Error::other)?;
    let work = move || {
        let done = work();
        drop(thread);
        done
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}
