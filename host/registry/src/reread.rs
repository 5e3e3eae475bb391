//! What is kept of an installed version, read again from its package where the row is damaged. It does not know what else the
//! row says: grants, signatures and keys are in no package.

use hal9_package::{Digest, Package};
use rusqlite::params;

use crate::{
    Error,
    rows::{StoredVersion, index, json, versions},
    schema::Database,
    store::Store,
};

/// A row that cannot be read as its package would have it; `None` for one that can be read, and for one that no package helps.
pub(crate) fn read_again(store: &Store, plugin: &str, row: &StoredVersion) -> Option<StoredVersion> {
    if row.clone().parse().is_ok() {
        return None;
    }
    let package = Package::read(store.read(&row.package.parse().ok()?).ok()?).ok()?;
    let metadata = &package.manifest().metadata;
    if metadata.id.as_str() != plugin || metadata.version.to_string() != row.version {
        return None;
    }
    let mut again = row.clone();
    again.manifest = json(package.manifest()).ok()?;
    // What was signed is the package, and so is the component in it.
    again.component = Digest::of(&package.component().ok()?).to_string();
    again.size = i64::try_from(package.bytes().len()).ok()?;
    again.clone().parse().is_ok().then_some(again)
}

/// Reads again the versions of a plugin that cannot be read; `false` where there is none, or no package helps.
pub(crate) fn reread(database: &mut Database, store: &Store, plugin: &str) -> Result<bool, Error> {
    database.write(|transaction| {
        let rows = versions(transaction, plugin)?;
        let again: Vec<_> = rows.iter().filter_map(|row| read_again(store, plugin, row)).collect();
        for row in &again {
            transaction.execute(
                "UPDATE version SET manifest = ?, component = ?, size = ? WHERE plugin = ? AND version = ?",
                params![row.manifest, row.component, row.size, plugin, row.version],
            )?;
        }
        index(transaction, plugin)?;
        Ok(!again.is_empty())
    })
}
