//! The store: files that are named after the digest of what is in them, and the lock of those who change it. It does not
//! know what the files are for, or whether somebody still needs them.

mod read;
mod write;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use hal9_package::Digest;
use rustix::fs::OFlags;

pub use read::{Entry, Fault};
pub use write::Writer;

use crate::Error;

/// How long a process waits for others to let go of the store. They may be reading all of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder `store` of a home:
///
/// - `blobs/<the first two digits>/<64 hexadecimal digits>`: a file, whole and on the disk from the moment that it is there;
/// - `tmp`: files that are being written;
/// - `lock`: an empty file, which whoever writes or removes holds.
///
/// `store` itself may be a link to another disk. Below it no link is followed.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A lock that is held until it is dropped; the system lets go of it when the process ends, however that ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held, not used")] File);

impl Store {
    /// The store of a home. It need not be there.
    pub fn of(home: &Path) -> Self {
        Self { folder: home.join("store") }
    }

    /// Where the file with this digest is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.blobs().join(&hex[..2]).join(hex)
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Waits until nobody else changes the store, and lets nobody else do so. The store is made where it is not there.
    pub fn write(&self) -> Result<Writer<'_>, Error> {
        self.make()?;
        let file = self.open_lock()?;
        self.wait(|| file.try_lock())?;
        Ok(Writer::new(self, Held(file)))
    }

    /// Waits until nobody changes the store, and keeps it so. `None` where there is no store.
    pub fn hold(&self) -> Result<Option<Held>, Error> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let file = self.open_lock()?;
        self.wait(|| file.try_lock_shared())?;
        Ok(Some(Held(file)))
    }

    fn open_lock(&self) -> Result<File, Error> {
        let path = self.folder.join("lock");
        let open = |create: bool| {
            let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
            OpenOptions::new().read(true).write(create).create(create).mode(0o600).custom_flags(flags).open(&path)
        };
        // For reading first, which is enough for a lock and works in a folder that cannot be written.
        open(false)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { open(true) } else { Err(error) })
            .map_err(|source| Error::Store { doing: "open", path, source })
    }

    fn wait(&self, lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), Error> {
        let path = || self.folder.join("lock");
        let since = Instant::now();
        loop {
            match lock() {
                Ok(()) => return Ok(()),
                // The lock that blocks cannot be left after a while.
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path() }),
                Err(TryLockError::Error(source)) => return Err(Error::Store { doing: "lock", path: path(), source }),
            }
        }
    }
}
