//! Tuples and zones, as every message about entries and expectations has them.

use super::kernel::{Kernel, L4Proto};
use super::nf_conn::{NfConn, NfConntrackTuple, NfConntrackZone, ZoneDir};
use crate::attrs::{CtAttr, CtattrType};
use crate::flat::shapes::{self, Ids};
use crate::nested::{CtattrL4proto, CtattrTuple, IpAttr, L4ProtoAttr, TupleAttr};
use crate::wire::{AttrSet, Writer};
use core::net::IpAddr;

/// Both directions, each with its zone if that is its own, then the zone of both.
pub(crate) fn dump_both_tuples(kernel: &Kernel, out: &mut Writer<'_, CtattrType>, ct: &NfConn) {
    dump_direction(kernel, out, ct, ZoneDir::Orig);
    dump_direction(kernel, out, ct, ZoneDir::Reply);
    ctnetlink_dump_zone_id(kernel, ct.zone, ZoneDir::Both, |id| out.put(CtAttr::Zone(id)));
}

fn dump_direction(kernel: &Kernel, out: &mut Writer<'_, CtattrType>, ct: &NfConn, dir: ZoneDir) {
    let [orig, reply] = &ct.tuple;
    let is_reply = dir == ZoneDir::Reply;
    let tuple = if is_reply { reply } else { orig };
    let nla_type = if is_reply { CtattrType::TupleReply } else { CtattrType::TupleOrig };
    if !has_zone(kernel, ct.zone, dir) && put_tuple(kernel, out, nla_type, tuple) {
        return;
    }
    let nest = if is_reply { CtAttr::TupleReply } else { CtAttr::TupleOrig };
    out.nest(nest, |out| {
        ctnetlink_dump_tuples(kernel, out, tuple);
        ctnetlink_dump_zone_id(kernel, ct.zone, dir, |id| out.put(TupleAttr::Zone(id)));
    });
}

/// The nest of a tuple without a zone in one piece, where that can be.
#[inline]
pub(crate) fn put_tuple<S: AttrSet>(
    kernel: &Kernel,
    out: &mut Writer<'_, S>,
    nla_type: u16,
    tuple: &NfConntrackTuple,
) -> bool {
    let [ty, code] = tuple.dst_id.to_be_bytes();
    let ids = match kernel.l4proto(tuple.protonum) {
        L4Proto::Ports => Ids::Ports((tuple.src_id, tuple.dst_id)),
        L4Proto::Icmp => Ids::Icmp((tuple.src_id, ty, code)),
        L4Proto::Icmpv6 => Ids::Icmpv6((tuple.src_id, ty, code)),
        L4Proto::Generic => Ids::None,
    };
    shapes::put_tuple(out, nla_type, (tuple.src, tuple.dst), tuple.protonum, ids)
}

/// Addresses, then the protocol with its identifiers.
pub fn ctnetlink_dump_tuples(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrTuple>,
    tuple: &NfConntrackTuple,
) {
    ctnetlink_dump_tuples_ip(out, tuple);
    ctnetlink_dump_tuples_proto(kernel, out, tuple);
}

/// The addresses.
pub fn ctnetlink_dump_tuples_ip(out: &mut Writer<'_, CtattrTuple>, tuple: &NfConntrackTuple) {
    out.nest(TupleAttr::Ip, |out| {
        match tuple.src {
            IpAddr::V4(addr) => out.put(IpAttr::V4Src(addr)),
            IpAddr::V6(addr) => out.put(IpAttr::V6Src(addr)),
        }
        match tuple.dst {
            IpAddr::V4(addr) => out.put(IpAttr::V4Dst(addr)),
            IpAddr::V6(addr) => out.put(IpAttr::V6Dst(addr)),
        }
    });
}

/// The protocol's number and its identifiers.
pub fn ctnetlink_dump_tuples_proto(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrTuple>,
    tuple: &NfConntrackTuple,
) {
    out.nest(TupleAttr::Proto, |out: &mut Writer<'_, CtattrL4proto>| {
        out.put(L4ProtoAttr::Num(tuple.protonum));
        let [ty, code] = tuple.dst_id.to_be_bytes();
        match kernel.l4proto(tuple.protonum) {
            L4Proto::Ports => {
                out.put(L4ProtoAttr::SrcPort(tuple.src_id));
                out.put(L4ProtoAttr::DstPort(tuple.dst_id));
            }
            L4Proto::Icmp => {
                out.put(L4ProtoAttr::IcmpId(tuple.src_id));
                out.put(L4ProtoAttr::IcmpType(ty));
                out.put(L4ProtoAttr::IcmpCode(code));
            }
            L4Proto::Icmpv6 => {
                out.put(L4ProtoAttr::Icmpv6Id(tuple.src_id));
                out.put(L4ProtoAttr::Icmpv6Type(ty));
                out.put(L4ProtoAttr::Icmpv6Code(code));
            }
            L4Proto::Generic => {}
        }
    });
}

/// A zone that is not 0, at the place of its direction. Up to 4.2 zones have no direction.
fn ctnetlink_dump_zone_id(
    kernel: &Kernel,
    zone: NfConntrackZone,
    place: ZoneDir,
    put: impl FnOnce(u16),
) {
    if has_zone(kernel, zone, place) {
        put(zone.id);
    }
}

fn has_zone(kernel: &Kernel, zone: NfConntrackZone, place: ZoneDir) -> bool {
    let dir = if kernel.release.zones_have_direction() { zone.dir } else { ZoneDir::Both };
    kernel.config.zones && zone.id != 0 && dir == place
}
