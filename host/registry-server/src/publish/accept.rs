//! Publishing a package that was looked into: whether it may be, its file, and the one transaction by which it is. It does not know what is in the component.

use hal9_package::{Package, PluginId};
use hal9_registry_index::{
    ShardId,
    api::{FileSummary, InterfaceSummary, Publish, Published, Scope},
    lookalike,
};
use rusqlite::OptionalExtension as _;

use super::Offer;
use crate::{
    AppState, Changes, Refusal,
    accounts::Caller,
    catalogue::{parse, write},
    clock::now,
};

/// The most versions of a plugin.
const MAX_VERSIONS: u64 = 2_000;

/// A package that was looked into, with all that is kept of it.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) package: Package,
    pub(crate) offer: Offer,
    pub(super) imports: Vec<InterfaceSummary>,
    pub(super) exports: Vec<InterfaceSummary>,
    pub(super) wit: String,
    pub(super) readme: Option<String>,
    pub(super) files: Vec<FileSummary>,
    pub(super) warnings: Vec<String>,
}

/// What publishing comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// The very same is published.
    Same,
    New,
}

impl AppState {
    /// Publishes a package that was uploaded whole. The upload is forgotten then, and where it is not what was said of it.
    ///
    /// # Errors
    ///
    /// [`Refusal`], and those of [`publish`](Self::publish).
    pub async fn publish_upload(&self, caller: &Caller, publish: Publish) -> Result<Published, Refusal> {
        caller.may(Scope::Publish)?;
        let (bytes, taken) = self.uploaded(caller, &publish.upload).await?;
        let offer = Offer { key: publish.key, signature: publish.signature, notes: publish.notes };
        let published = self.publish(caller, bytes, offer).await?;
        self.forget_upload(&publish.upload).await?;
        drop(taken);
        Ok(published)
    }

    /// Publishes a package: for its first publisher, and then for the owners of its plugin, signed by one of the plugin's keys. Publishing the very
    /// same again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a package, signature or component that is no good; where the name is another's (`taken`) or a look-alike of one
    /// (`look-alike`); where the version is published with another package (`different`); and where the index has no room for it (`weight`, `versions`,
    /// `share`, `full`).
    pub async fn publish(&self, caller: &Caller, bytes: Vec<u8>, offer: Offer) -> Result<Published, Refusal> {
        self.check_writable()?;
        caller.may(Scope::Publish)?;
        let examined = self.examine(bytes, offer).await?;
        examined.check_weight()?;
        let (state, caller) = (self.clone(), caller.clone());
        let turn = self.database().turn().await?;
        let publishing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            state.publish_examined(&caller, &examined)
        });
        publishing.await.map_err(Refusal::internal)?
    }

    fn publish_examined(&self, caller: &Caller, examined: &Examined) -> Result<Published, Refusal> {
        let metadata = &examined.package.manifest().metadata;
        // Held to the end, so that nobody takes the file for one that nobody refers to before the database does.
        let files = self.store().write()?;
        self.database().write_now(|transaction| {
            let changes = Changes::new(transaction);
            let mut published = Published {
                plugin: metadata.id.clone(),
                version: metadata.version.clone(),
                package: *examined.package.digest(),
                index: 0,
                new: true,
                warnings: examined.warnings.clone(),
            };
            if changes.decide(caller, examined)? == Decision::Same {
                published.index = changes.catalogue().health()?.index;
                published.new = false;
                return Ok(published);
            }
            changes.check_room(caller, examined)?;
            // First the file, on the disk with its name; then what names it.
            files.put(examined.package.digest(), examined.package.bytes())?;
            let plugin = insert(&changes, caller.name.as_str(), Some(caller.account), examined, now())?;
            published.index = self.publish_index(&changes, &[plugin])?;
            tracing::info!(plugin = %metadata.id, version = %metadata.version, account = %caller.name, "published");
            Ok(published)
        })
    }
}

