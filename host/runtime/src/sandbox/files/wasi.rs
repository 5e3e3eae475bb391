//! `wasi:filesystem`: each function is held against the rules, and then done by wasmtime on a thread that may wait for the
//! disk. It refuses to know what the rules are.
//!
//! What stands in an instance's table for a descriptor is [`Open`], and for a stream of entries [`Listing`]: nobody but this
//! module looks them up. Wasmtime does its part on a table of its own, which lasts for one function.

use std::path::{Component, Path};
use std::sync::Arc;

use futures::FutureExt as _;
use hal9_package::PermissionKind;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, Host, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::listing::{Listing, Rest};
use super::streams::{Reader, Writer, growth};
use super::{Files, Open, OverQuota, blocking};

/// The files of one instance, for the time of a call.
pub(crate) struct FilesView<'a> {
    pub(crate) files: Arc<Files>,
    pub(crate) wasi: WasiFilesystemCtxView<'a>,
}

pub(crate) struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesView<'a>;
}

/// Has wasmtime do something with what is open. With `within`, a path that leads out of it is recorded.
macro_rules! done {
    ($self:ident, [$first:ident $(, $other:ident)*] => $function:ident($($argument:expr),*), within $path:ident) => {{
        let (open, path) = ($first.clone(), $path.clone());
        let result = done!($self, [$first $(, $other)*] => $function($($argument),*));
        $self.files.within(result, &open, &path)
    }};
    ($self:ident, [$($open:ident),+] => $function:ident($($argument:expr),*)) => {
        $self.run(move |wasi| {
            $(let $open = wasi.table.push($open.descriptor.clone())?;)+
            now(wasi.$function($($argument),*))
        }).await
    };
}

/// What wasmtime does at once, as it is on a thread that may wait.
fn now<T>(done: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    let waits = || Err(FsError::trap(wasmtime::format_err!("a function of wasi:filesystem had to wait")));
    done.now_or_never().unwrap_or_else(waits)
}

impl FilesView<'_> {
    fn open(&mut self, fd: &Resource<Descriptor>) -> FsResult<Open> {
        self.files.enter().map_err(FsError::trap)?;
        Ok(self.wasi.table.get(&Resource::<Open>::new_borrow(fd.rep()))?.clone())
    }

    /// What is open, to look at.
    fn reading(&mut self, fd: &Resource<Descriptor>) -> FsResult<Open> {
        let open = self.open(fd)?;
        self.files.reads(&open);
        Ok(open)
    }

    /// What is open, to change it or what is in it.
    fn writing(&mut self, fd: &Resource<Descriptor>) -> FsResult<Open> {
        let open = self.open(fd)?;
        self.files.writes(&open)?;
        Ok(open)
    }

    fn push(&mut self, open: Open) -> FsResult<Resource<Descriptor>> {
        Ok(Resource::new_own(self.wasi.table.push(open)?.rep()))
    }

    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T> + Send + 'static,
    ) -> FsResult<T> {
        let mut ctx = self.wasi.ctx.clone();
        let work = move || work(&mut WasiFilesystemCtxView { ctx: &mut ctx, table: &mut ResourceTable::new() });
        blocking(self.files.threads.clone(), work).await?
    }

    /// A stream of wasmtime's for a file; making it does not wait.
    fn stream<S: Send + 'static>(
        &mut self,
        open: &Open,
        make: impl FnOnce(&mut WasiFilesystemCtxView<'_>, Resource<Descriptor>) -> FsResult<Resource<S>>,
    ) -> FsResult<S> {
        let wasi = &mut WasiFilesystemCtxView { ctx: self.wasi.ctx, table: &mut ResourceTable::new() };
        let fd = wasi.table.push(open.descriptor.clone())?;
        let stream = make(wasi, fd)?;
        Ok(wasi.table.delete(stream)?)
    }
}

/// What a path names.
#[derive(Clone, Copy, PartialEq)]
enum There {
    Nothing,
    /// A file or a folder.
    Plain,
    /// A pipe, a socket or a device.
    Special,
}

/// What a path names, without opening it: opening a pipe or a device could hold the thread that does.
fn there(wasi: &mut WasiFilesystemCtxView<'_>, at: &Open, flags: PathFlags, path: &str) -> FsResult<There> {
    let at = wasi.table.push(at.descriptor.clone())?;
    match now(wasi.stat_at(at, flags, path.to_owned())) {
        // A link is seen only where links are not followed: then opening it fails.
        Ok(stat) if stat.type_ == DescriptorType::SymbolicLink || is_plain(stat.type_) => Ok(There::Plain),
        Ok(_) => Ok(There::Special),
        Err(error) if matches!(error.downcast_ref(), Some(ErrorCode::NoEntry)) => Ok(There::Nothing),
        Err(error) => Err(error),
    }
}

