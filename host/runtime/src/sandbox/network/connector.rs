//! Owns how a connection is opened: the embedder's [`Connector`], or TCP. It refuses to know names: it is given an address
//! that was checked.

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What carries the bytes of a connection.
pub trait NetworkStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NetworkStream for T {}

/// Opens connections for plugins.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects to an address that the plugin may connect to, and to no other.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from connecting; the kind of the error is what the plugin is told.
    async fn connect(&self, to: SocketAddr) -> io::Result<Box<dyn NetworkStream>>;
}

/// TCP.
pub(super) struct Tcp;

#[async_trait]
impl Connector for Tcp {
    async fn connect(&self, to: SocketAddr) -> io::Result<Box<dyn NetworkStream>> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
