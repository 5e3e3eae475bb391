//! The signed index: which key signs it, and how what changed comes into it. It does not know why something changed.

mod keys;
mod record;
mod rotate;

use std::{collections::BTreeMap, path::Path, time::Duration};

use hal9_package::{Digest, PublicKey, SecretKey};
use hal9_registry_index::{Head, Root, Shard, ShardId, Signed, sign};
use rusqlite::{OptionalExtension as _, Transaction};
use uuid::Uuid;

use crate::{
    Error,
    catalogue::{parse, read, write},
    clock::{milliseconds, now},
};

pub use rotate::rotate_keys;

pub(crate) use keys::{FOLDER, NAMES, put as put_key};

/// So many seconds a part that an earlier head names can still be had by who has just read that head.
const GRACE: u64 = 900;

/// What a registry is, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) registry: String,
    /// What it mirrors, if it does.
    pub(crate) mirrors: Option<String>,
}

/// The identity of a registry; `None` for an empty database.
pub(crate) fn identity(connection: &rusqlite::Connection) -> Result<Option<Identity>, Error> {
    let found = connection.query_row("SELECT identity, mirrors FROM registry", [], |row| {
        Ok(Identity { registry: row.get(0)?, mirrors: row.get(1)? })
    });
    Ok(found.optional()?)
}

/// Makes a registry of an empty database: its keys, its first root and an index with nothing in it.
pub(crate) fn begin(transaction: &Transaction<'_>, data: &Path, lifetime: Duration) -> Result<Identity, Error> {
    if let Some(identity) = identity(transaction)? {
        return Ok(identity);
    }
    let (root_key, index_key) = (keys::make(data, "root")?, keys::make(data, "index")?);
    let registry = Uuid::new_v4().to_string();
    transaction.execute("INSERT INTO registry VALUES (1, ?, ?, NULL)", (&registry, now()))?;
    let root = Root {
        registry: registry.clone(),
        version: 1,
        issued: now(),
        root_keys: vec![root_key.public().clone()],
        index_keys: vec![index_key.public().clone()],
    };
    put_root(transaction, &root, &[&root_key])?;
    sign_head(transaction, data, lifetime)?;
    Ok(Identity { registry, mirrors: None })
}

/// Brings what changed of some plugins into the index, and signs it; gives its version.
pub(crate) fn publish(
    transaction: &Transaction<'_>,
    data: &Path,
    lifetime: Duration,
    changed: &[i64],
) -> Result<u64, Error> {
    let mut shards = std::collections::BTreeSet::new();
    for plugin in changed {
        let record = record::of(transaction, *plugin)?;
        transaction.execute("UPDATE shown SET record = ? WHERE plugin = ?", (write(&record)?, plugin))?;
        let shard: String =
            transaction.query_row("SELECT shard FROM plugin WHERE id = ?", [plugin], |row| row.get(0))?;
        shards.insert(shard);
    }
    for shard in shards {
        put_shard(transaction, parse(&shard, "a part of the index")?)?;
    }
    sign_head(transaction, data, lifetime)
}

/// Signs the index as it is, with a greater version than ever.
pub(crate) fn sign_head(transaction: &Transaction<'_>, data: &Path, lifetime: Duration) -> Result<u64, Error> {
    let root = newest_root(transaction)?;
    let key = keys::load(data, "index", &root.index_keys)?;
    sign_head_with(transaction, &root, &key, lifetime)
}

