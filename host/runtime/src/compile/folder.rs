//! Owns the cache's folder, its key, and how files come to be in there whole. It refuses to know entries.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::sealed::Secret;

/// The name of the key's file.
pub(super) const KEY: &str = "key";

/// How the names of files end that are being written.
pub(super) const TEMPORARY: &str = ".tmp";

/// Opens the folder, and makes it where it is not there; and says why all that was in it was dropped, if it was.
///
/// The folder and the key are for this user alone: whoever has the key can have this process run any code.
pub(super) fn open(folder: &Path) -> io::Result<(Secret, Option<String>)> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let about = fs::metadata(folder)?;
    if about.uid() != geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder is another user's"));
    }
    if is_open_to_others(about.mode()) {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    let wrong = match read_key(folder) {
        Ok(secret) => return Ok((secret, None)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(format!("its key was not to be trusted: {error}")),
    };
    if wrong.is_some() {
        clear(folder)?;
    }
    make_key(folder)?;
    Ok((read_key(folder)?, wrong))
}

fn is_open_to_others(mode: u32) -> bool {
    mode & 0o077 != 0
}

fn read_key(folder: &Path) -> io::Result<Secret> {
    let untrusted = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
    let (mut file, size) = open_file(&folder.join(KEY))?;
    let about = file.metadata()?;
    if about.uid() != geteuid().as_raw() {
        return untrusted("it is another user's");
    }
    if is_open_to_others(about.mode()) {
        return untrusted("others may read or write it");
    }
    let mut key = [0; 32];
    if size != key.len() as u64 {
        return untrusted("it is no key");
    }
    file.read_exact(&mut key)?;
    Ok(Secret::new(&key))
}

/// Makes a key, unless another process has made one meanwhile.
fn make_key(folder: &Path) -> io::Result<()> {
    let key: [u8; 32] = rand::random();
    // A link, as that fails where there is a key already, and a rename would replace it.
    let made = write(folder, &[&key], |temporary| fs::hard_link(temporary, folder.join(KEY)));
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Removes the key and all entries.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if path.ends_with(KEY) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Opens a regular file to read, with its size. It follows no link, and does not wait for a pipe.
pub(super) fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"));
    }
    Ok((file, about.len()))
}

/// Writes a file of this user alone, and has `publish` give it its name once all of it is on the disk.
pub(super) fn write(folder: &Path, parts: &[&[u8]], publish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = folder.join(format!("{:016x}{TEMPORARY}", rand::random::<u64>()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        publish(&temporary)
    })();
    // A rename has taken it already.
    let _ = fs::remove_file(&temporary);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn opens_as(folder: &Path, secret: &Secret) -> bool {
        open(folder).unwrap().0.name(&[0; 32], b"") == secret.name(&[0; 32], b"")
    }

    #[test]
    fn folder_and_key_are_for_one_user_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let (secret, dropped) = open(folder.path()).unwrap();
        assert_eq!(dropped, None);
        assert_eq!((mode(folder.path()), mode(&folder.path().join(KEY))), (0o700, 0o600));
        assert!(opens_as(folder.path(), &secret));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn a_key_that_others_could_know_is_replaced_and_what_it_sealed_is_dropped() {
        // The guards: the checks of the key's mode, size and sort of file.
        let spoilt: [fn(&Path); 4] = [
            |key| fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap(),
            |key| fs::write(key, "short").unwrap(),
            |key| {
                fs::rename(key, key.with_file_name("elsewhere")).unwrap();
                std::os::unix::fs::symlink("elsewhere", key).unwrap();
            },
            |key| fs::set_permissions(key, Permissions::from_mode(0o620)).unwrap(),
        ];
        for spoil in spoilt {
            let folder = tempfile::tempdir().unwrap();
            let (secret, _) = open(folder.path()).unwrap();
            fs::write(folder.path().join("entry"), "code").unwrap();
            spoil(&folder.path().join(KEY));
            let (renewed, dropped) = open(folder.path()).unwrap();
            assert!(dropped.unwrap().contains("its key was not to be trusted"));
            assert_ne!(renewed.name(&[0; 32], b""), secret.name(&[0; 32], b""));
            assert!(!folder.path().join("entry").exists());
            assert!(opens_as(folder.path(), &renewed));
        }
    }

    #[test]
    fn processes_that_begin_at_once_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = std::thread::scope(|scope| {
            let opened: Vec<_> =
                (0..8).map(|_| scope.spawn(|| open(folder.path()).unwrap().0.name(&[0; 32], b""))).collect();
            opened.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(names.iter().all(|name| *name == names[0]));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(open(&folder.path().join("file")).is_err());
        assert!(open(&folder.path().join("file/below")).is_err());
    }
}
