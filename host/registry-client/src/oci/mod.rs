//! Plugins in OCI registries, the kind that containers are kept in: [`push`] and [`pull`]. It does not know which keys are believed or
//! what becomes of a package: what it gives is held together by digests, and whether to use it is the caller's question.
//!
//! # What is where
//!
//! A tag names the component as the CNCF's *Wasm OCI Artifact layout* has it, which `wkg`, `wasmtime`'s companions and container
//! runtimes read:
//!
//! | part | media type | what it is |
//! |---|---|---|
//! | manifest | `application/vnd.oci.image.manifest.v1+json` | annotations for people, and [`PACKAGE_ANNOTATION`]: the digest of the package |
//! | config | `application/vnd.wasm.config.v0+json` | author, `wasm`, `wasip2`, the layer's digest, imports and exports |
//! | the one layer | `application/wasm` | the component itself |
//!
//! What that layout has no place for stands in a second manifest of the type [`ARTIFACT_TYPE`], whose `subject` is the first (OCI 1.1):
//!
//! | part | media type | what it is |
//! |---|---|---|
//! | config | `application/vnd.oci.empty.v1+json` | `{}` |
//! | first layer | `application/vnd.hal9.package.v1+zip` | the `.hal9` file: manifest, permissions, limits and all files |
//! | second layer | `application/vnd.hal9.signature.v1` | its `.minisig`, where it is signed |
//!
//! It is found through the referrers API, and where a registry has none, through the index under the tag `sha256-…` that the
//! distribution specification defines for that.
//!
//! # What holds it together
//!
//! The tag names the first manifest by its digest, this names the package by its own, and the component in the package must be the
//! layer. So an old package, or another author's, cannot stand behind a tag that was not moved; only signatures can be added, and they
//! are over this very package. A push names the tag last: whatever ends it early leaves the old version under the tag, whole. The same
//! package makes the same manifests, so that pushing it again changes nothing and pushing it with a signature adds that.
//!
//! # Why the requests are this crate's own
//!
//! References and documents are those of `oci-client`. Its requests are not used: version 0.18 holds manifests, tokens and error texts in
//! memory whatever their length, ends in a panic where a registry answers a push by digest without a `Location` or a token with a line
//! break, and sends passwords over plain HTTP where a registry says so. The tests pull with its client, to see that others can.

mod auth;
mod docker;
mod error;
mod layout;
mod pull;
mod push;
mod reference;
mod referrers;
mod session;
mod upload;

pub use auth::Auth;
pub use error::OciError;
pub use layout::{ARTIFACT_TYPE, PACKAGE_ANNOTATION, PACKAGE_TYPE, SIGNATURE_TYPE};
pub use pull::{Pulled, pull};
pub use push::push;
pub use reference::OciReference;

/// Told again and again while bytes are sent or received: how many of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);
