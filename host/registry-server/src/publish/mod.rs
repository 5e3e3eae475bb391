//! What authors and reviewers change: packages that come in and are published, what is said of them, who may. It does not know HTTP.

mod accept;
mod component;
mod examine;
mod maintain;
mod owners;
mod reviews;
mod room;
mod uploads;

use hal9_package::{PluginId, PublicKey};

use crate::{Changes, Refusal, accounts::Caller};

pub(crate) use accept::{Examined, insert};
pub(crate) use examine::examine;
pub(crate) use maintain::{MAX_REASON, check_report};

/// The most bytes of a part of an upload.
pub(crate) const MAX_PART: u64 = 2 << 20;

/// What comes with a package that is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The key that has signed the package.
    pub key: PublicKey,
    /// The text of the signature.
    pub signature: String,
    /// What is new, in Markdown.
    pub notes: String,
}

impl Changes<'_> {
    /// The row of a plugin that the caller owns.
    fn owned(&self, id: &PluginId, caller: &Caller) -> Result<i64, Refusal> {
        let plugin = self.catalogue().row_of(id)?;
        if self.owns(plugin, caller.account)? {
            return Ok(plugin);
        }
        Err(Refusal::forbidden("not-owner", format!("{id} is not yours: {} owns it", self.owners(plugin)?)).plugin(id))
    }

    fn owns(&self, plugin: i64, account: i64) -> Result<bool, Refusal> {
        let sql = "SELECT EXISTS (SELECT 1 FROM owner WHERE plugin = ? AND account = ?)";
        Ok(self.transaction.prepare_cached(sql)?.query_row((plugin, account), |row| row.get(0))?)
    }

    fn owners(&self, plugin: i64) -> Result<String, Refusal> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT name FROM owner JOIN account ON account.id = owner.account WHERE plugin = ? ORDER BY since",
        )?;
        let names = statement.query_map([plugin], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        Ok(if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") })
    }
}
