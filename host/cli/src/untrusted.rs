//! Owns how a file is read that somebody else may have put where it is: without waiting for what is no file, and no further
//! than it may go. It refuses to know what is in it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a regular file, or a link to one.
///
/// # Errors
///
/// For what cannot be opened, and for what is something else: a folder, a pipe, a device.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for its other end, and opening a terminal could make it ours. What it is, is asked of what was
    // opened, as the name may be another file's by then.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// The first bytes of a file: one more than there may be, where there are more.
///
/// # Errors
///
/// As for [`open`], and for what cannot be read.
pub(crate) fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once_and_a_file_is_read_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, file) = (folder.path().join("pipe"), folder.path().join("file"));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for path in [&pipe, folder.path(), Path::new("/dev/zero")] {
            assert!(read_up_to(path, 8).is_err(), "{}", path.display());
        }
        std::fs::write(&file, "0123456789").unwrap();
        assert_eq!(read_up_to(&file, 3).unwrap(), b"0123");
        assert_eq!(read_up_to(&file, 10).unwrap(), b"0123456789");
    }
}
