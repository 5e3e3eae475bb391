//! Hosts as permissions name them and as requests ask for them, in one normal form, so that no spelling of a name or an
//! address reaches what another spelling of it does not. It does not know how a name is resolved.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;

/// The host of a request: a name or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name in lower case, without a dot at its end.
    Name(String),
    /// An address; one that maps an IPv4 address into IPv6 is that IPv4 address.
    Address(IpAddr),
}

impl FromStr for Host {
    type Err = &'static str;

    /// Reads `example.com`, `192.0.2.1` or `[2001:db8::1]`.
    ///
    /// # Errors
    ///
    /// What is wrong, for all else; the short, octal and hexadecimal forms of addresses that some resolvers take (`127.1`,
    /// `2130706433`, `0x7f.1`) among it.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            return address
                .map(|address| Self::Address(IpAddr::V6(address).to_canonical()))
                .ok_or("what stands in brackets is no IPv6 address");
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        check_name(text).map(Self::Name)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// The longest name, by RFC 1035.
const NAME_BYTES: usize = 253;

fn check_name(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() || name.len() > NAME_BYTES {
        return Err("a host has 1 to 253 characters");
    }
    let good = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if !name.split('.').all(|label| (1..=63).contains(&label.len()) && label.bytes().all(good)) {
        return Err("a host has letters, digits, hyphens and dots; write other letters in their `xn--` form");
    }
    // As the URL standard has it: what ends in a number is an address, or nothing.
    let last = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let hex = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
    if hex || last.bytes().all(|c| c.is_ascii_digit()) {
        return Err("an IPv4 address is written with four decimal numbers");
    }
    Ok(name.to_ascii_lowercase())
}

/// Which hosts and ports a permission names: the scope of `NetworkHttp` and `NetworkHttps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    hosts: Hosts,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    Any,
    /// All names below this one, and not itself.
    Below(String),
    Name(String),
    Addresses(IpNet),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    /// That of the scheme.
    Usual,
    Any,
    Is(u16),
}

impl FromStr for HostPattern {
    type Err = String;

    /// Reads `HOST` or `HOST:PORT`. A host is `example.com`, `*.example.com` (all names below it), an address, a network
    /// (`10.0.0.0/8`, `[fd00::]/8`), or `*`; a port is a number, or `*`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address stand before the bracket.
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None => Port::Usual,
            Some("*") => Port::Any,
            Some(port) => match port.parse() {
                Ok(number) if number != 0 && !port.starts_with('+') => Port::Is(number),
                _ => return Err(format!("`{port}` is no port: write 1 to 65535, or `*`")),
            },
        };
        Ok(Self { hosts: hosts(host)?, port })
    }
}

fn hosts(host: &str) -> Result<Hosts, String> {
    if host == "*" {
        return Ok(Hosts::Any);
    }
    if let Some(below) = host.strip_prefix("*.") {
        return Ok(Hosts::Below(check_name(below)?));
    }
    if let Some((address, length)) = host.split_once('/') {
        let address = match address.parse::<Host>() {
            Ok(Host::Address(address)) => address,
            _ => return Err(format!("`{host}` is no network: write it as `10.0.0.0/8` or `[fd00::]/8`")),
        };
        let length = length.parse().map_err(|_| format!("`{length}` is no length of a network's prefix"))?;
        let network = IpNet::new(address, length).map_err(|_| format!("`{length}` is too long a prefix"))?;
        return Ok(Hosts::Addresses(network.trunc()));
    }
    Ok(match host.parse()? {
        Host::Name(name) => Hosts::Name(name),
        Host::Address(address) => Hosts::Addresses(address.into()),
    })
}

impl HostPattern {
    /// Whether this names `host` at `port`; `usual` is the port of the scheme.
    pub fn allows(&self, host: &Host, port: u16, usual: u16) -> bool {
        let host = match (&self.hosts, host) {
            (Hosts::Any, _) => true,
            (Hosts::Below(suffix), Host::Name(name)) => is_below(name, suffix),
            (Hosts::Name(own), Host::Name(name)) => own == name,
            (Hosts::Addresses(network), Host::Address(address)) => network.contains(address),
            _ => false,
        };
        host && self.allows_port(port, usual)
    }

    /// Whether this names the address by address: not by a name that resolves to it, and not by `*`.
    pub fn names_address(&self, address: IpAddr, port: u16, usual: u16) -> bool {
        matches!(self.hosts, Hosts::Addresses(_)) && self.allows(&Host::Address(address.to_canonical()), port, usual)
    }

    /// The same hosts; on every port, where no port is named.
    #[must_use]
    pub(crate) fn on_every_port(self) -> Self {
        Self { port: if self.port == Port::Usual { Port::Any } else { self.port }, ..self }
    }

