//! Which addresses are public: those that the IANA's registries of special-purpose addresses call globally reachable. It
//! refuses to know who may connect to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What is public and what is not; the longest prefix that contains an address decides.
///
/// After the IANA IPv4 and IPv6 Special-Purpose Address Registries, with these differences, all to the stricter side:
/// addresses of multicast, of tunnels and of translators (6to4, Teredo, NAT64) are not public, as what they lead to is
/// another address; nor are the anycast addresses of PCP and TURN, which answer in the host's own network. Of IPv6, only
/// what is assigned for global unicast is public.
const NETWORKS: [(IpNet, bool); 26] = [
    (v4([0, 0, 0, 0], 0), true),
    (v4([0, 0, 0, 0], 8), false),       // this network
    (v4([10, 0, 0, 0], 8), false),      // private use
    (v4([100, 64, 0, 0], 10), false),   // shared by carriers
    (v4([127, 0, 0, 0], 8), false),     // loopback
    (v4([169, 254, 0, 0], 16), false),  // link-local, where clouds keep their metadata
    (v4([172, 16, 0, 0], 12), false),   // private use
    (v4([192, 0, 0, 0], 24), false),    // protocol assignments
    (v4([192, 0, 2, 0], 24), false),    // documentation
    (v4([192, 88, 99, 0], 24), false),  // relays of 6to4
    (v4([192, 168, 0, 0], 16), false),  // private use
    (v4([198, 18, 0, 0], 15), false),   // benchmarks
    (v4([198, 51, 100, 0], 24), false), // documentation
    (v4([203, 0, 113, 0], 24), false),  // documentation
    (v4([224, 0, 0, 0], 4), false),     // multicast
    (v4([240, 0, 0, 0], 4), false),     // reserved, and broadcast
    (v6([0, 0, 0, 0], 0), false), // loopback, IPv4 within IPv6, unique local, link-local, multicast, and what is not assigned
    (v6([0x2000, 0, 0, 0], 3), true),
    (v6([0x2001, 0, 0, 0], 23), false),     // protocol assignments, Teredo among them
    (v6([0x2001, 3, 0, 0], 32), true),      // AMT
    (v6([0x2001, 4, 0x112, 0], 48), true),  // AS112
    (v6([0x2001, 0x20, 0, 0], 28), true),   // ORCHIDv2
    (v6([0x2001, 0x30, 0, 0], 28), true),   // identifiers of drones
    (v6([0x2001, 0xdb8, 0, 0], 32), false), // documentation
    (v6([0x2002, 0, 0, 0], 16), false),     // 6to4
    (v6([0x3fff, 0, 0, 0], 20), false),     // documentation
];

const fn v4(octets: [u8; 4], length: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length)
}

const fn v6(segments: [u16; 4], length: u8) -> IpNet {
    let [a, b, c, d] = segments;
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), length)
}

/// Whether an address is globally reachable. One that maps an IPv4 address into IPv6 is that IPv4 address.
pub(super) fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let within = NETWORKS.iter().filter(|(network, _)| network.contains(&address));
    within.max_by_key(|(network, _)| network.prefix_len()).is_some_and(|(_, public)| *public)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the guard against requests to the machine, its network and its cloud: the addresses at both ends of what is not
    /// public, and those beside them, which are.
    #[test]
    fn what_is_not_public_ends_where_the_registries_say() {
        let edges = [
            ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
            ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
            ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
            ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
            ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.0", "255.255.255.255", Some("223.255.255.255"), None),
            ("::", "1fff:ffff::", None, Some("2000::")),
            ("2001::", "2001:2:ffff::", Some("2000:ffff::"), Some("2001:3::")),
            ("2001:4::", "2001:4:111:ffff::", Some("2001:3:ffff::"), Some("2001:4:112::")),
            ("2001:40::", "2001:1ff:ffff::", Some("2001:3f:ffff::"), Some("2001:200::")),
            ("2001:db8::", "2001:db8:ffff::", Some("2001:db7:ffff::"), Some("2001:db9::")),
            ("2002::", "2002:ffff::", Some("2001:ffff::"), Some("2003::")),
            ("3fff::", "3fff:0fff::", Some("3ffe:ffff::"), Some("3fff:1000::")),
            ("4000::", "ffff:ffff::", Some("3fff:ffff::"), None),
        ];
        let public = |text: &str| is_public(text.parse().unwrap());
        for (first, last, before, after) in edges {
            assert!(!public(first) && !public(last), "{first} to {last}");
            assert!(before.is_none_or(public) && after.is_none_or(public), "beside {first} to {last}");
        }
    }

    #[test]
    fn an_address_within_an_address_is_not_public() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for hidden in [
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!public(hidden), "{hidden}");
        }
        for open in ["::ffff:8.8.8.8", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::200e"] {
            assert!(public(open), "{open}");
        }
    }
}
