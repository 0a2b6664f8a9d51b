//! Which addresses may be reached: resolved once, judged, and pinned, so that a name cannot change its mind in between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::Error;

/// Most addresses of one name that are tried.
const MOST: usize = 4;
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);

/// Addresses of a host, IPv4 first, if every one of them may be reached.
pub(super) async fn resolve(channel: &str, host: &str, port: u16, internal: bool) -> Result<Vec<SocketAddr>, Error> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let unreachable = |reason| Error::ChannelUnreachable { channel: channel.to_owned(), reason };
    let found = tokio::time::timeout(RESOLVE_WITHIN, tokio::net::lookup_host((bare, port))).await;
    let found = found.map_err(|_| unreachable("its name was not resolved in time"))?;
    let mut found: Vec<SocketAddr> = found.map_err(|_| unreachable("its name is not known"))?.collect();
    if let Some(reason) = found.iter().find_map(|address| refusal(address.ip(), internal)) {
        return Err(Error::ChannelAddress { channel: channel.to_owned(), reason });
    }
    found.sort_by_key(SocketAddr::is_ipv6);
    found.truncate(MOST);
    if found.is_empty() { Err(unreachable("its name is not known")) } else { Ok(found) }
}

/// Why an address may not be reached.
pub(super) fn refusal(address: IpAddr, internal: bool) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_v4(address, internal),
        IpAddr::V6(address) => refusal_v6(address, internal),
    }
}

fn refusal_v4(address: Ipv4Addr, internal: bool) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    let never = address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a, b, c) == (192, 0, 0)
        || address == Ipv4Addr::new(100, 100, 100, 200);
    if never {
        return Some("link-local, metadata and special addresses are never reached");
    }
    let inside = address.is_loopback()
        || address.is_private()
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19));
    (inside && !internal).then_some(INSIDE)
}

fn refusal_v6(address: Ipv6Addr, internal: bool) -> Option<&'static str> {
    if let Some(inner) = embedded(address) {
        return refusal_v4(inner, internal);
    }
    let metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local() || metadata {
        return Some("link-local, metadata and special addresses are never reached");
    }
    ((address.is_loopback() || address.is_unique_local()) && !internal).then_some(INSIDE)
}

const INSIDE: &str = "it lies in this machine or network; set internal = true if that is meant";

/// The IPv4 address inside a mapped, NAT64 or 6to4 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b) {
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => Some(join(g, h)),
        (0x2002, _) => Some(join(b, c)),
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_never_reached_what_only_inside_and_what_always() {
        const NEVER: [&str; 14] = [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.0.192",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ];
        const INSIDE: [&str; 11] = [
            "127.0.0.1",
            "127.8.9.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fc00::1",
            "::ffff:10.0.0.1",
        ];
        for address in NEVER {
            let ip = address.parse().unwrap();
            assert!(refusal(ip, false).is_some() && refusal(ip, true).is_some(), "{address}");
        }
        for address in INSIDE {
            let ip = address.parse().unwrap();
            assert!(refusal(ip, false).is_some() && refusal(ip, true).is_none(), "{address}");
        }
        for address in ["59.82.33.1", "172.32.0.1", "100.63.1.1", "2408:4003::1", "64:ff9b::3b52:2101"] {
            assert_eq!(refusal(address.parse().unwrap(), false), None, "{address}");
        }
    }
}
