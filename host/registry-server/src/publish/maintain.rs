//! What owners say of what is published: that a version is yanked, a plugin deprecated, something dangerous. It does not know how clients take it.

use hal9_package::PluginId;
use hal9_registry_index::{
    Deprecation, Notice,
    api::{Report, Scope, check_text},
};
use semver::Version;

use crate::{
    AppState, Refusal,
    accounts::{Caller, check_line},
    catalogue::write,
    clock::now,
};

use super::room;

/// The longest texts in bytes.
const MAX_REASON: usize = 400;
const MAX_TEXT: usize = 1_000;
const MAX_URL: usize = 2_048;
const MAX_VERSIONS: usize = 256;

/// The most notices of a plugin.
const MAX_NOTICES: u64 = 100;

impl AppState {
    /// Says that nobody should begin to use a version, or takes that back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such version, or it is not the caller's.
    pub async fn yank(
        &self,
        caller: &Caller,
        id: PluginId,
        version: Version,
        reason: Option<String>,
    ) -> Result<(), Refusal> {
        caller.may(Scope::Maintain)?;
        // Nothing need be said.
        if let Some(reason) = reason.as_ref().filter(|reason| !reason.is_empty()) {
            check_line("the reason", reason, MAX_REASON)?;
        }
        let caller = caller.clone();
        self.write_index(move |changes| {
            let plugin = changes.owned(&id, &caller)?;
            let at = reason.is_some().then(now);
            let changed = changes.transaction.execute(
                "UPDATE version SET yanked = ?, yanked_at = ? WHERE plugin = ? AND version = ?",
                (&reason, at, plugin, version.to_string()),
            )?;
            if changed == 0 {
                return Err(Refusal::not_found(format!("{id}: there is no version {version}")).plugin(&id));
            }
            changes.refresh(plugin)?;
            tracing::info!(plugin = %id, %version, yanked = reason.is_some(), account = %caller.name, "yanked or not");
            Ok(((), plugin))
        })
        .await
        .map(|_| ())
    }

    /// Says that a plugin should not be used any more, or takes that back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such plugin, or it is not the caller's.
    pub async fn deprecate(
        &self,
        caller: &Caller,
        id: PluginId,
        deprecation: Option<Deprecation>,
    ) -> Result<(), Refusal> {
        caller.may(Scope::Maintain)?;
        if let Some(deprecation) = &deprecation {
            check_text("the message", &deprecation.message, MAX_TEXT)?;
            if deprecation.message.trim().is_empty() {
                return Err(Refusal::usage("say why it should not be used any more"));
            }
        }
        let caller = caller.clone();
        self.write_index(move |changes| {
            let plugin = changes.owned(&id, &caller)?;
            let text = deprecation.as_ref().map(write).transpose()?;
            changes.transaction.execute("UPDATE plugin SET deprecated = ? WHERE id = ?", (text, plugin))?;
            changes.refresh(plugin)?;
            Ok(((), plugin))
        })
        .await
        .map(|_| ())
    }

    /// Reports something dangerous in a plugin of the caller's.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for texts that may not be, and where the plugin is not the caller's.
    pub async fn report(&self, caller: &Caller, id: PluginId, report: Report) -> Result<Notice, Refusal> {
        caller.may(Scope::Maintain)?;
        check_text("the summary", &report.summary, MAX_TEXT)?;
        if report.summary.trim().is_empty() {
            return Err(Refusal::usage("say what it is, and what to do"));
        }
        check_line("the versions", &report.versions.to_string(), MAX_VERSIONS)?;
        if let Some(url) = &report.url {
            check_line("the address", url, MAX_URL)?;
            let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
            if !is_web || url.contains(char::is_whitespace) {
                return Err(Refusal::usage("the address begins with https:// or http://"));
            }
        }
        let caller = caller.clone();
        let (notice, _) = self
            .write_index(move |changes| {
                let plugin = changes.owned(&id, &caller)?;
                let transaction = changes.transaction;
                let count: u64 =
                    transaction
                        .query_row("SELECT count(*) FROM notice WHERE plugin = ?", [plugin], |row| row.get(0))?;
                if count >= MAX_NOTICES {
                    return Err(Refusal::conflict("notices", format!("a plugin has at most {MAX_NOTICES} notices")));
                }
                let published = now();
                let number = transaction.query_row(
                    "INSERT INTO notice (plugin, severity, versions, summary, url, published) VALUES (?, ?, ?, ?, ?, ?)
                     RETURNING id",
                    (
                        plugin,
                        write(&report.severity)?,
                        report.versions.to_string(),
                        &report.summary,
                        &report.url,
                        published,
                    ),
                    |row| row.get(0),
                )?;
                let weight = write(&changes.catalogue().notices(plugin)?)?.len();
                if weight > room::MAX_NOTICES {
                    let message = format!("the notices of a plugin have at most {} bytes: {weight}", room::MAX_NOTICES);
                    return Err(Refusal::conflict("notices", message).help("take one back that is out of date"));
                }
                let Report { severity, versions, summary, url } = report;
                Ok((Notice { id: number, severity, versions, summary, url, published }, plugin))
            })
            .await?;
        Ok(notice)
    }

    /// Takes a notice back.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such notice, or the plugin is not the caller's.
    pub async fn take_back(&self, caller: &Caller, id: PluginId, notice: u64) -> Result<(), Refusal> {
        caller.may(Scope::Maintain)?;
        let caller = caller.clone();
        // The database counts to 2^63.
        let number = i64::try_from(notice).unwrap_or(-1);
        self.write_index(move |changes| {
            let plugin = changes.owned(&id, &caller)?;
            let gone =
                changes.transaction.execute("DELETE FROM notice WHERE id = ? AND plugin = ?", (number, plugin))?;
            if gone == 0 {
                return Err(Refusal::not_found(format!("{id}: there is no notice {notice}")).plugin(&id));
            }
            Ok(((), plugin))
        })
        .await
        .map(|_| ())
    }
}
