//! Plugins in every language as their authors make them: begun, built, tested, packed, installed and used, with tools that are
//! brought once. A process at a time, in folders of its own.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

mod begin;
mod broken;
mod desk;
mod dev;
mod guides;
mod keywords;
mod life;
mod missing;
