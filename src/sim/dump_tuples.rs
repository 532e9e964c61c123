//! Tuples and zones, as every message about entries and expectations has them.

use super::nf_conn::{NfConn, NfConntrackTuple, NfConntrackZone, ZoneDir};
use super::out::Out;
use crate::attrs::CtattrType;
use crate::kernel::{Kernel, L4Proto};
use crate::nested::{CtattrL4proto, CtattrTuple, IpAttr, L4ProtoAttr, TupleAttr};
use crate::wire::Writer;
use core::net::IpAddr;

/// Both directions, each with its zone if that is its own, then the zone of both.
#[inline(always)]
pub(crate) fn dump_both_tuples(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    let [orig, reply] = &ct.tuple;
    let zone = |place| zone_id(kernel, ct.zone, place);
    out.tuple(kernel, CtattrType::TupleOrig, orig, zone(ZoneDir::Orig));
    out.tuple(kernel, CtattrType::TupleReply, reply, zone(ZoneDir::Reply));
    if let Some(id) = zone(ZoneDir::Both) {
        out.be16(CtattrType::Zone, id);
    }
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

/// `ctnetlink_dump_zone_id`: a zone that is not 0, at the place of its direction. Up to 4.2 zones have
/// no direction.
fn zone_id(kernel: &Kernel, zone: NfConntrackZone, place: ZoneDir) -> Option<u16> {
    let dir = if kernel.release.zones_have_direction() { zone.dir } else { ZoneDir::Both };
    (kernel.config.zones && zone.id != 0 && dir == place).then_some(zone.id)
}
