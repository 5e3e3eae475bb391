//! Bringing a registry back from a backup, also while it is served. It does not know why it is needed.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use hal9_package::Digest;
use hal9_registry::storage::{Store, Writer, connect};
use rusqlite::Connection;

use super::{
    archive::{self, About, FORMAT, Member},
    backup::copy_database,
};
use crate::{
    Changes, Config, Error,
    catalogue::parse,
    database::{Database, migrate},
    index,
};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The registry's identity.
    pub registry: String,
    /// When the backup was made, in seconds since the Unix epoch.
    pub made: u64,
    /// How many plugins there are now.
    pub plugins: u64,
    /// How many packages were in the backup.
    pub packages: u64,
    /// The version of the index: greater than that of the backup, and than the one that was there.
    pub index: u64,
}

/// Brings a registry back: first its packages, then the whole database as one transaction, with an index that is newer than any that somebody has
/// seen. The folder is empty, or of the same registry, which may be served meanwhile; then its newer keys stay, and tokens that were revoked since
/// stay revoked.
///
/// # Errors
///
/// [`Error::Backup`] for a file that is none or not whole, [`Error::Folder`] for the folder of another registry; then nothing was changed but
/// for packages that nobody refers to.
pub fn restore(tar: &Path, data: &Path) -> Result<Restored, Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(Error::file("make", data))?;
    let folder = tempfile::Builder::new().prefix("restore-").tempdir_in(data).map_err(Error::file("write", data))?;
    let store = Store::of(data);
    // Held to the end, so that nobody takes out what is not referred to yet.
    let files = store.write()?;
    let backup = unpack(tar, folder.path(), &files)?;
    let none = |reason: &str| Error::Backup { path: tar.to_owned(), reason: reason.to_owned() };
    let path = backup.database.as_ref().ok_or_else(|| none("it has no database"))?;
    let mut copy = open(path).map_err(|error| none(&error.to_string()))?;
    migrate(path, &mut copy)?;
    if schema(&copy)? != own_schema()? {
        return Err(none("its database has other tables than a registry"));
    }
    let identity = index::identity(&copy)?.ok_or_else(|| none("its database is of no registry"))?;
    if identity.registry != backup.about.registry {
        return Err(none("its parts are of several registries"));
    }
    for digest in named(&copy)? {
        if !backup.packages.contains(&digest) {
            return Err(none(&format!("it lacks the package {digest}")));
        }
    }
    let live = Database::path(data);
    let changed = if live.exists() { take_over(&copy, &live, &identity.registry, data)? } else { Vec::new() };
    copy.execute("DELETE FROM upload", [])?;
    if identity.mirrors.is_none() {
        keys(&copy, data, &backup.keys)?;
        let transaction = copy.transaction()?;
        for plugin in &changed {
            Changes::new(&transaction).refresh(*plugin)?;
        }
        index::publish(&transaction, data, Config::new(data).index_lifetime, &changed)?;
        transaction.commit()?;
    }
    let (index, plugins) =
        copy.query_row("SELECT version, plugins FROM head", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut live = connect(&live)?;
    copy_database(&copy, &mut live)?;
    let packages = backup.packages.len() as u64;
    Ok(Restored { registry: identity.registry, made: backup.about.made, plugins, packages, index })
}

