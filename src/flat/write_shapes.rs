//! Writes the fields of an entry in known shapes.

use super::conntrack::Field;
use super::record::{Absent as _, Owned as _};
use super::{
    Conntrack, Counters, Dccp, Help, ProtoInfo, Sctp, SeqAdj, SynProxy, Tcp, Timestamp, Tuple,
};
use crate::attrs::CtattrType;
use crate::nested::{DccpState, IpProto, SctpState, TcpState};
use crate::shapes::{
    DCCP_STATE, Ids, Place, SCTP_STATE, TCP_STATE, V4_PORTS, put_attr, put_be16, put_be32,
    put_counters, put_dccp, put_help, put_labels, put_other_tuple, put_ports, put_sctp,
    put_seq_adj, put_synproxy, put_tcp, put_timestamp,
};
use core::net::IpAddr;

/// Writes a field of an entry.
#[inline(always)]
pub(super) fn write<'b>(ct: &Conntrack, field: Field, at: Place<'b>) -> Option<Place<'b>> {
    type A = CtattrType;
    let be32 = |nla_type, value, at: Place<'b>| match value {
        Some(value) => put_be32(at, nla_type, value),
        None => Some(at),
    };
    match field {
        Field::orig => write_tuple(at, A::TupleOrig, &ct.orig),
        Field::reply => write_tuple(at, A::TupleReply, &ct.reply),
        Field::master if ct.master.is_absent() => Some(at),
        Field::master => write_other_tuple(at, A::TupleMaster, &ct.master),
        Field::zone => match ct.zone {
            Some(zone) => put_be16(at, A::Zone, zone),
            None => Some(at),
        },
        Field::status => be32(A::Status, ct.status.map(|status| status.bits()), at),
        Field::timeout => be32(A::Timeout, ct.timeout, at),
        Field::mark => be32(A::Mark, ct.mark, at),
        Field::id => be32(A::Id, ct.id, at),
        Field::use_count => be32(A::Use, ct.use_count, at),
        Field::counters_orig => write_counters(at, A::CountersOrig, &ct.counters_orig),
        Field::counters_reply => write_counters(at, A::CountersReply, &ct.counters_reply),
        Field::timestamp => match ct.timestamp {
            Timestamp { start: Some(start), stop } => put_timestamp(at, None, start, stop),
            Timestamp { start: None, stop } => stop.is_none().then_some(at),
        },
        Field::protoinfo => write_protoinfo(at, &ct.protoinfo),
        Field::help => match &ct.help {
            Help { name: Some(name), info: None } => put_help(at, name.inline()?),
            Help { name, info } => (name.is_none() & info.is_none()).then_some(at),
        },
        Field::labels => match &ct.labels {
            Some(labels) => put_labels(at, labels.as_borrowed()),
            None => Some(at),
        },
        Field::seq_adj_orig => write_seq_adj(at, A::SeqAdjOrig, &ct.seq_adj_orig),
        Field::seq_adj_reply => write_seq_adj(at, A::SeqAdjReply, &ct.seq_adj_reply),
        Field::synproxy => match ct.synproxy {
            SynProxy { isn: Some(isn), its: Some(its), tsoff: Some(tsoff) } => {
                put_synproxy(at, [isn, its, tsoff])
            }
            synproxy => synproxy.is_absent().then_some(at),
        },
        Field::timestamp_event => match ct.timestamp_event {
            Some(time) => put_attr::<12, 8>(at, A::TimestampEvent, time.to_be_bytes()),
            None => Some(at),
        },
        // Fields without a shape must be absent. Every layout has one of those in the box, so that
        // there are no counters in 32 bits either.
        Field::secctx => ct.secctx.is_absent().then_some(at),
        Field::nat_src
        | Field::nat_dst
        | Field::filter
        | Field::mark_mask
        | Field::labels_mask
        | Field::status_mask
        | Field::secmark => ct.rare.is_none().then_some(at),
    }
}

