//! Where a plugin is: `oci://host[:port]/repository[:tag][@digest]`. It does not know whether anything is there.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use hal9_package::Digest;
use oci_client::Reference;

use super::error::{OciError, printable};

/// What an OCI registry keeps a plugin under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciReference {
    reference: Reference,
    /// The parser writes `latest` where there is no tag, which is a version that nobody named.
    tag: Option<String>,
    digest: Option<Digest>,
    plain_http: bool,
}

impl OciReference {
    /// What references begin with.
    pub const SCHEME: &str = "oci://";

    /// Lets it be asked over plain HTTP, which else is for `localhost` and `127.0.0.0/8` alone: anybody on the way reads what is sent,
    /// passwords too.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// The registry's host, and its port where one is given.
    pub fn registry(&self) -> &str {
        self.reference.registry()
    }

    /// The repository, such as `team/plugins/word-count`.
    pub fn repository(&self) -> &str {
        self.reference.repository()
    }

    /// The tag, where one is given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, where one is given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The address of the registry, up to its host and port.
    pub(super) fn base(&self) -> String {
        let scheme = if self.plain_http { "http" } else { "https" };
        format!("{scheme}://{}", self.reference.resolve_registry())
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.plain_http
    }

    pub(super) fn wrong(&self, fix: &str) -> OciError {
        OciError::Reference { reference: self.to_string(), fix: fix.to_owned() }
    }
}

impl FromStr for OciReference {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, OciError> {
        const FORM: &str = "write oci://host[:port]/repository:version, in lower case";
        let wrong = |fix: &str| OciError::Reference { reference: printable(text), fix: fix.to_owned() };
        let rest = text.strip_prefix(Self::SCHEME).ok_or_else(|| wrong(FORM))?;
        if text.len() > 1024 {
            return Err(wrong("it is too long"));
        }
        let reference: Reference = rest.parse().map_err(|error| wrong(&format!("{error}; {FORM}")))?;
        // Where a name has no dot and no port, it is taken for a repository of Docker's.
        if rest.split('/').next() != Some(reference.registry()) {
            return Err(wrong("the host needs a dot or a port, such as `localhost:5000`"));
        }
        let digest = match reference.digest() {
            Some(digest) => {
                Some(digest.parse().map_err(|_| wrong("only digests of the kind `sha256:…` are understood"))?)
            }
            None => None,
        };
        let name_end = format!("{}/{}", reference.registry(), reference.repository()).len();
        let has_tag = rest[name_end..].starts_with(':');
        let tag = reference.tag().filter(|_| has_tag).map(str::to_owned);
        let plain_http = is_loopback(reference.registry());
        Ok(Self { reference, tag, digest, plain_http })
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", Self::SCHEME, self.registry(), self.repository())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Whether a host, with or without a port, is this machine by its name. No name is resolved: what answers could be elsewhere.
fn is_loopback(registry: &str) -> bool {
    let host = registry.split_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_written_back() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, registry, repository, tag, plain) in [
            ("oci://ghcr.io/ada/word-count:1.2.0", "ghcr.io", "ada/word-count", Some("1.2.0"), false),
            ("oci://localhost:5000/x", "localhost:5000", "x", None, true),
            ("oci://127.0.0.1:5000/a/b/c:v1", "127.0.0.1:5000", "a/b/c", Some("v1"), true),
            ("oci://localhost.example.com/x:1", "localhost.example.com", "x", Some("1"), false),
            ("oci://docker.io/ada/x:1", "docker.io", "ada/x", Some("1"), false),
        ] {
            let read: OciReference = text.parse().unwrap();
            assert_eq!((read.registry(), read.repository(), read.tag()), (registry, repository, tag), "{text}");
            assert_eq!(read.base().starts_with("http://"), plain, "{text}");
            assert_eq!(read.to_string(), text);
            let pinned: OciReference = format!("{text}@{digest}").parse().unwrap();
            assert_eq!(pinned.digest().unwrap().to_string(), digest);
            assert_eq!(pinned.tag(), tag);
        }
    }

    #[test]
    fn what_is_none_is_refused_with_what_to_write() {
        for text in [
            "",
            "ghcr.io/ada/x:1",
            "oci://",
            "oci://ghcr.io",
            "oci://ada/x:1",
            "oci://ghcr.io/Ada/x:1",
            "oci://ghcr.io/ada/x:",
            "oci://ghcr.io/../x:1",
            "oci://user:secret@ghcr.io/x:1",
            "oci://ghcr.io/x:1?y",
            "oci://ghcr.io/x@sha256:12",
            "oci://ghcr.io/x@sha512:12",
            "oci://ghcr.io/x:1\n",
            "https://ghcr.io/x:1",
        ] {
            let error = text.parse::<OciReference>().unwrap_err();
            assert_eq!(error.code(), "usage", "{text}");
        }
        assert!(format!("oci://h.io/{}:1", "a".repeat(2000)).parse::<OciReference>().is_err());
    }
}
