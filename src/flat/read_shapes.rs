//! Reads the fields of an entry in known shapes.

use super::record::Owned;
use super::{
    Conntrack, Counters, Dccp, Help, Labels, ProtoInfo, Sctp, SeqAdj, SynProxy, Tcp, Timestamp,
    Tuple,
};
use crate::attrs::CtattrType;
use crate::nested::{CtattrHelp, DccpRole, DccpState, IpProto, SctpState, TcpState};
use crate::shapes::*;
use crate::wire::{Endian, NLA_HDRLEN, NulStr, nla_align};
use core::net::IpAddr;

// Values are written in place, field by field, so that no struct is created elsewhere and moved.

#[inline(always)]
pub(super) fn take_tuple(at: &mut Cursor<'_>, nla_type: u16, into: &mut Tuple) {
    if !at.is_nest(nla_type) {
        return;
    }
    if let Some(values) = V4_PORTS.take(at, nla_type) {
        read_ports::<4, 52>(&values, into);
    } else if let Some(values) = V6_PORTS.take(at, nla_type) {
        read_ports::<16, 76>(&values, into);
    } else if let Some(values) = V4_ICMP.take(at, nla_type) {
        read_icmp::<4, 60>(&values, into);
    } else if let Some(values) = V6_ICMPV6.take(at, nla_type) {
        read_icmp::<16, 84>(&values, into);
    } else if let Some(values) = V4_OTHER.take(at, nla_type) {
        read_flow::<4, 36, 5>(&values, into);
    } else if let Some(values) = V6_OTHER.take(at, nla_type) {
        read_flow::<16, 60, 5>(&values, into);
    }
}

#[inline(always)]
fn read_flow<const K: usize, const LEN: usize, const N: usize>(
    values: &Values<'_, '_, LEN, N>,
    into: &mut Tuple,
) where
    IpAddr: From<[u8; K]>,
{
    let [proto] = values.get(4);
    let Tuple { src, dst, proto: num, src_port, dst_port, icmp_id, icmp_type, icmp_code, zone } =
        into;
    *src = Some(values.get::<K>(1).into());
    *dst = Some(values.get::<K>(2).into());
    *num = Some(IpProto(proto));
    (*src_port, *dst_port) = (None, None);
    (*icmp_id, *icmp_type, *icmp_code) = (None, None, None);
    *zone = None;
}

#[inline(always)]
fn read_ports<const K: usize, const LEN: usize>(values: &Values<'_, '_, LEN, 7>, into: &mut Tuple)
where
    IpAddr: From<[u8; K]>,
{
    read_flow::<K, LEN, 7>(values, into);
    into.src_port = Some(u16::from_be_bytes(values.get(5)));
    into.dst_port = Some(u16::from_be_bytes(values.get(6)));
}

#[inline(always)]
fn read_icmp<const K: usize, const LEN: usize>(values: &Values<'_, '_, LEN, 8>, into: &mut Tuple)
where
    IpAddr: From<[u8; K]>,
{
    read_flow::<K, LEN, 8>(values, into);
    let ([ty], [code]) = (values.get(6), values.get(7));
    into.icmp_id = Some(u16::from_be_bytes(values.get(5)));
    into.icmp_type = Some(ty);
    into.icmp_code = Some(code);
}

#[inline(always)]
fn take_counters(at: &mut Cursor<'_>, nla_type: u16, into: &mut Counters) {
    if !at.is_nest(nla_type) {
        return;
    }
    let mut set = |packets, bytes| {
        into.packets = Some(u64::from_be_bytes(packets));
        into.bytes = Some(u64::from_be_bytes(bytes));
    };
    if let Some(values) = COUNTERS.take(at, nla_type) {
        set(values.get(0), values.get(1));
    } else if let Some(values) = COUNTERS_PAD.take(at, nla_type) {
        set(values.get(0), values.get(2));
    } else if let Some(values) = COUNTERS_PADS.take(at, nla_type) {
        set(values.get(1), values.get(3));
    }
}

