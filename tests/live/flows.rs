//! Entries to create, and the entries that the kernel should return.

use crate::net::Net;
use ctnetlink::attrs::Status;
use ctnetlink::flat::{Counters, ProtoInfo, SynProxy, Tcp, Timestamp, Tuple};
use ctnetlink::nested::{IpProto, TcpFlags, TcpFlagsMask, TcpState};
use ctnetlink::request;
use ctnetlink::{Conntrack, Family};
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const V4: [&str; 2] = ["192.0.2.1", "198.51.100.2"];
pub(crate) const V6: [&str; 2] = ["2001:db8:1:2::3", "2001:db8:4:5::6"];

/// Returns a tuple with ports.
pub(crate) fn ports([src, dst]: [&str; 2], proto: IpProto, ports: [u16; 2]) -> Tuple {
    Tuple {
        src: Some(src.parse().unwrap()),
        dst: Some(dst.parse().unwrap()),
        proto: Some(proto),
        src_port: Some(ports[0]),
        dst_port: Some(ports[1]),
        ..Tuple::default()
    }
}

/// Returns the tuple of an echo request.
pub(crate) fn echo([src, dst]: [&str; 2], id: u16) -> Tuple {
    let src: IpAddr = src.parse().unwrap();
    let (proto, icmp_type) =
        if src.is_ipv4() { (IpProto::ICMP, 8) } else { (IpProto::ICMPV6, 128) };
    Tuple {
        src: Some(src),
        dst: Some(dst.parse().unwrap()),
        proto: Some(proto),
        icmp_id: Some(id),
        icmp_type: Some(icmp_type),
        icmp_code: Some(0),
        ..Tuple::default()
    }
}

/// Returns the tuple of the reply direction.
pub(crate) fn mirror(tuple: &Tuple) -> Tuple {
    Tuple {
        src: tuple.dst,
        dst: tuple.src,
        src_port: tuple.dst_port,
        dst_port: tuple.src_port,
        // The type of an echo reply.
        icmp_type: tuple.icmp_type.map(|number| if number == 8 { 0 } else { number + 1 }),
        zone: None,
        ..*tuple
    }
}

pub(crate) fn family(tuple: &Tuple) -> Family {
    if tuple.src.unwrap().is_ipv4() { Family::IPV4 } else { Family::IPV6 }
}

/// Returns an entry with only the required attributes.
pub(crate) fn flow(orig: Tuple) -> Conntrack {
    Conntrack {
        family: family(&orig),
        reply: mirror(&orig),
        orig,
        timeout: Some(300),
        ..Conntrack::default()
    }
}

/// Returns an entry of TCP or UDP between the usual addresses, identified by its source port.
pub(crate) fn by_port(proto: IpProto, src_port: u16) -> Conntrack {
    flow(ports(V4, proto, [src_port, 2000]))
}

/// Returns the current time in nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_nanos().try_into().unwrap()
}

/// Returns `true` if `time` is in the range, with a tolerance for small clock adjustments.
pub(crate) fn is_between(before: u64, time: u64, after: u64) -> bool {
    const SLACK: u64 = 100_000_000;
    (before - SLACK..=after + SLACK).contains(&time)
}

/// Returns the TCP state as the kernel sends it, with masks of 0.
pub(crate) fn tcp(state: TcpState, wscale: [u8; 2], flags: TcpFlags) -> ProtoInfo {
    let flags = Some(TcpFlagsMask { flags, mask: TcpFlags::empty() });
    ProtoInfo::Tcp(Tcp {
        state: Some(state),
        wscale_original: Some(wscale[0]),
        wscale_reply: Some(wscale[1]),
        flags_original: flags,
        flags_reply: flags,
    })
}

/// Creates `ct`, reads it back, and checks all fields.
///
/// The expected entry is `ct` with the values that the kernel adds and the changes that `change` makes.
pub(crate) fn create(
    net: &mut Net,
    ct: &Conntrack,
    change: impl FnOnce(&mut Conntrack),
) -> Conntrack {
    let before = now();
    net.must(request::create(ct).unwrap());
    let after = now();
    let got = net.get(ct);

    assert!(got.id.is_some() && got.use_count >= Some(1), "{got:?}");
    let timeout = [got.timeout, got.timeout.map(|seconds| seconds + 1)];
    assert!(timeout.contains(&ct.timeout), "{got:?}");
    let start = got.timestamp.start;
    assert_eq!(start.is_some(), net.tstamp, "{got:?}");
    assert!(start.is_none_or(|start| is_between(before, start, after)), "{got:?}");

    let zero = Counters { packets: Some(0), bytes: Some(0) };
    let counters = if net.acct { zero } else { Counters::default() };
    let synproxy = SynProxy { isn: Some(0), its: Some(0), tsoff: Some(0) };
    let mut expected = Conntrack {
        id: got.id,
        use_count: got.use_count,
        timeout: got.timeout,
        status: Some(ct.status.unwrap_or_default() | Status::CONFIRMED),
        counters_orig: counters,
        counters_reply: counters,
        timestamp: Timestamp { start, stop: None },
        rare: None,
        ..ct.clone()
    };
    // Some releases do not send a mark of 0.
    if ct.mark.is_none() && got.mark == Some(0) {
        expected.mark = Some(0);
    }
    // A kernel with a SYN proxy adds zeros to entries created over netlink.
    if ct.synproxy == SynProxy::default() && got.synproxy == synproxy {
        expected.synproxy = synproxy;
    }
    if ct.orig.proto == Some(IpProto::TCP) && ct.protoinfo.is_none() {
        expected.protoinfo = Some(tcp(TcpState::NONE, [0, 0], TcpFlags::empty()));
    }
    change(&mut expected);
    assert_eq!(got, expected);
    got
}
