//! Writing the store: files come to be there whole or not at all, and are on the disk before anybody refers to them. It
//! does not know who will.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use hal9_package::Digest;

use super::{Fault, Held, Store};
use crate::Error;

/// The right to change the store, which one process at a time has.
#[derive(Debug)]
pub struct Writer<'a> {
    store: &'a Store,
    _held: Held,
}

impl Store {
    /// Makes the store's folders, for this user alone.
    pub(super) fn make(&self) -> Result<(), Error> {
        make_folder(&self.folder, |path| path.metadata())?;
        for folder in [self.blobs(), self.temporary()] {
            make_folder(&folder, |path| path.symlink_metadata())?;
        }
        Ok(())
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(store: &'a Store, held: Held) -> Self {
        Self { store, _held: held }
    }

    /// Stores `bytes` under their digest; `false` if they are there already, unharmed. When this returns they are on the
    /// disk, and so is their name.
    pub fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.store.path(digest);
        let shard = self.store.blobs().join(&digest.hex()[..2]);
        make_folder(&shard, |path| path.symlink_metadata())?;
        let is_there = match self.store.read(digest) {
            Ok(_) => true,
            Err(Fault::Lost | Fault::Altered(_)) => false,
            Err(Fault::Unread(source)) => return Err(Error::Store { doing: "read", path, source }),
        };
        if !is_there {
            let temporary = self.store.temporary().join(digest.hex());
            let written = write(&temporary, bytes)
                .map_err(|source| (temporary.clone(), source))
                .and_then(|()| fs::rename(&temporary, &path).map_err(|source| (path, source)));
            if let Err((path, source)) = written {
                // What cannot be removed now is a leftover for `clear`.
                let _ = fs::remove_file(&temporary);
                return Err(Error::Store { doing: "write", path, source });
            }
        }
        // Also where it was there: whoever has written it may have been killed before this.
        for folder in [&shard, &self.store.blobs(), &self.store.folder] {
            sync(folder)?;
        }
        Ok(!is_there)
    }

    /// Where the file with this digest is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.store.path(digest)
    }

    /// Removes a file; `false` if it was not there.
    pub fn remove(&self, path: &Path) -> Result<bool, Error> {
        match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(Error::Store { doing: "remove", path: path.to_owned(), source }),
        }
    }

    /// Removes what others were writing when they were killed.
    pub fn clear(&self) -> Result<(), Error> {
        let folder = self.store.temporary();
        let tell = |source| Error::Store { doing: "read", path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(tell)? {
            let entry = entry.map_err(tell)?;
            if !entry.file_type().map_err(tell)?.is_dir() {
                self.remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder, unless it is there: then `about` says whether it is one.
fn make_folder(path: &Path, about: impl Fn(&Path) -> io::Result<fs::Metadata>) -> Result<(), Error> {
    let made = match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match about(path) {
            Ok(about) if about.is_dir() => return Ok(()),
            Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is no folder: move it away")),
            Err(error) => Err(error),
        },
        Ok(()) => return path.parent().map_or(Ok(()), sync),
        result => result,
    };
    made.map_err(|source| Error::Store { doing: "make", path: path.to_owned(), source })
}

/// Has the disk keep which names a folder has.
fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| Error::Store {
        doing: "write",
        path: folder.to_owned(),
        source,
    })
}