#[inline(always)]
fn take_both_counters(at: &mut Cursor<'_>, ct: &mut Conntrack) {
    if let Some(values) = BOTH_COUNTERS.take_run(at) {
        let counters = |packets, bytes| Counters {
            packets: Some(u64::from_be_bytes(values.get(packets))),
            bytes: Some(u64::from_be_bytes(values.get(bytes))),
        };
        ct.counters_orig = counters(1, 2);
        ct.counters_reply = counters(4, 5);
    } else {
        take_counters(at, CtattrType::CountersOrig, &mut ct.counters_orig);
        take_counters(at, CtattrType::CountersReply, &mut ct.counters_reply);
    }
}

#[inline(always)]
pub(super) fn take_timestamp(at: &mut Cursor<'_>, into: &mut Timestamp) {
    let nla_type = CtattrType::Timestamp;
    if !at.is_nest(nla_type) {
        return;
    }
    let mut set = |start, stop: Option<_>| {
        into.start = Some(u64::from_be_bytes(start));
        into.stop = stop.map(u64::from_be_bytes);
    };
    if let Some(values) = BEGUN.take(at, nla_type) {
        set(values.get(0), None);
    } else if let Some(values) = ENDED.take(at, nla_type) {
        set(values.get(0), Some(values.get(1)));
    } else if let Some(values) = BEGUN_PAD.take(at, nla_type) {
        set(values.get(1), None);
    } else if let Some(values) = ENDED_PAD.take(at, nla_type) {
        set(values.get(0), Some(values.get(2)));
    } else if let Some(values) = ENDED_PADS.take(at, nla_type) {
        set(values.get(1), Some(values.get(3)));
    }
}

#[inline(always)]
fn take_seq_adj(at: &mut Cursor<'_>, nla_type: u16, into: &mut SeqAdj) {
    if let Some(values) = SEQ_ADJ.take(at, nla_type) {
        into.correction_pos = Some(u32::from_be_bytes(values.get(0)));
        into.offset_before = Some(u32::from_be_bytes(values.get(1)));
        into.offset_after = Some(u32::from_be_bytes(values.get(2)));
    }
}

#[inline(always)]
fn take_synproxy(at: &mut Cursor<'_>, into: &mut SynProxy) {
    if let Some(values) = SYNPROXY.take(at, CtattrType::SynProxy) {
        into.isn = Some(u32::from_be_bytes(values.get(0)));
        into.its = Some(u32::from_be_bytes(values.get(1)));
        into.tsoff = Some(u32::from_be_bytes(values.get(2)));
    }
}

#[inline(always)]
fn take_protoinfo(at: &mut Cursor<'_>, into: &mut Option<ProtoInfo>) {
    let nla_type = CtattrType::ProtoInfo;
    if !at.is_nest(nla_type) {
        return;
    }
    if let Some(values) = TCP.take(at, nla_type) {
        let ([state], [original], [reply]) = (values.get(1), values.get(2), values.get(3));
        *into = Some(ProtoInfo::Tcp(Tcp {
            state: Some(TcpState(state)),
            wscale_original: Some(original),
            wscale_reply: Some(reply),
            flags_original: Some(values.get::<2>(4).into()),
            flags_reply: Some(values.get::<2>(5).into()),
        }));
    } else if let Some(values) = TCP_STATE.take(at, nla_type) {
        let [state] = values.get(1);
        *into = Some(ProtoInfo::Tcp(Tcp { state: Some(TcpState(state)), ..Tcp::default() }));
    } else if let Some(values) = SCTP.take(at, nla_type) {
        let [state] = values.get(1);
        *into = Some(ProtoInfo::Sctp(Sctp {
            state: Some(SctpState(state)),
            vtag_original: Some(u32::from_be_bytes(values.get(2))),
            vtag_reply: Some(u32::from_be_bytes(values.get(3))),
        }));
    } else if let Some(values) = SCTP_STATE.take(at, nla_type) {
        let [state] = values.get(1);
        *into = Some(ProtoInfo::Sctp(Sctp { state: Some(SctpState(state)), ..Sctp::default() }));
    } else if let Some(values) = DCCP.take(at, nla_type) {
        let ([state], [role]) = (values.get(1), values.get(2));
        *into = Some(ProtoInfo::Dccp(Dccp {
            state: Some(DccpState(state)),
            role: Some(DccpRole(role)),
            handshake_seq: Some(u64::from_be_bytes(values.get(3))),
        }));
    } else if let Some(values) = DCCP_STATE.take(at, nla_type) {
        let [state] = values.get(1);
        *into = Some(ProtoInfo::Dccp(Dccp { state: Some(DccpState(state)), ..Dccp::default() }));
    }
}

