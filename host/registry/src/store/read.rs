//! Reading the store: one file, held against its digest, or the list of all. It does not change anything.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use hal9_package::{Digest, Package};
use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    io::Errno,
};

use super::Store;
use crate::Error;

/// Why a file of the store is not used.
#[derive(Debug)]
pub enum Fault {
    /// It is not there.
    Lost,
    /// It is there, and not what was stored.
    Altered(String),
    /// The system does not let it be read.
    Unread(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("it is not there"),
            Self::Altered(how) => f.write_str(how),
            Self::Unread(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

/// What is found in the store's folders.
#[derive(Debug)]
pub enum Entry {
    /// A file whose name is a digest, at its place.
    Blob(PathBuf, Digest),
    /// A file that was being written.
    Temporary(PathBuf),
    /// Something that this crate has not put there.
    Strange(PathBuf),
}

impl Store {
    /// All of a file, if it still has its digest. The file is read once, so that what was checked is what is used.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, Fault> {
        let mut file = self.open(digest).map_err(|errno| match errno {
            Errno::NOENT => Fault::Lost,
            Errno::LOOP | Errno::NOTDIR => Fault::Altered("a link or a file stands in its way".to_owned()),
            errno => Fault::Unread(errno.into()),
        })?;
        if !file.metadata().map_err(Fault::Unread)?.is_file() {
            return Err(Fault::Altered("it is no file".to_owned()));
        }
        // What is in a package is larger than the package.
        let most = Package::MAX_UNPACKED;
        let mut bytes = Vec::new();
        file.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(Fault::Unread)?;
        if bytes.len() as u64 > most {
            return Err(Fault::Altered(format!("it has more than {most} bytes")));
        }
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(Fault::Altered(format!("its {} bytes have the digest {found}", bytes.len())));
        }
        Ok(bytes)
    }

    /// Opens folder by folder: a path would follow links in all but its last part.
    fn open(&self, digest: &Digest) -> rustix::io::Result<File> {
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let hex = digest.hex();
        let store = openat(CWD, &self.folder, folder, Mode::empty())?;
        let blobs = openat(store, "blobs", folder | OFlags::NOFOLLOW, Mode::empty())?;
        let shard = openat(blobs, &hex[..2], folder | OFlags::NOFOLLOW, Mode::empty())?;
        // Without waiting for whoever may write into a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(openat(shard, hex.as_str(), flags, Mode::empty())?.into())
    }

    /// Everything that is in the store's folders, in order.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for (path, is_file) in listing(&self.temporary())? {
            entries.push(if is_file { Entry::Temporary(path) } else { Entry::Strange(path) });
        }
        for (shard, _) in listing(&self.blobs())? {
            // A link to a folder is not gone into.
            if !shard.symlink_metadata().is_ok_and(|about| about.is_dir()) {
                entries.push(Entry::Strange(shard));
                continue;
            }
            for (path, is_file) in listing(&shard)? {
                let digest = path.file_name().and_then(|name| format!("sha256:{}", name.to_str()?).parse().ok());
                entries.push(match digest {
                    Some(digest) if is_file && self.path(&digest) == path => Entry::Blob(path, digest),
                    _ => Entry::Strange(path),
                });
            }
        }
        Ok(entries)
    }
}

/// What is in a folder, in order, and whether it is a file or a link; nothing for a folder that is not there.
fn listing(folder: &Path) -> Result<Vec<(PathBuf, bool)>, Error> {
    let tell = |source| Error::Store { doing: "read", path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(tell(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(tell)?;
        let kind = entry.file_type().map_err(tell)?;
        found.push((entry.path(), kind.is_file() || kind.is_symlink()));
    }
    found.sort();
    Ok(found)
}
