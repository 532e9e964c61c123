//! Writes what has a known shape.

use super::*;
use crate::attrs::CtattrType;
use crate::flat::conntrack::Field;
use crate::flat::record::Record as _;
use crate::flat::{Conntrack, Counters, ProtoInfo, Sctp, SeqAdj, SynProxy, Tcp, Timestamp, Tuple};
use crate::nested::{IpProto, SctpState, TcpFlagsMask, TcpState};
use crate::wire::nla_total_size;
use crate::wire::payload::FromValue;
use core::net::IpAddr;

/// What a protocol tells flows of two hosts apart by.
#[derive(Clone, Copy)]
pub(crate) enum Ids {
    /// Source and destination.
    Ports((u16, u16)),
    /// Id, type, code.
    Icmp((u16, u8, u8)),
    /// Id, type, code.
    Icmpv6((u16, u8, u8)),
    /// Nothing.
    None,
}

// Each of these writes a nest in one piece, to the same bytes as attribute by attribute. False, and
// nothing is written, if that cannot be: another byte order, no room, a strange combination.

#[inline(always)]
pub(crate) fn put_tuple<S: AttrSet>(
    out: &mut Writer<'_, S>,
    nla_type: u16,
    addresses: (IpAddr, IpAddr),
    IpProto(proto): IpProto,
    ids: Ids,
) -> bool {
    // What every tuple has.
    macro_rules! put {
        ($shape:ident, $src:ident, $dst:ident) => {{
            let Some(mut nest) = $shape.put(out, nla_type) else { return false };
            nest.set(1, $src.octets());
            nest.set(2, $dst.octets());
            nest.set(4, [proto]);
            nest
        }};
    }
    macro_rules! ports {
        ($shape:ident, $src:ident, $dst:ident, $ports:ident) => {{
            let mut nest = put!($shape, $src, $dst);
            nest.set(5, $ports.0.to_be_bytes());
            nest.set(6, $ports.1.to_be_bytes());
        }};
    }
    macro_rules! icmp {
        ($shape:ident, $src:ident, $dst:ident, $icmp:ident) => {{
            let mut nest = put!($shape, $src, $dst);
            nest.set(5, $icmp.0.to_be_bytes());
            nest.set(6, [$icmp.1]);
            nest.set(7, [$icmp.2]);
        }};
    }
    match (addresses, ids) {
        ((IpAddr::V4(s), IpAddr::V4(d)), Ids::Ports(ports)) => ports!(V4_PORTS, s, d, ports),
        ((IpAddr::V6(s), IpAddr::V6(d)), Ids::Ports(ports)) => ports!(V6_PORTS, s, d, ports),
        ((IpAddr::V4(s), IpAddr::V4(d)), Ids::Icmp(icmp)) => icmp!(V4_ICMP, s, d, icmp),
        ((IpAddr::V6(s), IpAddr::V6(d)), Ids::Icmpv6(icmp)) => icmp!(V6_ICMPV6, s, d, icmp),
        ((IpAddr::V4(s), IpAddr::V4(d)), Ids::None) => _ = put!(V4_OTHER, s, d),
        ((IpAddr::V6(s), IpAddr::V6(d)), Ids::None) => _ = put!(V6_OTHER, s, d),
        _ => return false,
    }
    true
}

#[inline(always)]
pub(crate) fn put_counters<S: AttrSet>(
    out: &mut Writer<'_, S>,
    nla_type: u16,
    packets: u64,
    bytes: u64,
) -> bool {
    let values = [packets.to_be_bytes(), bytes.to_be_bytes()];
    if out.needs_pad(NLA_HDRLEN) {
        COUNTERS_PADS.put_all(out, nla_type, [1, 3], values)
    } else if out.needs_pad(NLA_HDRLEN + nla_total_size(8)) {
        COUNTERS_PAD.put_all(out, nla_type, [0, 2], values)
    } else {
        COUNTERS.put_all(out, nla_type, [0, 1], values)
    }
}