impl Changes<'_> {
    /// Whether a package may be published.
    fn decide(&self, caller: &Caller, examined: &Examined) -> Result<Decision, Refusal> {
        let metadata = &examined.package.manifest().metadata;
        let id = &metadata.id;
        let catalogue = self.catalogue();
        let Some(plugin) = catalogue.find(id)? else {
            self.check_name(id, caller)?;
            return Ok(Decision::New);
        };
        if !self.owns(plugin, caller.account)? {
            let message = format!("the name {id} is taken: {} owns it", self.owners(plugin)?);
            let help = "give the plugin another id, or ask its owner to add you";
            return Err(Refusal::conflict("taken", message).plugin(id).help(help));
        }
        let known: Option<String> = self
            .transaction
            .prepare_cached("SELECT package FROM version WHERE plugin = ? AND version = ?")?
            .query_row((plugin, metadata.version.to_string()), |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            let offered = examined.package.digest().to_string();
            if known == offered {
                return Ok(Decision::Same);
            }
            let message =
                format!("{id} {} is published with another package ({known}, and this is {offered})", metadata.version);
            let help = "a version never changes: raise it in the manifest, pack and sign again";
            return Err(Refusal::conflict("different", message).plugin(id).help(help));
        }
        let keys = catalogue.keys(plugin)?;
        if !keys.iter().any(|one| one.key == examined.offer.key) {
            let known: Vec<_> = keys.iter().map(|one| one.key.id().to_string()).collect();
            let message =
                format!("the key {} is none of {id}: {} may sign it", examined.offer.key.id(), known.join(" or "));
            let help = "sign with one of those, or endorse this one first with `hal9 plugin endorse`";
            return Err(Refusal::signature("foreign-key", message).plugin(id).help(help));
        }
        let count: u64 =
            self.transaction.query_row("SELECT count(*) FROM version WHERE plugin = ?", [plugin], |row| row.get(0))?;
        if count >= MAX_VERSIONS {
            return Err(Refusal::conflict("versions", format!("{id} has {count} versions, and may not have more")));
        }
        Ok(Decision::New)
    }

    /// Refuses a new name that people take for one of somebody else's.
    fn check_name(&self, id: &PluginId, caller: &Caller) -> Result<(), Refusal> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT name FROM plugin WHERE NOT EXISTS (SELECT 1 FROM owner WHERE plugin = plugin.id AND account = ?)",
        )?;
        let mut rows = statement.query([caller.account])?;
        while let Some(row) = rows.next()? {
            let other: PluginId = parse(row.get_ref(0)?.as_str().map_err(Refusal::internal)?, "the id of a plugin")?;
            if let Some(other) = lookalike::of(id, [&other]) {
                let message = format!("{id} looks like {other}, which somebody else owns");
                let help = "choose an id that nobody takes for another";
                return Err(Refusal::conflict("look-alike", message).plugin(id).help(help));
            }
        }
        Ok(())
    }
}

/// Keeps a version, and its plugin where it is the first; gives the plugin's row. Of a mirrored plugin nobody is an owner.
pub(crate) fn insert(
    changes: &Changes<'_>,
    publisher: &str,
    owner: Option<i64>,
    examined: &Examined,
    published: u64,
) -> Result<i64, Refusal> {
    let (manifest, transaction) = (examined.package.manifest(), changes.transaction);
    let id = &manifest.metadata.id;
    let plugin = match changes.catalogue().find(id)? {
        Some(plugin) => plugin,
        None => {
            let shard = ShardId::of(id).to_string();
            let sql = "INSERT INTO plugin (name, shard, made) VALUES (?, ?, ?) RETURNING id";
            let plugin: i64 =
                transaction.prepare_cached(sql)?.query_row((id.as_str(), shard, published), |row| row.get(0))?;
            if let Some(owner) = owner {
                transaction.execute("INSERT INTO owner VALUES (?, ?, ?)", (plugin, owner, published))?;
                let key = examined.offer.key.to_string();
                transaction.execute("INSERT INTO author_key VALUES (?, 0, ?, NULL)", (plugin, key))?;
            }
            plugin
        }
    };
    let version: i64 = transaction
        .prepare_cached(
            "INSERT INTO version (plugin, version, package, size, key, signature, published, publisher, permissions,
             dependencies, oldest_host) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )?
        .query_row(
            (
                plugin,
                manifest.metadata.version.to_string(),
                examined.package.digest().to_string(),
                examined.package.bytes().len() as u64,
                examined.offer.key.to_string(),
                &examined.offer.signature,
                published,
                publisher,
                write(&manifest.permissions)?,
                write(&manifest.dependencies)?,
                manifest.min_hal9_version.as_ref().map(ToString::to_string),
            ),
            |row| row.get(0),
        )?;
    transaction.prepare_cached("INSERT INTO detail VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute((
        version,
        write(manifest)?,
        &examined.wit,
        write(&examined.imports)?,
        write(&examined.exports)?,
        &examined.readme,
        &examined.offer.notes,
        write(&examined.files)?,
    ))?;
    changes.refresh(plugin)?;
    Ok(plugin)
}
