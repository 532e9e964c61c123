//! Zones and tuples of requests: `ctnetlink_parse_zone`, `ctnetlink_parse_tuple_filter`.

use super::errno::Errno;
use super::nf_conn::{NfConntrackTuple, NfConntrackZone, ZoneDir};
use super::nla::{Nlattr, Tb};
use super::policy;
use crate::Family;
use crate::kernel::{Kernel, L4Proto};
use crate::nested::{CtattrIp, CtattrL4proto, CtattrTuple, FilterFlags, IpProto};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Decodes a zone; an absent attribute is the default zone.
pub(crate) fn parse_zone(
    kernel: &Kernel,
    attr: Option<Nlattr<'_>>,
) -> Result<NfConntrackZone, Errno> {
    match attr {
        Some(_) if !kernel.config.zones => Err(Errno::Eopnotsupp),
        attr => {
            let id = attr.map_or(0, |attr| attr.be16());
            Ok(NfConntrackZone { id, dir: ZoneDir::Both })
        }
    }
}

/// Decodes a tuple.
///
/// A zone inside the tuple becomes `zone`, in direction `dir`. It is rejected if `zone` is `None`.
pub(crate) fn parse_tuple(
    kernel: &Kernel,
    attr: Nlattr<'_>,
    family: Family,
    zone: Option<(&mut NfConntrackZone, ZoneDir)>,
) -> Result<NfConntrackTuple, Errno> {
    parse_tuple_filter(kernel, attr, family, zone, FilterFlags::all())
}

/// Decodes the fields of a tuple that `flags` names; the others are 0.
pub(crate) fn parse_tuple_filter(
    kernel: &Kernel,
    attr: Nlattr<'_>,
    family: Family,
    zone: Option<(&mut NfConntrackZone, ZoneDir)>,
    flags: FilterFlags,
) -> Result<NfConntrackTuple, Errno> {
    let tb = attr.nested(&policy::TUPLE)?;
    let any: IpAddr = match family {
        Family::IPV4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::IPV6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return Err(Errno::Eopnotsupp),
    };
    let mut tuple = NfConntrackTuple::ports(IpProto(0), (any, 0), (any, 0));
    if flags.intersects(FilterFlags::IP_SRC | FilterFlags::IP_DST) {
        parse_ip(tb.need(CtattrTuple::Ip)?, &mut tuple, flags)?;
    }
    if flags.contains(FilterFlags::PROTO_NUM) {
        parse_proto(kernel, tb.need(CtattrTuple::Proto)?, &mut tuple, flags)?;
    } else if flags.bits() >= FilterFlags::PROTO_NUM.bits() {
        return Err(Errno::Einval);
    }
    let id = tb.get(CtattrTuple::Zone).filter(|_| kernel.release.zones_have_direction());
    if let Some(id) = id.filter(|_| flags.contains(FilterFlags::TUPLE_ZONE)) {
        let (zone, dir) = zone.ok_or(Errno::Einval)?;
        if zone.id != 0 {
            return Err(Errno::Einval);
        }
        *zone = NfConntrackZone { dir, ..parse_zone(kernel, Some(id))? };
    }
    Ok(tuple)
}

fn parse_ip(
    attr: Nlattr<'_>,
    tuple: &mut NfConntrackTuple,
    flags: FilterFlags,
) -> Result<(), Errno> {
    let tb = attr.nested(&policy::IP)?;
    let is_v4 = tuple.src.is_ipv4();
    let addr = |v4, v6| match is_v4 {
        true => tb.need(v4).map(|attr| IpAddr::from(attr.bytes::<4>())),
        false => tb.need(v6).map(|attr| IpAddr::from(attr.bytes::<16>())),
    };
    if flags.contains(FilterFlags::IP_SRC) {
        tuple.src = addr(CtattrIp::V4Src, CtattrIp::V6Src)?;
    }
    if flags.contains(FilterFlags::IP_DST) {
        tuple.dst = addr(CtattrIp::V4Dst, CtattrIp::V6Dst)?;
    }
    Ok(())
}

fn parse_proto(
    kernel: &Kernel,
    attr: Nlattr<'_>,
    tuple: &mut NfConntrackTuple,
    flags: FilterFlags,
) -> Result<(), Errno> {
    let tb = attr.nested(&policy::PROTO)?;
    tuple.protonum = IpProto(tb.need(CtattrL4proto::Num)?.u8());
    match kernel.l4proto(tuple.protonum) {
        L4Proto::Ports => {
            attr.nested(&policy::PORTS)?;
            if flags.contains(FilterFlags::PROTO_SRC_PORT) {
                tuple.src_id = tb.need(CtattrL4proto::SrcPort)?.be16();
            }
            if flags.contains(FilterFlags::PROTO_DST_PORT) {
                tuple.dst_id = tb.need(CtattrL4proto::DstPort)?.be16();
            }
            Ok(())
        }
        L4Proto::Icmp => {
            let numbers = [CtattrL4proto::IcmpType, CtattrL4proto::IcmpCode, CtattrL4proto::IcmpId];
            parse_icmp(attr, &tb, numbers, ICMP_FLAGS, tuple, flags)
        }
        L4Proto::Icmpv6 => {
            let numbers =
                [CtattrL4proto::Icmpv6Type, CtattrL4proto::Icmpv6Code, CtattrL4proto::Icmpv6Id];
            parse_icmp(attr, &tb, numbers, ICMPV6_FLAGS, tuple, flags)
        }
        L4Proto::Generic => Ok(()),
    }
}

/// The flags of type, code and identifier.
pub(crate) const ICMP_FLAGS: [FilterFlags; 3] =
    [FilterFlags::PROTO_ICMP_TYPE, FilterFlags::PROTO_ICMP_CODE, FilterFlags::PROTO_ICMP_ID];
pub(crate) const ICMPV6_FLAGS: [FilterFlags; 3] =
    [FilterFlags::PROTO_ICMPV6_TYPE, FilterFlags::PROTO_ICMPV6_CODE, FilterFlags::PROTO_ICMPV6_ID];

fn parse_icmp(
    attr: Nlattr<'_>,
    tb: &Tb<'_>,
    [of_type, of_code, of_id]: [u16; 3],
    [has_type, has_code, has_id]: [FilterFlags; 3],
    tuple: &mut NfConntrackTuple,
    flags: FilterFlags,
) -> Result<(), Errno> {
    attr.nested(policy::icmp(tuple.protonum))?;
    let [mut icmp_type, mut code] = [0; 2];
    if flags.contains(has_type) {
        icmp_type = tb.need(of_type)?.u8();
        let has_inverse = match tuple.protonum {
            IpProto::ICMP => matches!(icmp_type, 0 | 8 | 13..=18),
            _ => matches!(icmp_type, 128 | 129 | 139 | 140),
        };
        if !has_inverse {
            return Err(Errno::Einval);
        }
    }
    if flags.contains(has_code) {
        code = tb.need(of_code)?.u8();
    }
    if flags.contains(has_id) {
        tuple.src_id = tb.need(of_id)?.be16();
    }
    tuple.dst_id = u16::from_be_bytes([icmp_type, code]);
    Ok(())
}
