//! The four jobs as Rust does them, one module each: what every peer with Rust in its plugin calls, and what the others are
//! held against. It refuses to know how a request gets in and a reply out, but for the plain encoding in [`wire`].

pub mod model;
pub mod signal;
pub mod store;
pub mod tool;
pub mod wire;

pub use signal::Signal;
pub use store::Store;