#[inline(always)]
pub(crate) fn put_timestamp<S: AttrSet>(
    out: &mut Writer<'_, S>,
    start: u64,
    stop: Option<u64>,
) -> bool {
    let nla_type = CtattrType::Timestamp;
    let start = start.to_be_bytes();
    match (stop.map(u64::to_be_bytes), out.needs_pad(NLA_HDRLEN)) {
        (None, false) => BEGUN.put_all(out, nla_type, [0], [start]),
        (None, true) => BEGUN_PAD.put_all(out, nla_type, [1], [start]),
        (Some(stop), true) => ENDED_PADS.put_all(out, nla_type, [1, 3], [start, stop]),
        (Some(stop), false) if out.needs_pad(NLA_HDRLEN + nla_total_size(8)) => {
            ENDED_PAD.put_all(out, nla_type, [0, 2], [start, stop])
        }
        (Some(stop), false) => ENDED.put_all(out, nla_type, [0, 1], [start, stop]),
    }
}

#[inline(always)]
pub(crate) fn put_seq_adj<S: AttrSet>(
    out: &mut Writer<'_, S>,
    nla_type: u16,
    [pos, before, after]: [u32; 3],
) -> bool {
    let values = [pos, before, after].map(u32::to_be_bytes);
    SEQ_ADJ.put_all(out, nla_type, [0, 1, 2], values)
}

#[inline(always)]
pub(crate) fn put_synproxy<S: AttrSet>(
    out: &mut Writer<'_, S>,
    [isn, its, tsoff]: [u32; 3],
) -> bool {
    let values = [isn, its, tsoff].map(u32::to_be_bytes);
    SYNPROXY.put_all(out, CtattrType::SynProxy, [0, 1, 2], values)
}

/// State, window scale and flags of the two sides.
#[inline(always)]
pub(crate) fn put_tcp<S: AttrSet>(
    out: &mut Writer<'_, S>,
    TcpState(state): TcpState,
    [scale_orig, scale_reply]: [u8; 2],
    [flags_orig, flags_reply]: [TcpFlagsMask; 2],
) -> bool {
    let Some(mut nest) = TCP.put(out, CtattrType::ProtoInfo) else { return false };
    nest.set(1, [state]);
    nest.set(2, [scale_orig]);
    nest.set(3, [scale_reply]);
    nest.set(4, <[u8; 2]>::from_value(flags_orig));
    nest.set(5, <[u8; 2]>::from_value(flags_reply));
    true
}

/// State and verification tags of the two sides.
#[inline(always)]
pub(crate) fn put_sctp<S: AttrSet>(
    out: &mut Writer<'_, S>,
    SctpState(state): SctpState,
    [vtag_orig, vtag_reply]: [u32; 2],
) -> bool {
    let Some(mut nest) = SCTP.put(out, CtattrType::ProtoInfo) else { return false };
    nest.set(1, [state]);
    nest.set(2, vtag_orig.to_be_bytes());
    nest.set(3, vtag_reply.to_be_bytes());
    true
}

/// Writes a field of an entry, if what is in it makes a known shape; whether it did, or there is
/// nothing to write.
#[inline(always)]
pub(in crate::flat) fn write(
    ct: &Conntrack,
    field: Field,
    out: &mut Writer<'_, CtattrType>,
) -> bool {
    type A = CtattrType;
    match field {
        Field::orig => write_tuple(out, A::TupleOrig, &ct.orig),
        Field::reply => write_tuple(out, A::TupleReply, &ct.reply),
        Field::master => write_tuple(out, A::TupleMaster, &ct.master),
        Field::counters_orig => write_counters(out, A::CountersOrig, &ct.counters_orig),
        Field::counters_reply => write_counters(out, A::CountersReply, &ct.counters_reply),
        Field::timestamp => match ct.timestamp {
            Timestamp { start: Some(start), stop } => put_timestamp(out, start, stop),
            Timestamp { start: None, stop } => stop.is_none(),
        },
        Field::protoinfo => match ct.protoinfo {
            Some(ProtoInfo::Tcp(tcp)) => write_tcp(out, &tcp),
            Some(ProtoInfo::Sctp(sctp)) => write_sctp(out, &sctp),
            protoinfo => protoinfo.is_none(),
        },
        Field::seq_adj_orig => write_seq_adj(out, A::SeqAdjOrig, &ct.seq_adj_orig),
        Field::seq_adj_reply => write_seq_adj(out, A::SeqAdjReply, &ct.seq_adj_reply),
        Field::synproxy => match ct.synproxy {
            SynProxy { isn: Some(isn), its: Some(its), tsoff: Some(tsoff) } => {
                put_synproxy(out, [isn, its, tsoff])
            }
            SynProxy { isn, its, tsoff } => isn.or(its).or(tsoff).is_none(),
        },
        _ => false,
    }
}

