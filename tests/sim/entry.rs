//! An entry with all attributes, and functions that read messages.

use ctnetlink::attrs::{CtattrType, Status};
use ctnetlink::flat::{Labels, Name};
use ctnetlink::kernel::Kernel;
use ctnetlink::msg_size::CtShape;
use ctnetlink::nested::{IpProto, TcpFlags, TcpState};
use ctnetlink::sim::{
    IpctEvents, L4State, NfConn, NfConnCounter, NfConnHelp, NfConnLabels, NfConnSynproxy,
    NfConnTstamp, NfConntrackEcache, NfConntrackTuple, NfConntrackZone, NfCtSeqadj, Reply,
    SecurityContext, Skb, ZoneDir, ctnetlink_conntrack_event, ctnetlink_fill_info,
};
use ctnetlink::wire::{AttrSet as _, Endian, WriteBuf};
use ctnetlink::{Conntrack, Family, Message};
use std::net::{IpAddr, Ipv4Addr};

pub(crate) fn kernel(release: &str) -> Kernel {
    Kernel::new(release.parse().unwrap())
}

pub(crate) fn v4(last: u8, port: u16) -> (IpAddr, u16) {
    (Ipv4Addr::new(192, 0, 2, last).into(), port)
}

/// Returns an entry with all attributes that an entry can have.
pub(crate) fn everything() -> NfConn {
    let orig = NfConntrackTuple::ports(IpProto::TCP, v4(1, 40000), v4(2, 80));
    NfConn {
        tuple: [orig, orig.inverted()],
        zone: NfConntrackZone { id: 7, dir: ZoneDir::Both },
        status: Status::EXPECTED | Status::SEQ_ADJUST | Status::CONFIRMED | Status::SEEN_REPLY,
        timeout: 300 * 250,
        mark: 5,
        secmark: 1,
        secctx: Some(SecurityContext { name: Name::from("system_u:object_r:x_t:s0"), len: 25 }),
        proto: L4State::Tcp {
            state: TcpState::ESTABLISHED,
            scale: [7, 6],
            flags: [TcpFlags::WINDOW_SCALE, TcpFlags::SACK_PERM],
        },
        use_count: 1,
        id: 0x1234_5678,
        master: Some(NfConntrackTuple::ports(IpProto::TCP, v4(1, 39999), v4(2, 21))),
        master_id: 0,
        acct: Some([
            NfConnCounter { packets: 3, bytes: 180 },
            NfConnCounter { packets: 2, bytes: 99 },
        ]),
        tstamp: Some(NfConnTstamp { start: 1_000_000_000, stop: 2_000_000_000 }),
        labels: Some(NfConnLabels { bits: Labels::from_bits(1 << 3), words: 2 }),
        help: Some(NfConnHelp { helper: Some(Name::from("ftp")), info: None }),
        seqadj: Some([NfCtSeqadj::default(); 2]),
        synproxy: Some(NfConnSynproxy::default()),
        nat: None,
        ecache: Some(NfConntrackEcache { timestamp: 3_000_000_000, ..Default::default() }),
    }
}

pub(crate) fn dump(kernel: &Kernel, ct: &NfConn) -> Vec<u8> {
    let mut skb = WriteBuf::new();
    ctnetlink_fill_info(kernel, ct, 0, &Reply::to(9, 1), Skb::UNLIMITED, &mut skb).unwrap();
    skb.into_bytes()
}

pub(crate) fn event(kernel: &Kernel, events: IpctEvents, ct: &NfConn) -> Vec<u8> {
    ctnetlink_conntrack_event(kernel, events, ct, 0, 0).unwrap().unwrap().bytes
}

/// Returns the names of the top-level attributes in their order, without `CTA_`.
pub(crate) fn order(message: &[u8], endian: Endian) -> String {
    let message = Message::parse_with(message, endian).unwrap();
    let names = message.conntrack_attrs().unwrap().raw().map(|raw| {
        let number = raw.unwrap().number();
        CtattrType::SPEC.get(number).unwrap().name.trim_start_matches("CTA_")
    });
    names.collect::<Vec<_>>().join(" ")
}

pub(crate) fn decoded(message: &[u8]) -> Conntrack {
    Conntrack::try_from(Message::parse_with(message, Endian::Little).unwrap()).unwrap()
}

pub(crate) const TCP4: CtShape = CtShape::new(Family::IPV4, IpProto::TCP);
