//! The database: how it is opened, and how an older one becomes a current one. It does not know what is in the tables.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::Error;

/// The steps from an empty database to a current one; `user_version` counts those that were taken. Steps are only
/// ever added.
const STEPS: &[&str] = &["
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
"];

/// How long a process waits for another one to finish writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the registry's database, with the errors of SQLite told apart.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    pub(crate) fn open(home: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(home).map_err(|source| Error::Home { home: home.to_owned(), source })?;
        let path = home.join("registry.db");
        let connect = || {
            // Without SQLITE_OPEN_URI, for which a path that begins with `file:` would be something else.
            let flags =
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            use_wal(&connection)?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            Ok(connection)
        };
        let connection = connect().map_err(|source| tell(&path, source))?;
        let mut database = Self { path, connection };
        database.migrate()?;
        Ok(database)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs one query.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        read(&self.connection).map_err(|source| tell(&self.path, source))
    }

    /// Runs `write` as one transaction: all of it is kept, or nothing.
    pub(crate) fn write<T>(&mut self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        // Immediate: a transaction that reads first and asks for the write lock later fails at once if another process
        // has written in between, whatever the patience.
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let result = write(&transaction)?;
                transaction.commit()?;
                Ok(result)
            })
            .map_err(|source| tell(&self.path, source))
    }

    fn migrate(&mut self) -> Result<(), Error> {
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
