//! Installing: packages into the store, and versions of plugins in and out of the database. It does not know what makes
//! somebody trust a package, or which versions fit each other.

use hal9_package::{Digest, PluginId};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params, params};
use semver::Version;

use crate::{
    Error, Install, Installed, Registry,
    lost::settle,
    registry::unknown,
    rows::{StoredVersion, index, json, now, versions},
    schema::{Database, Stop},
    store::Writer,
};

impl Registry {
    /// Installs packages, all or none; each becomes its plugin's current version. An older version stays beside it. A
    /// plugin that was not known is active from now on; one that was known is as active as it was.
    ///
    /// The files are on the disk before the one transaction that makes them known, and that is on the disk when this
    /// returns: a process that is killed has installed all or nothing, and what it leaves are files that nobody refers to,
    /// which [`mend`](Self::mend) removes. What is current already, the same bytes with the same grants, is no error. A
    /// signature that comes with the same bytes takes the place of the one before; bytes without one take none away.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] where another version is current than `expected`, [`Error::Different`] for a version that is
    /// there with other content, [`Error::Foreign`], [`Error::Package`], [`Error::Store`], [`Error::Locked`], and those of
    /// the database. None of them changes what is installed.
    pub fn install(&mut self, installs: &[Install<'_>]) -> Result<(), Error> {
        for one in installs {
            let plugin = || one.package.manifest().metadata.id.clone();
            let own =
                one.package.component().map_err(|source| Error::Package { plugin: plugin(), source: source.into() })?;
            // What was signed is the package: other bytes beside it would run unsigned.
            if own != one.component {
                return Err(Error::Foreign { plugin: plugin() });
            }
        }
        let components: Vec<_> = installs.iter().map(|one| Digest::of(one.component)).collect();
        let writer = self.store.write()?;
        writer.clear()?;
        settle(&mut self.database, &self.store)?;
        let result = store(&writer, installs, &components).and_then(|()| {
            self.database.write(|transaction| {
                installs.iter().zip(&components).try_for_each(|(one, component)| record(transaction, one, component))
            })
        });
        if result.as_ref().is_err_and(Error::is_certain) {
            let packages = installs.iter().map(|one| *one.package.digest());
            release(&self.database, &writer, packages.chain(components));
        }
        result
    }

    /// Takes one version of a plugin out, or all of them. Where the current one goes, the newest that is left becomes
    /// current; where none is left, the plugin is forgotten with its usage, unless it is linked.
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`], [`Error::NotInstalled`], [`Error::Unknown`], [`Error::Locked`], [`Error::Store`] and those of the
    /// database. None of them changes what is installed.
    pub fn uninstall(&mut self, id: &PluginId, version: Option<&Version>) -> Result<Vec<Installed>, Error> {
        let writer = self.store.write()?;
        let gone = self.database.write(|transaction| {
            let all = versions(transaction, id.as_str())?;
            if all.is_empty() {
                let is_known = "SELECT EXISTS (SELECT 1 FROM plugin WHERE id = ?)";
                let is_linked: bool = transaction.query_row(is_known, [id.as_str()], |row| row.get(0))?;
                let plugin = id.clone();
                return Err(if is_linked { Error::NotInstalled { plugin } } else { unknown(id) }.into());
            }
            let is_going = |one: &StoredVersion| version.is_none_or(|version| one.version == version.to_string());
            let (gone, left): (Vec<_>, Vec<_>) = all.into_iter().partition(is_going);
            match version {
                Some(version) if gone.is_empty() => return Err(no_version(id, version, &left).into()),
                _ => {}
            }
            let current = current(transaction, id)?;
            for one in &gone {
                let key = params![id.as_str(), one.version];
                transaction.execute("DELETE FROM version WHERE plugin = ? AND version = ?", key)?;
            }
            if current.is_none_or(|current| gone.iter().any(|one| one.version == current)) {
                match newest_first(&left).first() {
                    Some(newest) => transaction.execute(
                        "UPDATE current SET version = ? WHERE plugin = ?",
                        params![newest.to_string(), id.as_str()],
                    )?,
                    None => transaction.execute("DELETE FROM current WHERE plugin = ?", [id.as_str()])?,
                };
            }
            index(transaction, id.as_str())?;
            Ok(gone)
        })?;
        let files = gone.iter().flat_map(|one| [&one.package, &one.component]).filter_map(|digest| digest.parse().ok());
        release(&self.database, &writer, files);
        // One that cannot be read is gone like the others; there is nothing to say of it.
        Ok(gone.into_iter().filter_map(|one| Some(one.parse().ok()?.1)).collect())
    }

    /// Makes another installed version of a plugin its current one. Grants and usage stay.
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`], and those of the database.
    pub fn switch(&mut self, id: &PluginId, version: &Version) -> Result<(), Error> {
        self.database.write(|transaction| {
            let all = versions(transaction, id.as_str())?;
            if !all.iter().any(|one| one.version == version.to_string()) {
                return Err(no_version(id, version, &all).into());
            }
            transaction.execute(
                "UPDATE current SET version = ? WHERE plugin = ?",
                params![version.to_string(), id.as_str()],
            )?;
            index(transaction, id.as_str())
        })
    }
}

