//! Writes values in known shapes at the start of a slice, and returns the rest of the slice.
//!
//! The functions return `None` if the slice is too short or the value has no shape; the caller then
//! takes the general path.
//!
//! The position is passed on as a value, so that it stays in registers. A buffer that grows keeps its
//! length in memory, and each write would wait for the one before.

use super::*;
use crate::nested::{CtattrHelp, DccpRole, DccpState, IpProto, SctpState, TcpFlagsMask, TcpState};
use crate::wire::payload::FromValue;
use crate::wire::{HostBits, nla_total_size};
use core::net::IpAddr;

/// The most bytes that an entry of known shapes needs: 252 for three tuples, 376 for the rest.
pub(crate) const MOST: usize = 640;

/// The bytes that are not written yet.
pub(crate) type Place<'b> = &'b mut [u8];

/// The identifiers of a flow between two hosts.
#[derive(Clone, Copy)]
pub(crate) enum Ids {
    /// The source and destination port.
    Ports(u16, u16),
    /// Id, type, code.
    Icmp(u16, u8, u8),
    /// Id, type, code.
    Icmpv6(u16, u8, u8),
    /// No identifiers.
    None,
}

/// Writes an attribute of a fixed length.
#[inline(always)]
pub(crate) fn put_attr<const SIZE: usize, const K: usize>(
    at: Place<'_>,
    nla_type: u16,
    payload: [u8; K],
) -> Option<Place<'_>> {
    let (bytes, after) = at.split_first_chunk_mut::<SIZE>()?;
    *bytes = [0; SIZE];
    fill(bytes, 0, header(nla_attr_size(K), nla_type).to_ne_bytes());
    fill(bytes, NLA_HDRLEN, payload);
    Some(after)
}

#[inline(always)]
pub(crate) fn put_be16(at: Place<'_>, nla_type: u16, value: u16) -> Option<Place<'_>> {
    put_attr::<8, 2>(at, nla_type, value.to_be_bytes())
}

#[inline(always)]
pub(crate) fn put_be32(at: Place<'_>, nla_type: u16, value: u32) -> Option<Place<'_>> {
    put_attr::<8, 4>(at, nla_type, value.to_be_bytes())
}

/// Writes the nest of a tuple.
///
/// IPv4 with ports is inlined.
#[inline(always)]
pub(crate) fn put_tuple<'b>(
    at: Place<'b>,
    nla_type: u16,
    src: &IpAddr,
    dst: &IpAddr,
    proto: IpProto,
    ids: Ids,
) -> Option<Place<'b>> {
    match (src, dst, ids) {
        (IpAddr::V4(src), IpAddr::V4(dst), Ids::Ports(src_port, dst_port)) => {
            let flow = (src.octets(), dst.octets(), proto);
            put_ports(&V4_PORTS, at, nla_type, flow, src_port, dst_port)
        }
        _ => put_other_tuple(at, nla_type, src, dst, proto, ids),
    }
}

#[inline(never)]
pub(crate) fn put_other_tuple<'b>(
    at: Place<'b>,
    nla_type: u16,
    src: &IpAddr,
    dst: &IpAddr,
    proto: IpProto,
    ids: Ids,
) -> Option<Place<'b>> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let flow = (src.octets(), dst.octets(), proto);
            match ids {
                Ids::Ports(src, dst) => put_ports(&V4_PORTS, at, nla_type, flow, src, dst),
                Ids::Icmp(id, ty, code) => put_icmp(&V4_ICMP, at, nla_type, flow, id, ty, code),
                Ids::None => put_flow(&V4_OTHER, at, nla_type, flow).map(|(_, after)| after),
                Ids::Icmpv6(..) => None,
            }
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let flow = (src.octets(), dst.octets(), proto);
            match ids {
                Ids::Ports(src, dst) => put_ports(&V6_PORTS, at, nla_type, flow, src, dst),
                Ids::Icmpv6(id, ty, code) => put_icmp(&V6_ICMPV6, at, nla_type, flow, id, ty, code),
                Ids::None => put_flow(&V6_OTHER, at, nla_type, flow).map(|(_, after)| after),
                Ids::Icmp(..) => None,
            }
        }
        _ => None,
    }
}