#[inline(never)]
fn write_tuple(out: &mut Writer<'_, CtattrType>, nla_type: u16, tuple: &Tuple) -> bool {
    let (Some(src), Some(dst), Some(proto), None) = (tuple.src, tuple.dst, tuple.proto, tuple.zone)
    else {
        return tuple.src.is_none() && tuple.is_absent();
    };
    let ports = (tuple.src_port, tuple.dst_port);
    let icmp = (tuple.icmp_id, tuple.icmp_type, tuple.icmp_code);
    let ids = match (ports, icmp) {
        ((Some(src), Some(dst)), (None, None, None)) => Ids::Ports((src, dst)),
        ((None, None), (Some(id), Some(ty), Some(code))) if proto == IpProto::ICMPV6 => {
            Ids::Icmpv6((id, ty, code))
        }
        ((None, None), (Some(id), Some(ty), Some(code))) => Ids::Icmp((id, ty, code)),
        ((None, None), (None, None, None)) => Ids::None,
        _ => return false,
    };
    put_tuple(out, nla_type, (src, dst), proto, ids)
}

#[inline(never)]
fn write_counters(out: &mut Writer<'_, CtattrType>, nla_type: u16, counters: &Counters) -> bool {
    match *counters {
        Counters { packets: Some(packets), bytes: Some(bytes), packets32: None, bytes32: None } => {
            put_counters(out, nla_type, packets, bytes)
        }
        Counters { packets, bytes, packets32, bytes32 } => {
            packets.or(bytes).is_none() && packets32.or(bytes32).is_none()
        }
    }
}

#[inline(never)]
fn write_seq_adj(out: &mut Writer<'_, CtattrType>, nla_type: u16, adj: &SeqAdj) -> bool {
    match *adj {
        SeqAdj {
            correction_pos: Some(pos),
            offset_before: Some(before),
            offset_after: Some(after),
        } => put_seq_adj(out, nla_type, [pos, before, after]),
        SeqAdj { correction_pos, offset_before, offset_after } => {
            correction_pos.or(offset_before).or(offset_after).is_none()
        }
    }
}

/// All of the state, or as in DESTROY the state's name alone.
#[inline(never)]
fn write_tcp(out: &mut Writer<'_, CtattrType>, tcp: &Tcp) -> bool {
    let Some(state) = tcp.state else { return false };
    match (tcp.wscale_original, tcp.wscale_reply, tcp.flags_original, tcp.flags_reply) {
        (Some(orig), Some(reply), Some(flags_orig), Some(flags_reply)) => {
            put_tcp(out, state, [orig, reply], [flags_orig, flags_reply])
        }
        (None, None, None, None) => TCP_STATE.put_all(out, CtattrType::ProtoInfo, [1], [[state.0]]),
        _ => false,
    }
}

#[inline(never)]
fn write_sctp(out: &mut Writer<'_, CtattrType>, sctp: &Sctp) -> bool {
    let Some(state) = sctp.state else { return false };
    match (sctp.vtag_original, sctp.vtag_reply) {
        (Some(orig), Some(reply)) => put_sctp(out, state, [orig, reply]),
        (None, None) => SCTP_STATE.put_all(out, CtattrType::ProtoInfo, [1], [[state.0]]),
        _ => false,
    }
}
