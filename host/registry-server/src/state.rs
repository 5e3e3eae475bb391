//! What all requests share: the database, the store of packages, and what is remembered in memory. It does not know HTTP.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirBuilder},
    net::IpAddr,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use hal9_registry::storage::Store;
use hal9_registry_index::api::{About, Nonce};
use tokio::sync::Semaphore;

use crate::{
    Catalogue, Changes, Config, Error, Refusal,
    accounts::{Nonces, Secrets},
    clock::{day, now},
    database::{Database, lock},
    index::{self, Identity},
    limits::{Limits, network},
};

/// So many packages are looked into at once: each may take 100 MB and a processor for seconds.
const LOOKED_INTO: usize = 2;

/// More downloads of a day are not told apart by address; then none of them counts.
const MAX_COUNTED: usize = 1_000_000;

/// What all requests share. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    identity: Identity,
    database: Arc<Database>,
    store: Store,
    nonces: Nonces,
    secrets: Secrets,
    limits: Limits,
    inspections: Arc<Semaphore>,
    /// Uploads that somebody is writing.
    busy: Mutex<HashSet<String>>,
    downloads: Mutex<Downloads>,
}

/// Downloads that are not in the database yet, and who was counted today.
#[derive(Debug, Default)]
struct Downloads {
    day: u64,
    seen: HashSet<(i64, IpAddr)>,
    counts: HashMap<(i64, u64), u64>,
}

