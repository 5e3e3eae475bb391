//! What people think of a version, signed by themselves. It does not know who they are.

use hal9_package::{Digest, PluginId, PublicKey};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Distrust, InvalidText, Seconds, Signed, Statement};

/// A judgement of one version of a plugin, by its package's digest: it is not one of any other package, whatever that is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The registry's identity.
    pub registry: String,
    /// The plugin.
    #[schema(value_type = String)]
    pub plugin: PluginId,
    /// The version.
    #[schema(value_type = String)]
    pub version: Version,
    /// The digest of the version's package.
    #[schema(value_type = String)]
    pub package: Digest,
    /// The account whose judgement it is.
    pub author: String,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub stars: u8,
    /// What to know of it: plain text, at most [`Review::MAX_TEXT`] bytes. May be empty.
    pub text: String,
    /// When it was written. The later one of an account about a version takes the place of the earlier.
    pub written: Seconds,
}

/// That the holder of a key has an account: signed by that key, so that nobody registers another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerKey {
    /// The registry's identity.
    pub registry: String,
    /// The account.
    pub account: String,
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
}

impl Statement for Review {
    const TYPE: &'static str = "hal9-review";
    const WHAT: &'static str = "the review";
}

impl Statement for ReviewerKey {
    const TYPE: &'static str = "hal9-reviewer-key";
    const WHAT: &'static str = "the reviewer's key";
}

impl Review {
    /// The longest text in bytes.
    pub const MAX_TEXT: usize = 4_000;

    /// A review that `key` has signed, of this registry and with texts that may be.
    ///
    /// # Errors
    ///
    /// [`Distrust`].
    pub fn verify(signed: &Signed, key: &PublicKey, registry: &str) -> Result<Self, Distrust> {
        let (review, _): (Self, _) = signed.verify(std::slice::from_ref(key))?;
        let what = Self::WHAT;
        if review.registry != registry {
            return Err(Distrust::OtherRegistry { what, expected: registry.to_owned(), found: review.registry });
        }
        review.check().map_err(|error| Distrust::Malformed { what, reason: error.to_string() })?;
        Ok(review)
    }

    /// Checks stars and text.
    ///
    /// # Errors
    ///
    /// [`InvalidText`].
    pub fn check(&self) -> Result<(), InvalidText> {
        if !(1..=5).contains(&self.stars) {
            return Err(InvalidText { what: "stars", reason: format!("{} of 5: give 1 to 5", self.stars) });
        }
        crate::api::check_text("text", &self.text, Self::MAX_TEXT)
    }
}
