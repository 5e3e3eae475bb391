//! Who asks: accounts, their tokens, and what a token may do. It does not know how secrets are kept.

use std::{fmt, str::FromStr};

use hal9_package::PublicKey;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use crate::{InvalidText, Seconds, Signed};

/// What an account is called: 2 to 39 of `a-z`, `0-9` and `-`, with a letter in front and no `-` at an end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 2, max_length = 39, pattern = "^[a-z][a-z0-9-]{0,37}[a-z0-9]$", example = "ada")]
pub struct AccountName(String);

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_name = (2..=39).contains(&text.len())
            && text.bytes().all(plain)
            && text.as_bytes()[0].is_ascii_lowercase()
            && !text.ends_with('-');
        if is_name {
            return Ok(Self(text.to_owned()));
        }
        let reason = "write 2 to 39 of a-z, 0-9 and `-`, with a letter in front and no `-` at the end".to_owned();
        Err(InvalidText { what: "the name of an account", reason })
    }
}

impl<'de> Deserialize<'de> for AccountName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What makes an account, and what a token is had for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The account.
    pub name: AccountName,
    /// Its password: 12 to 256 bytes.
    #[schema(min_length = 12, max_length = 256)]
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.name)
    }
}

/// What a token may do. Reading needs none, unless the registry is private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Read a private registry.
    Read,
    /// Publish new plugins and versions.
    Publish,
    /// Yank versions, deprecate plugins and publish notices.
    Maintain,
    /// Add and remove owners and keys.
    Own,
    /// Write reviews.
    Review,
    /// Make and revoke tokens.
    Tokens,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [Self::Read, Self::Publish, Self::Maintain, Self::Own, Self::Review, Self::Tokens];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Maintain => "maintain",
            Self::Own => "own",
            Self::Review => "review",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| InvalidText {
            what: "a scope",
            reason: format!("write one of {}", Self::ALL.map(Self::as_str).join(", ")),
        })
    }
}

/// Asks for a token, by name and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Who asks.
    pub credentials: Credentials,
    /// What it is to be.
    pub token: NewToken,
}

/// What a token is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What people know it by: one line of 1 to 64 bytes.
    #[schema(min_length = 1, max_length = 64)]
    pub label: String,
    /// What it may do; at least one.
    #[schema(min_items = 1, max_items = 6)]
    pub scopes: Vec<Scope>,
    /// After so many days it is none any more: 1 to 366.
    #[schema(minimum = 1, maximum = 366)]
    pub days: u16,
}

/// A token as it is shown, which is never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its number, by which it is revoked.
    pub id: String,
    /// What people know it by.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made: Seconds,
    /// When it ends.
    pub expires: Seconds,
    /// When it was last used, to the hour.
    pub used: Option<Seconds>,
}

/// A token that was made: the only time that it is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// The token, for `Authorization: Bearer`: `hal9_` and what follows.
    pub secret: String,
    /// What it is.
    pub token: Token,
}

impl fmt::Debug for TokenMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenMade({})", self.token.id)
    }
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The account.
    pub name: AccountName,
    /// When it was made.
    pub made: Seconds,
    /// What the token of this request may do.
    pub scopes: Vec<Scope>,
    /// The plugins that it owns.
    pub plugins: Vec<String>,
    /// The keys that it signs reviews with.
    #[schema(value_type = Vec<String>)]
    pub keys: Vec<PublicKey>,
}

/// Registers a key that the account signs reviews with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddKey {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// A [`ReviewerKey`](crate::ReviewerKey) that the key has signed.
    pub proof: Signed,
}

/// A number for one request that changes something, in its header `Replay-Nonce`: a request that is sent a second time is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nonce {
    /// The number.
    pub nonce: String,
    /// It is good until then.
    pub expires: Seconds,
}
