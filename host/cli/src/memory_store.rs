//! HAL9's memory in SQLite, so that it outlives the process. It refuses to know what plugins keep in it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hal9_host::{BackendError, MemoryBackend, Stored};
use hal9_package::PluginId;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::failure::{Code, Failure};

/// How large the file may become: 4 GiB, at the 4 KiB that a page of SQLite has. All plugins together get no more.
const MAX_PAGES: u32 = 1 << 20;

/// The memory of all plugins of a home.
#[derive(Clone)]
pub(crate) struct SqliteMemory {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteMemory {
    /// Opens the database, and makes it where it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "max_page_count", MAX_PAGES)?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS memory (
                     plugin TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (plugin, key)
                 ) WITHOUT ROWID",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|error| {
            Failure::new(Code::Unavailable, format!("HAL9's memory in {} cannot be opened: {error}", path.display()))
                .help("check the file's permissions and the free space; a damaged file can be moved away, with what was in it")
        })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Deletes all that a plugin keeps, and says how many keys that were.
    pub(crate) fn forget(&self, plugin: &PluginId) -> Result<usize, Failure> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute("DELETE FROM memory WHERE plugin = ?", [plugin.as_str()]).map_err(|error| {
            Failure::new(
                Code::Unavailable,
                format!("{plugin}: what it keeps in HAL9's memory cannot be deleted: {error}"),
            )
            .help("check the free space and the permissions of HAL9_HOME, and try again")
            .plugin(plugin)
        })
    }

    /// Works on the database beside the thread that runs plugins, so that a slow disk cannot hold up their deadlines.
    async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, BackendError> {
        let connection = self.connection.clone();
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| BackendError(error.into()))?;
        done.map_err(|error| BackendError(error.into()))
    }
}

#[async_trait]
impl MemoryBackend for SqliteMemory {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<Vec<u8>>, BackendError> {
        let (plugin, key) = (plugin.to_string(), key.to_owned());
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT value FROM memory WHERE plugin = ? AND key = ?")?
                .query_row(params![plugin, key], |row| row.get(0))
                .optional()
        })
        .await
    }

    async fn set(&self, plugin: &PluginId, key: &str, value: Vec<u8>, max_keys: u32) -> Result<Stored, BackendError> {
        let (plugin, key) = (plugin.to_string(), key.to_owned());
        let set = self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = transaction
                .prepare_cached("UPDATE memory SET value = ? WHERE plugin = ? AND key = ?")?
                .execute(params![value, plugin, key])?;
            if changed == 0 {
                let keys: u32 = transaction
                    .prepare_cached("SELECT count(*) FROM memory WHERE plugin = ?")?
                    .query_row(params![plugin], |row| row.get(0))?;
                if keys >= max_keys {
                    return Ok(Stored::Full);
                }
                transaction
                    .prepare_cached("INSERT INTO memory (plugin, key, value) VALUES (?, ?, ?)")?
                    .execute(params![plugin, key, value])?;
            }
            transaction.commit()?;
            Ok(Stored::Yes)
        });
        let is_full = |error: &BackendError| {
            let code = error.0.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
            code == Some(rusqlite::ErrorCode::DiskFull)
        };
        set.await.or_else(|error| if is_full(&error) { Ok(Stored::Full) } else { Err(error) })
    }

    async fn delete(&self, plugin: &PluginId, key: &str) -> Result<bool, BackendError> {
        let (plugin, key) = (plugin.to_string(), key.to_owned());
        self.with(move |connection| {
            let deleted = connection
                .prepare_cached("DELETE FROM memory WHERE plugin = ? AND key = ?")?
                .execute(params![plugin, key])?;
            Ok(deleted > 0)
        })
        .await
    }

    async fn list(
        &self,
        plugin: &PluginId,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, BackendError> {
        let (plugin, prefix, after) = (plugin.to_string(), prefix.to_owned(), after.unwrap_or_default().to_owned());
        self.with(move |connection| {
            // SQLite compares text by its bytes, as the contract does; keys are never empty.
            connection
                .prepare_cached(
                    "SELECT key FROM memory
                     WHERE plugin = ?1 AND key >= ?2 AND key > ?3 AND substr(key, 1, length(?2)) = ?2
                     ORDER BY key LIMIT ?4",
                )?
                .query_map(params![plugin, prefix, after, limit], |row| row.get(0))?
                .collect()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_set_is_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.db");
        let (a, b): (PluginId, PluginId) = ("test.a".parse().unwrap(), "test.b".parse().unwrap());
        let memory = SqliteMemory::open(&path).unwrap();
        for key in ["x/ä", "x/b", "y", "x"] {
            assert_eq!(memory.set(&a, key, key.into(), 4).await.unwrap(), Stored::Yes);
        }
        assert_eq!(memory.set(&a, "fifth", vec![], 4).await.unwrap(), Stored::Full);
        assert_eq!(memory.set(&a, "y", b"new".to_vec(), 4).await.unwrap(), Stored::Yes);
        drop(memory);
        let memory = SqliteMemory::open(&path).unwrap();
        assert_eq!(memory.get(&a, "y").await.unwrap().as_deref(), Some(b"new".as_slice()));
        assert_eq!(memory.get(&b, "y").await.unwrap(), None);
        assert_eq!(memory.list(&a, "x/", None, 9).await.unwrap(), ["x/b", "x/ä"]);
        assert_eq!(memory.list(&a, "x/", Some("x/b"), 9).await.unwrap(), ["x/ä"]);
        assert_eq!(memory.list(&a, "", None, 2).await.unwrap(), ["x", "x/b"]);
        assert!(memory.delete(&a, "y").await.unwrap());
        assert!(!memory.delete(&a, "y").await.unwrap());
    }

    #[tokio::test]
    async fn a_file_that_is_as_large_as_it_may_be_is_full_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let memory = SqliteMemory::open(&folder.path().join("memory.db")).unwrap();
        memory.connection.lock().unwrap().pragma_update(None, "max_page_count", 16).unwrap();
        let plugin: PluginId = "test.a".parse().unwrap();
        assert_eq!(memory.set(&plugin, "large", vec![1; 100_000], 9).await.unwrap(), Stored::Full);
        assert_eq!(memory.set(&plugin, "small", vec![1; 100], 9).await.unwrap(), Stored::Yes);
        assert_eq!(memory.get(&plugin, "small").await.unwrap(), Some(vec![1; 100]));
    }

    #[test]
    fn a_file_that_is_no_database_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.db");
        std::fs::write(&path, "not a database, and longer than a header of one hundred bytes ".repeat(4)).unwrap();
        assert!(SqliteMemory::open(&path).is_err_and(|failure| failure.code == Code::Unavailable));
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("not a database"));
    }
}
