//! One registry: where it is asked, and where what it says is kept. It refuses to know of other registries, and of what is installed.

use std::{path::Path, time::SystemTime};

use hal9_package::{Package, PluginId};
use hal9_registry_index::{Broken, Distrust, Record, ShardId, VersionRecord};
use reqwest::Method;
use tokio::sync::Mutex;

use crate::{
    Error, Freshness, RegistrySettings, Secret, download::PACKAGES, folder::Folder, http::Http, index::Index,
    shards::SHARDS,
};

/// The folder of what was looked at for installing.
const RECORDS: &str = "records";
/// The greatest length of one of them.
const MAX_RECORD: u64 = 64 << 20;

/// A registry. What it keeps is below one folder, which several processes may use at once.
#[derive(Debug)]
pub struct Registry {
    pub(crate) settings: RegistrySettings,
    pub(crate) http: Http,
    pub(crate) mirrors: Vec<Http>,
    pub(crate) folder: Folder,
    pub(crate) index: Mutex<Option<Index>>,
}

/// What the index says of a plugin. Every text in it is the registry's: bounded, but not made for a terminal.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// What it says.
    pub record: Record,
    /// The registry's identity.
    pub registry: String,
    /// How old the index may be.
    pub freshness: Freshness,
}

impl Listed {
    /// The version with this number, if it can be had.
    ///
    /// # Errors
    ///
    /// [`Error::Withdrawn`].
    pub fn version(
        &self,
        registry: &Registry,
        id: &PluginId,
        version: &semver::Version,
    ) -> Result<Option<&VersionRecord>, Error> {
        match self.record.version(version) {
            Some(found) if found.withdrawn => Err(registry.withdrawn(id, found)),
            found => Ok(found),
        }
    }
}

impl Registry {
    /// Opens what is kept of a registry below `folder`, which is made where it is not there. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`], [`Error::File`].
    pub fn open(settings: RegistrySettings, folder: &Path) -> Result<Self, Error> {
        let http = Http::new(&settings)?;
        let mirrors = settings.mirrors()?.into_iter().map(|base| http.elsewhere(base)).collect();
        let folder = Folder::open(folder, &[SHARDS, PACKAGES, RECORDS], settings.patience.lock)?;
        Ok(Self { settings, http, mirrors, folder, index: Mutex::new(None) })
    }

    /// What the user calls it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its address, with a `/` at its end.
    pub fn url(&self) -> &str {
        self.http.base().as_str()
    }

    /// What was said of it.
    pub fn settings(&self) -> &RegistrySettings {
        &self.settings
    }

    /// Signs in with this token from now on, or with none.
    pub fn set_token(&mut self, token: Option<Secret>) {
        self.http.set_token(token);
    }

    /// The registry's identity, which is pinned where it is used for the first time.
    ///
    /// # Errors
    ///
    /// [`Error::Distrust`], [`Error::Unreachable`], and others.
    pub async fn identity(&self) -> Result<String, Error> {
        if let Some(trust) = self.trust()? {
            return Ok(trust.root.registry);
        }
        self.online("its identity")?;
        Ok(self.fetch_roots().await?.0.root.registry)
    }

    /// What the index says of a plugin, if it knows it: verified, one in itself, and one that may follow what was seen of the plugin before.
    /// What was not [`sync`](Self::sync)ed before is now, by the clock of this machine.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`], and those of [`sync`](Self::sync).
    pub async fn find(&self, id: &PluginId) -> Result<Option<Listed>, Error> {
        let mut again = true;
        loop {
            let index = self.current(id).await?;
            let shard = ShardId::of(id);
            let record = match index.head.shards.get(&shard) {
                None => None,
                Some(digest) => match self.kept_shard(shard, *digest).await? {
                    Some(mut kept) => kept.plugins.remove(id),
                    None => {
                        self.online("that part of its index")?;
                        match self.fetch_shard(shard, *digest).await? {
                            Ok((mut fetched, _)) => fetched.plugins.remove(id),
                            // The registry has gone on to another index since.
                            Err(_) if again => {
                                again = false;
                                *self.index.lock().await = None;
                                continue;
                            }
                            Err(digest) => {
                                let (what, expected) = ("a part of the index", digest.to_string());
                                return Err(self.distrust(Distrust::Mixed {
                                    what,
                                    expected,
                                    found: "none".to_owned(),
                                }));
                            }
                        }
                    }
                },
            };
            let broken = |source| self.broken(id, source);
            if let Some(seen) = self.seen(id)? {
                // A plugin that was there and is gone has lost its key.
                record.as_ref().unwrap_or(&Record::default()).follows(&seen, id).map_err(broken)?;
            }
            let Some(record) = record else { return Ok(None) };
            record.check(id).map_err(broken)?;
            return Ok(Some(Listed { record, registry: index.head.registry, freshness: index.freshness }));
        }
    }

