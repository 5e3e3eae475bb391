//! The file that a package comes into, until it is whole. It refuses to know what comes.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::OFlags;

use crate::{Error, folder::hold};

/// How the name of a file ends that is not whole.
pub(crate) const PART: &str = ".part";

/// The file that a package comes into, held so that no other command writes it.
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    /// So many bytes are there.
    pub(crate) length: u64,
}

impl Part {
    /// Opens the file, or makes it, and waits until nobody else writes it.
    pub(crate) async fn open(whole: &Path, patience: Duration) -> Result<Self, Error> {
        let mut path = whole.as_os_str().to_owned();
        path.push(PART);
        let path = PathBuf::from(path);
        loop {
            let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
            let mut file = options.open(&path).map_err(Error::file("open", &path))?;
            hold(&file, &path, patience).await?;
            let held = file.metadata().map_err(Error::file("read", &path))?;
            if !held.is_file() {
                return Err(Error::Damaged { path, reason: "it is no file".to_owned() });
            }
            // Whoever held it may have given it its name, or removed it.
            if path.symlink_metadata().is_ok_and(|there| there.ino() == held.ino() && there.dev() == held.dev()) {
                let length = file.seek(SeekFrom::End(0)).map_err(Error::file("read", &path))?;
                return Ok(Self { file, path, length });
            }
        }
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(Error::file("write", &self.path))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        cleared.map_err(Error::file("write", &self.path))?;
        self.length = 0;
        Ok(())
    }

    /// All of it, and one byte more than it should have at most.
    pub(crate) fn read(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.file.rewind().and_then(|()| (&self.file).take(size + 1).read_to_end(&mut bytes));
        read.map_err(Error::file("read", &self.path))?;
        self.file.seek(SeekFrom::End(0)).map_err(Error::file("read", &self.path))?;
        Ok(bytes)
    }

    /// Gives it its name, on the disk.
    pub(crate) fn finish(self, whole: &Path) -> Result<(), Error> {
        let parent = whole.parent().unwrap_or(whole);
        let finished = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, whole))
            .and_then(|()| File::open(parent)?.sync_all());
        finished.map_err(Error::file("write", whole))
    }

    pub(crate) fn remove(self) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(Error::file("remove", &self.path))
    }
}
