//! Mirroring another registry: its signed documents as they are, and its packages, all verified as a client does. It does not know how the other one is
//! reached, and signs nothing.

use std::{collections::BTreeMap, future::Future, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use hal9_package::{PluginId, PublicKey};
use hal9_registry::storage::{Fault, Store};
use hal9_registry_index::{Head, Record, Root, Seen, Shard, ShardId, Signed, VersionRecord};
use rusqlite::{OptionalExtension as _, Transaction};

use crate::{
    Changes, Error, Offer, Refusal,
    catalogue::{read, write},
    clock::now,
    database::Database,
    index,
    publish::{examine, insert},
};

/// The longest document in bytes, but for parts of the index; and the most roots that follow each other.
const MAX_DOCUMENT: u64 = 1 << 20;
const MAX_ROOTS: usize = 1_000;

/// How another registry is reached.
pub trait Fetch: Sync {
    /// The bytes at a path of the other registry, such as `/v1/index`: `None` where it has none, and an error for more than `most` of them.
    fn fetch(&self, path: &str, most: u64) -> impl Future<Output = Result<Option<Vec<u8>>, String>> + Send;
}

/// What was mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// The identity of the registry, which is that of the other one.
    pub registry: String,
    /// The version of its index.
    pub index: u64,
    /// How many plugins it has.
    pub plugins: u64,
    /// Packages that were not there before.
    pub packages: u64,
    /// When its index expires: mirror it again before.
    pub expires: u64,
}

/// Copies another registry into a folder, or what is new in it: what it says of itself with its own signatures, and every package. Served from there, it
/// only answers. `source` is the address that people are told, `pinned` a key of one of its
/// roots, first or later, which is asked for anew each time.
///
/// # Errors
///
/// [`Error::Distrust`] and [`Error::Mirror`] for what is not believed, [`Error::Fetch`] for what does not come, [`Error::Folder`] for the folder of
/// another registry. The mirror is as it was before, but for packages that came already.
pub async fn mirror(
    source: &str,
    fetch: &impl Fetch,
    data: &Path,
    pinned: Option<&PublicKey>,
) -> Result<Mirrored, Error> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(Error::file("make", data))?;
    let database = Arc::new(Database::open(data)?);
    let root = roots(source, fetch, &database, data, pinned).await?;
    let signed: Signed = document(fetch, "/v1/index").await?;
    let seen = database.read_now(seen)?;
    let head = Head::verify(&signed, &root, seen.as_ref(), now())?;
    let mut mirrored = Mirrored {
        registry: root.registry.clone(),
        index: head.version,
        plugins: head.plugins,
        packages: 0,
        expires: head.expires,
    };
    if seen.is_some_and(|seen| seen.version == head.version) {
        return Ok(mirrored);
    }
    let mut parts: Vec<(ShardId, Vec<u8>)> = Vec::new();
    let mut records = BTreeMap::new();
    for (id, digest) in &head.shards {
        let sql = "SELECT EXISTS (SELECT 1 FROM shard WHERE digest = ? AND replaced IS NULL)";
        let known =
            database.read_now(|it| Ok::<bool, Error>(it.query_row(sql, [digest.to_string()], |row| row.get(0))?))?;
        if known {
            continue;
        }
        let path = format!("/v1/index/shards/{digest}");
        let bytes = some(fetch, &path, Shard::MAX_BYTES as u64).await?;
        records.extend(Shard::read(&bytes, *id, digest)?.plugins);
        parts.push((*id, bytes));
    }
    for (id, record) in &records {
        believe(&database, id, record)?;
        for version in record.versions.iter().filter(|version| !version.withdrawn) {
            mirrored.packages += u64::from(package(fetch, &database, data, id, version).await?);
        }
    }
    // Now that everything it names is there.
    database.write_now(|transaction| {
        for (id, record) in &records {
            keep(transaction, id, record)?;
        }
        let named: Vec<_> = head.shards.keys().map(ToString::to_string).collect();
        transaction.execute(
            "UPDATE shard SET replaced = ? WHERE replaced IS NULL AND id NOT IN (SELECT value FROM json_each(?))",
            (now(), write(&named)?),
        )?;
        for (id, bytes) in &parts {
            index::put_shard_bytes(transaction, *id, &head.shards[id], bytes)?;
        }
        index::put_head(transaction, &head, &signed)
    })?;
    Ok(mirrored)
}

