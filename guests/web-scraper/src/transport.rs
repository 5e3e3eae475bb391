//! What the rest of this plugin needs of the network: one GET at a time. It knows neither redirects, nor robots.txt, nor
//! what a body means.

use hal9_plugin_sdk::PluginError;
use url::Url;

/// Gets one URL, without following redirects.
pub(crate) trait Transport {
    /// `wanted` says how many bytes of the body to read, once the head is known; 0 leaves the body alone.
    ///
    /// A refusal of the host is `denied`; a server that cannot be reached, or breaks off, is `unavailable`.
    fn get(&mut self, url: &Url, wanted: &dyn Fn(&Head) -> usize) -> Result<Response, PluginError>;
}

/// How a response begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// In the order in which they came.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The first header of a name, in lower case, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
    }

    /// Where a redirect leads.
    pub(crate) fn redirect(&self) -> Option<String> {
        if matches!(self.status, 301 | 302 | 303 | 307 | 308) { self.header("location") } else { None }
    }
}

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) head: Head,
    /// As much of it as was wanted.
    pub(crate) body: Vec<u8>,
    /// Whether there was more.
    pub(crate) truncated: bool,
}
