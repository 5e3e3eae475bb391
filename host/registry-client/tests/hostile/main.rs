//! The client against registries that lie, lag behind, break off or never end. Each is a real server on loopback, whose documents are signed by
//! keys of the test, so that a client which believed them would be wrong and not merely confused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod documents;
mod files;
mod index;
mod names;
mod offline;
mod packages;
mod reviews;
mod server;
mod signed_in;
mod transport;