    /// Whether this names all that `other` does; `usual` is the port of the scheme.
    pub fn covers(&self, other: &Self, usual: u16) -> bool {
        let hosts = match (&self.hosts, &other.hosts) {
            // An address that is not public must be named by address, which `*` does not.
            (Hosts::Any, other) => !matches!(other, Hosts::Addresses(_)),
            (Hosts::Below(suffix), Hosts::Below(other)) => suffix == other || is_below(other, suffix),
            (Hosts::Below(suffix), Hosts::Name(name)) => is_below(name, suffix),
            (Hosts::Name(own), Hosts::Name(name)) => own == name,
            (Hosts::Addresses(network), Hosts::Addresses(other)) => network.contains(other),
            _ => false,
        };
        hosts
            && match other.port {
                Port::Any => self.port == Port::Any,
                Port::Usual => self.allows_port(usual, usual),
                Port::Is(port) => self.allows_port(port, usual),
            }
    }

    fn allows_port(&self, port: u16, usual: u16) -> bool {
        match self.port {
            Port::Usual => port == usual,
            Port::Any => true,
            Port::Is(own) => own == port,
        }
    }
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        text.parse().unwrap()
    }

    fn allows(pattern: &str, to: &str, port: u16) -> bool {
        pattern.parse::<HostPattern>().unwrap().allows(&host(to), port, 443)
    }

    #[test]
    fn every_spelling_has_one_form() {
        assert_eq!(host("ALLOWED.Example."), Host::Name("allowed.example".into()));
        assert_eq!(host("[::ffff:127.0.0.1]"), host("127.0.0.1"));
        assert_eq!(host("[2001:DB8::0:1]").to_string(), "[2001:db8::1]");
        assert_eq!(host("localhost."), host("localhost"));
    }

    #[test]
    fn what_only_some_would_read_as_an_address_is_no_host() {
        for text in [
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0x7f000001",
            "127.0.0.0x1",
            "0177.0.0.1",
            "127.0.0.1.",
            "1.2.3.4.5",
            "::1",
            "[::1",
            "[127.0.0.1]",
            "[fe80::1%eth0]",
            "",
            ".",
            "a..b",
            "a b",
            "allowed.example@evil",
            "ex\u{e4}mple.com",
            "a/b",
            "a:80",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
        // A benign twin: digits in a name are no address.
        host("4chan.org");
        host("1.2.3.example");
    }

    #[test]
    fn patterns_name_hosts_and_ports() {
        assert!(allows("example.com", "EXAMPLE.com.", 443));
        assert!(!allows("example.com", "example.com", 8443), "the port of the scheme, where none is named");
        assert!(!allows("example.com", "a.example.com", 443));
        assert!(allows("*.example.com:8443", "a.b.example.com", 8443));
        assert!(!allows("*.example.com", "example.com", 443));
        assert!(!allows("*.example.com", "badexample.com", 443));
        assert!(allows("*:*", "example.com", 1));
        assert!(allows("127.0.0.1:8080", "[::ffff:127.0.0.1]", 8080));
        assert!(allows("10.0.0.0/8:*", "10.255.0.1", 80));
        assert!(!allows("10.0.0.0/8:*", "11.0.0.1", 80));
        assert!(allows("[fd00::]/8", "[fd12::1]", 443));
        for wrong in
            ["", "a:0", "a:65536", "a:+1", "a:", "*a.com", "*.", "10.0.0.0/33", "a.com/8", "https://a", "[::1]x"]
        {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_an_address_names_an_address() {
        let names = |pattern: &str| {
            pattern.parse::<HostPattern>().unwrap().names_address("127.0.0.1".parse().unwrap(), 443, 443)
        };
        assert!(names("127.0.0.1") && names("127.0.0.0/8"));
        assert!(!names("*") && !names("localhost") && !names("127.0.0.1:80"));
    }

    #[test]
    fn what_covers_what() {
        let covers =
            |a: &str, b: &str| a.parse::<HostPattern>().unwrap().covers(&b.parse::<HostPattern>().unwrap(), 443);
        assert!(covers("*.example.com", "api.example.com"));
        assert!(covers("*.example.com", "*.eu.example.com"));
        assert!(!covers("api.example.com", "*.example.com"));
        assert!(covers("*:*", "a.com:8443") && !covers("*", "a.com:8443"));
        assert!(covers("a.com", "a.com:443") && covers("a.com:443", "a.com"), "it is the port of the scheme");
        assert!(!covers("a.com", "a.com:*") && !covers("a.com:8443", "a.com"));
        assert!(!covers("*", "127.0.0.1"), "an address must be granted by address");
        assert!(covers("10.0.0.0/8", "10.1.0.0/16") && !covers("10.1.0.0/16", "10.0.0.0/8"));
    }
}
