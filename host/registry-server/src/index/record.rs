//! What the index says of one plugin, put together from the tables. It does not know who asks for it.

use hal9_registry_index::{Deprecation, Record, VersionRecord};
use rusqlite::Connection;

use crate::{
    Error,
    catalogue::{Catalogue, parse, read},
};

pub(super) fn of(connection: &Connection, plugin: i64) -> Result<Record, Error> {
    let catalogue = Catalogue::new(connection);
    let stored = |refusal: crate::Refusal| Error::Stored { what: "a plugin", reason: refusal.problem.message };
    let mut versions = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT version, package, size, key, signature, published, permissions, dependencies, oldest_host, yanked, withdrawn
         FROM version WHERE plugin = ?",
    )?;
    let mut rows = statement.query([plugin])?;
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        let oldest: Option<String> = row.get(8)?;
        versions.push(VersionRecord {
            version: parse(&text(0)?, "a version")?,
            package: parse(&text(1)?, "a digest")?,
            size: row.get(2)?,
            key: parse(&text(3)?, "an author's key")?,
            signature: text(4)?,
            published: row.get(5)?,
            permissions: read(&text(6)?, "permissions")?,
            dependencies: read(&text(7)?, "dependencies")?,
            min_hal9_version: oldest.map(|text| parse(&text, "a version")).transpose()?,
            yanked: row.get(9)?,
            withdrawn: row.get(10)?,
        });
    }
    versions.sort_by(|a, b| a.version.cmp(&b.version));
    let deprecated: Option<String> =
        connection.query_row("SELECT deprecated FROM plugin WHERE id = ?", [plugin], |row| row.get(0))?;
    Ok(Record {
        keys: catalogue.keys(plugin).map_err(stored)?,
        versions,
        deprecated: deprecated.map(|text| read::<Deprecation>(&text, "a deprecation")).transpose()?,
        notices: catalogue.notices(plugin).map_err(stored)?,
    })
}
