//! The pages of a registry in headless Chromium, against the real server on this machine with real packages.

#![expect(clippy::unwrap_used, reason = "tests end where something is not as it should be")]

mod accessible;
mod browser;
mod hostile;
mod http;
mod plugin;
mod publish;
mod review;
mod search;
mod session;
mod site;
