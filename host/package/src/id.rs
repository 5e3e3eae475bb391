//! The identity of a plugin: a reverse-domain name or a UUID. It does not know whether such a plugin exists.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ParseError, text};

/// Who a plugin is: `ai.hal9.text-tools`, or a UUID such as `550e8400-e29b-41d4-a716-446655440000`.
///
/// A reverse-domain id has at most 128 bytes: two or more labels with dots between them, each of lower-case ASCII letters,
/// digits and `-`. A UUID is written with its four hyphens and kept in lower case. So two ids that look alike are the
/// same, and an id is safe as a file name. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(Arc<str>);

impl PluginId {
    /// The greatest length in bytes.
    pub const MAX_BYTES: usize = 128;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the last dot, such as `text-tools`: what people call the plugin. The whole id for a UUID.
    pub fn short(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }
}

impl FromStr for PluginId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |fix: String| Err(ParseError::new(text, "a plugin id", fix));
        // Of the forms that `uuid` reads, only the hyphenated one has this length.
        if text.len() == uuid::fmt::Hyphenated::LENGTH
            && let Ok(id) = uuid::Uuid::try_parse(text)
        {
            return Ok(Self(id.hyphenated().to_string().into()));
        }
        if text.len() > Self::MAX_BYTES {
            return refuse(format!("it has {} bytes, write at most {}", text.len(), Self::MAX_BYTES));
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let labelled = text.split('.').all(|label| !label.is_empty() && label.bytes().all(plain));
        if !labelled || !text.contains('.') {
            return refuse(
                "write a reverse-domain name of lower-case letters, digits and `-`, such as \
                 \"ai.hal9.text-tools\", or a UUID"
                    .to_owned(),
            );
        }
        Ok(Self(text.into()))
    }
}

impl Serialize for PluginId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PluginId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::from_str(deserializer)
    }
}

impl AsRef<str> for PluginId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_reverse_domain_names_or_uuids() -> Result<(), ParseError> {
        for good in ["ai.hal9.text-tools", "a.b", "1.2", "local.x-", &format!("a.{}", "b".repeat(126))] {
            assert_eq!(good.parse::<PluginId>()?.as_str(), good);
        }
        for bad in [
            "",
            ".",
            "plain",
            "a..b",
            ".a",
            "a.",
            "a.B",
            "a.b_c",
            "a. b",
            "a/b.c",
            "../etc.x",
            "a.b\n",
            "a.ж",
            "550e8400e29b41d4a716446655440000",
            "{550e8400-e29b-41d4-a716-446655440000}",
            &format!("a.{}", "b".repeat(127)),
        ] {
            assert!(bad.parse::<PluginId>().is_err(), "{bad:?}");
        }
        Ok(())
    }

    #[test]
    fn one_uuid_has_one_spelling() -> Result<(), ParseError> {
        let id: PluginId = "550E8400-E29B-41D4-A716-446655440000".parse()?;
        assert_eq!(id.as_str(), "550e8400-e29b-41d4-a716-446655440000");
        assert_eq!(id.short(), id.as_str());
        assert_eq!("ai.hal9.text-tools".parse::<PluginId>()?.short(), "text-tools");
        Ok(())
    }
}
