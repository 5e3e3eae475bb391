//! The form of a backup: which files it has, by which names, and how large each may be. It does not know what is done with them.

use std::{
    fs::File,
    io::Read,
    path::{Component, Path},
};

use hal9_package::{Digest, Package};
use serde::{Deserialize, Serialize};
use tar::{Archive, EntryType};

use crate::{
    Error,
    index::{FOLDER, NAMES},
};

/// The names of what is in a backup.
pub(super) const ABOUT: &str = "hal9-registry.json";
pub(super) const DATABASE: &str = "registry.db";
pub(super) const BLOBS: &str = "blobs";

/// The version of this form.
pub(super) const FORMAT: u32 = 1;

/// The most bytes of the database and of the other files of a backup.
const MAX_DATABASE: u64 = 64 << 30;
const MAX_SMALL: u64 = 64 << 10;

/// What stands in front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) format: u32,
    pub(super) registry: String,
    /// Seconds since the Unix epoch.
    pub(super) made: u64,
}

/// One file of a backup.
pub(super) enum Member<'a> {
    About(Vec<u8>),
    Key(&'static str, Vec<u8>),
    Database(&'a mut dyn Read),
    /// A package, whose digest is the one of its name.
    Blob(Digest, Vec<u8>),
}

/// Reads a backup, which may be hostile, file by file. Whatever it has beside its own files is an error; nothing of it is taken for a path.
pub(super) fn read(path: &Path, mut each: impl FnMut(Member<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let none = |reason: String| Error::Backup { path: path.to_owned(), reason };
    let file = File::open(path).map_err(Error::file("read", path))?;
    let mut archive = Archive::new(file);
    let mut about_is_there = false;
    for entry in archive.entries().map_err(|error| none(error.to_string()))? {
        let mut entry = entry.map_err(|error| none(error.to_string()))?;
        let name = name_of(&entry).ok_or_else(|| none("it has a file that is not its own".to_owned()))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(none(format!("{name} is no file")));
        }
        let mut small = |most: u64| -> Result<Vec<u8>, Error> {
            let mut bytes = Vec::new();
            entry.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|error| none(error.to_string()))?;
            if bytes.len() as u64 > most { Err(none(format!("{name} is too large"))) } else { Ok(bytes) }
        };
        let parts: Vec<&str> = name.split('/').collect();
        match parts.as_slice() {
            [ABOUT] => {
                about_is_there = true;
                each(Member::About(small(MAX_SMALL)?))?;
            }
            _ if !about_is_there => return Err(none(format!("it does not begin with {ABOUT}"))),
            [DATABASE] => {
                if entry.size() > MAX_DATABASE {
                    return Err(none(format!("{name} is too large")));
                }
                each(Member::Database(&mut entry))?;
            }
            [FOLDER, key] => {
                let known = NAMES.into_iter().find(|known| known == key);
                let key = known.ok_or_else(|| none(format!("{name} is no key of a registry")))?;
                each(Member::Key(key, small(MAX_SMALL)?))?;
            }
            [BLOBS, hex] => {
                let digest: Digest =
                    format!("sha256:{hex}").parse().map_err(|_| none(format!("{name} is named after no digest")))?;
                let bytes = small(Package::MAX_BYTES)?;
                if Digest::of(&bytes) != digest {
                    return Err(none(format!("{name} is not what its name says")));
                }
                each(Member::Blob(digest, bytes))?;
            }
            _ => return Err(none(format!("{name} is not one of its own files"))),
        }
    }
    if about_is_there { Ok(()) } else { Err(none("there is nothing in it".to_owned())) }
}

/// The path of an entry as plain names with `/` between them; `None` for one that leads elsewhere.
fn name_of<R: Read>(entry: &tar::Entry<'_, R>) -> Option<String> {
    let path = entry.path().ok()?;
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
            _ => return None,
        }
    }
    Some(parts.join("/"))
}