impl AppState {
    pub(crate) fn open(config: Config) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)
            .map_err(Error::file("make", &config.data))?;
        let database = Database::open(&config.data)?;
        let (data, lifetime) = (&config.data, config.index_lifetime);
        let identity = database.write_now(|transaction| index::begin(transaction, data, lifetime))?;
        if identity.mirrors.is_some() {
            let is_whole = database.read_now(|it| {
                Ok::<bool, Error>(it.query_row("SELECT EXISTS (SELECT 1 FROM head)", [], |row| row.get(0))?)
            })?;
            if !is_whole {
                let reason = "this mirror is not whole: mirror the registry again".to_owned();
                return Err(Error::Folder { path: config.data, reason });
            }
        } else {
            database.read_now(|connection| index::check_key(connection, data))?;
        }
        let store = Store::of(data);
        let state = Self(Arc::new(Shared {
            limits: Limits::new(&config.rates),
            identity,
            database: Arc::new(database),
            store,
            nonces: Nonces::new(),
            secrets: Secrets::new(),
            inspections: Arc::new(Semaphore::new(LOOKED_INTO)),
            busy: Mutex::default(),
            downloads: Mutex::default(),
            config,
        }));
        fs::create_dir_all(state.uploads()).map_err(Error::file("make", &state.uploads()))?;
        Ok(state)
    }

    /// How this registry is run.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The registry's identity.
    pub fn identity(&self) -> &str {
        &self.0.identity.registry
    }

    /// Whether this is a mirror: it only answers.
    pub fn is_mirror(&self) -> bool {
        self.0.identity.mirrors.is_some()
    }

    /// What the registry says of itself.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the database cannot be read.
    pub async fn about(&self) -> Result<About, Refusal> {
        let root = self.read(|catalogue| catalogue.root_version()).await?;
        let config = self.config();
        Ok(About {
            registry: self.identity().to_owned(),
            name: config.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root,
            open: config.open && !self.is_mirror(),
            private: config.private,
            mirror: self.is_mirror(),
            max_package: self.max_package(),
            max_part: crate::publish::MAX_PART,
        })
    }

    /// Reads what is published, all of one moment, on a thread that may wait.
    ///
    /// # Errors
    ///
    /// Those of `read`, and where the database cannot be read.
    pub async fn read<T, F>(&self, read: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Catalogue<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        self.0.database.read(|connection| read(&Catalogue::new(connection))).await
    }

    /// Changes the database as one transaction: all of it is on the disk afterwards, or nothing.
    ///
    /// # Errors
    ///
    /// Those of `write`, and where the database cannot be written.
    pub async fn write<T, F>(&self, write: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Changes<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        self.0.database.write(|transaction| write(&Changes::new(transaction))).await
    }

    /// As [`write`](Self::write), and brings what changed of the plugins that `write` names into the index; gives its version too.
    pub(crate) async fn write_index<T, F>(&self, write: F) -> Result<(T, u64), Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Changes<'_>) -> Result<(T, i64), Refusal> + Send + 'static,
    {
        self.check_writable()?;
        let state = self.clone();
        self.write(move |changes| {
            let (done, plugin) = write(changes)?;
            Ok((done, state.publish_index(changes, &[plugin])?))
        })
        .await
    }

    pub(crate) fn publish_index(&self, changes: &Changes<'_>, plugins: &[i64]) -> Result<u64, Refusal> {
        let config = self.config();
        Ok(index::publish(changes.transaction, &config.data, config.index_lifetime, plugins)?)
    }

    /// Refuses what changes something where this is a mirror.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 405.
    pub fn check_writable(&self) -> Result<(), Refusal> {
        let Some(source) = &self.0.identity.mirrors else { return Ok(()) };
        let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
        let code = hal9_registry_index::api::ProblemCode::Usage;
        Err(Refusal::new(status, code, "this is a mirror, which only answers")
            .reason("mirror")
            .help(format!("go to the registry that it mirrors: {source}")))
    }

    /// A number for one request that changes something.
    pub fn nonce(&self) -> Nonce {
        self.0.nonces.issue()
    }

    /// Uses such a number up, for a request from an address.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with reason `bad-nonce`, where it was used before, is too old, or is none; with `busy` where the address's network uses up too many.
    pub fn redeem(&self, nonce: &str, address: IpAddr) -> Result<(), Refusal> {
        self.0.nonces.redeem(nonce, address)
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Counts a password that is tried from an address.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 429 where that is too often.
    pub fn count_sign_in(&self, address: IpAddr) -> Result<(), Refusal> {
        self.limits().sign_in(address)
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.0.database
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn inspections(&self) -> &Arc<Semaphore> {
        &self.0.inspections
    }

    /// The folder of uploads.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.0.config.data.join("uploads")
    }

    pub(crate) fn max_package(&self) -> u64 {
        self.0.config.max_package.min(hal9_package::Package::MAX_BYTES)
    }

    /// Takes an upload for writing; nobody else may until what this gives is dropped.
    pub(crate) fn take(&self, upload: &str) -> Option<Taken> {
        let is_free = lock(&self.0.busy).insert(upload.to_owned());
        is_free.then(|| Taken { state: self.clone(), upload: upload.to_owned() })
    }

    /// Counts a download, once for each version, day and network: an address of IPv4, or 2^64 of IPv6.
    pub(crate) fn count_download(&self, version: i64, address: IpAddr) {
        let today = day(now());
        let mut downloads = lock(&self.0.downloads);
        if downloads.day != today {
            downloads.day = today;
            downloads.seen = HashSet::new();
        }
        if downloads.seen.len() < MAX_COUNTED && downloads.seen.insert((version, network(address))) {
            *downloads.counts.entry((version, today)).or_default() += 1;
        }
    }

    /// Writes the downloads that were counted.
    pub(crate) async fn flush_downloads(&self) -> Result<(), Refusal> {
        let counts = std::mem::take(&mut lock(&self.0.downloads).counts);
        if counts.is_empty() {
            return Ok(());
        }
        let counts = Arc::new(counts);
        let written = Arc::clone(&counts);
        let result = self.write(move |changes| changes.downloaded(&written)).await;
        if result.is_err() {
            // For the next time.
            let mut downloads = lock(&self.0.downloads);
            for (key, count) in counts.iter() {
                *downloads.counts.entry(*key).or_default() += count;
            }
        }
        result
    }
}

/// An upload that somebody writes.
#[derive(Debug)]
pub(crate) struct Taken {
    state: AppState,
    upload: String,
}

impl Drop for Taken {
    fn drop(&mut self) {
        lock(&self.state.0.busy).remove(&self.upload);
    }
}
