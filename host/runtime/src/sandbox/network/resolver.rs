//! Owns how a name becomes addresses: the embedder's [`Resolver`], or the system's. It refuses to know which names or
//! addresses a plugin may have.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Resolves names for plugins. A request is resolved once, and every address is checked before any of them is connected to.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of `name`, best first. It is in lower case, without a dot at its end, and never an address.
    ///
    /// # Errors
    ///
    /// A name that has no addresses, or a resolver that cannot say.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// How many names are looked up at once. A lookup blocks a thread until the system gives up, whoever still waits for it.
const LOOKUPS: usize = 32;

/// The resolver of the operating system.
pub(super) struct SystemResolver {
    turns: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(LOOKUPS)) }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}
