//! What who runs a registry does about accounts, while it may be served: another password, shutting one and opening it again. It does not know whose account
//! it is.

use std::path::Path;

use hal9_registry_index::api::AccountName;
use rusqlite::{OptionalExtension as _, Transaction};

use super::moderate::open;
use crate::{
    Error, Refusal,
    accounts::{check_password, hash_now},
};

/// Gives an account another password, and ends all of its tokens and sessions. Gives how many there were.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such account, and for a password of fewer than 12 or more than 256 bytes; [`Error::Folder`] for a folder
/// without a registry or with a mirror; those of files and of the database.
pub fn set_password(data: &Path, account: &AccountName, password: &str) -> Result<u64, Error> {
    check_password(password)?;
    let database = open(data)?;
    let hash = hash_now(password)?;
    database.write_now(|transaction| {
        change(transaction, account, "UPDATE account SET password = ?2 WHERE name = ?1 RETURNING id", &hash)
    })
}

/// Shuts an account: nobody signs in to it, and its tokens and sessions end. What it has published stays, and so does its name. Gives how many tokens there
/// were.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such account; [`Error::Folder`] for a folder without a registry or with a mirror; those of files and of
/// the database.
pub fn disable(data: &Path, account: &AccountName) -> Result<u64, Error> {
    open(data)?.write_now(|transaction| {
        change(transaction, account, "UPDATE account SET disabled = ?2 WHERE name = ?1 RETURNING id", &1)
    })
}

/// Opens an account that was shut. Its owner signs in anew.
///
/// # Errors
///
/// Those of [`disable`].
pub fn enable(data: &Path, account: &AccountName) -> Result<(), Error> {
    let sql = "UPDATE account SET disabled = ?2 WHERE name = ?1 RETURNING id";
    open(data)?.write_now(|transaction| change(transaction, account, sql, &0).map(drop))
}

/// Changes something of an account, and ends its tokens; gives how many.
fn change(
    transaction: &Transaction<'_>,
    account: &AccountName,
    sql: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<u64, Error> {
    let row: Option<i64> =
        transaction.query_row(sql, rusqlite::params![account.as_str(), value], |row| row.get(0)).optional()?;
    let row = row.ok_or_else(|| Refusal::not_found(format!("there is no account {account} in this registry")))?;
    Ok(transaction.execute("DELETE FROM token WHERE account = ?", [row])? as u64)
}
