//! A plugin as a search shows it: what of that is kept with the plugin, and how it is read. It does not know how it was found.

use hal9_package::{Permissions, PluginId};
use hal9_registry_index::{
    Seconds,
    api::{Hit, RatingSummary},
};
use rusqlite::OptionalExtension as _;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Catalogue, parse, read};
use crate::Refusal;

/// What is kept of the version that stands for a plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) description: String,
    pub(crate) author: String,
    pub(crate) license: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) permissions: Permissions,
    pub(crate) repository: Option<String>,
    pub(crate) published: Seconds,
}

/// A plugin with what only its own page shows.
pub(super) struct Found {
    pub(super) hit: Hit,
    pub(super) repository: Option<String>,
    pub(super) made: Seconds,
    pub(super) total: u64,
    pub(super) deprecated: Option<String>,
}

impl Catalogue<'_> {
    /// The plugin of a row.
    pub(super) fn hit(&self, row: i64) -> Result<Option<Found>, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, hit, deprecated, recent, stars, ratings, made, total FROM plugin
             JOIN shown ON shown.plugin = plugin.id WHERE plugin.id = ? AND latest IS NOT NULL",
        )?;
        let found = statement
            .query_row([row], |row| {
                let rating = rating(row.get(4)?, row.get(5)?);
                let (id, shown): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((id, shown, row.get::<_, Option<String>>(2)?, row.get(3)?, rating, row.get(6)?, row.get(7)?))
            })
            .optional()?;
        let Some((id, shown, deprecated, downloads, rating, made, total)) = found else { return Ok(None) };
        let shown: Shown = read(&shown, "a plugin")?;
        let hit = Hit {
            id: parse::<PluginId>(&id, "the id of a plugin")?,
            name: shown.name,
            version: shown.version,
            description: shown.description,
            author: shown.author,
            license: shown.license,
            owners: self.owners(row)?.into_iter().map(|owner| owner.account).collect(),
            kinds: shown.kinds,
            tags: shown.tags,
            permissions: shown.permissions,
            rating,
            downloads,
            published: shown.published,
            deprecated: deprecated.is_some(),
        };
        Ok(Some(Found { hit, repository: shown.repository, made, total, deprecated }))
    }
}

/// The mean of so many stars.
pub(crate) fn rating(stars: u64, count: u64) -> RatingSummary {
    #[expect(clippy::cast_precision_loss, reason = "there are fewer reviews than a float counts")]
    let mean = if count == 0 { 0.0 } else { stars as f64 / count as f64 };
    RatingSummary { mean, count }
}