fn sign_head_with(
    transaction: &Transaction<'_>,
    root: &Root,
    key: &SecretKey,
    lifetime: Duration,
) -> Result<u64, Error> {
    let before: Option<u64> = transaction.query_row("SELECT version FROM head", [], |row| row.get(0)).optional()?;
    // Also greater where an older database was brought back: the clock goes on.
    let version = before.map_or(0, |version| version + 1).max(milliseconds());
    let mut shards = BTreeMap::new();
    let mut statement = transaction.prepare("SELECT id, digest FROM shard WHERE replaced IS NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: ShardId = parse(&row.get::<_, String>(0)?, "a part of the index")?;
        let digest: Digest = parse(&row.get::<_, String>(1)?, "a digest")?;
        shards.insert(id, digest);
    }
    let plugins =
        transaction.query_row("SELECT count(*) FROM plugin WHERE latest IS NOT NULL", [], |row| row.get(0))?;
    let issued = now();
    let expires = issued + lifetime.as_secs();
    let head = Head { registry: root.registry.clone(), root: root.version, version, issued, expires, plugins, shards };
    let signed = sign(&head, &[key], "the index of the registry").map_err(Error::stored("the index"))?;
    put_head(transaction, &head, &signed)?;
    transaction.execute("DELETE FROM shard WHERE replaced < ?", [issued.saturating_sub(GRACE)])?;
    Ok(version)
}

pub(crate) fn put_head(transaction: &Transaction<'_>, head: &Head, signed: &Signed) -> Result<(), Error> {
    transaction.execute(
        "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)",
        (head.version, head.issued, head.expires, head.plugins, write(signed)?),
    )?;
    Ok(())
}

/// Writes the records of a part, and lets the part before it stay for a while.
fn put_shard(transaction: &Transaction<'_>, id: ShardId) -> Result<(), Error> {
    let mut plugins = BTreeMap::new();
    let mut statement = transaction.prepare_cached(
        "SELECT name, record FROM plugin JOIN shown ON shown.plugin = plugin.id WHERE shard = ? AND latest IS NOT NULL",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    while let Some(row) = rows.next()? {
        let (name, record): (String, String) = (row.get(0)?, row.get(1)?);
        plugins.insert(parse(&name, "the id of a plugin")?, read(&record, "what the index says of a plugin")?);
    }
    let bytes = Shard { shard: id, plugins }.to_bytes();
    if bytes.len() > Shard::MAX_BYTES {
        return Err(Error::Stored { what: "a part of the index", reason: "it is full".to_owned() });
    }
    put_shard_bytes(transaction, id, &Digest::of(&bytes), &bytes)
}

pub(crate) fn put_shard_bytes(
    transaction: &Transaction<'_>,
    id: ShardId,
    digest: &Digest,
    bytes: &[u8],
) -> Result<(), Error> {
    transaction.execute(
        "UPDATE shard SET replaced = ? WHERE id = ? AND replaced IS NULL AND digest <> ?",
        (now(), id.to_string(), digest.to_string()),
    )?;
    // What was undone has the bytes that it had before.
    transaction.execute(
        "INSERT INTO shard VALUES (?, ?, ?, NULL) ON CONFLICT (digest) DO UPDATE SET replaced = NULL",
        (digest.to_string(), id.to_string(), bytes),
    )?;
    Ok(())
}

/// The newest root.
pub(crate) fn newest_root(connection: &rusqlite::Connection) -> Result<Root, Error> {
    let text: String =
        connection.query_row("SELECT document FROM root ORDER BY version DESC LIMIT 1", [], |row| row.get(0))?;
    Ok(read::<Signed>(&text, "the root")?.read()?)
}

/// All roots, oldest first.
pub(crate) fn roots(connection: &rusqlite::Connection) -> Result<Vec<Signed>, Error> {
    let mut statement = connection.prepare("SELECT document FROM root ORDER BY version")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    rows.iter().map(|text| read(text, "a root")).collect()
}

fn put_root(transaction: &Transaction<'_>, root: &Root, keys: &[&SecretKey]) -> Result<(), Error> {
    let signed = sign(root, keys, "the root of the registry").map_err(Error::stored("the root"))?;
    put_signed_root(transaction, root, &signed)
}

pub(crate) fn put_signed_root(transaction: &Transaction<'_>, root: &Root, signed: &Signed) -> Result<(), Error> {
    transaction.execute("INSERT OR REPLACE INTO root VALUES (?, ?)", (root.version, write(signed)?))?;
    Ok(())
}

/// Whether the key that signs the index is there.
pub(crate) fn check_key(connection: &rusqlite::Connection, data: &Path) -> Result<PublicKey, Error> {
    let root = newest_root(connection)?;
    Ok(keys::load(data, "index", &root.index_keys)?.public().clone())
}
