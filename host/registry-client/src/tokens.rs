//! The file in which tokens are kept, by the address of their registry, for its owner's eyes alone. It refuses to know what a token may do.

use std::{collections::BTreeMap, path::Path};

use hal9_registry_index::Seconds;
use serde::{Deserialize, Serialize};

use crate::{Error, Secret, saved::Saved};

/// The tokens in a file, such as `credentials.toml`.
#[derive(Debug)]
pub struct Tokens {
    file: Saved,
    tokens: BTreeMap<String, Entry>,
}

/// A token that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedToken {
    /// The account that it is of.
    pub account: String,
    /// The token.
    pub secret: Secret,
    /// When it ends.
    pub expires: Seconds,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    account: String,
    token: String,
    expires: Seconds,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.account)
    }
}

impl Tokens {
    /// Reads the file; there are no tokens where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Exposed`] where others than its owner can read it, [`Error::Damaged`], [`Error::File`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = Saved::new(path, true);
        let tokens = file.read()?;
        Ok(Self { file, tokens })
    }

    /// The token for a registry, by [`Registry::url`](crate::Registry::url).
    pub fn get(&self, url: &str) -> Option<SavedToken> {
        self.tokens.get(url).map(|entry| SavedToken {
            account: entry.account.clone(),
            secret: Secret::new(entry.token.clone()),
            expires: entry.expires,
        })
    }

    /// Keeps a token, in the place of the one that was there.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], and those of [`open`](Self::open).
    pub async fn set(&mut self, url: &str, token: &SavedToken) -> Result<(), Error> {
        let (account, expires) = (token.account.clone(), token.expires);
        let entry = Entry { account, token: token.secret.expose().to_owned(), expires };
        let change = |tokens: &mut BTreeMap<String, Entry>| Ok(tokens.insert(url.to_owned(), entry));
        self.tokens = self.file.change(change).await?.0;
        Ok(())
    }

    /// Forgets a token; `false` if there was none.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub async fn remove(&mut self, url: &str) -> Result<bool, Error> {
        let change = |tokens: &mut BTreeMap<String, Entry>| Ok(tokens.remove(url).is_some());
        let (tokens, was_there) = self.file.change(change).await?;
        self.tokens = tokens;
        Ok(was_there)
    }
}
