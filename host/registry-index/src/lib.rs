//! What a registry of plugins says, and how it is verified: the signed index, the records in it, reviews, and the requests
//! and answers of its HTTP interface. Server and client are held together by this crate, which knows neither HTTP nor SQLite.
//!
//! # How a registry is believed
//!
//! A registry has **root keys** and **index keys**. A [`Root`] names both; its version 1 is pinned by whoever uses the registry
//! first, and each later version is signed by a root key of the one before it, so that keys can change while nobody has to be
//! asked. An index key signs the [`Head`], which has a version that only grows, a time after which nobody believes it, and the digest of every
//! [`Shard`]. A shard holds the [`Record`]s of some plugins; which plugin is in which shard follows from its id. A record names
//! every version with the digest of its package, its author's key and the author's signature over the package.
//!
//! So whoever holds a root that he trusts notices a head that is old ([`Distrust::Stale`]), older than one he has seen
//! ([`Distrust::RolledBack`]), put together of several ([`Distrust::Mixed`]), or another registry's ([`Distrust::OtherRegistry`]). And as
//! authors sign packages themselves, not even the registry can put another package in the place of one: see [`Record::follows`].

pub mod api;
mod error;
mod head;
pub mod lookalike;
mod record;
mod review;
mod root;
mod shard;
mod signed;

pub use error::{Distrust, InvalidText};
pub use head::{Head, Seen};
pub use record::{AuthorKey, Broken, Deprecation, Endorsement, Notice, Record, Severity, VersionRecord};
pub use review::{Review, ReviewerKey};
pub use root::Root;
pub use shard::{Shard, ShardId};
pub use signed::{Signed, Statement, sign};

/// Seconds since the Unix epoch, as in every document and answer of a registry.
pub type Seconds = u64;
