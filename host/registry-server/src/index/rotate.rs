//! Changing the registry's keys. It does not know why: a key that was seen by others, or one that is old.

use std::{path::Path, time::Duration};

use hal9_registry_index::Root;

use super::{keys, newest_root, put_root, sign_head_with};
use crate::{Config, Error, clock::now, database::Database};

/// Makes a new index key, and with `root` a new root key as well; signs the next root with the root key that there is, and the index with its
/// new key. The server may go on meanwhile. Gives the version of the new root.
///
/// # Errors
///
/// [`Error::KeyLost`] without the root key, which may have been taken away to a safe place: bring it back for this; those of files and of the database.
pub fn rotate_keys(data: &Path, root: bool) -> Result<u64, Error> {
    let database = Database::open(data)?;
    let is_mirror = database.read_now(super::identity)?.is_some_and(|identity| identity.mirrors.is_some());
    if is_mirror {
        let reason = "this is a mirror, which has no keys: rotate those of the registry that it mirrors".to_owned();
        return Err(Error::Folder { path: data.to_owned(), reason });
    }
    let lifetime: Duration = Config::new(data).index_lifetime;
    let version = database.write_now(|transaction| {
        let before = newest_root(transaction)?;
        let root_key = keys::load(data, "root", &before.root_keys)?;
        // A key that a change which broke off has left is in place first, so that it is not taken for the next one.
        for (role, allowed) in [("root", &before.root_keys), ("index", &before.index_keys)] {
            settle_if_used(data, role, allowed)?;
        }
        let index_key = keys::make_next(data, "index")?;
        let new_root = if root { Some(keys::make_next(data, "root")?) } else { None };
        let next = Root {
            registry: before.registry.clone(),
            version: before.version + 1,
            issued: now(),
            root_keys: vec![new_root.as_ref().unwrap_or(&root_key).public().clone()],
            index_keys: vec![index_key.public().clone()],
        };
        match &new_root {
            Some(new_root) => put_root(transaction, &next, &[&root_key, new_root])?,
            None => put_root(transaction, &next, &[&root_key])?,
        }
        sign_head_with(transaction, &next, &index_key, lifetime)?;
        Ok::<_, Error>(next.version)
    })?;
    // Whatever breaks off here: `load` finds the next key beside the old one.
    keys::settle(data, "index")?;
    if root {
        keys::settle(data, "root")?;
    }
    Ok(version)
}

fn settle_if_used(data: &Path, role: &'static str, allowed: &[hal9_package::PublicKey]) -> Result<(), Error> {
    if keys::next_is_one_of(data, role, allowed)? { keys::settle(data, role) } else { Ok(()) }
}
