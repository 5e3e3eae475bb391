//! Whether the database is the one that knew the files of the store, or was made anew beside them. It does not know how a
//! database gets lost.

use std::collections::BTreeSet;

use hal9_package::Digest;

use crate::{
    Error, rows,
    schema::Database,
    store::{Entry, Store},
};

impl Store {
    /// Whether there is a file that somebody may have counted on; also where that cannot be said.
    pub(crate) fn has_files(&self) -> bool {
        self.entries().map_or(true, |entries| entries.iter().any(|entry| matches!(entry, Entry::Blob(..))))
    }
}

impl Database {
    /// Whether this database was made anew beside the files of another: what nobody refers to may be the last copy then.
    pub(crate) fn is_lost(&self) -> Result<bool, Error> {
        self.read(|connection| connection.query_row("SELECT EXISTS (SELECT 1 FROM lost)", [], |row| row.get(0)))
    }
}

/// Forgets that a database was lost, once all that is in the store is referred to again or gone.
pub(crate) fn settle(database: &mut Database, store: &Store) -> Result<(), Error> {
    if !database.is_lost()? {
        return Ok(());
    }
    let rows = database.read(rows::all_versions)?;
    let needed: BTreeSet<Digest> = rows.iter().flat_map(|(_, row)| row.digests()).filter_map(Result::ok).collect();
    let is_needed = |entry: &Entry| !matches!(entry, Entry::Blob(_, digest) if !needed.contains(digest));
    if store.entries()?.iter().all(is_needed) {
        database.write(|transaction| Ok(transaction.execute("DELETE FROM lost", [])?))?;
    }
    Ok(())
}
