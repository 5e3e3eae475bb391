//! How much of the index a version, a plugin and an account may take up, so that there is always room for what must be said of what is published. It does
//! not know what a record says.

use hal9_package::PluginId;
use hal9_registry_index::{Shard, ShardId};

use super::Examined;
use crate::{Changes, Refusal, accounts::Caller, catalogue::write};

/// The most bytes of a version's number, permissions, dependencies and signature, as the index has them.
const MAX_VERSION: usize = 16 << 10;

/// The most bytes that the index has of a plugin before a further version.
const MAX_RECORD: usize = 1 << 20;

/// The most bytes of a plugin's notices, and of an endorsement, as the index has them.
pub(super) const MAX_NOTICES: usize = 30 << 10;
pub(super) const MAX_ENDORSEMENT: usize = 2 << 10;

/// What is kept free for each plugin, for its notices, keys and deprecation; and for each version, for why it is yanked.
const SAID: usize = 72 << 10;
const YANKED: usize = 1 << 10;

/// What a version has beside that in the index.
const REST: usize = 512;

/// An account's plugins may take up one of so many equal shares of a part of the index.
const SHARES: usize = 8;

impl Examined {
    /// What the version adds to the index, in bytes: no less.
    fn weight(&self) -> Result<usize, Refusal> {
        let manifest = self.package.manifest();
        let numbers = write(&(&manifest.metadata.version, &manifest.min_hal9_version))?.len();
        let asked = write(&(&manifest.permissions, &manifest.dependencies))?.len();
        Ok(numbers + asked + write(&self.offer.signature)?.len())
    }

    /// Refuses a version that whoever reads the index would have to read too much of.
    pub(super) fn check_weight(&self) -> Result<(), Refusal> {
        let weight = self.weight()?;
        if weight <= MAX_VERSION {
            return Ok(());
        }
        let message = format!(
            "its number, permissions, dependencies and signature have {weight} bytes in the index, and may have {MAX_VERSION}"
        );
        let help = "ask for less: a wider permission says in one line what many narrow ones say";
        let id = &self.package.manifest().metadata.id;
        Err(Refusal::package(message).reason("weight").plugin(id).help(help))
    }
}

impl Changes<'_> {
    /// Refuses a version that the index has no room for. What is said later of those that are published has its room kept free, so that a part that is full
    /// refuses new versions and nothing else.
    pub(super) fn check_room(&self, caller: &Caller, examined: &Examined) -> Result<(), Refusal> {
        let metadata = &examined.package.manifest().metadata;
        let id = &metadata.id;
        let known = self.catalogue().find(id)?;
        let mut added = examined.weight()? + REST;
        if let Some(plugin) = known {
            let sql = "SELECT coalesce(octet_length(record), 0) FROM shown WHERE plugin = ?";
            let record: usize = self.transaction.prepare_cached(sql)?.query_row([plugin], |row| row.get(0))?;
            if record + added > MAX_RECORD {
                let message = format!("{id} has {record} bytes in the index, and may have {MAX_RECORD}");
                let help = "publish what comes next as another plugin, and deprecate this one";
                return Err(Refusal::conflict("versions", message).plugin(id).help(help));
            }
        } else {
            added += id.as_str().len() + SAID;
        }
        added += YANKED;
        let share = Shard::MAX_BYTES / SHARES;
        if self.taken(id, Some(caller.account))? + added > share {
            let message =
                format!("your plugins take up all of the {share} bytes that are yours in a part of the index");
            let help = "choose another id: it may belong to another part";
            return Err(Refusal::conflict("share", message).plugin(id).help(help));
        }
        if self.taken(id, None)? + added > Shard::MAX_BYTES {
            let message = format!("the part of the index that {id} belongs to is full");
            return Err(Refusal::conflict("full", message).plugin(id).help("ask whoever runs the registry"));
        }
        Ok(())
    }

    /// How much is taken up or kept free of a plugin's part of the index; of an account's plugins, or all.
    fn taken(&self, id: &PluginId, account: Option<i64>) -> Result<usize, Refusal> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT coalesce(sum(?3 + octet_length(name) + coalesce(octet_length(record), 0)
                                 + ?4 * (SELECT count(*) FROM version WHERE version.plugin = plugin.id)), 0)
             FROM plugin LEFT JOIN shown ON shown.plugin = plugin.id WHERE shard = ?1 AND
             (?2 IS NULL OR EXISTS (SELECT 1 FROM owner WHERE owner.plugin = plugin.id AND owner.account = ?2))",
        )?;
        Ok(statement.query_row((ShardId::of(id).to_string(), account, SAID, YANKED), |row| row.get(0))?)
    }
}
