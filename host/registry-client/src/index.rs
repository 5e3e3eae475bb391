//! The index of a registry: fetched, verified, kept, and used again while the registry cannot be reached. It refuses to know what is
//! looked for in it.

use hal9_package::{KeyId, PluginId, PublicKey};
use hal9_registry_index::{Distrust, Head, Seconds, Signed};
use reqwest::Method;

use crate::{Error, Registry, shards::Wanted, trust::Trust};

/// The file of the last head.
const HEAD: &str = "head.json";
/// The greatest length of a head or root.
const MAX_DOCUMENT: u64 = 1 << 20;
/// The registry may go on to the next head while its shards are fetched; so often is begun anew.
const TRIES: usize = 3;

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The registry has just given this index.
    Fresh,
    /// The registry cannot be reached: this is the last index, which is still good.
    Offline {
        /// For so many seconds it has been signed.
        age: Seconds,
    },
    /// The registry cannot be reached, and the last index is not good any more.
    Expired {
        /// For so many seconds.
        late: Seconds,
    },
}

/// What was believed of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// The registry's identity.
    pub registry: String,
    /// How old the index may be.
    pub freshness: Freshness,
    /// The version of the index.
    pub version: u64,
    /// When it was signed.
    pub issued: Seconds,
    /// When it expires.
    pub expires: Seconds,
    /// How many plugins there are.
    pub plugins: u64,
    /// How many parts of it were fetched.
    pub fetched: usize,
    /// The root keys of a registry that was used for the first time just now, and is believed from now on; none otherwise. Who has not named
    /// a key in the settings may want to compare them.
    pub pinned: Vec<KeyId>,
}

/// The index as it is believed.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) head: Head,
    pub(crate) freshness: Freshness,
}

impl Registry {
    /// Brings what is kept up to date: roots, head, and every part of the index that has changed. Where the registry cannot be reached, the
    /// last index is used.
    ///
    /// `now` is the time of this machine.
    ///
    /// # Errors
    ///
    /// [`Error::Distrust`] for what is not believed, of which nothing is kept; [`Error::Unreachable`] where there is no last index,
    /// [`Error::Expired`] where that is too old; and others.
    pub async fn sync(&self, now: Seconds) -> Result<Synced, Error> {
        self.update(Wanted::All, now).await
    }

    /// As [`sync`](Self::sync), but of the index only what is there of some plugins, and what was kept before.
    ///
    /// # Errors
    ///
    /// Those of [`sync`](Self::sync).
    pub async fn sync_for(&self, plugins: &[PluginId], now: Seconds) -> Result<Synced, Error> {
        self.update(Wanted::Of(plugins), now).await
    }

    async fn update(&self, wanted: Wanted<'_>, now: Seconds) -> Result<Synced, Error> {
        let mut index = self.index.lock().await;
        let (new, mut synced) = if self.settings.offline {
            self.kept(now, Error::Offline { registry: self.name().to_owned(), what: "its index".to_owned() })?
        } else {
            // Each answer has its time; so many of them have it together.
            let patience = self.http.patience.package;
            let fetched = match tokio::time::timeout(patience, self.fetch_index(&wanted, now)).await {
                Ok(fetched) => fetched,
                Err(_) => Err(self.http.slow("its index", patience)),
            };
            match fetched {
                Err(error) if error.is_unreachable() => self.kept(now, error)?,
                fetched => fetched?,
            }
        };
        synced.freshness = new.freshness;
        *index = Some(new);
        Ok(synced)
    }

    /// The last index, for want of a newer one.
    fn kept(&self, now: Seconds, why: Error) -> Result<(Index, Synced), Error> {
        let Some(trust) = self.trust()? else { return Err(why) };
        let Some((_, head)) = self.last_head(&trust)? else { return Err(why) };
        let freshness = match now.checked_sub(head.expires) {
            Some(late) if late > Head::SKEW => Freshness::Expired { late },
            _ => Freshness::Offline { age: now.saturating_sub(head.issued) },
        };
        match freshness {
            Freshness::Expired { late } if !self.settings.allow_expired => {
                Err(Error::Expired { registry: self.name().to_owned(), late, source: Box::new(why) })
            }
            _ => Ok((Index { head: head.clone(), freshness }, synced(&head, 0, Vec::new()))),
        }
    }

