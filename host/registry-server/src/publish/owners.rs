//! Who may publish a plugin, and which keys may sign it. It does not know what is published.

use hal9_package::PluginId;
use hal9_registry_index::{
    AuthorKey, Endorsement,
    api::{AccountName, Endorse, Scope},
};

use super::room;
use crate::{AppState, Refusal, accounts, accounts::Caller, catalogue::write, clock::now};

/// The most owners and keys of a plugin.
const MAX_OWNERS: u32 = 32;
const MAX_KEYS: usize = 16;

impl AppState {
    /// Lets another account publish a plugin as well.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such plugin or account, or the plugin is not the caller's.
    pub async fn add_owner(&self, caller: &Caller, id: PluginId, other: AccountName) -> Result<(), Refusal> {
        self.check_writable()?;
        caller.may(Scope::Own)?;
        let caller = caller.clone();
        self.write(move |changes| {
            let plugin = changes.owned(&id, &caller)?;
            let account = accounts::row_of(changes.transaction, &other)?;
            let sql = "SELECT count(*) FROM owner WHERE plugin = ?";
            let count: u32 = changes.transaction.query_row(sql, [plugin], |row| row.get(0))?;
            if count >= MAX_OWNERS {
                return Err(Refusal::conflict("owners", format!("a plugin has at most {MAX_OWNERS} owners")));
            }
            changes.transaction.execute("INSERT OR IGNORE INTO owner VALUES (?, ?, ?)", (plugin, account, now()))?;
            tracing::info!(plugin = %id, owner = %other, account = %caller.name, "an owner was added");
            Ok(())
        })
        .await
    }

    /// Takes that right away; somebody keeps it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the account is no owner, is the last one, or the plugin is not the caller's.
    pub async fn remove_owner(&self, caller: &Caller, id: PluginId, other: AccountName) -> Result<(), Refusal> {
        self.check_writable()?;
        caller.may(Scope::Own)?;
        let caller = caller.clone();
        self.write(move |changes| {
            let plugin = changes.owned(&id, &caller)?;
            let account = accounts::row_of(changes.transaction, &other)?;
            let gone =
                changes.transaction.execute("DELETE FROM owner WHERE plugin = ? AND account = ?", (plugin, account))?;
            if gone == 0 {
                return Err(Refusal::not_found(format!("{other} does not own {id}")).plugin(&id));
            }
            let sql = "SELECT count(*) FROM owner WHERE plugin = ?";
            let left: u32 = changes.transaction.query_row(sql, [plugin], |row| row.get(0))?;
            if left == 0 {
                return Err(Refusal::conflict("last-owner", format!("{other} is the only one who owns {id}"))
                    .plugin(&id)
                    .help("add another owner first, or deprecate the plugin"));
            }
            tracing::info!(plugin = %id, owner = %other, account = %caller.name, "an owner was removed");
            Ok(())
        })
        .await
    }

    /// Adds a key that may sign a plugin's packages, endorsed by one that may. The same again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an endorsement that none of the plugin's keys has signed, or of something else; where the plugin is not the caller's.
    pub async fn endorse(&self, caller: &Caller, id: PluginId, endorse: Endorse) -> Result<Vec<AuthorKey>, Refusal> {
        caller.may(Scope::Own)?;
        let weight = write(&endorse.endorsement)?.len();
        if weight > room::MAX_ENDORSEMENT {
            let message = format!("the endorsement has {weight} bytes, and may have {}", room::MAX_ENDORSEMENT);
            return Err(Refusal::usage(message).plugin(&id).help("sign it once, with a short comment"));
        }
        let caller = caller.clone();
        let (keys, _) = self
            .write_index(move |changes| {
                let plugin = changes.owned(&id, &caller)?;
                let mut keys = changes.catalogue().keys(plugin)?;
                let known: Vec<_> = keys.iter().map(|one| one.key.clone()).collect();
                let (endorsement, _): (Endorsement, _) = endorse.endorsement.verify(&known)?;
                if endorsement.plugin != id || endorsement.key != endorse.key {
                    let message = "the endorsement is of another plugin or key";
                    return Err(Refusal::signature("foreign-endorsement", message).plugin(&id));
                }
                if known.contains(&endorse.key) {
                    return Ok((keys, plugin));
                }
                if keys.len() >= MAX_KEYS {
                    return Err(Refusal::conflict("keys", format!("a plugin has at most {MAX_KEYS} keys")).plugin(&id));
                }
                let row = (plugin, keys.len() as u64, endorse.key.to_string(), write(&endorse.endorsement)?);
                changes.transaction.execute("INSERT INTO author_key VALUES (?, ?, ?, ?)", row)?;
                keys.push(AuthorKey { key: endorse.key, endorsement: Some(endorse.endorsement) });
                tracing::info!(plugin = %id, account = %caller.name, "a key was added");
                Ok((keys, plugin))
            })
            .await?;
        Ok(keys)
    }
}
