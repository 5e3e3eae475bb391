//! What the host offers its plugins, an interface a file: its state, its implementation, its limits. None of them knows
//! the manifest, the manager or the store; what one needs from there it asks through a trait of its own.

pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod interposed;
pub(crate) mod learning;
pub(crate) mod logging;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod plugins;
pub(crate) mod signals;
