//! IPv4 and IPv6 addresses, with or without a port. It leaves alone times, versions and the `::` of programs.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// The longest text that may be an address with a port.
const LONGEST: usize = 54;

/// All addresses with their places, in order.
pub(super) fn find(text: &str) -> impl Iterator<Item = (Range<usize>, IpAddr)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let start = at + text[at..].find(is_part)?;
            let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
            at = end;
            let run = text[start..end].trim_end_matches(['.', ':']);
            let run = if text[start..end].ends_with("::") { &text[start..end] } else { run };
            let borders = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let alone = borders(text[..start].chars().next_back()) && borders(text[end..].chars().next());
            if !alone || run.len() > LONGEST {
                continue;
            }
            if let Some(address) = address(run) {
                return Some((start..start + run.len(), address));
            }
        }
        None
    })
}

fn is_part(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '.' | ':')
}

fn address(run: &str) -> Option<IpAddr> {
    // "::" is an address too, and mostly something else.
    if run.bytes().filter(u8::is_ascii_hexdigit).count() < 3 && run != "::1" {
        return None;
    }
    run.parse().ok().or_else(|| run.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        find(text).map(|(span, _)| text[span].to_owned()).collect()
    }

    #[test]
    fn addresses_are_found() {
        assert_eq!(found("from 10.0.0.1 to 10.0.0.2."), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(found("at 127.0.0.1:8080, [2001:db8::1]:443"), ["127.0.0.1:8080", "2001:db8::1"]);
        assert_eq!(found("::1 fe80::abcd"), ["::1", "fe80::abcd"]);
        assert_eq!(found("net 2001:db8::"), ["2001:db8::"]);
    }

    #[test]
    fn times_versions_and_paths_are_left_alone() {
        for text in ["10:20:30", "1.2.3", "std::fmt", "256.1.1.1", "::", "a::b", "1.2.3.4.5", "deadbeef", ""] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