    /// What is kept of the registry, held against the key that the settings name.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Error> {
        let trust = Trust::read(&self.folder)?;
        if let Some(trust) = &trust {
            trust.hold(self.settings.key.as_ref()).map_err(|error| self.distrust(error))?;
        }
        Ok(trust)
    }

    /// The head that is kept, if it is still the one that was believed. One that is not is as good as none.
    pub(crate) fn last_head(&self, trust: &Trust) -> Result<Option<(Signed, Head)>, Error> {
        let bytes = match self.folder.read(HEAD, MAX_DOCUMENT) {
            Err(Error::Damaged { .. }) => None,
            read => read?,
        };
        let signed: Option<Signed> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(signed.and_then(|signed| trust.head(&signed, None).ok().map(|head| (signed, head))))
    }

    async fn fetch_index(&self, wanted: &Wanted<'_>, now: Seconds) -> Result<(Index, Synced), Error> {
        let (mut trust, pinned) = self.fetch_roots().await?;
        let last = self.last_head(&trust)?.map(|(_, head)| head);
        let mut lost = None;
        for _ in 0..TRIES {
            let signed: Signed = self.document(&["v1", "index"], "the index").await?;
            let head = trust.head(&signed, Some(now)).map_err(|error| self.distrust(error))?;
            match self.fetch_shards(&head, last.as_ref(), wanted).await? {
                Ok(fetched) if self.keep_head(&trust, &signed, &head, last.as_ref()).await? => {
                    let synced = synced(&head, fetched, pinned);
                    return Ok((Index { head, freshness: Freshness::Fresh }, synced));
                }
                // Another command has just kept a newer head.
                Ok(_) => trust = self.trust()?.unwrap_or(trust),
                Err(missing) => lost = Some(missing),
            }
        }
        let expected = lost.map(|digest| digest.to_string()).unwrap_or_default();
        Err(self.distrust(Distrust::Mixed { what: "a part of the index", expected, found: "none".to_owned() }))
    }

    /// The roots from those that are kept to the newest; the keys of the first one, where none was kept.
    pub(crate) async fn fetch_roots(&self) -> Result<(Trust, Vec<KeyId>), Error> {
        let distrust = |error| self.distrust(error);
        let kept = self.trust()?;
        let is_first = kept.is_none();
        let mut trust = match kept {
            Some(trust) => trust,
            None => match self.document(&["v1", "root", "1"], "its first root").await {
                Err(Error::Refused { status: 404, .. }) => {
                    return Err(self.http.unexpected("its first root", "there is none at this address"));
                }
                signed => Trust::first(signed?).map_err(distrust)?,
            },
        };
        let before = trust.root.version;
        loop {
            let version = (trust.root.version + 1).to_string();
            match self.document(&["v1", "root", &version], "its next root").await {
                Ok(signed) => trust.advance(signed).map_err(distrust)?,
                Err(Error::Refused { status: 404, .. }) => break,
                Err(error) => return Err(error),
            }
        }
        trust.hold(self.settings.key.as_ref()).map_err(distrust)?;
        if is_first || trust.root.version > before {
            let writer = self.folder.write().await?;
            trust = trust.keep(&writer, &self.folder)?.map_err(distrust)?;
        }
        let keys = trust.root.root_keys.iter().map(PublicKey::id);
        let pinned = if is_first { keys.collect() } else { Vec::new() };
        Ok((trust, pinned))
    }

    async fn document(&self, path: &[&str], what: &str) -> Result<Signed, Error> {
        let ask = self.http.ask(Method::GET, path, what).at_most(MAX_DOCUMENT);
        self.http.get(&ask).await
    }

    /// Keeps a head that is believed, and forgets the shards of older ones; `false` where a newer one is kept. The head goes first: killed
    /// before what was seen is kept, a newer head than the one that was seen is there, which is believed.
    async fn keep_head(&self, trust: &Trust, signed: &Signed, head: &Head, last: Option<&Head>) -> Result<bool, Error> {
        let writer = self.folder.write().await?;
        let newest = trust.clone().having_seen(head.seen(signed));
        if Trust::read(&self.folder)?.and_then(|kept| kept.seen).is_some_and(|seen| seen.version > head.version) {
            return Ok(false);
        }
        let bytes = serde_json::to_vec(signed).unwrap_or_default();
        writer.put(HEAD, &bytes)?;
        newest.keep(&writer, &self.folder)?.map_err(|error| self.distrust(error))?;
        self.forget_shards(&writer, &[Some(head), last])?;
        Ok(true)
    }
}

/// Runs what takes a while beside what waits.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn synced(head: &Head, fetched: usize, pinned: Vec<KeyId>) -> Synced {
    Synced {
        registry: head.registry.clone(),
        freshness: Freshness::Fresh,
        version: head.version,
        issued: head.issued,
        expires: head.expires,
        plugins: head.plugins,
        fetched,
        pinned,
    }
}
