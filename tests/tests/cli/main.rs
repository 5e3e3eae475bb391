//! The command as its users run it: a process, a home of its own, what it prints and how it exits.
#![expect(clippy::unwrap_used, reason = "tests say with their names what they are about")]

mod audit;
mod build;
mod cache;
mod config;
mod dependencies;
mod dev;
mod discovery;
mod health;
mod home;
mod install;
mod keys;
mod learn;
mod limits;
mod logs;
mod memory;
mod pack;
mod packages;
mod permissions;
mod plugins;
mod policy;
mod readme;
mod repair;
mod scraper;
mod secrets;
mod signals;
mod test_kit;
mod tools;
mod trust;
mod upgrade;
mod usage;
mod wit;
