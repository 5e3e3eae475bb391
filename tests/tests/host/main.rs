//! The embeddable host through its public API, with real guests: what they may do, what they do wrong, and what becomes of
//! the others. Files are named after what is tried; `lab` and `raw` are what they share.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod batches;
mod breaker;
mod calls;
mod compile;
mod components;
mod faults;
mod files;
mod imports;
mod lab;
mod limits;
mod manager;
mod models;
mod network;
mod permissions;
mod policies;
mod raw;
mod records;
mod reload;
mod routing;
mod sandbox;
mod shares;
mod steps;
mod table;
mod worlds;
