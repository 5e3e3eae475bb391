//! Saving a registry into one file while it is served. It does not know where the file is kept.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use hal9_package::Digest;
use hal9_registry::storage::{Store, connect};
use rusqlite::{Connection, backup::StepResult};
use tar::{Builder, Header};
use tempfile::NamedTempFile;

use super::archive::{ABOUT, About, BLOBS, DATABASE, FORMAT};
use crate::{
    Error,
    catalogue::parse,
    clock::now,
    database::Database,
    index::{self, FOLDER, NAMES},
};

/// Another process that writes is waited for so often and so long.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The registry's identity.
    pub registry: String,
    /// How many packages.
    pub packages: u64,
    /// The size of the file in bytes.
    pub bytes: u64,
}

/// Saves a registry as one tar file: its database as of one moment, every package that is named there, and its keys, for which the file is for its
/// owner's eyes alone. The server may go on meanwhile; publishing waits for a moment.
///
/// # Errors
///
/// [`Error`] where something cannot be read or written. The file is there whole, or as it was before.
pub fn backup(data: &Path, out: &Path) -> Result<Backup, Error> {
    if !Database::path(data).exists() {
        let reason = "there is no registry in this folder".to_owned();
        return Err(Error::Folder { path: data.to_owned(), reason });
    }
    let folder = tempfile::Builder::new().prefix("backup-").tempdir_in(data).map_err(Error::file("write", data))?;
    let copy = folder.path().join(DATABASE);
    let packages = snapshot(data, &copy, folder.path())?;
    let connection = connect(&copy)?;
    let identity = index::identity(&connection)?
        .ok_or_else(|| Error::Stored { what: "the registry", reason: "it has no identity".to_owned() })?;
    // So that all of it is in the one file.
    connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    drop(connection);

    let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = NamedTempFile::new_in(beside).map_err(Error::file("write", out))?;
    let about = About { format: FORMAT, registry: identity.registry.clone(), made: now() };
    let bytes = write(&temporary, data, &copy, folder.path(), &packages, &about).map_err(Error::file("write", out))?;
    temporary.as_file().sync_all().map_err(Error::file("write", out))?;
    temporary.persist(out).map_err(|error| Error::file("write", out)(error.error))?;
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(Error::file("write", out))?;
    Ok(Backup { registry: identity.registry, packages: packages.len() as u64, bytes })
}

/// Copies the database, and gives the packages that it names second names, so that nobody takes them out while they are read.
fn snapshot(data: &Path, copy: &Path, folder: &Path) -> Result<Vec<Digest>, Error> {
    let store = Store::of(data);
    let held = store.hold()?;
    let mut to = connect(copy)?;
    copy_database(&connect(&Database::path(data))?, &mut to)?;
    let mut packages = Vec::new();
    let mut statement = to.prepare("SELECT DISTINCT package FROM version WHERE NOT withdrawn ORDER BY 1")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let digest: Digest = parse(&row.get::<_, String>(0)?, "a digest")?;
        let path = store.path(&digest);
        let second = folder.join(digest.hex());
        // Not every file system has second names.
        let linked = fs::hard_link(&path, &second).or_else(|_| fs::copy(&path, &second).map(drop));
        linked.map_err(Error::file("read", &path))?;
        packages.push(digest);
    }
    drop(held);
    Ok(packages)
}

/// Copies one database over another, as one transaction of the other.
pub(super) fn copy_database(from: &Connection, to: &mut Connection) -> Result<(), Error> {
    let backup = rusqlite::backup::Backup::new(from, to)?;
    for _ in 0..TRIES {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            // Another process writes: there is nothing to wait for but time.
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(Error::Broken("another process is writing the database all the time: try again".to_owned()))
}

fn write(
    file: &NamedTempFile,
    data: &Path,
    copy: &Path,
    folder: &Path,
    packages: &[Digest],
    about: &About,
) -> io::Result<u64> {
    let mut builder = Builder::new(BufWriter::new(file.as_file()));
    let text = serde_json::to_vec(about)?;
    append(&mut builder, ABOUT, text.len() as u64, &mut text.as_slice())?;
    for name in NAMES {
        match fs::read(data.join(FOLDER).join(name)) {
            Ok(key) => append(&mut builder, &format!("{FOLDER}/{name}"), key.len() as u64, &mut key.as_slice())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    for digest in packages {
        let mut package = File::open(folder.join(digest.hex()))?;
        let size = package.metadata()?.len();
        append(&mut builder, &format!("{BLOBS}/{}", digest.hex()), size, &mut package)?;
    }
    // Last: whoever reads it has all that it names.
    let mut database = File::open(copy)?;
    let size = database.metadata()?.len();
    append(&mut builder, DATABASE, size, &mut database)?;
    builder.into_inner()?.flush()?;
    Ok(file.as_file().metadata()?.len())
}

fn append<W: Write>(builder: &mut Builder<W>, name: &str, size: u64, bytes: &mut dyn io::Read) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(now());
    builder.append_data(&mut header, name, bytes)
}
