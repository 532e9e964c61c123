//! The other libraries: each reads all that it can, in the way that its documentation shows.

use crate::harness::golden::{self, Golden};
use crate::harness::measure::{self, Group, Path};
use crate::{harness::paths, lnfct};
use netlink_bindings::conntrack as nb;
use netlink_packet_core::{Emitable as _, NetlinkMessage, NetlinkPayload};
use netlink_packet_netfilter::NetfilterMessage;
use nlink::netlink::netfilter::ConntrackEntry;
use nlink::netlink::parse::FromNetlink as _;
use std::fmt::Debug;
use std::hint::black_box;

/// The length of `nlmsghdr`.
const NLMSGHDR: usize = 16;
/// The length of `nlmsghdr` and `nfgenmsg`.
const HEADERS: usize = 20;

/// Returns the paths of this crate and of the other libraries over the messages of x86-64.
///
/// Some libraries reject messages with a pad attribute before the time of an event, as on riscv64, and
/// one ends the process.
pub(crate) fn group() -> Group {
    let mut golden = golden::entries();
    golden.retain(|golden| golden.arch == "x86_64");
    let golden: &'static [Golden] = Vec::leak(golden);
    let mut group = paths::all(golden);
    group.paths.extend(netlink_packet_netfilter(golden));
    group.paths.push(netlink_bindings(golden));
    group.paths.push(nlink(golden));
    group.paths.extend(lnfct::paths(golden));
    group
}

/// Prints how many messages a library rejects; those messages cost it less time.
fn print_rejected(name: &str, golden: &[Golden], reads: impl Fn(&Golden) -> bool) {
    let count = golden.iter().filter(|golden| !reads(golden)).count();
    if count > 0 {
        println!("`{name}` rejects {count} of {} messages", golden.len());
    }
}

fn netlink_packet_netfilter(golden: &'static [Golden]) -> [Path; 2] {
    type Message = NetlinkMessage<NetfilterMessage>;
    let parse = |golden: &Golden| Message::deserialize(&golden.bytes);
    print_rejected("netlink-packet-netfilter", golden, |golden| parse(golden).is_ok());
    let parsed: Vec<_> = golden.iter().filter_map(|golden| parse(golden).ok()).collect();
    let mut buf = vec![0; 4096];
    [
        measure::each("npn-parse", "netlink-packet-netfilter 0.4: parse", golden, move |golden| {
            let _ = black_box(parse(golden));
        }),
        measure::each(
            "npn-emit",
            "netlink-packet-netfilter 0.4: emit into one buffer",
            Vec::leak(parsed),
            move |message| {
                let NetlinkPayload::InnerMessage(inner) = &message.payload else { return };
                let len = inner.buffer_len();
                inner.emit(&mut buf[..len]);
                black_box(&buf);
            },
        ),
    ]
}

fn nlink(golden: &'static [Golden]) -> Path {
    let parse = |golden: &Golden| ConntrackEntry::from_bytes(&golden.bytes[NLMSGHDR..]);
    print_rejected("nlink", golden, |golden| parse(golden).is_ok());
    measure::each("nlink-parse", "nlink 0.33: parse", golden, move |golden| {
        let _ = black_box(parse(golden));
    })
}

fn netlink_bindings(golden: &'static [Golden]) -> Path {
    let attrs = |golden: &'static Golden| nb::ConntrackAttrs::new(&golden.bytes[HEADERS..]);
    let all = golden.iter().all(|golden| attrs(golden).all(|attr| attr.is_ok()));
    assert!(all, "netlink-bindings reads every attribute");
    measure::each("nb-iterate", "netlink-bindings 0.3: iterate, nests too", golden, move |golden| {
        entry(attrs(golden));
    })
}

fn entry(attrs: nb::IterableConntrackAttrs<'_>) {
    use nb::{ConntrackAttrs as A, NatAttrs, ProtoinfoAttrs, TupleAttrs};
    each(attrs, |attr| match attr {
        A::TupleOrig(nest) | A::TupleReply(nest) | A::TupleMaster(nest) => {
            each(nest, |attr| match attr {
                TupleAttrs::TupleIp(nest) => each(nest, leaf),
                TupleAttrs::TupleProto(nest) => each(nest, leaf),
                zone => leaf(zone),
            });
        }
        A::Protoinfo(nest) => each(nest, |attr| match attr {
            ProtoinfoAttrs::ProtoinfoTcp(nest) => each(nest, leaf),
            ProtoinfoAttrs::ProtoinfoDccp(nest) => each(nest, leaf),
            ProtoinfoAttrs::ProtoinfoSctp(nest) => each(nest, leaf),
        }),
        A::NatSrc(nest) | A::NatDst(nest) => each(nest, |attr| match attr {
            NatAttrs::NatProto(nest) => each(nest, leaf),
            address => leaf(address),
        }),
        A::Help(nest) => each(nest, leaf),
        A::CountersOrig(nest) | A::CountersReply(nest) => each(nest, leaf),
        A::SeqAdjOrig(nest) | A::SeqAdjReply(nest) => each(nest, leaf),
        A::Secctx(nest) => each(nest, leaf),
        A::Synproxy(nest) => each(nest, leaf),
        A::Filter(nest) => each(nest, leaf),
        other => leaf(other),
    });
}

fn each<T, E: Debug>(attrs: impl Iterator<Item = Result<T, E>>, mut of: impl FnMut(T)) {
    for attr in attrs {
        of(attr.expect("it reads every attribute"));
    }
}

fn leaf<T>(attr: T) {
    black_box(&attr);
}
