//! The registry's server: accounts, publishing, the signed index, search and its HTTP interface, on SQLite and files named by digest. It does
//! not know the `hal9` command, or how a client decides whom to believe.
//!
//! ```no_run
//! use hal9_registry_server::{Config, Server};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::open(Config::new("/srv/hal9-registry"))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! server.serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await?;
//! # Ok(())
//! # }
//! ```

pub mod accounts;
pub mod api;
mod background;
mod catalogue;
mod clock;
mod config;
mod connections;
mod database;
mod error;
mod held;
mod index;
mod limits;
mod operate;
mod pages;
mod publish;
mod refusal;
mod server;
mod state;
mod written;

pub use catalogue::{Catalogue, Changes};
pub use config::{Config, Rates};
pub use error::Error;
pub use index::rotate_keys;
pub use operate::{
    Backup, Fetch, Mirrored, Pruned, Restored, Retention, backup, disable, enable, mirror, prune, restore,
    set_password, unwarn, warn, withdraw,
};
pub use publish::Offer;
pub use refusal::Refusal;
pub use server::Server;
pub use state::AppState;
