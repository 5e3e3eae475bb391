//! The folder in which something is kept: files that are there whole or not at all, for this user alone, and the lock of those who write
//! them. It refuses to know what they say.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{fs::OFlags, io::Errno};
use tokio::time::Instant;

use crate::Error;

/// How often is looked whether a lock was let go of.
const LOOK: Duration = Duration::from_millis(5);

/// A folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The name of the file that whoever writes holds.
    lock: String,
    patience: Duration,
}

/// The right to write, which one process at a time has. The system takes it back when the process ends, however that ends.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    folder: &'a Folder,
    _lock: File,
}

impl Folder {
    /// Makes the folder and those in it, where they are not there.
    pub(crate) fn open(path: &Path, inner: &[&str], patience: Duration) -> Result<Self, Error> {
        for folder in std::iter::once(path.to_owned()).chain(inner.iter().map(|name| path.join(name))) {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(Error::file("make", folder))?;
        }
        Ok(Self { path: path.to_owned(), lock: "lock".to_owned(), patience })
    }

    /// The same folder for who writes one file of many that others write.
    pub(crate) fn locked_by(self, lock: String) -> Self {
        Self { lock, ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// All of a file; `None` where there is none. What is no regular file, or longer than `max`, is damaged.
    pub(crate) fn read(&self, name: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(name);
        let file = match open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                return Err(Error::Damaged { path, reason: "a link stands in its place".to_owned() });
            }
            opened => opened.map_err(Error::file("read", &path))?,
        };
        if !file.metadata().map_err(Error::file("read", &path))?.is_file() {
            return Err(Error::Damaged { path, reason: "it is no file".to_owned() });
        }
        let mut bytes = Vec::new();
        file.take(max + 1).read_to_end(&mut bytes).map_err(Error::file("read", &path))?;
        if bytes.len() as u64 > max {
            return Err(Error::Damaged { path, reason: format!("it has more than {max} bytes") });
        }
        Ok(Some(bytes))
    }

    /// Waits until nobody else writes here, and lets nobody else do so.
    pub(crate) async fn write(&self) -> Result<Writer<'_>, Error> {
        let path = self.path(&self.lock);
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let opened =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(&path);
        let lock = opened.map_err(Error::file("open", &path))?;
        hold(&lock, &path, self.patience).await?;
        Ok(Writer { folder: self, _lock: lock })
    }

    /// The names of the files in a folder within.
    pub(crate) fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let path = self.path(folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(Error::file("read", &path))? {
            let entry = entry.map_err(Error::file("read", &path))?;
            if let Ok(name) = entry.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl Writer<'_> {
    /// Puts a file in the place of what was there under its name: that, or all of this, is there from now on, whatever happens.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.path(name);
        let parent = path.parent().unwrap_or(&self.folder.path);
        // One name, as nobody else writes: what somebody left who was killed is written over.
        let temporary = self.folder.path(&format!("{}.new", self.folder.lock));
        let write = || -> io::Result<()> {
            let flags = OFlags::NOFOLLOW.bits().cast_signed();
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .custom_flags(flags)
                .open(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(parent)?.sync_all()
        };
        write().map_err(Error::file("write", &path))
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
            _ => Ok(()),
        }
    }
}

/// Opens a file for reading, and neither follows a link nor waits for whoever writes into a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Waits for the lock of a file; the lock that blocks could not be left when whoever waits is cancelled.
pub(crate) async fn hold(file: &File, path: &Path, patience: Duration) -> Result<(), Error> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => tokio::time::sleep(LOOK).await,
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(Error::file("lock", path)(source)),
        }
    }
}