/// Source, destination, protocol.
pub(crate) type Flow<const K: usize> = ([u8; K], [u8; K], IpProto);

#[inline(always)]
pub(crate) fn put_flow<'b, 's, const K: usize, const LEN: usize, const N: usize>(
    shape: &'s Shape<LEN, N>,
    at: Place<'b>,
    nla_type: u16,
    (src, dst, IpProto(proto)): Flow<K>,
) -> Option<(Blank<'b, 's, LEN, N>, Place<'b>)> {
    let (mut nest, after) = shape.put(at, nla_type)?;
    nest.set(1, src);
    nest.set(2, dst);
    nest.set(4, [proto]);
    Some((nest, after))
}

#[inline(always)]
pub(crate) fn put_ports<'b, const K: usize, const LEN: usize>(
    shape: &Shape<LEN, 7>,
    at: Place<'b>,
    nla_type: u16,
    flow: Flow<K>,
    src_port: u16,
    dst_port: u16,
) -> Option<Place<'b>> {
    let (mut nest, after) = put_flow(shape, at, nla_type, flow)?;
    nest.set(5, src_port.to_be_bytes());
    nest.set(6, dst_port.to_be_bytes());
    Some(after)
}

#[inline(always)]
pub(crate) fn put_icmp<'b, const K: usize, const LEN: usize>(
    shape: &Shape<LEN, 8>,
    at: Place<'b>,
    nla_type: u16,
    flow: Flow<K>,
    id: u16,
    ty: u8,
    code: u8,
) -> Option<Place<'b>> {
    let (mut nest, after) = put_flow(shape, at, nla_type, flow)?;
    nest.set(5, id.to_be_bytes());
    nest.set(6, [ty]);
    nest.set(7, [code]);
    Some(after)
}

/// Returns `true` if a 64-bit value `ahead` bytes after `at` needs a pad attribute.
///
/// It needs one if its header would be at a multiple of 8.
/// `end` is the offset of the end; `None` if there are no pads.
#[inline(always)]
pub(crate) fn needs_pad(at: &[u8], end: Option<usize>, ahead: usize) -> bool {
    end.is_some_and(|end| end.wrapping_sub(at.len()).wrapping_add(ahead) % 8 == 0)
}

#[inline(always)]
pub(crate) fn put_counters(
    at: Place<'_>,
    end: Option<usize>,
    nla_type: u16,
    packets: u64,
    bytes: u64,
) -> Option<Place<'_>> {
    let values = [packets, bytes].map(u64::to_be_bytes);
    if needs_pad(at, end, NLA_HDRLEN) {
        COUNTERS_PADS.put_all(at, nla_type, [1, 3], values)
    } else if needs_pad(at, end, NLA_HDRLEN + nla_total_size(8)) {
        COUNTERS_PAD.put_all(at, nla_type, [0, 2], values)
    } else {
        COUNTERS.put_all(at, nla_type, [0, 1], values)
    }
}

#[inline(always)]
pub(crate) fn put_timestamp(
    at: Place<'_>,
    end: Option<usize>,
    start: u64,
    stop: Option<u64>,
) -> Option<Place<'_>> {
    let nla_type = CtattrType::Timestamp;
    let start = start.to_be_bytes();
    match (stop.map(u64::to_be_bytes), needs_pad(at, end, NLA_HDRLEN)) {
        (None, false) => BEGUN.put_all(at, nla_type, [0], [start]),
        (None, true) => BEGUN_PAD.put_all(at, nla_type, [1], [start]),
        (Some(stop), true) => ENDED_PADS.put_all(at, nla_type, [1, 3], [start, stop]),
        (Some(stop), false) if needs_pad(at, end, NLA_HDRLEN + nla_total_size(8)) => {
            ENDED_PAD.put_all(at, nla_type, [0, 2], [start, stop])
        }
        (Some(stop), false) => ENDED.put_all(at, nla_type, [0, 1], [start, stop]),
    }
}

