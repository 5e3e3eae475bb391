//! An account as others see it. It does not know its tokens, or what it may do.

use hal9_registry_index::api::{AccountName, AuthorPage};
use rusqlite::OptionalExtension as _;

use super::Catalogue;
use crate::Refusal;

/// The most plugins that are shown of one author; a search shows the others.
const MAX_PLUGINS: u32 = 100;

impl Catalogue<'_> {
    /// An account with the plugins that it owns, the most used first; at most 100.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such account.
    pub fn author(&self, name: &AccountName) -> Result<AuthorPage, Refusal> {
        let mut statement = self.connection.prepare_cached("SELECT id, made FROM account WHERE name = ?")?;
        let found: Option<(i64, u64)> =
            statement.query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (account, made) =
            found.ok_or_else(|| Refusal::not_found(format!("there is no account {name} in this registry")))?;
        let mut statement = self.connection.prepare_cached(
            "SELECT plugin.id FROM owner JOIN plugin ON plugin.id = owner.plugin
             WHERE account = ? AND latest IS NOT NULL ORDER BY recent DESC, name LIMIT ?",
        )?;
        let rows = statement.query_map((account, MAX_PLUGINS), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        let mut plugins = Vec::new();
        for row in rows {
            plugins.extend(self.hit(row)?.map(|found| found.hit));
        }
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM review WHERE account = ?")?;
        let reviews = statement.query_row([account], |row| row.get(0))?;
        Ok(AuthorPage { name: name.to_string(), made, plugins, reviews })
    }
}
