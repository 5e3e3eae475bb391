//! Finding and judging: what the registry answers to who looks around. What is installed comes from the index alone; this is for people.
//! It refuses to know how it is shown.

use hal9_package::PluginId;
use hal9_registry_index::{
    Distrust, Review, Statement as _,
    api::{About, AccountName, AuthorPage, Found, MAX_PAGE, PluginPage, Query, ReviewPage, SignedReview, VersionPage},
};
use reqwest::Method;
use semver::Version;
use serde_json::Value;

use crate::{Error, Registry};

/// Reviews, each signed by its author and of a package that the index names.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reviews {
    /// The page as the registry gives it, without the reviews that were dropped. Its sums are the registry's word alone.
    pub page: ReviewPage,
    /// So many were dropped, as their signatures are not believed or they are of something else.
    pub dropped: usize,
}

impl Registry {
    /// What the registry says of itself.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Unexpected`] and others.
    pub async fn about(&self) -> Result<About, Error> {
        self.page(&["v1", "registry"], "what it is").await
    }

    /// Looks for plugins. What is found is a hint, and every text in it is foreign.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn search(&self, query: &Query) -> Result<Found, Error> {
        self.online("a search")?;
        let ask = self.http.ask(Method::GET, &["v1", "plugins"], "a search").query(&pairs(query));
        self.http.get(&ask).await
    }

    /// All that is told of a plugin.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn plugin(&self, id: &PluginId) -> Result<PluginPage, Error> {
        let page: PluginPage = self.page(&["v1", "plugins", id.as_str()], "a plugin").await?;
        self.same(id, &page.summary.id)?;
        Ok(page)
    }

    /// All that is told of a version.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn version(&self, id: &PluginId, version: &Version) -> Result<VersionPage, Error> {
        let path = ["v1", "plugins", id.as_str(), "versions", &version.to_string()];
        let page: VersionPage = self.page(&path, "a version").await?;
        self.same(id, &page.id)?;
        Ok(page)
    }

    /// All that is told of an author.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn author(&self, name: &AccountName) -> Result<AuthorPage, Error> {
        self.page(&["v1", "authors", name.as_str()], "an author").await
    }

    /// Some reviews of a plugin, newest first: `limit` of them, at most [`MAX_PAGE`], after `skip`. Those that are not signed by the key they
    /// name, or not of this plugin in this registry, or not of a package that the index names, are dropped.
    ///
    /// # Errors
    ///
    /// Those of [`find`](Self::find), [`Error::Refused`] and others.
    pub async fn reviews(&self, id: &PluginId, skip: u32, limit: u32) -> Result<Reviews, Error> {
        self.online("the reviews")?;
        let listed = self.find(id).await?.ok_or_else(|| self.unknown(id))?;
        let query = [("skip", skip.to_string()), ("limit", limit.clamp(1, MAX_PAGE).to_string())];
        let ask = self.http.ask(Method::GET, &["v1", "plugins", id.as_str(), "reviews"], "reviews").query(&query);
        let mut page: ReviewPage = self.http.get(&ask).await?;
        let all = page.reviews.len();
        page.reviews.retain(|one| {
            let package = listed.record.version(&one.review.version).map(|version| version.package);
            is_signed(one, &listed.registry) && one.review.plugin == *id && package == Some(one.review.package)
        });
        page.reviews.truncate(MAX_PAGE as usize);
        let dropped = all - page.reviews.len();
        Ok(Reviews { page, dropped })
    }

    /// Reads a document of the interface.
    pub(crate) async fn page<T: serde::de::DeserializeOwned>(&self, path: &[&str], what: &str) -> Result<T, Error> {
        self.online(what)?;
        self.http.get(&self.http.ask(Method::GET, path, what)).await
    }

    fn same(&self, id: &PluginId, found: &PluginId) -> Result<(), Error> {
        if id == found {
            return Ok(());
        }
        Err(self.http.unexpected("a plugin", &format!("{found} was told in the place of {id}")))
    }

    /// What a registry gives back of a review that was sent, if it is that.
    pub(crate) async fn own_review(&self, one: SignedReview) -> Result<SignedReview, Error> {
        if is_signed(&one, &self.identity().await?) {
            return Ok(one);
        }
        let reason = "it gives back another one than was signed".to_owned();
        Err(self.distrust(Distrust::Malformed { what: Review::WHAT, reason }))
    }
}

fn is_signed(one: &SignedReview, registry: &str) -> bool {
    Review::verify(&one.signed, &one.key, registry).is_ok_and(|signed| signed == one.review)
}

/// A query as addresses have it: what is not said is not there.
fn pairs(query: &Query) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else { return Vec::new() };
    let pair = |(name, value): (String, Value)| match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some((name, text)),
        Value::Null | Value::Bool(false) => None,
        value => Some((name, value.to_string())),
    };
    fields.into_iter().filter_map(pair).collect()
}
