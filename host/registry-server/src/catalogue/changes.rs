//! What follows from a plugin's versions and reviews, kept so that searching is quick. It does not know why they changed.

use hal9_package::{Manifest, Permission, PermissionKind};
use hal9_registry_index::api::InterfaceSummary;
use rusqlite::{OptionalExtension as _, Transaction};
use semver::Version;

use super::{Catalogue, hit::Shown, parse, read, write};
use crate::Refusal;

/// More of a README is not searched.
const MAX_SEARCHED: usize = 64 << 10;

/// The catalogue within a transaction that changes it.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
}

/// The version that stands for a plugin, as it is kept.
struct Latest {
    id: i64,
    published: u64,
    manifest: Manifest,
    readme: String,
    imports: Vec<InterfaceSummary>,
    exports: Vec<InterfaceSummary>,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(transaction: &'a Transaction<'a>) -> Self {
        Self { transaction }
    }

    /// Reads what there is, with what was changed already.
    pub fn catalogue(&self) -> Catalogue<'a> {
        Catalogue::new(self.transaction)
    }

    /// Finds anew which version stands for a plugin, and by what the plugin is found.
    pub(crate) fn refresh(&self, plugin: i64) -> Result<(), Refusal> {
        for sql in [
            "DELETE FROM trait WHERE plugin = ?",
            "DELETE FROM dependency WHERE plugin = ?",
            "DELETE FROM words WHERE rowid = ?",
        ] {
            self.transaction.prepare_cached(sql)?.execute([plugin])?;
        }
        let (latest, is_yanked) = self.latest(plugin)?;
        let Some(latest) = latest else {
            self.transaction.execute("UPDATE plugin SET latest = NULL WHERE id = ?", [plugin])?;
            return Ok(());
        };
        let counted = self.traits(plugin, &latest)?;
        for one in &latest.manifest.dependencies {
            self.transaction.prepare_cached("INSERT OR IGNORE INTO dependency VALUES (?, ?, ?)")?.execute((
                one.plugin_id.as_str(),
                plugin,
                one.version.to_string(),
            ))?;
        }
        self.words(plugin, &latest)?;
        let metadata = &latest.manifest.metadata;
        let mut kinds: Vec<_> = latest.manifest.capabilities.iter().map(|one| one.kind().to_owned()).collect();
        kinds.dedup();
        let shown = Shown {
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            description: metadata.description.clone(),
            author: metadata.author.clone(),
            license: metadata.license.clone(),
            kinds,
            tags: metadata.tags.clone(),
            permissions: latest.manifest.permissions.clone(),
            repository: metadata.repository.clone(),
            published: latest.published,
        };
        self.transaction
            .prepare_cached(
                "INSERT INTO shown (plugin, hit) VALUES (?, ?) ON CONFLICT DO UPDATE SET hit = excluded.hit",
            )?
            .execute((plugin, write(&shown)?))?;
        self.transaction
            .prepare_cached(
                "UPDATE plugin SET latest = ?, title = ?, words = ?, asks = ?, updated = ?,
                 hidden = (deprecated IS NOT NULL OR ?) WHERE id = ?",
            )?
            .execute((
                latest.id,
                &metadata.name,
                counted,
                latest.manifest.permissions.len() as u64,
                latest.published,
                is_yanked,
                plugin,
            ))?;
        Ok(())
    }

    /// The newest version that is not yanked, or else the newest; and whether it is yanked.
    fn latest(&self, plugin: i64) -> Result<(Option<Latest>, bool), Refusal> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT version.id, version.version, yanked IS NOT NULL FROM version
             JOIN detail ON detail.version = version.id WHERE plugin = ?",
        )?;
        let mut rows = statement.query([plugin])?;
        let mut found: Option<(bool, Version, i64)> = None;
        while let Some(row) = rows.next()? {
            let version: Version = parse(&row.get::<_, String>(1)?, "a version")?;
            let one = (!row.get::<_, bool>(2)?, version, row.get(0)?);
            found = found.max(Some(one));
        }
        let Some((is_good, _, id)) = found else { return Ok((None, false)) };
        let mut statement = self.transaction.prepare_cached(
            "SELECT published, manifest, readme, imports, exports FROM version
             JOIN detail ON detail.version = version.id WHERE version.id = ?",
        )?;
        let found: Option<(u64, String, Option<String>, String, String)> = statement
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()?;
        let Some((published, manifest, readme, imports, exports)) = found else { return Ok((None, false)) };
        let (manifest, imports) = (read(&manifest, "a manifest")?, read(&imports, "imports")?);
        let (readme, exports) = (readme.unwrap_or_default(), read(&exports, "exports")?);
        Ok((Some(Latest { id, published, manifest, readme, imports, exports }), !is_good))
    }

    /// Keeps what a plugin is found by, and gives the numbers of what is counted.
    fn traits(&self, plugin: i64, latest: &Latest) -> Result<Vec<u8>, Refusal> {
        let manifest = &latest.manifest;
        let mut traits: Vec<(&str, String)> = vec![("license", manifest.metadata.license.clone())];
        for capability in &manifest.capabilities {
            traits.push(("kind", capability.kind().to_owned()));
            traits.push(("capability", capability.name().to_owned()));
        }
        traits.extend(manifest.metadata.tags.iter().map(|tag| ("tag", tag.clone())));
        let asked: Vec<&Permission> = manifest.permissions.iter().collect();
        for kind in PermissionKind::ALL.iter().filter(|kind| manifest.permissions.contains(**kind)) {
            traits.push(("permission", kind.to_string()));
        }
        traits.extend(asked.iter().filter(|one| one.scope.is_some()).map(|one| ("scope", one.to_string())));
        for (sort, interfaces) in [("imports", &latest.imports), ("exports", &latest.exports)] {
            for one in interfaces {
                let bare = one.name.split('@').next().unwrap_or(&one.name);
                traits.extend([(sort, bare.to_owned()), (sort, one.name.clone())]);
            }
        }
        traits.sort_unstable();
        traits.dedup();
        let mut counted = Vec::new();
        for (sort, value) in traits {
            let word = self.word(sort, &value)?;
            self.transaction.prepare_cached("INSERT INTO trait VALUES (?, ?)")?.execute((word, plugin))?;
            if matches!(sort, "license" | "kind" | "tag" | "permission") {
                counted.extend(word.to_le_bytes());
            }
        }
        Ok(counted)
    }

    fn word(&self, sort: &str, value: &str) -> Result<u32, Refusal> {
        // The update changes nothing, and has the row returned where it is there.
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO trait_word (sort, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value RETURNING id",
        )?;
        Ok(statement.query_row((sort, value), |row| row.get(0))?)
    }

    fn words(&self, plugin: i64, latest: &Latest) -> Result<(), Refusal> {
        let (manifest, metadata) = (&latest.manifest, &latest.manifest.metadata);
        let capabilities: Vec<_> = manifest.capabilities.iter().map(|one| one.name()).collect();
        let described = manifest.capabilities.iter().map(|one| one.description());
        let description: Vec<_> = [metadata.description.as_str()].into_iter().chain(described).collect();
        let end = latest.readme.floor_char_boundary(MAX_SEARCHED);
        self.transaction
            .prepare_cached(
                "INSERT INTO words (rowid, name, id, tags, capabilities, description, readme) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute((
                plugin,
                &metadata.name,
                metadata.id.as_str(),
                metadata.tags.join(" "),
                capabilities.join(" "),
                description.join(" "),
                &latest.readme[..end],
            ))?;
        Ok(())
    }

    /// Counts the stars of a plugin anew. Of each account its newest review counts, so that nobody rates once for each version.
    pub(crate) fn rate(&self, plugin: i64) -> Result<(), Refusal> {
        self.transaction.execute(
            "UPDATE review SET counts = NOT EXISTS (SELECT 1 FROM review AS later WHERE later.plugin = review.plugin
             AND later.account = review.account AND (later.written, later.version) > (review.written, review.version))
             WHERE plugin = ?",
            [plugin],
        )?;
        // A few ratings more in the middle, so that one of five stars does not outweigh a hundred.
        self.transaction.execute(
            "UPDATE plugin SET (stars, ratings, score) =
             (SELECT coalesce(sum(stars), 0), count(*),
                     CASE count(*) WHEN 0 THEN 0.0 ELSE (sum(stars) + 15.0) / (count(*) + 5.0) END
              FROM review WHERE plugin = ?1 AND counts) WHERE id = ?1",
            [plugin],
        )?;
        Ok(())
    }
}
