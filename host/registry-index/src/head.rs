//! The head of the index: what is signed of it, and what it takes to believe one. It does not know where it comes from.

use std::collections::BTreeMap;

use hal9_package::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Distrust, Root, Seconds, ShardId, Signed, Statement};

/// What an index key signs: the digest of every shard, under a version that only grows and until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The registry's identity, as its root names it.
    pub registry: String,
    /// The version of the root that names the key which signs this.
    pub root: u64,
    /// Greater in every head than in all before it, also after a backup was restored.
    pub version: u64,
    /// When it was signed.
    pub issued: Seconds,
    /// Nobody should believe it from then on.
    pub expires: Seconds,
    /// How many plugins there are.
    pub plugins: u64,
    /// The digests of the shards' bytes; one without plugins is not there.
    #[schema(value_type = BTreeMap<String, String>)]
    pub shards: BTreeMap<ShardId, Digest>,
}

/// The newest head that somebody has seen: what keeps an older one from being believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its version.
    pub version: u64,
    /// The digest of its text: two of one version are not both of an honest registry.
    pub digest: Digest,
}

impl Statement for Head {
    const TYPE: &'static str = "hal9-registry-index";
    const WHAT: &'static str = "the index";
}

impl Head {
    /// So many seconds a clock may be slow or fast.
    pub const SKEW: Seconds = 300;

    /// The head, if it is of the registry of `root`, signed by one of its index keys, not expired at `now`, and not older than what was
    /// `seen` before.
    ///
    /// # Errors
    ///
    /// [`Distrust`]. One that names a newer root than `root` is [`Distrust::Unsigned`] unless the old root's key has signed it: get the next root first.
    pub fn verify(signed: &Signed, root: &Root, seen: Option<&Seen>, now: Seconds) -> Result<Self, Distrust> {
        let head = Self::verify_expired(signed, root, seen)?;
        match now.checked_sub(head.expires) {
            Some(late) if late > Self::SKEW => Err(Distrust::Stale { late }),
            _ => Ok(head),
        }
    }

    /// As [`verify`](Self::verify), whether it is expired or not: for what was kept, and is used while the registry cannot be reached.
    ///
    /// # Errors
    ///
    /// [`Distrust`].
    pub fn verify_expired(signed: &Signed, root: &Root, seen: Option<&Seen>) -> Result<Self, Distrust> {
        let (head, _): (Self, _) = signed.verify(&root.index_keys)?;
        if head.registry != root.registry {
            let (expected, found) = (root.registry.clone(), head.registry);
            return Err(Distrust::OtherRegistry { what: Self::WHAT, expected, found });
        }
        if let Some(seen) = seen {
            if head.version < seen.version {
                return Err(Distrust::RolledBack { what: Self::WHAT, seen: seen.version, found: head.version });
            }
            let found = Digest::of(signed.document.as_bytes());
            if head.version == seen.version && found != seen.digest {
                let (expected, found) = (seen.digest.to_string(), found.to_string());
                return Err(Distrust::Mixed { what: Self::WHAT, expected, found });
            }
        }
        Ok(head)
    }

    /// What to keep of a head that was believed.
    pub fn seen(&self, signed: &Signed) -> Seen {
        Seen { version: self.version, digest: Digest::of(signed.document.as_bytes()) }
    }
}