    /// As [`find`](Self::find), for installing: what is seen now is kept, and held against what will be seen from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], and those of [`find`](Self::find).
    pub async fn record(&self, id: &PluginId) -> Result<Listed, Error> {
        let listed = self.find(id).await?.ok_or_else(|| self.unknown(id))?;
        if self.seen(id)?.as_ref() != Some(&listed.record) {
            let writer = self.folder.write().await?;
            // Another command may have seen a later one since.
            let is_later = self.seen(id)?.is_none_or(|seen| listed.record.follows(&seen, id).is_ok());
            if is_later {
                let bytes = serde_json::to_vec(&listed.record).unwrap_or_default();
                writer.put(&record_file(id), &bytes)?;
            }
        }
        Ok(listed)
    }

    /// Forgets what was seen of a plugin, where its user has found out that the change of its keys or versions was meant.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Busy`].
    pub async fn forget(&self, id: &PluginId) -> Result<(), Error> {
        self.folder.write().await?.remove(&record_file(id))
    }

    /// Bytes of the registry by the path in its interface, such as `/v1/index`, for a mirror of it; `None` where it has none. They are not
    /// verified: that is up to the mirror.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for more than `max` bytes, [`Error::Unreachable`] and others.
    pub async fn fetch(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        self.online(path)?;
        let parts: Vec<_> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        if parts.iter().any(|part| part.is_empty() || part.starts_with('.')) {
            return Err(self.http.unexpected(path, "this is no path of the interface"));
        }
        let ask = self.http.ask(Method::GET, &parts, path).at_most(max);
        match self.http.send(&ask).await {
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            sent => Ok(Some(sent?.body)),
        }
    }

    /// The index as it was synced last.
    async fn current(&self, id: &PluginId) -> Result<Index, Error> {
        if let Some(index) = &*self.index.lock().await {
            return Ok(index.clone());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.sync_for(std::slice::from_ref(id), now.as_secs()).await?;
        let index = self.index.lock().await.clone();
        index.ok_or_else(|| self.http.unexpected("its index", "there is none"))
    }

    /// What was seen of a plugin before.
    fn seen(&self, id: &PluginId) -> Result<Option<Record>, Error> {
        let file = record_file(id);
        let Some(bytes) = self.folder.read(&file, MAX_RECORD)? else { return Ok(None) };
        let damaged =
            |error: serde_json::Error| Error::Damaged { path: self.folder.path(&file), reason: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Refuses to ask where nobody is to be asked.
    pub(crate) fn online(&self, what: &str) -> Result<(), Error> {
        if self.settings.offline {
            return Err(Error::Offline { registry: self.name().to_owned(), what: what.to_owned() });
        }
        Ok(())
    }

    pub(crate) fn distrust(&self, source: Distrust) -> Error {
        // What cannot be read is quoted, and keys' and registries' names are foreign texts.
        let source = match source {
            Distrust::Malformed { what, reason } => {
                Distrust::Malformed { what, reason: crate::text::printable(&reason) }
            }
            Distrust::OtherRegistry { what, expected, found } => {
                Distrust::OtherRegistry { what, expected, found: crate::text::printable(&found) }
            }
            source => source,
        };
        Error::Distrust { registry: self.name().to_owned(), source: Box::new(source) }
    }

    pub(crate) fn broken(&self, id: &PluginId, source: Broken) -> Error {
        Error::Broken { registry: self.name().to_owned(), plugin: id.clone(), source: Box::new(source) }
    }

    pub(crate) fn unknown(&self, id: &PluginId) -> Error {
        Error::Unknown { registry: format!("the registry `{}`", self.name()), plugin: id.clone() }
    }

    pub(crate) fn withdrawn(&self, id: &PluginId, version: &VersionRecord) -> Error {
        Error::Withdrawn {
            registry: self.name().to_owned(),
            plugin: id.clone(),
            version: Box::new(version.version.clone()),
        }
    }

    pub(crate) fn package_error(
        &self,
        id: &PluginId,
        version: &semver::Version,
        source: hal9_package::PackageError,
    ) -> Error {
        let what = format!("{id} {version}, from the registry `{}`", self.name());
        Error::Package { what, plugin: Some(id.clone()), source: Box::new(source) }
    }
}

/// Checks that a package has at most the greatest size; a record that says otherwise is one of a package that nobody can read.
pub(crate) fn is_too_large(size: u64) -> bool {
    size > Package::MAX_BYTES
}

fn record_file(id: &PluginId) -> String {
    format!("{RECORDS}/{id}.json")
}
