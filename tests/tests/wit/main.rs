//! HAL9's WIT as a contract: what it says of itself, which of its changes keep plugins loading, and that plugins which were
//! built with an earlier version of it do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod fixtures;
mod linking;