/// The newest root, each verified with the one before it, and kept if one of them has the key that somebody has named.
async fn roots(
    source: &str,
    fetch: &impl Fetch,
    database: &Database,
    data: &Path,
    pinned: Option<&PublicKey>,
) -> Result<Root, Error> {
    let identity = database.read_now(index::identity)?;
    if identity.as_ref().is_some_and(|identity| identity.mirrors.is_none()) {
        let reason = "this is a registry of its own: mirror into an empty folder".to_owned();
        return Err(Error::Folder { path: data.to_owned(), reason });
    }
    let is_new = identity.is_none();
    let mut chain: Vec<Signed> = if is_new { Vec::new() } else { database.read_now(index::roots)? };
    let known = chain.len();
    let mut root = match chain.last() {
        Some(newest) => newest.read::<Root>()?,
        None => {
            let signed: Signed = document(fetch, "/v1/root/1").await?;
            let root = Root::first(&signed, None)?;
            chain.push(signed);
            root
        }
    };
    loop {
        let path = format!("/v1/root/{}", root.version + 1);
        let Some(bytes) = get(fetch, &path, MAX_DOCUMENT).await? else { break };
        if chain.len() == MAX_ROOTS {
            return Err(Error::Fetch { path, reason: "there is no end of roots".to_owned() });
        }
        let signed: Signed = parse(&path, &bytes)?;
        root = root.next(&signed)?;
        chain.push(signed);
    }
    // Whether the folder is new or not: who names a key today believes no registry that has never had it.
    hold(&chain, pinned)?;
    database.write_now(|transaction| {
        if is_new {
            let row = (&root.registry, now(), source);
            transaction.execute("INSERT INTO registry VALUES (1, ?, ?, ?)", row)?;
        }
        for signed in &chain[known..] {
            index::put_signed_root(transaction, &signed.read()?, signed)?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(root)
}

/// Checks that one of the roots has a key that somebody has named, and is signed with it.
fn hold(chain: &[Signed], pinned: Option<&PublicKey>) -> Result<(), Error> {
    let Some(pinned) = pinned else { return Ok(()) };
    let mut first = None;
    for signed in chain {
        match Root::first(signed, Some(pinned)) {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(()), |error| Err(error.into()))
}

/// The head that was mirrored last.
fn seen(connection: &rusqlite::Connection) -> Result<Option<Seen>, Error> {
    let text: Option<String> = connection.query_row("SELECT document FROM head", [], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(None) };
    let signed: Signed = read(&text, "the head of the index")?;
    let head: Head = signed.read()?;
    Ok(Some(head.seen(&signed)))
}

/// Checks a record, and that it may follow the one that was mirrored before.
fn believe(database: &Database, id: &PluginId, record: &Record) -> Result<(), Error> {
    let refuse =
        |error: hal9_registry_index::Broken| Error::Mirror { plugin: id.to_string(), reason: error.to_string() };
    record.check(id).map_err(refuse)?;
    let earlier: Option<String> = database.read_now(|connection| {
        let sql = "SELECT record FROM plugin JOIN shown ON shown.plugin = plugin.id WHERE name = ? AND record <> '{}'";
        Ok::<_, Error>(connection.query_row(sql, [id.as_str()], |row| row.get(0)).optional()?)
    })?;
    match earlier {
        Some(text) => record.follows(&read(&text, "what the index says of a plugin")?, id).map_err(refuse),
        None => Ok(()),
    }
}

/// Brings a package and what is shown of it; whether it was not there before.
async fn package(
    fetch: &impl Fetch,
    database: &Arc<Database>,
    data: &Path,
    id: &PluginId,
    version: &VersionRecord,
) -> Result<bool, Error> {
    let is_known = database.read_now(|connection| {
        let sql = "SELECT EXISTS (SELECT 1 FROM version JOIN plugin ON plugin.id = version.plugin
                   WHERE name = ? AND version = ? AND package = ?)";
        let of = (id.as_str(), version.version.to_string(), version.package.to_string());
        Ok::<bool, Error>(connection.query_row(sql, of, |row| row.get(0))?)
    })?;
    let store = Store::of(data);
    let kept = match store.read(&version.package) {
        Ok(_) if is_known => return Ok(false),
        Ok(bytes) => Some(bytes),
        Err(Fault::Lost | Fault::Altered(_)) => None,
        Err(Fault::Unread(source)) => return Err(Error::file("read", &store.path(&version.package))(source)),
    };
    let is_new = kept.is_none();
    let bytes = match kept {
        Some(bytes) => bytes,
        None => some(fetch, &format!("/v1/blobs/{}", version.package), version.size).await?,
    };
    let (database, data) = (Arc::clone(database), data.to_owned());
    let (id, version, of) = (id.clone(), version.clone(), format!("{id} {}", version.version));
    let keeping = tokio::task::spawn_blocking(move || {
        let refuse = |reason: String| Error::Mirror { plugin: format!("{id} {}", version.version), reason };
        let offer = Offer { key: version.key.clone(), signature: version.signature.clone(), notes: String::new() };
        let examined = examine(bytes, offer).map_err(|refusal| refuse(refusal.problem.message))?;
        let metadata = &examined.package.manifest().metadata;
        let is_that = metadata.id == id
            && metadata.version == version.version
            && *examined.package.digest() == version.package
            && examined.package.bytes().len() as u64 == version.size;
        if !is_that {
            return Err(refuse("its package is another one than the index names".to_owned()));
        }
        let store = Store::of(&data);
        let files = store.write()?;
        files.put(&version.package, examined.package.bytes())?;
        if is_known {
            return Ok(());
        }
        database.write_now(|transaction| {
            insert(&Changes::new(transaction), "", None, &examined, version.published)
                .map(drop)
                .map_err(|refusal| refuse(refusal.problem.message))
        })
    });
    keeping.await.map_err(|error| Error::Broken(format!("{of}: {error}")))??;
    Ok(is_new)
}

/// Keeps what the index says of a plugin beside its packages.
fn keep(transaction: &Transaction<'_>, id: &PluginId, record: &Record) -> Result<(), Error> {
    let changes = Changes::new(transaction);
    let stored = |refusal: Refusal| Error::Stored { what: "a plugin", reason: refusal.problem.message };
    let made = record.versions.iter().map(|one| one.published).min().unwrap_or_default();
    transaction.execute(
        "INSERT OR IGNORE INTO plugin (name, shard, made) VALUES (?, ?, ?)",
        (id.as_str(), ShardId::of(id).to_string(), made),
    )?;
    let deprecated = record.deprecated.as_ref().map(write).transpose()?;
    let plugin: i64 = transaction.query_row(
        "UPDATE plugin SET deprecated = ? WHERE name = ? RETURNING id",
        (deprecated, id.as_str()),
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT INTO shown (plugin, record) VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
        (plugin, write(record)?),
    )?;
    transaction.execute("DELETE FROM author_key WHERE plugin = ?", [plugin])?;
    for (at, one) in record.keys.iter().enumerate() {
        let endorsement = one.endorsement.as_ref().map(write).transpose()?;
        let row = (plugin, at as u64, one.key.to_string(), endorsement);
        transaction.execute("INSERT INTO author_key VALUES (?, ?, ?, ?)", row)?;
    }
    transaction.execute("DELETE FROM notice WHERE plugin = ?", [plugin])?;
    for one in &record.notices {
        transaction.execute(
            "INSERT OR REPLACE INTO notice (id, plugin, severity, versions, summary, url, published)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            (one.id, plugin, write(&one.severity)?, one.versions.to_string(), &one.summary, &one.url, one.published),
        )?;
    }
    for one in &record.versions {
        transaction.execute(
            "UPDATE version SET yanked = ?, withdrawn = ? WHERE plugin = ? AND version = ?",
            (&one.yanked, one.withdrawn, plugin, one.version.to_string()),
        )?;
    }
    changes.refresh(plugin).map_err(stored)
}

async fn document<T: serde::de::DeserializeOwned>(fetch: &impl Fetch, path: &str) -> Result<T, Error> {
    parse(path, &some(fetch, path, MAX_DOCUMENT).await?)
}

fn parse<T: serde::de::DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Fetch { path: path.to_owned(), reason: error.to_string() })
}

async fn some(fetch: &impl Fetch, path: &str, most: u64) -> Result<Vec<u8>, Error> {
    let bytes = get(fetch, path, most).await?;
    bytes.ok_or_else(|| Error::Fetch { path: path.to_owned(), reason: "it is not there".to_owned() })
}

async fn get(fetch: &impl Fetch, path: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
    let failed = |reason: String| Error::Fetch { path: path.to_owned(), reason };
    let bytes = fetch.fetch(path, most).await.map_err(failed)?;
    match bytes {
        Some(bytes) if bytes.len() as u64 > most => Err(failed(format!("it has more than {most} bytes"))),
        bytes => Ok(bytes),
    }
}
