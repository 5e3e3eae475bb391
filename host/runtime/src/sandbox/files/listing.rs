//! What is in a folder, read some entries at a time: wasmtime would keep a list of all of them, however many there are. It
//! refuses to know who may read it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

use crate::quota::Held;

/// How many entries are read at once.
const ENTRIES: usize = 256;

/// A folder that is being listed.
pub(super) struct Listing {
    /// None at the end, and while a thread reads.
    pub(super) rest: Option<Rest>,
    pub(super) read: VecDeque<FsResult<DirectoryEntry>>,
}

/// What was not read yet.
pub(super) struct Rest {
    dir: Dir,
    _held: Arc<Held>,
}

impl Rest {
    /// Begins to list a folder.
    pub(super) fn open(descriptor: &Descriptor, held: Arc<Held>) -> FsResult<Self> {
        let Descriptor::Dir(dir) = descriptor else { return Err(ErrorCode::NotDirectory.into()) };
        // Opened again, as a granted folder is open as a place only, and to begin at its beginning.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(&dir.dir, ".", flags, Mode::empty()).and_then(Dir::new).map_err(io::Error::from)?;
        Ok(Self { dir, _held: held })
    }

    /// Reads on; this waits for the disk.
    pub(super) fn read(mut self) -> Listing {
        let mut read = VecDeque::new();
        while read.len() < ENTRIES {
            match self.dir.read() {
                None => return Listing { rest: None, read },
                Some(Ok(entry)) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                Some(Ok(entry)) => read.push_back(match entry.file_name().to_str() {
                    Ok(name) => Ok(DirectoryEntry { type_: self.type_of(&entry), name: name.to_owned() }),
                    Err(_) => Err(ErrorCode::IllegalByteSequence.into()),
                }),
                Some(Err(error)) => {
                    read.push_back(Err(io::Error::from(error).into()));
                    return Listing { rest: None, read };
                }
            }
        }
        Listing { rest: Some(self), read }
    }

    /// What an entry is; some file systems say it only when asked for it.
    fn type_of(&self, entry: &rustix::fs::DirEntry) -> DescriptorType {
        let mut kind = entry.file_type();
        if kind == FileType::Unknown
            && let Ok(dir) = self.dir.fd()
            && let Ok(stat) = statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
        {
            kind = FileType::from_raw_mode(stat.st_mode);
        }
        match kind {
            FileType::RegularFile => DescriptorType::RegularFile,
            FileType::Directory => DescriptorType::Directory,
            FileType::Symlink => DescriptorType::SymbolicLink,
            FileType::Fifo => DescriptorType::Fifo,
            FileType::Socket => DescriptorType::Socket,
            FileType::CharacterDevice => DescriptorType::CharacterDevice,
            FileType::BlockDevice => DescriptorType::BlockDevice,
            FileType::Unknown => DescriptorType::Unknown,
        }
    }
}
