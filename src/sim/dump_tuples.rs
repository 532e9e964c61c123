//! Tuples in messages about entries and expectations.

use super::nf_conn::NfConntrackTuple;
use crate::kernel::{Kernel, L4Proto};
use crate::nested::{CtattrL4proto, CtattrTuple, IpAttr, L4ProtoAttr, TupleAttr};
use crate::wire::Writer;
use core::net::IpAddr;

/// Writes a tuple: the addresses, then the protocol with its identifiers.
pub fn ctnetlink_dump_tuples(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrTuple>,
    tuple: &NfConntrackTuple,
) {
    ctnetlink_dump_tuples_ip(out, tuple);
    ctnetlink_dump_tuples_proto(kernel, out, tuple);
}

/// Writes the addresses of a tuple.
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

/// Writes the protocol of a tuple, with its identifiers.
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