/// Stores the files of packages.
fn store(writer: &Writer<'_>, installs: &[Install<'_>], components: &[Digest]) -> Result<(), Error> {
    for (one, component) in installs.iter().zip(components) {
        writer.put(one.package.digest(), one.package.bytes())?;
        writer.put(component, one.component)?;
    }
    Ok(())
}

/// Records one package whose files are stored.
fn record(transaction: &Transaction<'_>, install: &Install<'_>, component: &Digest) -> Result<(), Stop> {
    let manifest = install.package.manifest();
    let (id, version) = (&manifest.metadata.id, &manifest.metadata.version);
    let package = install.package.digest();
    let granted = json(&install.granted)?;
    let key = params![id.as_str(), version.to_string()];
    let there: Option<String> = transaction
        .query_row("SELECT package FROM version WHERE plugin = ? AND version = ?", key, |row| row.get(0))
        .optional()?;
    if let Some(installed) = there
        && installed != package.to_string()
    {
        let (plugin, version) = (id.clone(), version.clone());
        return Err(Error::Different { plugin, version, installed, offered: *package }.into());
    }
    let found = current(transaction, id)?;
    if found != install.expected.as_ref().map(ToString::to_string) {
        let is_same = found.as_ref() == Some(&version.to_string())
            && granted == granted_to(transaction, id)?
            && is_signed_so(transaction, install)?;
        if is_same {
            return Ok(());
        }
        let (expected, found) = (install.expected.clone(), found.and_then(|found| found.parse().ok()));
        return Err(Error::Changed { plugin: id.clone(), expected, found }.into());
    }
    transaction.execute(
        "INSERT OR IGNORE INTO plugin (id, name, active) VALUES (?, ?, TRUE)",
        params![id.as_str(), manifest.metadata.name],
    )?;
    transaction.execute(
        "INSERT INTO version VALUES (:plugin, :version, :manifest, :package, :component, :size, :key, :signature, :origin,
             :installed_at)
         ON CONFLICT DO UPDATE SET
             -- The same package: what differs is damaged.
             manifest = excluded.manifest, component = excluded.component, size = excluded.size,
             key = coalesce(excluded.key, key), signature = coalesce(excluded.signature, signature)",
        named_params! {
            ":plugin": id.as_str(),
            ":version": version.to_string(),
            ":manifest": json(manifest)?,
            ":package": package.to_string(),
            ":component": component.to_string(),
            ":size": i64::try_from(install.package.bytes().len()).unwrap_or(i64::MAX),
            ":key": install.signed.as_ref().map(|(key, _)| key.to_string()),
            ":signature": install.signed.as_ref().map(|(_, signature)| signature),
            ":origin": install.origin,
            ":installed_at": now(),
        },
    )?;
    transaction.execute(
        "INSERT INTO current VALUES (?, ?, ?)
         ON CONFLICT (plugin) DO UPDATE SET version = excluded.version, granted = excluded.granted",
        params![id.as_str(), version.to_string(), granted],
    )?;
    index(transaction, id.as_str())
}

/// Whether a version that is there has the signature that comes with it now, if one does.
fn is_signed_so(transaction: &Transaction<'_>, install: &Install<'_>) -> rusqlite::Result<bool> {
    let Some((key, _)) = &install.signed else { return Ok(true) };
    let metadata = &install.package.manifest().metadata;
    let now: Option<String> = transaction.query_row(
        "SELECT key FROM version WHERE plugin = ? AND version = ?",
        params![metadata.id.as_str(), metadata.version.to_string()],
        |row| row.get(0),
    )?;
    Ok(now == Some(key.to_string()))
}

fn current(transaction: &Transaction<'_>, id: &PluginId) -> rusqlite::Result<Option<String>> {
    transaction.query_row("SELECT version FROM current WHERE plugin = ?", [id.as_str()], |row| row.get(0)).optional()
}

fn granted_to(transaction: &Transaction<'_>, id: &PluginId) -> rusqlite::Result<String> {
    transaction.query_row("SELECT granted FROM current WHERE plugin = ?", [id.as_str()], |row| row.get(0))
}

/// Removes those of some files that no version refers to. What cannot be removed is left over, and no more: `mend` finds it.
fn release(database: &Database, writer: &Writer<'_>, files: impl IntoIterator<Item = Digest>) {
    for digest in files {
        if database.read(|connection| is_needed(connection, &digest)).is_ok_and(|is_needed| !is_needed) {
            let _ = writer.remove(&writer.path(&digest));
        }
    }
}

/// Whether a version refers to a file.
fn is_needed(connection: &Connection, digest: &Digest) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM version WHERE package = ?1 OR component = ?1)",
        [digest.to_string()],
        |row| row.get(0),
    )
}

fn newest_first(stored: &[StoredVersion]) -> Vec<Version> {
    let mut versions: Vec<Version> = stored.iter().filter_map(|one| one.version.parse().ok()).collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions
}

fn no_version(id: &PluginId, version: &Version, installed: &[StoredVersion]) -> Error {
    Error::NoVersion { plugin: id.clone(), version: version.clone(), installed: newest_first(installed) }
}
