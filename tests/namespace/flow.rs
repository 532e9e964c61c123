//! Test flows.

use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::{Conntrack, Family};
use std::net::{IpAddr, Ipv4Addr};

/// Returns a UDP flow whose source address and mark depend on `n`.
pub(crate) fn flow(n: u32) -> Conntrack {
    let [_, a, b, c] = n.to_be_bytes();
    let client = IpAddr::from(Ipv4Addr::new(10, a, b, c));
    let server = IpAddr::from(Ipv4Addr::new(198, 51, 100, 7));
    let tuple = |src, dst, src_port, dst_port| Tuple {
        src: Some(src),
        dst: Some(dst),
        proto: Some(IpProto::UDP),
        src_port: Some(src_port),
        dst_port: Some(dst_port),
        ..Tuple::default()
    };
    Conntrack {
        family: Family::IPV4,
        orig: tuple(client, server, 40001, 5353),
        reply: tuple(server, client, 5353, 40001),
        status: Some(Status::CONFIRMED | Status::SEEN_REPLY),
        timeout: Some(600),
        mark: Some(n),
        ..Conntrack::default()
    }
}
