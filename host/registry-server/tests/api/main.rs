//! The registry's HTTP interface as clients meet it: a real server on loopback, real packages and real signatures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod index;
mod limits;
mod maintain;
mod mirror;
mod moderate;
mod operate;
mod packages;
mod publish;
mod reviews;
mod room;
mod search;
mod site;
mod uploads;
