//! The network, as far as a plugin gets it: HTTP requests to hosts that it was granted, by `wasi:http/outgoing-handler`. It
//! refuses to know sockets: those of WASI stay closed.

mod body;
mod connector;
mod failure;
mod handler;
mod head;
mod line;
mod public;
mod resolver;
mod send;
mod sockets;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use hal9_package::Limits;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView};

use crate::Error;
use crate::guard::Guard;
use crate::quota::{Pool, Quota};
pub use connector::{Connector, NetworkStream};
pub(crate) use handler::{link_handler, link_types};
pub use resolver::Resolver;
pub(crate) use sockets::close_sockets;

/// How requests of plugins are sent. A plugin may ask for less time, and never gets more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NetworkConfig {
    /// Certificates of authorities that are trusted beside Mozilla's, in DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// How long it may take to resolve a name, connect and agree on TLS, all together.
    pub connect_time: Duration,
    /// How long the head of a response may take to come, once there is a connection; the sending of the request is part of it.
    pub first_byte_time: Duration,
    /// How long nothing may come of a body.
    pub between_bytes_time: Duration,
    /// How long a connection may be open.
    pub total_time: Duration,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            extra_roots: Vec::new(),
            connect_time: Duration::from_secs(10),
            first_byte_time: Duration::from_secs(30),
            between_bytes_time: Duration::from_secs(30),
            total_time: Duration::from_secs(120),
        }
    }
}

/// The longest of these times, which can be added to a clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a host is given to reach the network with.
#[derive(Clone)]
pub(crate) struct NetworkSetup {
    pub(crate) config: NetworkConfig,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) connector: Arc<dyn Connector>,
}

impl Default for NetworkSetup {
    fn default() -> Self {
        Self {
            config: NetworkConfig::default(),
            resolver: Arc::new(resolver::SystemResolver::default()),
            connector: Arc::new(connector::Tcp),
        }
    }
}

/// The network of a host.
pub(crate) struct Network {
    setup: NetworkSetup,
    tls: Arc<ClientConfig>,
}

impl Network {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an authority whose certificate cannot be read.
    pub(crate) fn new(mut setup: NetworkSetup) -> Result<Self, Error> {
        let tls = tls::config(&setup.config.extra_roots).map_err(|error| Error::InvalidInput {
            plugin: None,
            what: format!("an extra authority cannot be trusted: {error}"),
            help: "give each of `extra_roots` as one X.509 certificate in DER".to_owned(),
        })?;
        let NetworkConfig { connect_time, first_byte_time, between_bytes_time, total_time, .. } = &mut setup.config;
        for time in [connect_time, first_byte_time, between_bytes_time, total_time] {
            *time = LONGEST.min(*time);
        }
        Ok(Self { setup, tls })
    }
}

/// The network of one plugin, for all of its instances. Clones share one quota.
#[derive(Clone)]
pub(crate) struct Outgoing {
    guard: Arc<Guard>,
    network: Arc<Network>,
    connections: Arc<Quota>,
    /// One for each name that may be looked up at once.
    lookups: Arc<Semaphore>,
    body_limit: u64,
}

/// How many names one plugin may have looked up at once. A lookup goes on until the resolver gives up, whoever waits for it.
const LOOKUPS: usize = 4;

impl Outgoing {
    /// `all` is how many connections all plugins together may hold.
    pub(crate) fn new(guard: Arc<Guard>, network: Arc<Network>, limits: &Limits, all: Arc<Pool>) -> Self {
        let connections = Arc::new(Quota::new(limits.connections.into(), all));
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { guard, network, connections, lookups, body_limit: limits.http_body.0 }
    }

    /// The network of the next version of the same plugin: connections that are open count where their limit is the same.
    pub(crate) fn after(self, before: &Self) -> Self {
        Self { connections: self.connections.after(&before.connections), lookups: before.lookups.clone(), ..self }
    }
}

/// What one `fields` of a plugin may take up on the host, which keeps as many of them as `resources` allows.
const FIELDS_BYTES: usize = 64 << 10;

/// What an instance keeps of `wasi:http`.
pub(crate) struct HttpCtx {
    ctx: WasiHttpCtx,
    outgoing: Outgoing,
}

impl HttpCtx {
    pub(crate) fn new(outgoing: Outgoing) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(FIELDS_BYTES);
        Self { ctx, outgoing }
    }

    fn guard(&self) -> &Arc<Guard> {
        &self.outgoing.guard
    }

    pub(crate) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { ctx: &mut self.ctx, hooks: &mut self.outgoing, table }
    }
}
