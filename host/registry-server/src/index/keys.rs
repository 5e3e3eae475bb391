//! The files of the registry's own keys. It does not know what is signed with them.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use hal9_package::{PublicKey, SecretKey};

use crate::Error;

/// The folder of the keys, and the names of the files in it. The `root` key may be taken away to a safe place: it is needed for changing keys alone.
pub(crate) const FOLDER: &str = "keys";
pub(crate) const NAMES: [&str; 4] = ["root.key", "index.key", "root.key.next", "index.key.next"];

/// Makes a key where there is none, on the disk before anything refers to it.
pub(super) fn make(data: &Path, role: &'static str) -> Result<SecretKey, Error> {
    make_file(&path(data, role))
}

/// Makes the key that is to come after the one of this role, or finds it where that broke off.
pub(super) fn make_next(data: &Path, role: &'static str) -> Result<SecretKey, Error> {
    make_file(&next(data, role))
}

/// Puts the next key in the place of the one before.
pub(super) fn settle(data: &Path, role: &'static str) -> Result<(), Error> {
    let path = path(data, role);
    fs::rename(next(data, role), &path).and_then(|()| sync_folder(&path)).map_err(Error::file("write", &path))
}

/// The key of a role that is one of `allowed`: where changing it broke off, that is the next one.
pub(super) fn load(data: &Path, role: &'static str, allowed: &[PublicKey]) -> Result<SecretKey, Error> {
    for file in [path(data, role), next(data, role)] {
        if let Some(key) = read(&file)?
            && allowed.contains(key.public())
        {
            return Ok(key);
        }
    }
    Err(Error::KeyLost { path: path(data, role), role })
}

fn path(data: &Path, role: &str) -> PathBuf {
    data.join(FOLDER).join(format!("{role}.key"))
}

fn next(data: &Path, role: &str) -> PathBuf {
    data.join(FOLDER).join(format!("{role}.key.next"))
}

fn make_file(path: &Path) -> Result<SecretKey, Error> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = |source| Error::Key { path: path.to_owned(), source };
    let (text, _) = SecretKey::generate(None).map_err(key)?;
    put(path, text.as_bytes())?;
    SecretKey::from_text(&text, None).map_err(key)
}

/// Writes a key file, for this user alone: whole, or not at all.
pub(crate) fn put(path: &Path, text: &[u8]) -> Result<(), Error> {
    let write = || {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let temporary = path.with_extension("tmp");
        let _ = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_folder(path)
    };
    write().map_err(Error::file("write", path))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn read(path: &Path) -> Result<Option<SecretKey>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let key = SecretKey::from_text(&text, None);
            key.map(Some).map_err(|source| Error::Key { path: path.to_owned(), source })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { doing: "read", path: path.to_owned(), source }),
    }
}

/// Whether the next key is in use already.
pub(super) fn next_is_one_of(data: &Path, role: &str, allowed: &[PublicKey]) -> Result<bool, Error> {
    Ok(read(&next(data, role))?.is_some_and(|key| allowed.contains(key.public())))
}
