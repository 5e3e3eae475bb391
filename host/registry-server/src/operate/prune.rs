//! Taking out what is over and what nobody refers to. It does not know how long something is kept, which who runs the registry says.

use std::{fs, io, path::Path, time::Duration};

use hal9_package::Digest;
use hal9_registry::storage::{Entry, Store};
use rusqlite::Transaction;

use crate::{Changes, Config, Error, Refusal, clock::now, database::Database, index};

/// How long something is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// How long the packages of yanked versions; for ever without one. The versions stay, and are `withdrawn` then.
    pub keep_yanked: Option<Duration>,
}

/// What was taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Uploads that nobody went on with.
    pub uploads: u64,
    /// Tokens that were over.
    pub tokens: u64,
    /// Versions whose packages cannot be had any more.
    pub withdrawn: u64,
    /// Files that nobody refers to.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Takes out of a registry what is over: uploads and tokens, the packages of versions that were yanked long ago, and files that nobody refers to.
/// The server may go on meanwhile.
///
/// # Errors
///
/// [`Error`] where the database or a file cannot be used. What was taken out by then is gone, and nothing else.
pub fn prune(data: &Path, retention: &Retention) -> Result<Pruned, Error> {
    let database = Database::open(data)?;
    prune_with(&database, data, retention, Config::new(data).index_lifetime)
}

pub(crate) fn prune_with(
    database: &Database,
    data: &Path,
    retention: &Retention,
    lifetime: Duration,
) -> Result<Pruned, Error> {
    // Listed before the database is asked: a file that comes later belongs to an upload that is not over.
    let uploads = uploads(&data.join("uploads"))?;
    let mut pruned = database.write_now(|transaction| {
        let now = now();
        let over = "DELETE FROM upload WHERE expires < ?";
        let mut pruned = Pruned { uploads: transaction.execute(over, [now])? as u64, ..Pruned::default() };
        pruned.tokens = transaction.execute("DELETE FROM token WHERE expires < ?", [now])? as u64;
        pruned.withdrawn = withdraw(transaction, data, retention, lifetime)?;
        Ok::<_, Error>(pruned)
    })?;
    for (id, path) in uploads {
        let sql = "SELECT EXISTS (SELECT 1 FROM upload WHERE id = ?)";
        let is_known = database.read_now(|it| Ok::<bool, Error>(it.query_row(sql, [&id], |row| row.get(0))?))?;
        if !is_known {
            remove(&path)?;
        }
    }
    let store = Store::of(data);
    // While it is held, nobody puts a file there that is named a moment later.
    let files = store.write()?;
    for entry in store.entries()? {
        let Entry::Blob(path, digest) = entry else { continue };
        if database.read_now(|connection| is_wanted(connection, &digest))? {
            continue;
        }
        let size = fs::metadata(&path).map_or(0, |about| about.len());
        if files.remove(&path)? {
            (pruned.files, pruned.bytes) = (pruned.files + 1, pruned.bytes + size);
        }
    }
    files.clear()?;
    Ok(pruned)
}

/// Marks versions that were yanked long ago as withdrawn; the index says so before their packages go.
fn withdraw(
    transaction: &Transaction<'_>,
    data: &Path,
    retention: &Retention,
    lifetime: Duration,
) -> Result<u64, Error> {
    let is_mirror = index::identity(transaction)?.is_none_or(|identity| identity.mirrors.is_some());
    let (Some(keep), false) = (retention.keep_yanked, is_mirror) else { return Ok(0) };
    let before = now().saturating_sub(keep.as_secs());
    let mut statement = transaction
        .prepare("UPDATE version SET withdrawn = 1 WHERE NOT withdrawn AND yanked_at <= ? RETURNING plugin")?;
    let mut plugins = statement.query_map([before], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let withdrawn = plugins.len() as u64;
    plugins.sort_unstable();
    plugins.dedup();
    if !plugins.is_empty() {
        let changes = Changes::new(transaction);
        for plugin in &plugins {
            let failed = |refusal: Refusal| Error::Stored { what: "a plugin", reason: refusal.problem.message };
            changes.refresh(*plugin).map_err(failed)?;
        }
        index::publish(transaction, data, lifetime, &plugins)?;
    }
    Ok(withdrawn)
}

/// Whether a version that can be had has this package.
pub(super) fn is_wanted(connection: &rusqlite::Connection, digest: &Digest) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM version WHERE package = ? AND NOT withdrawn)";
    Ok(connection.prepare_cached(sql)?.query_row([digest.to_string()], |row| row.get(0))?)
}

fn uploads(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("read", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::file("read", folder))?;
        found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    Ok(found)
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}
