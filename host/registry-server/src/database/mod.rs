//! The database: a few connections that read, one that writes, and how an older database becomes a current one. It does not know
//! what is asked of it.

mod schema;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hal9_registry::storage::connect;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::{Error, Refusal};

/// So many read at once; as SQLite runs on the processor, more would wait for each other there.
const READERS: usize = 4;

/// So much of the database, in KiB, each of them keeps in memory.
const CACHE: i64 = 16 << 10;

/// So many statements each of them keeps prepared: more than there are.
const STATEMENTS: usize = 128;

/// The name of the database in the folder of a registry.
const FILE: &str = "registry.db";

/// The connections to a database.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
    reading: Arc<Semaphore>,
    writing: Arc<Semaphore>,
}

impl Database {
    /// Opens the database of a folder, makes it where there is none, and brings it up to date.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let path = Self::path(folder);
        let mut connection = connect(&path)?;
        migrate(&path, &mut connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self {
            path,
            readers: Mutex::default(),
            writer: Mutex::new(connection),
            reading: Arc::new(Semaphore::new(READERS)),
            writing: Arc::new(Semaphore::new(1)),
        })
    }

    /// Where the database of a folder is.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads on a thread that may wait, all of one moment.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, read: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    {
        let permit = Arc::clone(&self.reading).acquire_owned().await.map_err(Refusal::internal)?;
        let database = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            database.read_now(read)
        });
        reading.await.map_err(Refusal::internal)?
    }

    /// Writes on a thread that may wait, as one transaction: all of it is on the disk afterwards, or nothing.
    pub(crate) async fn write<T, F>(self: &Arc<Self>, write: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let permit = self.turn().await?;
        let database = Arc::clone(self);
        let writing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            database.write_now(write)
        });
        writing.await.map_err(Refusal::internal)?
    }

    /// Waits for the turn to write, so that whoever waits holds no thread.
    pub(crate) async fn turn(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.writing).acquire_owned().await.map_err(Refusal::internal)
    }

    /// As [`read`](Self::read), on this thread.
    pub(crate) fn read_now<T, E: From<rusqlite::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = lock(&self.readers).pop();
        let connection = match connection {
            Some(connection) => connection,
            None => self.connect()?,
        };
        // One transaction, so that what several queries find belongs together.
        let transaction = connection.unchecked_transaction()?;
        let found = read(&transaction);
        drop(transaction);
        // A panic above drops the connection, with whatever state it was in.
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(connection);
        }
        found
    }

    /// As [`write`](Self::write), on this thread.
    pub(crate) fn write_now<T, E: From<rusqlite::Error>>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        // Immediate: another process may write as well, and would break in between reading and writing.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = write(&transaction)?;
        transaction.commit()?;
        Ok(written)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

/// Takes the steps that a database lacks.
///
/// # Errors
///
/// [`Error::Newer`] for one that a newer HAL9 has written, which is left as it is.
pub(crate) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), Error> {
    let known = schema::STEPS.len() as i64;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(Error::Newer { path: path.to_owned(), found, known });
    }
    for step in schema::STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// A transaction that broke off was rolled back, so what was behind the lock is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
