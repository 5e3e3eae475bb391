//! Reviews: whether somebody may write one, and which one counts. It does not know how they are shown.

use hal9_package::PluginId;
use hal9_registry_index::{
    Head, Review, Signed,
    api::{Scope, SignedReview},
};
use rusqlite::OptionalExtension as _;

use crate::{
    AppState, Refusal,
    accounts::{Caller, reviewer_keys},
    catalogue::write,
    clock::now,
};

impl AppState {
    /// Publishes a review that one of the account's keys has signed, in the place of an earlier one of the account about the same version.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for one that none of the account's keys has signed (`foreign-key`); that is about another package, by another account, from the
    /// future or older than the one that is there; or about a plugin of one's own (`own-plugin`).
    pub async fn review(&self, caller: &Caller, id: PluginId, signed: Signed) -> Result<SignedReview, Refusal> {
        self.check_writable()?;
        caller.may(Scope::Review)?;
        let claimed: Review = signed.read()?;
        if claimed.plugin != id || claimed.author != caller.name.as_str() {
            let message = format!("the review is one of {} by {}", claimed.plugin, claimed.author);
            return Err(Refusal::signature("foreign-review", message)
                .plugin(&id)
                .help(format!("sign one of {id} by {}", caller.name)));
        }
        if claimed.written > now() + Head::SKEW {
            return Err(Refusal::usage("the review is from the future").reason("future").help("set the clock"));
        }
        let (caller, registry) = (caller.clone(), self.identity().to_owned());
        self.write(move |changes| {
            let transaction = changes.transaction;
            let keys = reviewer_keys(transaction, caller.account)?;
            let key = signed.signer::<Review>(&keys)?;
            let review = Review::verify(&signed, &key, &registry)?;
            let plugin = changes.catalogue().row_of(&id)?;
            if changes.owns(plugin, caller.account)? {
                let message = format!("{id} is yours: others review it");
                return Err(Refusal::forbidden("own-plugin", message).plugin(&id));
            }
            let sql = "SELECT id, package FROM version WHERE plugin = ? AND version = ?";
            let version = (plugin, review.version.to_string());
            let found: Option<(i64, String)> =
                transaction.query_row(sql, version, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let (version, package) = found.ok_or_else(|| {
                Refusal::not_found(format!("{id}: there is no version {}", review.version)).plugin(&id)
            })?;
            if package != review.package.to_string() {
                let message =
                    format!("the review is of the package {}, and {} is {package}", review.package, review.version);
                return Err(Refusal::signature("other-package", message).plugin(&id));
            }
            let known: Option<u64> = transaction
                .query_row(
                    "SELECT written FROM review WHERE version = ? AND account = ?",
                    (version, caller.account),
                    |row| row.get(0),
                )
                .optional()?;
            if known.is_some_and(|known| known >= review.written) {
                let message = "there is a review of yours that is as new as this one";
                return Err(Refusal::conflict("older", message).plugin(&id).help("write and sign it anew"));
            }
            transaction.execute(
                "INSERT OR REPLACE INTO review VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
                (plugin, version, caller.account, review.stars, review.written, key.to_string(), write(&signed)?),
            )?;
            changes.rate(plugin)?;
            Ok(SignedReview { review, key, signed })
        })
        .await
    }

    /// Takes the caller's reviews of a plugin back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is none.
    pub async fn remove_review(&self, caller: &Caller, id: PluginId) -> Result<(), Refusal> {
        self.check_writable()?;
        caller.may(Scope::Review)?;
        let account = caller.account;
        self.write(move |changes| {
            let plugin = changes.catalogue().row_of(&id)?;
            let gone = changes
                .transaction
                .execute("DELETE FROM review WHERE plugin = ? AND account = ?", (plugin, account))?;
            if gone == 0 {
                return Err(Refusal::not_found(format!("you have not reviewed {id}")).plugin(&id));
            }
            changes.rate(plugin)
        })
        .await
    }
}
