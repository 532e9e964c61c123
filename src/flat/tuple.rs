//! One direction of a flow.

use super::record::sealed::Sealed;
use super::record::{Absent, Record, fields};
use crate::error::Error;
use crate::nested::{CtattrTuple, IpAttr, IpProto, L4ProtoAttr, TupleAttr};
use crate::wire::Writer;
use core::net::IpAddr;

fields! {
    /// One direction of a flow, or an expectation's tuple or mask.
    pub struct Tuple {
        /// Source address.
        src: Option<IpAddr>;
        /// Destination address.
        dst: Option<IpAddr>;
        /// Transport protocol.
        proto: Option<IpProto>;
        /// Source port; for GRE the source key.
        src_port: Option<u16>;
        /// Destination port; for GRE the destination key.
        dst_port: Option<u16>;
        /// ICMP or, where `proto` is ICMPv6, ICMPv6 identifier.
        icmp_id: Option<u16>;
        /// ICMP or ICMPv6 type.
        icmp_type: Option<u8>;
        /// ICMP or ICMPv6 code.
        icmp_code: Option<u8>;
        /// The zone of this direction alone.
        zone: Option<u16>;
    }
}

/// Returns the ICMP or ICMPv6 type of the reply to a query, or of the query to a reply. Other types
/// do not change.
pub(crate) const fn reversed_icmp_type(proto: IpProto, icmp_type: u8) -> u8 {
    match (proto, icmp_type) {
        (IpProto::ICMP, 8) => 0,
        (IpProto::ICMP, 0) => 8,
        (IpProto::ICMP, 13 | 15 | 17) | (IpProto::ICMPV6, 128 | 139) => icmp_type + 1,
        (IpProto::ICMP, 14 | 16 | 18) | (IpProto::ICMPV6, 129 | 140) => icmp_type - 1,
        _ => icmp_type,
    }
}

impl Sealed for Tuple {}

impl Record for Tuple {
    type Set = CtattrTuple;

    #[inline]
    fn apply(&mut self, attr: TupleAttr<'_>, report: &mut dyn FnMut(Error)) {
        match attr {
            TupleAttr::Ip(attrs) => {
                for attr in attrs.iter() {
                    match attr {
                        Ok(IpAttr::V4Src(addr)) => self.src = Some(addr.into()),
                        Ok(IpAttr::V4Dst(addr)) => self.dst = Some(addr.into()),
                        Ok(IpAttr::V6Src(addr)) => self.src = Some(addr.into()),
                        Ok(IpAttr::V6Dst(addr)) => self.dst = Some(addr.into()),
                        Ok(IpAttr::Unknown(_)) => {}
                        Err(error) => report(error),
                    }
                }
            }
            TupleAttr::Proto(attrs) => {
                for attr in attrs.iter() {
                    match attr {
                        Ok(attr) => self.set_proto(attr),
                        Err(error) => report(error),
                    }
                }
            }
            TupleAttr::Zone(zone) => self.zone = Some(zone),
            TupleAttr::Unknown(_) => {}
        }
    }

    // Asked of every tuple that is not written.
    #[inline]
    fn is_empty(&self) -> bool {
        Absent::is_absent(self)
    }

    fn write(&self, out: &mut Writer<'_, CtattrTuple>) {
        if self.src.is_some() || self.dst.is_some() {
            out.nest(TupleAttr::Ip, |out| {
                match self.src {
                    Some(IpAddr::V4(addr)) => out.put(IpAttr::V4Src(addr)),
                    Some(IpAddr::V6(addr)) => out.put(IpAttr::V6Src(addr)),
                    None => {}
                }
                match self.dst {
                    Some(IpAddr::V4(addr)) => out.put(IpAttr::V4Dst(addr)),
                    Some(IpAddr::V6(addr)) => out.put(IpAttr::V6Dst(addr)),
                    None => {}
                }
            });
        }
        if self.proto_attrs().next().is_some() {
            out.nest(TupleAttr::Proto, |out| self.proto_attrs().for_each(|attr| out.put(attr)));
        }
        if let Some(zone) = self.zone {
            out.put(TupleAttr::Zone(zone));
        }
    }
}

impl Tuple {
    /// Returns the tuple of the opposite direction, without NAT.
    ///
    /// Addresses and ports are exchanged, and the type of an ICMP or ICMPv6 query becomes that of
    /// its reply, and the reverse. The zone of a direction is not that of the other: it is `None`.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::Tuple;
    /// use ctnetlink::nested::IpProto;
    ///
    /// let ping = Tuple {
    ///     src: "192.0.2.1".parse().ok(),
    ///     dst: "198.51.100.7".parse().ok(),
    ///     proto: Some(IpProto::ICMP),
    ///     icmp_type: Some(8),
    ///     icmp_id: Some(77),
    ///     ..Tuple::default()
    /// };
    /// let reply = ping.reversed();
    /// assert_eq!((reply.src, reply.icmp_type, reply.icmp_id), (ping.dst, Some(0), Some(77)));
    /// ```
    #[must_use]
    pub fn reversed(&self) -> Self {
        let proto = self.proto.unwrap_or(IpProto(0));
        Self {
            src: self.dst,
            dst: self.src,
            proto: self.proto,
            src_port: self.dst_port,
            dst_port: self.src_port,
            icmp_id: self.icmp_id,
            icmp_type: self.icmp_type.map(|icmp_type| reversed_icmp_type(proto, icmp_type)),
            icmp_code: self.icmp_code,
            zone: None,
        }
    }

    #[inline]
    fn set_proto(&mut self, attr: L4ProtoAttr<'_>) {
        match attr {
            L4ProtoAttr::Num(proto) => self.proto = Some(proto),
            L4ProtoAttr::SrcPort(port) => self.src_port = Some(port),
            L4ProtoAttr::DstPort(port) => self.dst_port = Some(port),
            L4ProtoAttr::IcmpId(id) | L4ProtoAttr::Icmpv6Id(id) => self.icmp_id = Some(id),
            L4ProtoAttr::IcmpType(ty) | L4ProtoAttr::Icmpv6Type(ty) => self.icmp_type = Some(ty),
            L4ProtoAttr::IcmpCode(code) | L4ProtoAttr::Icmpv6Code(code) => {
                self.icmp_code = Some(code);
            }
            L4ProtoAttr::Unknown(_) => {}
        }
    }

    /// The transport identifiers in the kernel's order.
    fn proto_attrs(&self) -> impl Iterator<Item = L4ProtoAttr<'static>> + use<> {
        let is_v6 = self.proto == Some(IpProto::ICMPV6);
        let id = if is_v6 { L4ProtoAttr::Icmpv6Id } else { L4ProtoAttr::IcmpId };
        let ty = if is_v6 { L4ProtoAttr::Icmpv6Type } else { L4ProtoAttr::IcmpType };
        let code = if is_v6 { L4ProtoAttr::Icmpv6Code } else { L4ProtoAttr::IcmpCode };
        [
            self.proto.map(L4ProtoAttr::Num),
            self.src_port.map(L4ProtoAttr::SrcPort),
            self.dst_port.map(L4ProtoAttr::DstPort),
            self.icmp_id.map(id),
            self.icmp_type.map(ty),
            self.icmp_code.map(code),
        ]
        .into_iter()
        .flatten()
    }
}