/// What was in the file.
struct Unpacked {
    about: About,
    keys: Vec<(&'static str, Vec<u8>)>,
    packages: BTreeSet<Digest>,
    database: Option<std::path::PathBuf>,
}

fn unpack(tar: &Path, folder: &Path, files: &Writer<'_>) -> Result<Unpacked, Error> {
    let none = |reason: &str| Error::Backup { path: tar.to_owned(), reason: reason.to_owned() };
    let about = About { format: 0, registry: String::new(), made: 0 };
    let mut found = Unpacked { about, keys: Vec::new(), packages: BTreeSet::new(), database: None };
    archive::read(tar, |member| {
        match member {
            Member::About(text) => {
                let about: About = serde_json::from_slice(&text).map_err(|error| none(&error.to_string()))?;
                if about.format != FORMAT {
                    return Err(none("another version of HAL9 has made it"));
                }
                if found.about.format != 0 {
                    return Err(none("it has a file twice"));
                }
                found.about = about;
            }
            Member::Key(name, bytes) => {
                if found.keys.iter().any(|(known, _)| *known == name) {
                    return Err(none("it has a file twice"));
                }
                found.keys.push((name, bytes));
            }
            Member::Blob(digest, bytes) => {
                files.put(&digest, &bytes)?;
                found.packages.insert(digest);
            }
            Member::Database(bytes) => {
                let path = folder.join("registry.db");
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(|_| none("it has a file twice"))?;
                io::copy(bytes, &mut file).map_err(Error::file("write", &path))?;
                found.database = Some(path);
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// Opens the database of a backup, which may be no database, or a damaged one.
fn open(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    // What a hostile file has beside tables does nothing (https://www.sqlite.org/security.html).
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(connection) } else { Err(Error::Stored { what: "the database", reason: found }) }
}

/// What a database has of tables, indexes, triggers and views, with what made them. What SQLite has made itself for searching may look another way in
/// another version of it.
fn schema(connection: &Connection) -> Result<BTreeSet<(String, String, Option<String>)>, Error> {
    let mut statement =
        connection.prepare("SELECT type, name, iif(name GLOB 'words_*', NULL, sql) FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// As [`schema`] of a database that was just made: a trigger that came with a backup would run with every change from then on.
fn own_schema() -> Result<BTreeSet<(String, String, Option<String>)>, Error> {
    let mut connection = Connection::open_in_memory()?;
    migrate(Path::new(":memory:"), &mut connection)?;
    schema(&connection)
}

/// The packages that a database names.
fn named(connection: &Connection) -> Result<Vec<Digest>, Error> {
    let mut statement = connection.prepare("SELECT DISTINCT package FROM version WHERE NOT withdrawn")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    rows.iter().map(|text| parse(text, "a digest")).collect()
}

/// Takes over from the registry that is there what must not go back: its roots, the version of its index, which tokens there are, its passwords, and what who
/// runs it has shut or withdrawn. Gives the plugins whose record is another one by that.
fn take_over(copy: &Connection, live: &Path, registry: &str, data: &Path) -> Result<Vec<i64>, Error> {
    let path = live.to_owned();
    let mut connection = connect(live)?;
    migrate(&path, &mut connection)?;
    match index::identity(&connection)? {
        None => return Ok(Vec::new()),
        Some(identity) if identity.registry == registry => {}
        Some(identity) => {
            let reason = format!(
                "this is the registry {}, and the backup is of {registry}: restore it into an empty folder",
                identity.registry
            );
            return Err(Error::Folder { path: data.to_owned(), reason });
        }
    }
    let mut statement = connection.prepare("SELECT version, document FROM root")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let root: (i64, String) = (row.get(0)?, row.get(1)?);
        copy.execute("INSERT OR REPLACE INTO root VALUES (?, ?)", root)?;
    }
    let version: i64 = connection.query_row("SELECT coalesce(max(version), 0) FROM head", [], |row| row.get(0))?;
    copy.execute("UPDATE head SET version = max(version, ?)", [version])?;
    let mut statement = connection.prepare("SELECT id FROM token")?;
    let tokens = statement.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<String>, _>>()?;
    let mut statement = copy.prepare("SELECT id FROM token")?;
    let kept = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    for id in kept.iter().filter(|id| !tokens.contains(*id)) {
        copy.execute("DELETE FROM token WHERE id = ?", [id])?;
    }
    let mut statement = connection.prepare("SELECT name, password, disabled FROM account")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account: (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        copy.execute("UPDATE account SET password = ?2, disabled = ?3 WHERE name = ?1", account)?;
    }
    let mut changed = BTreeSet::new();
    let mut statement = connection.prepare("SELECT package, yanked, yanked_at FROM version WHERE withdrawn")?;
    let mut withdraw = copy.prepare(
        "UPDATE version SET withdrawn = 1, yanked = ?2, yanked_at = ?3 WHERE package = ?1 AND NOT withdrawn RETURNING plugin",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let version: (String, Option<String>, Option<u64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        changed.extend(withdraw.query_map(version, |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?);
    }
    Ok(changed.into_iter().collect())
}

/// Puts the keys of a backup in their places, where there are none that belong to the newest root.
fn keys(copy: &Connection, data: &Path, keys: &[(&'static str, Vec<u8>)]) -> Result<(), Error> {
    let is_good = index::check_key(copy, data).is_ok();
    for (name, bytes) in keys {
        let path = data.join(index::FOLDER).join(name);
        if !is_good || !path.exists() {
            // Another one may be the last copy of a key that is needed yet.
            if path.exists() {
                let aside = path.with_extension("before-restore");
                fs::rename(&path, &aside).map_err(Error::file("write", &aside))?;
            }
            index::put_key(&path, bytes)?;
        }
    }
    index::check_key(copy, data).map(drop)
}
