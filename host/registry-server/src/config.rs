//! What who runs a registry decides. It does not know where that was written down.

use std::{path::PathBuf, time::Duration};

use hal9_package::Package;

/// How a registry is run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The folder of all that it keeps; made where it is not there.
    pub data: PathBuf,
    /// What people call it.
    pub name: String,
    /// The address that people reach it by, such as `https://plugins.example.com`, where it is behind a proxy. With `https` cookies are only
    /// sent over it.
    pub url: Option<String>,
    /// Whether accounts can be made by anybody.
    pub open: bool,
    /// Whether reading needs a token as well.
    pub private: bool,
    /// Whether every request comes through a proxy, whose last `X-Forwarded-For` is the client's address. Otherwise that header is not looked at,
    /// as anybody can write it.
    pub behind_proxy: bool,
    /// How long a signed index is good for; it is signed anew at a third of it.
    pub index_lifetime: Duration,
    /// How long an upload that nobody goes on with is kept.
    pub upload_lifetime: Duration,
    /// How long the packages of yanked versions are kept; for ever without one.
    pub keep_yanked: Option<Duration>,
    /// How many bytes a package may have; at most [`Package::MAX_BYTES`].
    pub max_package: u64,
    /// How many uploads an account may have begun at once.
    pub max_uploads: u32,
    /// How many connections there may be at once; more wait to be accepted.
    pub max_connections: usize,
    /// How many of them one address may have, unless all come through a proxy; more are closed.
    pub address_connections: usize,
    /// How long a connection may take for the headers of a request, or wait for its next one.
    pub headers_time: Duration,
    /// How long a body may stand still before the request is refused, and an answer before the connection is closed.
    pub stall_time: Duration,
    /// How long requests that run may still take when the server is told to stop.
    pub drain: Duration,
    /// How often somebody may ask.
    pub rates: Rates,
}

/// How often somebody may ask. As many may come at once as in this time; then they are let in evenly.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rates {
    /// Requests of an address in a second.
    pub reads: u32,
    /// Passwords tried and accounts made by an address in a minute.
    pub sign_ins: u32,
    /// Requests of an account that change something, in a minute.
    pub writes: u32,
}

impl Config {
    /// A registry as it is usual: public, and everybody may make an account.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            name: "HAL9 plugins".to_owned(),
            url: None,
            open: true,
            private: false,
            behind_proxy: false,
            index_lifetime: Duration::from_secs(7 * 86_400),
            upload_lifetime: Duration::from_secs(86_400),
            keep_yanked: None,
            max_package: Package::MAX_BYTES,
            max_uploads: 8,
            max_connections: 1024,
            address_connections: 256,
            headers_time: Duration::from_secs(20),
            stall_time: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            rates: Rates::default(),
        }
    }

    /// Whether it is reached by `https`.
    pub fn is_secure(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { reads: 200, sign_ins: 20, writes: 300 }
    }
}
