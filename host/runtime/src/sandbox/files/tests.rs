//! The functions of `wasi:filesystem` as a guest would call them, on folders of the test's own.

mod bounds;
mod rights;

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use futures::FutureExt as _;
use hal9_package::{ByteSize, Permissions, PluginId, Rights};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, Host as _, HostDescriptor, HostDirectoryEntryStream as _, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{DynOutputStream, StreamError};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::*;
use crate::audit::{AuditEvent, AuditKind, AuditSink, UseRecorder};
use crate::totals::HostLimits;

#[derive(Default)]
struct Seen {
    records: Mutex<Vec<AuditEvent>>,
    uses: Mutex<Vec<String>>,
}

impl AuditSink for Seen {
    fn record(&self, event: &AuditEvent) {
        self.records.lock().unwrap().push(event.clone());
    }
}

impl UseRecorder for Seen {
    fn used(&self, _: &PluginId, permission: &Permission) {
        self.uses.lock().unwrap().push(permission.to_string());
    }
}

impl Seen {
    #[track_caller]
    fn one(&self, kind: AuditKind) -> String {
        let mut records = std::mem::take(&mut *self.records.lock().unwrap());
        assert_eq!(records.len(), 1, "exactly one record: {records:?}");
        assert_eq!(records[0].kind, kind);
        records.remove(0).message
    }

    #[track_caller]
    fn none(&self) {
        assert_eq!(*self.records.lock().unwrap(), []);
    }

    fn uses(&self) -> Vec<String> {
        let mut uses = std::mem::take(&mut *self.uses.lock().unwrap());
        uses.dedup();
        uses
    }
}

/// One instance of a plugin that was granted `data`.
struct Instance {
    files: Arc<Files>,
    wasi: WasiCtx,
    table: ResourceTable,
    seen: Arc<Seen>,
    data: u32,
}

impl WasiView for Instance {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

type Fd = Resource<Descriptor>;

impl Instance {
    fn of(dir: &Path, kind: &str, limits: &Limits, totals: &Totals) -> Self {
        let seen = Arc::<Seen>::default();
        let granted: Permissions =
            [format!("{kind}:{}=>/data", dir.join("data").display()).parse().unwrap()].into_iter().collect();
        let rights = Rights::new(&granted, &Permissions::new());
        let plugin = "test.files".parse().unwrap();
        let guard = Arc::new(Guard::new(plugin, granted, rights, limits.host_calls, seen.clone(), Some(seen.clone())));
        Self::again(Arc::new(Files::new(&guard, limits, totals)), seen)
    }

    /// Another instance of the same plugin.
    fn again(files: Arc<Files>, seen: Arc<Seen>) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        files.preopen(&mut wasi).unwrap();
        let mut own = Self { files, wasi: wasi.build(), table: ResourceTable::new(), seen, data: 0 };
        own.data = own.view().get_directories().unwrap()[0].0.rep();
        own
    }

    fn view(&mut self) -> FilesView<'_> {
        FilesView { files: self.files.clone(), wasi: self.filesystem() }
    }

    fn data(&self) -> Fd {
        Resource::new_borrow(self.data)
    }

    async fn open(&mut self, path: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<Fd, ErrorCode> {
        let data = self.data();
        let opened = soon(self.view().open_at(data, PathFlags::SYMLINK_FOLLOW, path.to_owned(), open, flags)).await;
        opened.map(|fd| Resource::new_borrow(fd.rep())).map_err(code)
    }

    async fn read(&mut self, path: &str) -> Result<Fd, ErrorCode> {
        self.open(path, OpenFlags::empty(), DescriptorFlags::READ).await
    }

    async fn create(&mut self, path: &str) -> Result<Fd, ErrorCode> {
        self.open(path, OpenFlags::CREATE, DescriptorFlags::WRITE).await
    }

    async fn write(&mut self, fd: &Fd, bytes: usize, offset: u64) -> Result<u64, ErrorCode> {
        soon(self.view().write(borrow(fd), vec![b'x'; bytes], offset)).await.map_err(code)
    }

    fn close(&mut self, fd: &Fd) {
        HostDescriptor::drop(&mut self.view(), Resource::new_own(fd.rep())).unwrap();
    }
}

fn borrow(fd: &Fd) -> Fd {
    Resource::new_borrow(fd.rep())
}

/// The error of the interface; a trap is none.
#[track_caller]
fn code(error: FsError) -> ErrorCode {
    error.downcast().unwrap()
}

/// Nothing here waits for long; what hangs fails.
async fn soon<T>(done: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap()
}

fn totals() -> Totals {
    Totals::new(&HostLimits::default())
}

/// `data`, which is granted, and what lies beside it.
fn folders() -> tempfile::TempDir {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("file"), "inside").unwrap();
    fs::write(dir.path().join("secret"), "outside").unwrap();
    symlink("../secret", data.join("up")).unwrap();
    symlink(dir.path().join("secret"), data.join("away")).unwrap();
    symlink("..", data.join("parent")).unwrap();
    symlink("../file", data.join("sub/in")).unwrap();
    dir
}
