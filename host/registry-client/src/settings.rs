//! What somebody has to say of a registry before it is asked anything: where it is, whose it is, which plugins it answers for. It refuses to
//! know where that is written.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use hal9_package::{PluginId, PublicKey};
use reqwest::Url;

use crate::Error;

/// A registry, as settings name it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistrySettings {
    /// What the user calls it: 1 to 64 of letters, digits, `-` and `_`.
    pub name: String,
    /// Where it is: `https://…`; `http://…` for loopback, or where [`allow_http`](Self::allow_http) says so.
    pub url: String,
    /// A root key of it. Without one, the root that it gives when it is used first is believed, and no other ever after.
    pub key: Option<PublicKey>,
    /// What signs in.
    pub token: Option<Secret>,
    /// The plugins that only this registry answers for.
    pub plugins: Vec<Claim>,
    /// Where packages can be had from as well. A mirror gets no token, and is believed nothing that has not the right digest.
    pub mirrors: Vec<String>,
    /// Whether it may be asked without TLS from anywhere: then whoever is between reads tokens.
    pub allow_http: bool,
    /// Whether it is not asked at all: the last index answers.
    pub offline: bool,
    /// Whether the last index answers also after it has expired, while the registry cannot be reached.
    pub allow_expired: bool,
    /// How long to wait.
    pub patience: Patience,
}

/// How long to wait for a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub idle: Duration,
    /// For a whole document or part of the index.
    pub document: Duration,
    /// For a whole package.
    pub package: Duration,
    /// In all, for a registry that says that it was asked too often.
    pub too_often: Duration,
    /// For other commands that change what is kept.
    pub lock: Duration,
}

/// A token or another text that nobody should see: it is not shown by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Which plugins a registry answers for: one id, all ids that begin alike (`com.work.*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim(String);

impl RegistrySettings {
    /// A registry with a name and an address, and nothing else said of it.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            key: None,
            token: None,
            plugins: Vec::new(),
            mirrors: Vec::new(),
            allow_http: false,
            offline: false,
            allow_expired: false,
            patience: Patience::default(),
        }
    }

    /// Whether one of its claims is on a plugin.
    pub fn claims(&self, id: &PluginId) -> bool {
        self.plugins.iter().any(|claim| claim.is_on(id))
    }

    /// The address, with a `/` at its end.
    pub(crate) fn base(&self) -> Result<Url, Error> {
        let is_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            let reason = "its name is none: write 1 to 64 of letters, digits, `-` and `_`".to_owned();
            return Err(Error::settings(&self.name, reason));
        }
        self.address(&self.url)
    }

    /// The addresses of its mirrors.
    pub(crate) fn mirrors(&self) -> Result<Vec<Url>, Error> {
        self.mirrors.iter().map(|url| self.address(url)).collect()
    }

    fn address(&self, text: &str) -> Result<Url, Error> {
        // Without what may be a password.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let refuse = |reason: &str| Err(Error::settings(&self.name, format!("its address `{shown}` {reason}")));
        let Ok(mut url) = Url::parse(text) else {
            return refuse("is none: write `https://host` or `https://host/path`");
        };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http || is_loopback(&url) => {}
            "http" => {
                let name = &self.name;
                return refuse(&format!(
                    "has no TLS: write `https://`, or allow it with `insecure = true` under `[registries.{name}]` in hal9.toml"
                ));
            }
            _ => return refuse("is none of the web: write `https://`"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("has a password in it: sign in with a token");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("has a `?` or `#`: leave out what follows it");
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(url)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            document: Duration::from_secs(120),
            package: Duration::from_secs(900),
            too_often: Duration::from_secs(60),
            lock: Duration::from_secs(30),
        }
    }
}

impl Secret {
    /// A text that is not to be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Claim {
    /// Whether it is on this plugin.
    pub fn is_on(&self, id: &PluginId) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => id.as_str().starts_with(start),
            None => id.as_str() == self.0,
        }
    }
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What stands in front of `.*` is an id, or the first label of one.
        let is_start =
            |start: &str| start.parse::<PluginId>().is_ok() || format!("{start}.x").parse::<PluginId>().is_ok();
        let is_claim = match text.strip_suffix(".*") {
            Some(start) => is_start(start),
            None => text == "*" || text.parse::<PluginId>().is_ok(),
        };
        if is_claim {
            return Ok(Self(text.to_owned()));
        }
        Err("write the id of a plugin, or the beginning of ids with `.*` at the end: `com.work.*`".to_owned())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether an address is this machine's own. `localhost` is by RFC 6761.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_keep_a_token_secret_are_taken() {
        let base = |url: &str| RegistrySettings::new("test", url).base().map(|url| url.to_string());
        assert_eq!(base("https://plugins.example").unwrap(), "https://plugins.example/");
        assert_eq!(base("https://plugins.example/team").unwrap(), "https://plugins.example/team/");
        for url in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"] {
            assert!(base(url).is_ok(), "{url}");
        }
        for bad in [
            "",
            "plugins.example",
            "http://plugins.example",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "ftp://plugins.example",
            "file:///etc/passwd",
            "https://ada:secret@plugins.example",
            "https://plugins.example/?q=1",
            "https://plugins.example/#a",
        ] {
            assert!(base(bad).is_err(), "{bad}");
        }
        let mut settings = RegistrySettings::new("test", "http://plugins.example");
        settings.allow_http = true;
        assert!(settings.base().is_ok());
        settings.allow_http = false;
        // As hal9.toml calls it.
        assert!(settings.base().unwrap_err().to_string().contains("`insecure = true` under `[registries.test]`"));
        for bad in ["", "../up", "a b"] {
            assert!(RegistrySettings::new(bad, "https://plugins.example").base().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_claim_is_on_what_begins_like_it_label_by_label() {
        let id: PluginId = "com.work.tools".parse().unwrap();
        for (claim, on) in [
            ("com.work.*", true),
            ("com.*", true),
            ("*", true),
            ("com.work.tools", true),
            ("com.work.tool", false),
            ("com.wor.*", false),
        ] {
            assert_eq!(claim.parse::<Claim>().unwrap().is_on(&id), on, "{claim}");
        }
        for bad in ["", "com.work.t*", "com*", "*.work", ".*", "com.work.**"] {
            assert!(bad.parse::<Claim>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let mut settings = RegistrySettings::new("test", "https://plugins.example");
        settings.token = Some(Secret::new("hal9_1_abc"));
        assert!(!format!("{settings:?}").contains("abc"));
    }
}
