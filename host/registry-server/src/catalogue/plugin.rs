//! One plugin with its versions, owners, keys, notices and those that need it. It does not know what is in a version's package.

use hal9_package::{Permission, Permissions, PluginId};
use hal9_registry_index::{
    AuthorKey, Deprecation, Notice, Severity,
    api::{Change, Dependent, OwnerSummary, PermissionSummary, PluginPage, RatingSummary, VersionSummary},
};
use rusqlite::Row;
use semver::Version;

use super::{
    Catalogue,
    hit::{Shown, rating},
    parse, read,
};
use crate::{Error, Refusal};

/// The most plugins that are told of as needing another.
const MAX_DEPENDENTS: u32 = 100;

impl Catalogue<'_> {
    /// All that there is to say of a plugin.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such plugin.
    pub fn plugin(&self, id: &PluginId) -> Result<PluginPage, Refusal> {
        let row = self.row_of(id)?;
        let unknown = || Refusal::not_found(format!("{id}: nothing is published of it")).plugin(id);
        let found = self.hit(row)?.ok_or_else(unknown)?;
        let versions = self.versions(row)?;
        let first_published = versions.iter().map(|one| one.published).min().unwrap_or(found.made);
        Ok(PluginPage {
            summary: found.hit,
            repository: found.repository,
            versions,
            owners: self.owners(row)?,
            keys: self.keys(row)?,
            deprecated: found.deprecated.map(|text| read::<Deprecation>(&text, "a deprecation")).transpose()?,
            notices: self.notices(row)?,
            downloads: self.downloads(row, found.total)?,
            dependents: self.dependents(id)?,
            first_published,
        })
    }

    /// The versions of a plugin, newest first, each with what it asks for more or less than the one before it.
    pub(super) fn versions(&self, row: i64) -> Result<Vec<VersionSummary>, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, package, size, published, publisher, yanked, withdrawn, total, permissions,
                (SELECT coalesce(sum(stars), 0) FROM review WHERE review.version = version.id),
                (SELECT count(*) FROM review WHERE review.version = version.id)
             FROM version WHERE plugin = ?",
        )?;
        let rows = statement.query_map([row], |row| Ok(VersionRow::of(row)))?;
        let mut versions: Vec<(VersionSummary, Permissions)> = Vec::new();
        for row in rows {
            versions.push(row??.read()?);
        }
        versions.sort_by(|(a, _), (b, _)| b.version.cmp(&a.version));
        for at in 0..versions.len() {
            let before = versions.get(at + 1).map(|(_, permissions)| permissions.clone());
            versions[at].0.changes = before.map_or_else(Vec::new, |before| changes(&before, &versions[at].1));
        }
        Ok(versions.into_iter().map(|(summary, _)| summary).collect())
    }

    pub(super) fn owners(&self, row: i64) -> Result<Vec<OwnerSummary>, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT account.name, since FROM owner JOIN account ON account.id = owner.account
             WHERE plugin = ? ORDER BY since, account.name",
        )?;
        let owners = statement.query_map([row], |row| Ok(OwnerSummary { account: row.get(0)?, since: row.get(1)? }))?;
        Ok(owners.collect::<Result<_, _>>()?)
    }

    /// The keys that may sign a plugin's packages, in order.
    pub(crate) fn keys(&self, row: i64) -> Result<Vec<AuthorKey>, Refusal> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT key, endorsement FROM author_key WHERE plugin = ? ORDER BY position")?;
        let rows =
            statement.query_map([row], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))?;
        let mut keys = Vec::new();
        for row in rows {
            let (key, endorsement) = row?;
            let endorsement = endorsement.map(|text| read(&text, "an endorsement")).transpose()?;
            keys.push(AuthorKey { key: parse(&key, "an author's key")?, endorsement });
        }
        Ok(keys)
    }

    /// What was found to be dangerous in a plugin, newest first.
    pub(crate) fn notices(&self, row: i64) -> Result<Vec<Notice>, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, severity, versions, summary, url, published FROM notice WHERE plugin = ? ORDER BY id DESC",
        )?;
        let mut rows = statement.query([row])?;
        let mut notices = Vec::new();
        while let Some(row) = rows.next()? {
            let (severity, versions): (String, String) = (row.get(1)?, row.get(2)?);
            notices.push(Notice {
                id: row.get(0)?,
                severity: read::<Severity>(&severity, "a notice")?,
                versions: parse(&versions, "a notice")?,
                summary: row.get(3)?,
                url: row.get(4)?,
                published: row.get(5)?,
            });
        }
        Ok(notices)
    }

    fn dependents(&self, id: &PluginId) -> Result<Vec<Dependent>, Refusal> {
        let mut statement = self.connection.prepare_cached(
            "SELECT plugin.name, shown.hit, requirement FROM dependency JOIN plugin ON plugin.id = dependency.plugin
             JOIN shown ON shown.plugin = plugin.id
             WHERE target = ? ORDER BY recent DESC, plugin.name LIMIT ?",
        )?;
        let mut rows = statement.query((id.as_str(), MAX_DEPENDENTS))?;
        let mut dependents = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, hit, requirement): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let version: Version = read::<Shown>(&hit, "a plugin")?.version;
            let (id, requirement) = (parse(&id, "the id of a plugin")?, parse(&requirement, "a requirement")?);
            dependents.push(Dependent { id, version, requirement });
        }
        Ok(dependents)
    }
}

/// A version as it is kept.
struct VersionRow {
    version: String,
    package: String,
    permissions: String,
    stars: u64,
    ratings: u64,
    summary: (u64, u64, String, Option<String>, bool, u64),
}

impl VersionRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            version: row.get(0)?,
            package: row.get(1)?,
            permissions: row.get(8)?,
            stars: row.get(9)?,
            ratings: row.get(10)?,
            summary: (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?),
        })
    }

    fn read(self) -> Result<(VersionSummary, Permissions), Error> {
        let (size, published, publisher, yanked, withdrawn, downloads) = self.summary;
        let rating: RatingSummary = rating(self.stars, self.ratings);
        let (version, package) = (parse(&self.version, "a version")?, parse(&self.package, "a digest")?);
        let changes = Vec::new();
        let summary = VersionSummary {
            version,
            package,
            size,
            published,
            publisher,
            yanked,
            withdrawn,
            rating,
            downloads,
            changes,
        };
        Ok((summary, read(&self.permissions, "permissions")?))
    }
}

/// What a version asks for that the one before it did not, and the other way round.
pub(crate) fn changes(before: &Permissions, now: &Permissions) -> Vec<Change> {
    let is_in = |one: &Permission, all: &Permissions| all.iter().any(|other| other == one);
    let added = now.iter().filter(|one| !is_in(one, before)).map(|one| (one, true));
    let gone = before.iter().filter(|one| !is_in(one, now)).map(|one| (one, false));
    added.chain(gone).map(|(one, added)| Change { permission: in_words(one), added }).collect()
}

/// A permission with what it allows.
pub(crate) fn in_words(permission: &Permission) -> PermissionSummary {
    let what = permission.kind.description();
    let words = permission.scope.as_ref().map_or_else(|| what.to_owned(), |scope| format!("{what}: {scope}"));
    PermissionSummary { permission: permission.to_string(), words }
}
