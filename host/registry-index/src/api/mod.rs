//! The requests and answers of a registry's HTTP interface, version 1, as the OpenAPI document describes them. It does not know how they
//! are sent.

mod account;
mod plugin;
mod problem;
mod publish;
mod search;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use account::{Account, AccountName, AddKey, Credentials, NewToken, Nonce, Scope, Token, TokenMade, TokenRequest};
pub use plugin::{
    AuthorPage, CapabilitySummary, Change, Dependent, Downloads, FileSummary, InterfaceSummary, OwnerSummary,
    PermissionSummary, PluginPage, RatingSummary, ReviewPage, SignedReview, Trend, VersionPage, VersionSummary,
};
pub use problem::{Problem, ProblemBody, ProblemCode};
pub use publish::{Begin, Deprecate, Endorse, Publish, Published, Report, Upload, Yank};
pub use search::{Facet, Facets, Found, Hit, Order, Query};

use crate::{InvalidText, Seconds};

/// What a registry says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct About {
    /// Its identity, a UUID.
    pub registry: String,
    /// What people call it.
    pub name: String,
    /// The version of HAL9 that serves it.
    pub version: String,
    /// The version of the newest root.
    pub root: u64,
    /// Whether accounts can be made by anybody.
    pub open: bool,
    /// Whether reading needs a token as well.
    pub private: bool,
    /// Whether this is a mirror: it only answers.
    pub mirror: bool,
    /// How many bytes a package may have.
    pub max_package: u64,
    /// How many bytes a part of an upload may have.
    pub max_part: u64,
}

/// Whether the server is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`; a server that is not well answers with a [`Problem`].
    pub status: String,
    /// The version of the index.
    pub index: u64,
    /// When the index expires.
    pub expires: Seconds,
    /// How many plugins there are.
    pub plugins: u64,
}

/// The greatest number of entries of a page.
pub const MAX_PAGE: u32 = 100;

/// Checks a text of several lines that people read: bounded, and without characters that hide, move or reorder what stands around them.
///
/// # Errors
///
/// [`InvalidText`].
pub fn check_text(what: &'static str, text: &str, max: usize) -> Result<(), InvalidText> {
    if text.len() > max {
        return Err(InvalidText { what, reason: format!("it has {} bytes: write at most {max}", text.len()) });
    }
    let deceptive = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    match text.chars().find(deceptive) {
        Some(c) => {
            Err(InvalidText { what, reason: format!("it has the character {}: write plain text", c.escape_unicode()) })
        }
        None => Ok(()),
    }
}