fn is_plain(kind: DescriptorType) -> bool {
    matches!(kind, DescriptorType::RegularFile | DescriptorType::Directory)
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let wasi = &mut WasiFilesystemCtxView { ctx: self.wasi.ctx, table: &mut ResourceTable::new() };
        self.files.guard.inert(PermissionKind::FileRead);
        self.files.guard.inert(PermissionKind::FileWrite);
        let mut folders = Vec::new();
        // Wasmtime gives them in the order in which they were opened, which is that of the grants.
        for ((fd, name), grant) in preopens::Host::get_directories(wasi)?.into_iter().zip(&self.files.grants) {
            let open = Open { descriptor: wasi.table.delete(fd)?, grant: grant.clone(), _held: None };
            folders.push((Resource::new_own(self.wasi.table.push(open)?.rep()), name));
        }
        Ok(folders)
    }
}

impl Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        if self.wasi.table.get(&error)?.is::<OverQuota>() {
            return Ok(Some(ErrorCode::Quota));
        }
        self.wasi.filesystem_error_code(error)
    }
}

impl HostDescriptor for FilesView<'_> {
    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        let open = self.reading(&fd)?;
        let stream = self.stream(&open, |wasi, fd| wasi.read_via_stream(fd, offset))?;
        let reader: DynInputStream = Box::new(Reader::new(self.files.clone(), open, stream));
        Ok(self.wasi.table.push(reader)?)
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynOutputStream>> {
        let open = self.writing(&fd)?;
        let stream = self.stream(&open, |wasi, fd| wasi.write_via_stream(fd, offset))?;
        let writer: DynOutputStream = Box::new(Writer::new(self.files.clone(), open, Some(offset), stream));
        Ok(self.wasi.table.push(writer)?)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let open = self.writing(&fd)?;
        let stream = self.stream(&open, |wasi, fd| wasi.append_via_stream(fd))?;
        let writer: DynOutputStream = Box::new(Writer::new(self.files.clone(), open, None, stream));
        Ok(self.wasi.table.push(writer)?)
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        let at = self.reading(&fd)?;
        done!(self, [at] => advise(at, offset, length, advice))
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        let at = self.reading(&fd)?;
        done!(self, [at] => sync_data(at))
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        let at = self.reading(&fd)?;
        done!(self, [at] => sync(at))
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        let at = self.open(&fd)?;
        done!(self, [at] => get_flags(at))
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        let at = self.open(&fd)?;
        done!(self, [at] => get_type(at))
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let at = self.writing(&fd)?;
        let files = self.files.clone();
        self.run(move |wasi| {
            let growth = growth(&at, Some(size), 0)?;
            files.spend(growth)?;
            let fd = wasi.table.push(at.descriptor.clone())?;
            now(wasi.set_size(fd, size)).inspect_err(|_| files.give_back(growth))
        })
        .await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let at = self.writing(&fd)?;
        done!(self, [at] => set_times(at, accessed, modified))
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let at = self.reading(&fd)?;
        done!(self, [at] => read(at, length, offset))
    }

    async fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let at = self.writing(&fd)?;
        let files = self.files.clone();
        self.run(move |wasi| {
            let length = bytes.len() as u64;
            let growth = growth(&at, Some(offset), bytes.len())?;
            files.spend(growth)?;
            let fd = wasi.table.push(at.descriptor.clone())?;
            let written = now(wasi.write(fd, bytes, offset)).inspect_err(|_| files.give_back(growth))?;
            files.give_back(length.saturating_sub(written));
            Ok(written)
        })
        .await
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let at = self.reading(&fd)?;
        let held = self.files.hold()?;
        let listing = self.run(move |_| Ok(Rest::open(&at.descriptor, held)?.read())).await?;
        Ok(Resource::new_own(self.wasi.table.push(listing)?.rep()))
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let at = self.writing(&fd)?;
        self.files.add()?;
        let made = done!(self, [at] => create_directory_at(at, path), within path);
        self.files.made(made)
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        let at = self.reading(&fd)?;
        done!(self, [at] => stat(at))
    }

    async fn stat_at(&mut self, fd: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        let at = self.reading(&fd)?;
        done!(self, [at] => stat_at(at, flags, path), within path)
    }

    /// Some systems open what they set the times of.
    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let open = self.writing(&fd)?;
        let (at, name) = (open.clone(), path.clone());
        let result = self.run(move |wasi| {
            if there(wasi, &at, flags, &name)? == There::Special {
                return Ok(None);
            }
            let at = wasi.table.push(at.descriptor.clone())?;
            now(wasi.set_times_at(at, flags, name, accessed, modified)).map(Some)
        });
        let result = result.await;
        self.files.regular(result, &open, &path)
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        other: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (at, to) = (self.writing(&fd)?, self.writing(&other)?);
        self.files.add()?;
        let made = done!(self, [at, to] => link_at(at, flags, path, to, new_path), within path);
        self.files.made(made)
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let makes = open_flags.contains(OpenFlags::CREATE);
        let changes = open_flags.contains(OpenFlags::TRUNCATE) || flags.contains(DescriptorFlags::WRITE);
        let folder = match makes || changes {
            true => self.writing(&fd)?,
            false => self.reading(&fd)?,
        };
        let held = self.files.hold()?;
        let (at, name, files) = (folder.clone(), path.clone(), self.files.clone());
        let result = self.run(move |wasi| {
            let there = there(wasi, &at, path_flags, &name)?;
            if there == There::Special {
                return Ok(None);
            }
            let fd = wasi.table.push(at.descriptor.clone())?;
            let is_new = makes && there == There::Nothing;
            if is_new {
                files.add()?;
            }
            let fd = now(wasi.open_at(fd, path_flags, name, open_flags, flags));
            let fd = if is_new { files.made(fd)? } else { fd? };
            let descriptor = wasi.table.get(&fd)?.clone();
            // Somebody else may have put something else there meanwhile.
            Ok(is_plain(now(wasi.get_type(fd))?).then_some((descriptor, held)))
        });
        let result = result.await;
        let (descriptor, held) = self.files.regular(result, &folder, &path)?;
        self.push(Open { descriptor, grant: folder.grant, _held: Some(held) })
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let at = self.reading(&fd)?;
        done!(self, [at] => readlink_at(at, path), within path)
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let at = self.writing(&fd)?;
        done!(self, [at] => remove_directory_at(at, path), within path)
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        other: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (at, to) = (self.writing(&fd)?, self.writing(&other)?);
        done!(self, [at, to] => rename_at(at, path, to, new_path), within path)
    }

    /// A link that leads up is refused: the plugin could not follow it out of its folder, but other programs would.
    async fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        let at = self.writing(&fd)?;
        if Path::new(&target).components().any(|component| component == Component::ParentDir) {
            return self.files.within(Err(ErrorCode::NotPermitted.into()), &at, &target);
        }
        self.files.add()?;
        let made = done!(self, [at] => symlink_at(at, target, path), within target);
        self.files.made(made)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let at = self.writing(&fd)?;
        done!(self, [at] => unlink_file_at(at, path), within path)
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let trap = |error: FsError| error.downcast().map_or_else(|trap| trap, wasmtime::Error::from);
        let (a, b) = (self.open(&a).map_err(trap)?, self.open(&b).map_err(trap)?);
        let same = self.run(move |wasi| {
            let (a, b) = (wasi.table.push(a.descriptor.clone())?, wasi.table.push(b.descriptor.clone())?);
            now(async { wasi.is_same_object(a, b).await.map_err(FsError::trap) })
        });
        same.await.map_err(trap)
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        let at = self.reading(&fd)?;
        done!(self, [at] => metadata_hash(at))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let at = self.reading(&fd)?;
        done!(self, [at] => metadata_hash_at(at, flags, path), within path)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.wasi.table.delete(Resource::<Open>::new_own(fd.rep()))?;
        Ok(())
    }
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        entries: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let entries = Resource::<Listing>::new_borrow(entries.rep());
        let listing = self.wasi.table.get_mut(&entries)?;
        if listing.read.is_empty()
            && let Some(rest) = listing.rest.take()
        {
            self.files.enter().map_err(FsError::trap)?;
            let more = self.run(move |_| Ok(rest.read())).await?;
            *self.wasi.table.get_mut(&entries)? = more;
        }
        self.wasi.table.get_mut(&entries)?.read.pop_front().transpose()
    }

    fn drop(&mut self, entries: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.wasi.table.delete(Resource::<Listing>::new_own(entries.rep()))?;
        Ok(())
    }
}
