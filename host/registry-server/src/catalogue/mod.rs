//! What is published, as people ask for it: found by words and traits, one plugin, one version, one author. It does not know who asks, or how
//! the answers are sent.

mod author;
mod changes;
mod downloads;
mod filter;
mod hit;
mod plugin;
mod reviews;
mod search;
mod version;

pub use changes::Changes;

use hal9_package::PluginId;
use hal9_registry_index::{Signed, api::Health};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{Error, Refusal};

/// All that is published, of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue<'a> {
    pub(crate) connection: &'a Connection,
}

impl<'a> Catalogue<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// The signed head of the index.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the database cannot be read.
    pub fn head(&self) -> Result<Signed, Refusal> {
        let text: String =
            self.connection.prepare_cached("SELECT document FROM head")?.query_row([], |row| row.get(0))?;
        Ok(read(&text, "the head of the index")?)
    }

    /// The root of a version, or the newest.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is none of this version.
    pub fn root(&self, version: Option<u64>) -> Result<Signed, Refusal> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT document FROM root WHERE version = ? OR ? IS NULL ORDER BY version DESC LIMIT 1")?
            .query_row([version, version], |row| row.get(0))
            .optional()?;
        let text = text.ok_or_else(|| Refusal::not_found("there is no root of this version"))?;
        Ok(read(&text, "a root")?)
    }

    /// The bytes of a part of the index, if the head names it, or one of a moment ago did.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where there is no such part.
    pub fn shard(&self, digest: &hal9_package::Digest) -> Result<Vec<u8>, Refusal> {
        let bytes = self
            .connection
            .prepare_cached("SELECT bytes FROM shard WHERE digest = ?")?
            .query_row([digest.to_string()], |row| row.get(0))
            .optional()?;
        bytes.ok_or_else(|| {
            Refusal::not_found(format!("there is no part of the index with the digest {digest}"))
                .help("get /v1/index again: it names the parts that there are now")
        })
    }

    /// The version and the end of the index, and how much is in it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the database cannot be read.
    pub fn health(&self) -> Result<Health, Refusal> {
        let health =
            self.connection.prepare_cached("SELECT version, expires, plugins FROM head")?.query_row([], |row| {
                let status = "ok".to_owned();
                Ok(Health { status, index: row.get(0)?, expires: row.get(1)?, plugins: row.get(2)? })
            })?;
        Ok(health)
    }

    /// The version of the newest root.
    pub(crate) fn root_version(&self) -> Result<u64, Refusal> {
        Ok(self.connection.query_row("SELECT max(version) FROM root", [], |row| row.get(0))?)
    }

    /// The row of a plugin.
    pub(crate) fn row_of(&self, plugin: &PluginId) -> Result<i64, Refusal> {
        self.find(plugin)?.ok_or_else(|| {
            Refusal::not_found(format!("{plugin}: there is no such plugin in this registry")).plugin(plugin)
        })
    }

    pub(crate) fn find(&self, plugin: &PluginId) -> Result<Option<i64>, Refusal> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM plugin WHERE name = ?")?;
        Ok(statement.query_row([plugin.as_str()], |row| row.get(0)).optional()?)
    }
}

/// Reads what the database keeps as JSON.
pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(Error::stored(what))
}

/// What the database keeps as text.
pub(crate) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, what: &'static str) -> Result<T, Error> {
    text.parse().map_err(Error::stored(what))
}

/// Writes what the database keeps as JSON.
pub(crate) fn write<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::stored("what is to be kept"))
}
