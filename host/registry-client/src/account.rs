//! Signing in: accounts and tokens. It refuses to know where tokens are kept.

use hal9_registry_index::api::{Account, AddKey, Credentials, NewToken, Token, TokenMade, TokenRequest};
use reqwest::Method;

use crate::{Error, Registry, ask::Ask};

impl Registry {
    /// Makes an account, where the registry lets anybody do so.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn register(&self, credentials: &Credentials) -> Result<Account, Error> {
        self.online("an account")?;
        let ask = self.http.ask(Method::POST, &["v1", "accounts"], "an account").signed_out().json(credentials);
        self.http.get(&ask).await
    }

    /// Makes a token, by name and password. It is not used here before [`set_token`](Self::set_token).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn log_in(&self, credentials: Credentials, token: NewToken) -> Result<TokenMade, Error> {
        self.online("a token")?;
        let request = TokenRequest { credentials, token };
        let ask = self.http.ask(Method::POST, &["v1", "tokens"], "a token").signed_out().json(&request);
        let made: TokenMade = self.http.get(&ask).await?;
        if token_id(&made.secret).is_none() {
            return Err(self.http.unexpected("a token", "it is none"));
        }
        Ok(made)
    }

    /// Revokes the token that signs in here.
    ///
    /// # Errors
    ///
    /// [`Error::SignedOut`], [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn log_out(&self) -> Result<(), Error> {
        let id = self.http.token().and_then(|token| token_id(token.expose()));
        let id = id.ok_or_else(|| Error::SignedOut { registry: self.name().to_owned() })?.to_owned();
        self.revoke(&id).await
    }

    /// Whose token signs in here.
    ///
    /// # Errors
    ///
    /// [`Error::SignedOut`], [`Error::Refused`], [`Error::Unreachable`] and others.
    pub async fn whoami(&self) -> Result<Account, Error> {
        let ask = self.signed_in(Method::GET, &["v1", "account"], "the account")?;
        self.http.get(&ask).await
    }

    /// The account's tokens.
    ///
    /// # Errors
    ///
    /// Those of [`whoami`](Self::whoami).
    pub async fn tokens(&self) -> Result<Vec<Token>, Error> {
        let ask = self.signed_in(Method::GET, &["v1", "tokens"], "the tokens")?;
        self.http.get(&ask).await
    }

    /// Revokes a token by its number.
    ///
    /// # Errors
    ///
    /// Those of [`whoami`](Self::whoami).
    pub async fn revoke(&self, id: &str) -> Result<(), Error> {
        let ask = self.signed_in(Method::DELETE, &["v1", "tokens", id], "the token")?;
        self.http.send(&ask).await.map(drop)
    }

    /// Registers a key that the account signs reviews with.
    ///
    /// # Errors
    ///
    /// Those of [`whoami`](Self::whoami).
    pub async fn add_key(&self, key: &AddKey) -> Result<(), Error> {
        let ask = self.signed_in(Method::POST, &["v1", "account", "keys"], "a key")?.json(key);
        self.http.send(&ask).await.map(drop)
    }

    /// What only who is signed in can ask.
    pub(crate) fn signed_in(&self, method: Method, path: &[&str], what: &str) -> Result<Ask, Error> {
        self.online(what)?;
        if self.http.token().is_none() {
            return Err(Error::SignedOut { registry: self.name().to_owned() });
        }
        if path.iter().any(|part| part.is_empty() || matches!(*part, "." | "..")) {
            return Err(self.http.unexpected(what, "a part of the path is empty"));
        }
        Ok(self.http.ask(method, path, what))
    }
}

/// The number in the middle of a token: `hal9_<number>_<secret>`.
fn token_id(token: &str) -> Option<&str> {
    let (id, secret) = token.strip_prefix("hal9_")?.split_once('_')?;
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 128 && text.bytes().all(|c| c.is_ascii_graphic());
    (is_plain(id) && is_plain(secret)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_number_in_it() {
        assert_eq!(token_id("hal9_17_abc_def"), Some("17"));
        for bad in ["", "hal9_", "hal9_17", "hal9__abc", "hal9_17_", "ghp_17_abc", "hal9_1\n7_abc"] {
            assert_eq!(token_id(bad), None, "{bad:?}");
        }
    }
}
