//! The database: how it is opened, and how an older one becomes a current one. It does not know what is in the tables.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::{Error, rows::now};

/// The steps from an empty database to a current one; `user_version` counts those that were taken. Steps are only
/// ever added.
const STEPS: &[&str] = &[
    "
    CREATE TABLE plugin (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL,
        manifest   TEXT NOT NULL,
        source_dir TEXT NOT NULL,
        component  TEXT NOT NULL,
        granted    TEXT NOT NULL,
        active     INTEGER NOT NULL,
        loaded_at  INTEGER NOT NULL -- milliseconds since the Unix epoch
    ) STRICT;
    -- What the manifests offer, for looking it up; rewritten with every manifest.
    CREATE TABLE capability (
        plugin TEXT NOT NULL REFERENCES plugin ON DELETE CASCADE,
        kind   TEXT NOT NULL,
        name   TEXT NOT NULL,
        layer  TEXT
    ) STRICT;
    CREATE INDEX capability_of_plugin ON capability (plugin);
    CREATE INDEX capability_by_name ON capability (kind, name);
    CREATE INDEX capability_by_layer ON capability (layer) WHERE layer IS NOT NULL;
    CREATE TABLE usage (
        plugin      TEXT PRIMARY KEY REFERENCES plugin ON DELETE CASCADE,
        calls       INTEGER NOT NULL DEFAULT 0,
        errors      INTEGER NOT NULL DEFAULT 0,
        traps       INTEGER NOT NULL DEFAULT 0,
        time        INTEGER NOT NULL DEFAULT 0, -- nanoseconds
        peak_memory INTEGER NOT NULL DEFAULT 0, -- bytes
        last_error  TEXT
    ) STRICT;
",
    "
    -- A plugin is linked to a folder, installed in one or more versions, or both; then the link is what serves.
    CREATE TABLE link (
        plugin    TEXT PRIMARY KEY REFERENCES plugin ON DELETE CASCADE,
        manifest  TEXT NOT NULL,
        folder    TEXT NOT NULL,
        component TEXT NOT NULL,
        granted   TEXT NOT NULL,
        loaded_at INTEGER NOT NULL -- milliseconds since the Unix epoch
    ) STRICT;
    INSERT INTO link SELECT id, manifest, source_dir, component, granted, loaded_at FROM plugin;
    ALTER TABLE plugin DROP COLUMN manifest;
    ALTER TABLE plugin DROP COLUMN source_dir;
    ALTER TABLE plugin DROP COLUMN component;
    ALTER TABLE plugin DROP COLUMN granted;
    ALTER TABLE plugin DROP COLUMN loaded_at;
    CREATE TABLE version (
        plugin       TEXT NOT NULL REFERENCES plugin ON DELETE CASCADE,
        version      TEXT NOT NULL,
        manifest     TEXT NOT NULL,
        package      TEXT NOT NULL, -- digests of files in the store, as `sha256:<hex>`
        component    TEXT NOT NULL,
        size         INTEGER NOT NULL, -- of the package, in bytes
        key          TEXT, -- who has signed it, and the signature
        signature    TEXT,
        origin       TEXT NOT NULL,
        installed_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
        PRIMARY KEY (plugin, version)
    ) STRICT;
    CREATE INDEX version_of_package ON version (package);
    CREATE INDEX version_of_component ON version (component);
    -- The installed version that serves, and what was granted to whichever version that is.
    CREATE TABLE current (
        plugin  TEXT PRIMARY KEY REFERENCES plugin ON DELETE CASCADE,
        version TEXT NOT NULL,
        granted TEXT NOT NULL,
        FOREIGN KEY (plugin, version) REFERENCES version DEFERRABLE INITIALLY DEFERRED
    ) STRICT;
",
    "
    -- Has a row where the database was made anew beside the files of one that is lost.
    CREATE TABLE lost (
        found_at INTEGER NOT NULL -- milliseconds since the Unix epoch
    ) STRICT;
",
    "
    -- Whoever looks for what plugins offer reads their manifests, with those that are found in folders.
    DROP TABLE capability;
",
];

/// How long a process waits for another one to finish writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the registry's database, with the errors of SQLite told apart.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    /// `is_beside_files` says of a database that is made whether there are files that only another one can have known.
    pub(crate) fn open(home: &Path, is_beside_files: impl Fn() -> bool) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(home)
            .map_err(|source| Error::Home { home: home.to_owned(), source })?;
        let path = home.join("registry.db");
        // SQLite would let everybody read it. Where this fails, SQLite says why, or the file is there.
        let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let connection = connect(&path).map_err(|source| tell(&path, source))?;
        let mut database = Self { path, connection };
        database.migrate(is_beside_files)?;
        Ok(database)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs one query.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        read(&self.connection).map_err(|source| tell(&self.path, source))
    }

    /// Runs `write` as one transaction: all of it is kept, or nothing where it stops.
    pub(crate) fn write<T>(&mut self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Stop>) -> Result<T, Error> {
        // Immediate: a transaction that reads first and asks for the write lock later fails at once if another process
        // has written in between, whatever the patience.
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Stop::from)
            .and_then(|transaction| {
                let result = write(&transaction)?;
                transaction.commit()?;
                Ok(result)
            })
            .map_err(|stop| match stop {
                Stop::Database(source) => tell(&self.path, source),
                Stop::Refused(error) => *error,
            })
    }

    fn migrate(&mut self, is_beside_files: impl Fn() -> bool) -> Result<(), Error> {
        let known = STEPS.len() as i64;
        let version =
            |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let mut found = self.read(version)?;
        if found < known {
            found = self.write(|transaction| {
                // Another process may have done it while this one waited for the lock.
                let found = version(transaction)?;
                for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
                    transaction.execute_batch(step)?;
                }
                if found == 0 && is_beside_files() {
                    transaction.execute("INSERT INTO lost VALUES (?)", [now()])?;
                }
                let reached = found.max(known);
                transaction.pragma_update(None, "user_version", reached)?;
                Ok(reached)
            })?;
        }
        if found > known {
            return Err(Error::Newer { path: self.path.clone(), found, known });
        }
        Ok(())
    }
}

/// Opens a database for reading and writing, and makes it where there is none: with write-ahead logging, every transaction on the disk before
/// it is acknowledged, and references between tables kept.
///
/// # Errors
///
/// What SQLite says.
pub fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Without SQLITE_OPEN_URI, for which a path that begins with `file:` would be something else.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Why a transaction is given up.
#[derive(Debug)]
pub(crate) enum Stop {
    Database(rusqlite::Error),
    Refused(Box<Error>),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Sets write-ahead logging. Where the file system cannot share memory, SQLite stays with its rollback journal: slower,
/// as safe.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let since = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            // While several processes set it in a new database, SQLite does not wait for its busy timeout: two that
            // hold a read lock would wait for each other.
            Err(error) if is_busy(&error) && since.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// An error of SQLite as one of the registry's.
fn tell(path: &Path, source: rusqlite::Error) -> Error {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::Corrupt { path, source },
        _ if is_busy(&source) => Error::Busy { path, source },
        _ => Error::Database { path, source },
    }
}
