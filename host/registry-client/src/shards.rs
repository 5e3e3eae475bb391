//! The parts of the index: fetched where they are wanted or were kept before, verified, kept and forgotten. It refuses to know which index is
//! believed.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use hal9_package::{Digest, PluginId};
use hal9_registry_index::{Head, Shard, ShardId};
use reqwest::{Method, StatusCode};

use crate::{
    Error, Registry,
    folder::{Folder, Writer},
    index::blocking,
};

/// The folder of shards, each under its digest.
pub(crate) const SHARDS: &str = "shards";
/// The greatest length of all shards that are fetched at once.
const MAX_FETCHED: u64 = 1 << 30;
/// So many shards are fetched at once.
const AT_ONCE: usize = 4;

/// Which parts of the index are wanted.
pub(crate) enum Wanted<'a> {
    /// All of them.
    All,
    /// Those that some plugins are in.
    Of(&'a [PluginId]),
}

impl Registry {
    /// Fetches the parts that are wanted and not kept, and those that were kept of the last index and have changed, so that the new
    /// index can answer all that the last one could. Gives how many, or one that the registry does not have.
    pub(crate) async fn fetch_shards(
        &self,
        head: &Head,
        last: Option<&Head>,
        wanted: &Wanted<'_>,
    ) -> Result<Result<usize, Digest>, Error> {
        let kept: BTreeSet<String> = self.folder.names(SHARDS)?.into_iter().collect();
        let is_kept = |digest: &Digest| kept.contains(&digest.hex());
        let was_kept = |id: &ShardId| last.and_then(|last| last.shards.get(id)).is_some_and(is_kept);
        let is_wanted = |id: &ShardId| match wanted {
            Wanted::All => true,
            Wanted::Of(plugins) => plugins.iter().any(|plugin| ShardId::of(plugin) == *id),
        };
        let missing = head.shards.iter().filter(|(id, digest)| !is_kept(digest) && (is_wanted(id) || was_kept(id)));
        let missing: BTreeMap<ShardId, Digest> = missing.map(|(id, digest)| (*id, *digest)).collect();
        let mut all = 0;
        let mut fetched =
            stream::iter(&missing).map(|(id, digest)| self.fetch_shard(*id, *digest)).buffer_unordered(AT_ONCE);
        while let Some(one) = fetched.try_next().await? {
            match one {
                Ok((_, length)) => all += length,
                Err(digest) => return Ok(Err(digest)),
            }
            if all > MAX_FETCHED {
                let writer = self.folder.write().await?;
                self.forget_shards(&writer, &[last])?;
                let (registry, what) = (self.name().to_owned(), "its index".to_owned());
                return Err(Error::TooLarge { registry, what, max: MAX_FETCHED });
            }
        }
        Ok(Ok(missing.len()))
    }

    /// Fetches a part of the index and keeps it; its digest where the registry does not have it.
    pub(crate) async fn fetch_shard(&self, id: ShardId, digest: Digest) -> Result<Result<(Shard, u64), Digest>, Error> {
        let path = ["v1", "index", "shards", &digest.to_string()];
        let ask = self.http.ask(Method::GET, &path, "a part of the index").at_most(Shard::MAX_BYTES as u64);
        let bytes = match self.http.send(&ask).await {
            Err(Error::Refused { status, .. }) if status == StatusCode::NOT_FOUND => return Ok(Err(digest)),
            sent => sent?.body,
        };
        let (bytes, shard) = blocking(move || {
            let shard = Shard::read(&bytes, id, &digest);
            (bytes, shard)
        })
        .await;
        let shard = shard.map_err(|error| self.distrust(error))?;
        let writer = self.folder.write().await?;
        writer.put(&format!("{SHARDS}/{}", digest.hex()), &bytes)?;
        Ok(Ok((shard, bytes.len() as u64)))
    }

    /// The part of the index that is kept, if it is what it was. One that was changed is as good as none.
    pub(crate) async fn kept_shard(&self, id: ShardId, digest: Digest) -> Result<Option<Shard>, Error> {
        let folder: Folder = self.folder.clone();
        let read = blocking(move || {
            let bytes = folder.read(&format!("{SHARDS}/{}", digest.hex()), Shard::MAX_BYTES as u64)?;
            Ok(bytes.and_then(|bytes| Shard::read(&bytes, id, &digest).ok()))
        });
        match read.await {
            Err(Error::Damaged { .. }) => Ok(None),
            read => read,
        }
    }

    /// Removes the shards that none of some heads names.
    pub(crate) fn forget_shards(&self, writer: &Writer<'_>, heads: &[Option<&Head>]) -> Result<(), Error> {
        let named: BTreeSet<String> =
            heads.iter().flatten().flat_map(|head| head.shards.values()).map(Digest::hex).collect();
        for name in self.folder.names(SHARDS)?.into_iter().filter(|name| !named.contains(name)) {
            writer.remove(&format!("{SHARDS}/{name}"))?;
        }
        Ok(())
    }
}
