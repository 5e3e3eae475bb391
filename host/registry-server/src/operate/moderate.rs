//! What who runs a registry does against what is dangerous in it: packages taken out and warnings given, each while it may be served. It does not know who
//! told of it, and asks no owner.

use std::path::Path;

use hal9_package::{Digest, PluginId};
use hal9_registry::storage::Store;
use hal9_registry_index::{Notice, api::Report};
use rusqlite::{OptionalExtension as _, Transaction};
use semver::Version;

use super::prune::is_wanted;
use crate::{
    Changes, Config, Error, Refusal,
    accounts::check_line,
    catalogue::parse,
    clock::now,
    database::Database,
    index,
    publish::{MAX_REASON, check_report},
};

/// Takes a version's package out of a registry: the version stays taken and in the index, withdrawn and yanked with the reason, and nobody gets it any
/// more. No owner can take that back; the same again changes the reason. Gives the version of the index that says so.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such version, and for a reason that is not one line of 1 to 400 bytes; [`Error::Folder`] for a folder
/// without a registry or with a mirror; those of files and of the database. Where the package's file cannot be removed it is out of the index all the
/// same, and the next [`prune`](super::prune()) tries again.
pub fn withdraw(data: &Path, id: &PluginId, version: &Version, reason: &str) -> Result<u64, Error> {
    check_line("the reason", reason, MAX_REASON)?;
    let database = open(data)?;
    let store = Store::of(data);
    // Held to the end, so that nobody publishes the same package meanwhile.
    let files = store.write()?;
    let (index, package) = database.write_now(|transaction| {
        let plugin = Changes::new(transaction).catalogue().row_of(id)?;
        let package: Option<String> = transaction
            .query_row(
                "UPDATE version SET withdrawn = 1, yanked = ?, yanked_at = coalesce(yanked_at, ?)
                 WHERE plugin = ? AND version = ? RETURNING package",
                (reason, now(), plugin, version.to_string()),
                |row| row.get(0),
            )
            .optional()?;
        let package =
            package.ok_or_else(|| Refusal::not_found(format!("{id}: there is no version {version}")).plugin(id))?;
        let package: Digest = parse(&package, "a digest")?;
        Ok::<_, Error>((publish(transaction, data, plugin)?, package))
    })?;
    tracing::info!(plugin = %id, %version, "withdrawn by who runs the registry");
    if !database.read_now(|connection| is_wanted(connection, &package))? {
        files.remove(&store.path(&package))?;
    }
    Ok(index)
}

/// Warns of something dangerous in a plugin, in the name of who runs the registry: however many notices its owners have given, and so that they cannot take
/// it back.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such plugin, and for texts that may not be; [`Error::Folder`] for a folder without a registry or with a
/// mirror; those of files and of the database.
pub fn warn(data: &Path, id: &PluginId, report: Report) -> Result<Notice, Error> {
    check_report(&report)?;
    open(data)?.write_now(|transaction| {
        let changes = Changes::new(transaction);
        let plugin = changes.catalogue().row_of(id)?;
        let notice = changes.add_notice(plugin, report, true)?;
        publish(transaction, data, plugin)?;
        Ok(notice)
    })
}

/// Takes a notice of a plugin back, whoever gave it.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such notice; [`Error::Folder`] for a folder without a registry or with a mirror; those of files and of the
/// database.
pub fn unwarn(data: &Path, id: &PluginId, notice: u64) -> Result<(), Error> {
    // The database counts to 2^63.
    let number = i64::try_from(notice).unwrap_or(-1);
    open(data)?.write_now(|transaction| {
        let plugin = Changes::new(transaction).catalogue().row_of(id)?;
        if transaction.execute("DELETE FROM notice WHERE id = ? AND plugin = ?", (number, plugin))? == 0 {
            return Err(Refusal::not_found(format!("{id}: there is no notice {notice}")).plugin(id).into());
        }
        publish(transaction, data, plugin).map(drop)
    })
}

/// The database of a folder that has a registry of its own.
pub(super) fn open(data: &Path) -> Result<Database, Error> {
    let refuse = |reason: &str| Error::Folder { path: data.to_owned(), reason: reason.to_owned() };
    if !Database::path(data).exists() {
        return Err(refuse("there is no registry in this folder"));
    }
    let database = Database::open(data)?;
    match database.read_now(index::identity)? {
        Some(identity) if identity.mirrors.is_none() => Ok(database),
        Some(_) => Err(refuse("this is a mirror: do it where the registry is that it mirrors")),
        None => Err(refuse("there is no registry in this folder")),
    }
}

fn publish(transaction: &Transaction<'_>, data: &Path, plugin: i64) -> Result<u64, Error> {
    Changes::new(transaction).refresh(plugin)?;
    index::publish(transaction, data, Config::new(data).index_lifetime, &[plugin])
}