#[inline(always)]
pub(crate) fn put_seq_adj(
    at: Place<'_>,
    nla_type: u16,
    [pos, before, after]: [u32; 3],
) -> Option<Place<'_>> {
    SEQ_ADJ.put_all(at, nla_type, [0, 1, 2], [pos, before, after].map(u32::to_be_bytes))
}

#[inline(always)]
pub(crate) fn put_synproxy(at: Place<'_>, [isn, its, tsoff]: [u32; 3]) -> Option<Place<'_>> {
    let values = [isn, its, tsoff].map(u32::to_be_bytes);
    SYNPROXY.put_all(at, CtattrType::SynProxy, [0, 1, 2], values)
}

/// Writes state, and window scale and flags of both sides.
#[inline(always)]
pub(crate) fn put_tcp(
    at: Place<'_>,
    TcpState(state): TcpState,
    [scale_orig, scale_reply]: [u8; 2],
    [flags_orig, flags_reply]: [TcpFlagsMask; 2],
) -> Option<Place<'_>> {
    let (mut nest, after) = TCP.put(at, CtattrType::ProtoInfo)?;
    nest.set(1, [state]);
    nest.set(2, [scale_orig]);
    nest.set(3, [scale_reply]);
    nest.set(4, <[u8; 2]>::from_value(flags_orig));
    nest.set(5, <[u8; 2]>::from_value(flags_reply));
    Some(after)
}

/// Writes state, and verification tags of both sides.
#[inline(always)]
pub(crate) fn put_sctp(
    at: Place<'_>,
    SctpState(state): SctpState,
    [vtag_orig, vtag_reply]: [u32; 2],
) -> Option<Place<'_>> {
    let (mut nest, after) = SCTP.put(at, CtattrType::ProtoInfo)?;
    nest.set(1, [state]);
    nest.set(2, vtag_orig.to_be_bytes());
    nest.set(3, vtag_reply.to_be_bytes());
    Some(after)
}

#[inline(always)]
pub(crate) fn put_dccp(
    at: Place<'_>,
    DccpState(state): DccpState,
    DccpRole(role): DccpRole,
    handshake_seq: u64,
) -> Option<Place<'_>> {
    let (mut nest, after) = DCCP.put(at, CtattrType::ProtoInfo)?;
    nest.set(1, [state]);
    nest.set(2, [role]);
    nest.set(3, handshake_seq.to_be_bytes());
    Some(after)
}

/// Writes the name of a helper, given as bytes padded with zeros and their number.
#[inline(always)]
pub(crate) fn put_help<'b>(at: Place<'b>, (text, len): (&[u8; 22], usize)) -> Option<Place<'b>> {
    let name_size = nla_attr_size(len + 1);
    let size = NLA_HDRLEN + nla_align(name_size);
    // More than a short name needs: the next attribute overwrites the rest.
    let (bytes, _) = at.split_first_chunk_mut::<32>()?;
    *bytes = [0; 32];
    fill(bytes, 0, header(size, CtattrType::Help | NLA_F_NESTED).to_ne_bytes());
    fill(bytes, NLA_HDRLEN, header(name_size, CtattrHelp::Name).to_ne_bytes());
    fill(bytes, 2 * NLA_HDRLEN, *text);
    at.get_mut(size..)
}

/// Writes 128 labels as they are in memory.
#[inline(always)]
pub(crate) fn put_labels<'b>(at: Place<'b>, bits: HostBits<'_>) -> Option<Place<'b>> {
    match bits.as_bytes().try_into() {
        Ok(bytes) if bits.endian() == Endian::NATIVE => {
            put_attr::<20, 16>(at, CtattrType::Labels, bytes)
        }
        _ => None,
    }
}
