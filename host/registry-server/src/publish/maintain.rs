//! What owners say of what is published: that a version is yanked, a plugin deprecated, something dangerous. It does not know how clients take it.

use hal9_package::PluginId;
use hal9_registry_index::{
    Deprecation, Notice,
    api::{Report, Scope, check_text},
};
use rusqlite::OptionalExtension as _;
use semver::Version;

use crate::{
    AppState, Changes, Refusal,
    accounts::{Caller, check_line},
    catalogue::write,
    clock::now,
};

use super::room;

/// The longest texts in bytes.
pub(crate) const MAX_REASON: usize = 400;
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
            let version_row = (plugin, version.to_string());
            let sql = "SELECT withdrawn FROM version WHERE plugin = ? AND version = ?";
            let found = changes.transaction.query_row(sql, version_row, |row| row.get(0)).optional()?;
            let is_withdrawn: bool =
                found.ok_or_else(|| Refusal::not_found(format!("{id}: there is no version {version}")).plugin(&id))?;
            if is_withdrawn {
                let message = format!("{id} {version} is withdrawn: nobody gets it, whatever is said of it");
                return Err(Refusal::conflict("withdrawn", message).plugin(&id).help("publish another version"));
            }
            let at = reason.is_some().then(now);
            changes.transaction.execute(
                "UPDATE version SET yanked = ?, yanked_at = ? WHERE plugin = ? AND version = ?",
                (&reason, at, plugin, version.to_string()),
            )?;
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
        check_report(&report)?;
        let caller = caller.clone();
        let (notice, _) = self
            .write_index(move |changes| {
                let plugin = changes.owned(&id, &caller)?;
                Ok((changes.add_notice(plugin, report, false)?, plugin))
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
            let sql = "DELETE FROM notice WHERE id = ? AND plugin = ? RETURNING official";
            let gone = changes.transaction.query_row(sql, (number, plugin), |row| row.get(0)).optional()?;
            let is_official: bool =
                gone.ok_or_else(|| Refusal::not_found(format!("{id}: there is no notice {notice}")).plugin(&id))?;
            if is_official {
                let message = "whoever runs the registry has given that notice, and takes it back";
                return Err(Refusal::forbidden("official", message).plugin(&id).help("ask there"));
            }
            Ok(((), plugin))
        })
        .await
        .map(|_| ())
    }
}

impl Changes<'_> {
    /// Keeps a notice that was checked: an owner's where the plugin has not too many, an official one always.
    pub(crate) fn add_notice(&self, plugin: i64, report: Report, is_official: bool) -> Result<Notice, Refusal> {
        let transaction = self.transaction;
        let sql = "SELECT count(*) FROM notice WHERE plugin = ? AND NOT official";
        let count: u64 = transaction.query_row(sql, [plugin], |row| row.get(0))?;
        if count >= MAX_NOTICES && !is_official {
            return Err(Refusal::conflict("notices", format!("a plugin has at most {MAX_NOTICES} notices")));
        }
        let published = now();
        let id = transaction.query_row(
            "INSERT INTO notice (plugin, severity, versions, summary, url, published, official)
             VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                plugin,
                write(&report.severity)?,
                report.versions.to_string(),
                &report.summary,
                &report.url,
                published,
                is_official,
            ),
            |row| row.get(0),
        )?;
        let weight = write(&self.catalogue().notices(plugin)?)?.len();
        if weight > room::MAX_NOTICES && !is_official {
            let message = format!("the notices of a plugin have at most {} bytes: {weight}", room::MAX_NOTICES);
            return Err(Refusal::conflict("notices", message).help("take one back that is out of date"));
        }
        let Report { severity, versions, summary, url } = report;
        Ok(Notice { id, severity, versions, summary, url, published })
    }
}

/// Refuses a notice with texts that may not be.
pub(crate) fn check_report(report: &Report) -> Result<(), Refusal> {
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
    Ok(())
}
