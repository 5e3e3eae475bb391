//! A part of the index: the records of the plugins whose ids begin alike when hashed. It does not know what a record says.

use std::{collections::BTreeMap, fmt, str::FromStr};

use hal9_package::{Digest, PluginId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Distrust, Record};

const WHAT: &str = "a part of the index";

/// The number of a shard, 0 to 255, written with two hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(u8);

/// The records of some plugins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which one it is.
    pub shard: ShardId,
    /// What there is to say of each plugin.
    pub plugins: BTreeMap<PluginId, Record>,
}

impl ShardId {
    /// The shard of a plugin: the first byte of the SHA-256 of its id.
    pub fn of(id: &PluginId) -> Self {
        let digest = Digest::of(id.as_str().as_bytes()).hex();
        // Two of the digits that `hex` has just written.
        Self(u8::from_str_radix(&digest[..2], 16).unwrap_or_default())
    }
}

impl Shard {
    /// The greatest length of a shard in bytes.
    pub const MAX_BYTES: usize = 64 << 20;

    /// The shard's bytes, which its digest is of. Equal shards have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Every map in here has text keys and no writer is involved, which are the two ways in which this can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a shard that a believed head names.
    ///
    /// # Errors
    ///
    /// [`Distrust::Mixed`] for bytes with another digest or of another shard, or a plugin that belongs elsewhere; [`Distrust::Malformed`].
    pub fn read(bytes: &[u8], id: ShardId, expected: &Digest) -> Result<Self, Distrust> {
        let found = Digest::of(bytes);
        let mixed = |expected: String, found: String| Distrust::Mixed { what: WHAT, expected, found };
        if found != *expected {
            return Err(mixed(expected.to_string(), found.to_string()));
        }
        let shard: Self = serde_json::from_slice(bytes)
            .map_err(|error| Distrust::Malformed { what: WHAT, reason: error.to_string() })?;
        if shard.shard != id {
            return Err(mixed(id.to_string(), shard.shard.to_string()));
        }
        match shard.plugins.keys().find(|plugin| ShardId::of(plugin) != id) {
            Some(plugin) => Err(mixed(id.to_string(), format!("one with {plugin}"))),
            None => Ok(shard),
        }
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl FromStr for ShardId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.len() == 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = u8::from_str_radix(text, 16).ok().filter(|_| plain);
        number.map(Self).ok_or_else(|| "a shard is two hexadecimal digits in lower case".to_owned())
    }
}

impl Serialize for ShardId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ShardId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