/// Writes a tuple.
///
/// IPv4 with ports, the most frequent one, is inlined.
#[inline(always)]
fn write_tuple<'b>(at: Place<'b>, nla_type: u16, tuple: &Tuple) -> Option<Place<'b>> {
    match tuple {
        Tuple {
            src: Some(IpAddr::V4(src)),
            dst: Some(IpAddr::V4(dst)),
            proto: Some(proto),
            src_port: Some(src_port),
            dst_port: Some(dst_port),
            icmp_id: None,
            icmp_type: None,
            icmp_code: None,
            zone: None,
        } => {
            let flow = (src.octets(), dst.octets(), *proto);
            put_ports(&V4_PORTS, at, nla_type, flow, *src_port, *dst_port)
        }
        _ => write_other_tuple(at, nla_type, tuple),
    }
}

#[inline(never)]
fn write_other_tuple<'b>(at: Place<'b>, nla_type: u16, tuple: &Tuple) -> Option<Place<'b>> {
    let (Some(src), Some(dst), Some(proto), None) =
        (&tuple.src, &tuple.dst, tuple.proto, tuple.zone)
    else {
        return tuple.is_absent().then_some(at);
    };
    let ports = (tuple.src_port, tuple.dst_port);
    let icmp = (tuple.icmp_id, tuple.icmp_type, tuple.icmp_code);
    let ids = match (ports, icmp) {
        ((Some(src), Some(dst)), (None, None, None)) => Ids::Ports(src, dst),
        ((None, None), (Some(id), Some(ty), Some(code))) if proto == IpProto::ICMPV6 => {
            Ids::Icmpv6(id, ty, code)
        }
        ((None, None), (Some(id), Some(ty), Some(code))) => Ids::Icmp(id, ty, code),
        ((None, None), (None, None, None)) => Ids::None,
        _ => return None,
    };
    put_other_tuple(at, nla_type, src, dst, proto, ids)
}

#[inline(always)]
fn write_counters<'b>(at: Place<'b>, nla_type: u16, counters: &Counters) -> Option<Place<'b>> {
    match *counters {
        Counters { packets: Some(packets), bytes: Some(bytes) } => {
            put_counters(at, None, nla_type, packets, bytes)
        }
        counters => counters.is_absent().then_some(at),
    }
}

#[inline(always)]
fn write_seq_adj<'b>(at: Place<'b>, nla_type: u16, adj: &SeqAdj) -> Option<Place<'b>> {
    match *adj {
        SeqAdj {
            correction_pos: Some(pos),
            offset_before: Some(before),
            offset_after: Some(after),
        } => put_seq_adj(at, nla_type, [pos, before, after]),
        adj => adj.is_absent().then_some(at),
    }
}

/// Writes all of the state, or only its name, as DESTROY events have it.
#[inline(always)]
fn write_protoinfo<'b>(at: Place<'b>, protoinfo: &Option<ProtoInfo>) -> Option<Place<'b>> {
    let nla_type = CtattrType::ProtoInfo;
    match *protoinfo {
        None => Some(at),
        Some(ProtoInfo::Tcp(tcp)) => match tcp {
            Tcp {
                state: Some(state),
                wscale_original: Some(orig),
                wscale_reply: Some(reply),
                flags_original: Some(flags_orig),
                flags_reply: Some(flags_reply),
            } => put_tcp(at, state, [orig, reply], [flags_orig, flags_reply]),
            Tcp {
                state: Some(TcpState(state)),
                wscale_original: None,
                wscale_reply: None,
                flags_original: None,
                flags_reply: None,
            } => TCP_STATE.put_all(at, nla_type, [1], [[state]]),
            _ => None,
        },
        Some(ProtoInfo::Sctp(sctp)) => match sctp {
            Sctp { state: Some(state), vtag_original: Some(orig), vtag_reply: Some(reply) } => {
                put_sctp(at, state, [orig, reply])
            }
            Sctp { state: Some(SctpState(state)), vtag_original: None, vtag_reply: None } => {
                SCTP_STATE.put_all(at, nla_type, [1], [[state]])
            }
            _ => None,
        },
        Some(ProtoInfo::Dccp(dccp)) => match dccp {
            Dccp { state: Some(state), role: Some(role), handshake_seq: Some(seq) } => {
                put_dccp(at, state, role, seq)
            }
            Dccp { state: Some(DccpState(state)), role: None, handshake_seq: None } => {
                DCCP_STATE.put_all(at, nla_type, [1], [[state]])
            }
            _ => None,
        },
    }
}
