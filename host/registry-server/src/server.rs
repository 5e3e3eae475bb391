//! The server as a whole: opened, given as a router, served until it is told to stop. It does not know what is asked of it.

use std::future::Future;

use axum::Router;
use tokio::net::TcpListener;

use crate::{AppState, Config, Error, api, background, connections};

/// A registry that can be served.
#[derive(Debug)]
pub struct Server {
    state: AppState,
}

impl Server {
    /// Opens the registry of a folder, and makes one where there is none: its database, its keys and an index with nothing in it.
    ///
    /// # Errors
    ///
    /// [`Error`] where the folder cannot be used, a newer HAL9 has written it, or its key is gone.
    pub fn open(config: Config) -> Result<Self, Error> {
        Ok(Self { state: AppState::open(config)? })
    }

    /// What all requests share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// All that it answers. Requests carry the client's address as an extension [`Peer`](crate::api::Peer), which [`serve`](Self::serve) puts
    /// there; without one they count as of one address.
    pub fn router(&self) -> Router {
        api::router(self.state.clone())
    }

    /// Serves until `shutdown`; then lets the requests that run come to their end, for as long as [`Config::drain`] says.
    ///
    /// # Errors
    ///
    /// [`Error`] where what was counted cannot be written at the end. Connections that fail are logged, and end alone.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let background = background::Tasks::start(&self.state);
        let address = listener.local_addr().ok();
        tracing::info!(?address, registry = self.state.identity(), "serving");
        connections::serve(listener, self.router(), self.state.config(), shutdown).await;
        background.stop().await;
        let flushed = self.state.flush_downloads().await;
        tracing::info!("stopped");
        flushed.map_err(|refusal| Error::Broken(refusal.problem.message))
    }
}
