//! What authors and reviewers say of plugins that are published. It refuses to know who may.

use hal9_package::PluginId;
use hal9_registry_index::{
    Deprecation, Notice, Review, Signed,
    api::{AccountName, Deprecate, Endorse, Report, SignedReview, Yank},
};
use reqwest::Method;
use semver::Version;

use crate::{Error, Registry};

/// Each of these fails with [`Error::SignedOut`], [`Error::Refused`], [`Error::Unreachable`] and others.
impl Registry {
    /// Says that nobody should begin to use a version.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn yank(&self, id: &PluginId, version: &Version, reason: &str) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "versions", &version.to_string(), "yank"];
        let ask = self.signed_in(Method::PUT, &path, "the version")?.json(&Yank { reason: reason.to_owned() });
        self.http.send(&ask).await.map(drop)
    }

    /// Takes that back.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn unyank(&self, id: &PluginId, version: &Version) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "versions", &version.to_string(), "yank"];
        self.http.send(&self.signed_in(Method::DELETE, &path, "the version")?).await.map(drop)
    }

    /// Says that a plugin should not be used any more; `None` takes that back.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn deprecate(&self, id: &PluginId, deprecation: Option<Deprecation>) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "deprecation"];
        let ask = match deprecation {
            Some(deprecation) => self.signed_in(Method::PUT, &path, "the plugin")?.json(&Deprecate { deprecation }),
            None => self.signed_in(Method::DELETE, &path, "the plugin")?,
        };
        self.http.send(&ask).await.map(drop)
    }

    /// Reports something dangerous in a plugin.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn report(&self, id: &PluginId, report: &Report) -> Result<Notice, Error> {
        let path = ["v1", "plugins", id.as_str(), "notices"];
        self.http.get(&self.signed_in(Method::POST, &path, "the notice")?.json(report)).await
    }

    /// Takes a notice back, by its number.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn take_back(&self, id: &PluginId, notice: u64) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "notices", &notice.to_string()];
        self.http.send(&self.signed_in(Method::DELETE, &path, "the notice")?).await.map(drop)
    }

    /// Lets another account publish a plugin as well.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn add_owner(&self, id: &PluginId, account: &AccountName) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "owners", account.as_str()];
        self.http.send(&self.signed_in(Method::PUT, &path, "the owner")?).await.map(drop)
    }

    /// Takes that right away.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn remove_owner(&self, id: &PluginId, account: &AccountName) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "owners", account.as_str()];
        self.http.send(&self.signed_in(Method::DELETE, &path, "the owner")?).await.map(drop)
    }

    /// Adds a key that may sign a plugin's packages, endorsed by one that may.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn endorse(&self, id: &PluginId, endorse: &Endorse) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "keys"];
        self.http.send(&self.signed_in(Method::POST, &path, "the key")?.json(endorse)).await.map(drop)
    }

    /// Publishes a signed [`Review`], in the place of an earlier one of the same account about the same version.
    ///
    /// # Errors
    ///
    /// See above; and [`Error::Distrust`] for a text that is no review.
    pub async fn review(&self, signed: &Signed) -> Result<SignedReview, Error> {
        let review: Review = signed.read().map_err(|error| self.distrust(error))?;
        let path = ["v1", "plugins", review.plugin.as_str(), "reviews"];
        let one = self.http.get(&self.signed_in(Method::PUT, &path, "the review")?.json(signed)).await?;
        self.own_review(one).await
    }

    /// Takes one's own reviews of a plugin back.
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn remove_review(&self, id: &PluginId) -> Result<(), Error> {
        let path = ["v1", "plugins", id.as_str(), "reviews"];
        self.http.send(&self.signed_in(Method::DELETE, &path, "the review")?).await.map(drop)
    }
}