/// Takes the name of a helper without data.
#[inline(always)]
fn take_help(at: &mut Cursor<'_>, into: &mut Help) {
    if !at.is_nest(CtattrType::Help) {
        return;
    }
    let len = at.nla_len();
    let name_len = u16::from_ne_bytes(piece(at.rest, NLA_HDRLEN));
    let name_type = u16::from_ne_bytes(piece(at.rest, NLA_HDRLEN + 2));
    let (name_at, name_end) = (2 * NLA_HDRLEN, NLA_HDRLEN + usize::from(name_len));
    if name_type != CtattrHelp::Name || len != nla_align(name_end) {
        return;
    }
    if let (Some(name), Some(after)) = (at.rest.get(name_at..name_end), at.rest.get(len..)) {
        into.name = Some(Owned::from_borrowed(NulStr::from_payload(name)));
        into.info = None;
        *at = Cursor::new(after);
    }
}

/// Takes an attribute of 32 bits.
#[inline(always)]
fn take_be32<V: From<u32>>(at: &mut Cursor<'_>, nla_type: u16, into: &mut Option<V>) {
    if let Some(value) = at.take::<8, 4>(nla_type) {
        *into = Some(u32::from_be_bytes(value).into());
    }
}

/// Reads the attributes at the start of `bytes` that have a known shape.
///
/// Returns their number of bytes.
#[inline(always)]
pub(super) fn read(ct: &mut Conntrack, bytes: &[u8]) -> usize {
    type A = CtattrType;
    let at = &mut Cursor::new(bytes);
    // The order of events (since 3.9) and that of replies (since 5.5), merged.
    take_tuple(at, A::TupleOrig, &mut ct.orig);
    take_tuple(at, A::TupleReply, &mut ct.reply);
    if let Some(zone) = at.take::<8, 2>(A::Zone) {
        ct.zone = Some(u16::from_be_bytes(zone));
    }
    if let Some(values) = EVENT.take_run(at) {
        ct.id = Some(u32::from_be_bytes(values.get(0)));
        ct.status = Some(u32::from_be_bytes(values.get(1)).into());
        ct.timeout = Some(u32::from_be_bytes(values.get(2)));
    } else if let Some(values) = REPLY.take_run(at) {
        ct.status = Some(u32::from_be_bytes(values.get(0)).into());
        ct.mark = Some(u32::from_be_bytes(values.get(1)));
        ct.id = Some(u32::from_be_bytes(values.get(2)));
        ct.use_count = Some(u32::from_be_bytes(values.get(3)));
        ct.timeout = Some(u32::from_be_bytes(values.get(4)));
    } else {
        take_be32(at, A::Id, &mut ct.id);
        take_be32(at, A::Status, &mut ct.status);
        take_be32(at, A::Mark, &mut ct.mark);
        take_be32(at, A::Id, &mut ct.id);
        take_be32(at, A::Use, &mut ct.use_count);
        take_tuple(at, A::TupleMaster, &mut ct.master);
        take_be32(at, A::Timeout, &mut ct.timeout);
    }
    take_protoinfo(at, &mut ct.protoinfo);
    take_both_counters(at, ct);
    take_timestamp(at, &mut ct.timestamp);
    take_protoinfo(at, &mut ct.protoinfo);
    take_help(at, &mut ct.help);
    if let Some(labels) = at.take::<20, 16>(A::Labels) {
        ct.labels = Some(Labels::from_memory(labels, Endian::NATIVE));
    }
    take_seq_adj(at, A::SeqAdjOrig, &mut ct.seq_adj_orig);
    take_seq_adj(at, A::SeqAdjReply, &mut ct.seq_adj_reply);
    take_synproxy(at, &mut ct.synproxy);
    take_be32(at, A::Mark, &mut ct.mark);
    if let Some(time) = at.take::<12, 8>(A::TimestampEvent) {
        ct.timestamp_event = Some(u64::from_be_bytes(time));
    } else if let Some(values) = TIMESTAMP_EVENT_PAD.take_run(at) {
        ct.timestamp_event = Some(u64::from_be_bytes(values.get(1)));
    }
    bytes.len() - at.rest.len()
}
