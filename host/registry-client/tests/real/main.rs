//! The client against the real server, on loopback: what the one says is what the other believes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod mirroring;
mod publishing;
mod reading;
mod site;
