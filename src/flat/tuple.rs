//! Addresses, protocol and ports of one direction.

use super::record::sealed::Fields;
use super::record::{Absent, Record, fields};
use crate::Family;
use crate::error::Error;
use crate::nested::{CtattrTuple, IpAttr, IpProto, L4ProtoAttr, TupleAttr};
use crate::wire::Writer;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

fields! {
    /// The addresses, protocol and ports of one direction of a flow.
    ///
    /// An expectation has two more: the tuple that it expects, and its mask.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::Tuple;
    ///
    /// let tuple = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    /// assert_eq!(tuple.to_string(), "tcp 192.0.2.1:40000 -> 198.51.100.7:53");
    /// assert_eq!(tuple.reversed().to_string(), "tcp 198.51.100.7:53 -> 192.0.2.1:40000");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct Tuple {
        /// The source address.
        src: Option<IpAddr>;
        /// The destination address.
        dst: Option<IpAddr>;
        /// The transport protocol.
        proto: Option<IpProto>;
        /// The source port; for GRE the source key.
        src_port: Option<u16>;
        /// The destination port; for GRE the destination key.
        dst_port: Option<u16>;
        /// The ICMP identifier, or the ICMPv6 identifier if `proto` is ICMPv6.
        icmp_id: Option<u16>;
        /// The ICMP or ICMPv6 type.
        icmp_type: Option<u8>;
        /// The ICMP or ICMPv6 code.
        icmp_code: Option<u8>;
        /// The zone that only this direction has.
        zone: Option<u16>;
    }
}

/// Returns the ICMP or ICMPv6 type of the reply to a query, or of the query to a reply.
///
/// Other types do not change.
pub(crate) const fn reversed_icmp_type(proto: IpProto, icmp_type: u8) -> u8 {
    match (proto, icmp_type) {
        (IpProto::ICMP, 8) => 0,
        (IpProto::ICMP, 0) => 8,
        (IpProto::ICMP, 13 | 15 | 17) | (IpProto::ICMPV6, 128 | 139) => icmp_type + 1,
        (IpProto::ICMP, 14 | 16 | 18) | (IpProto::ICMPV6, 129 | 140) => icmp_type - 1,
        _ => icmp_type,
    }
}

impl Fields<CtattrTuple> for Tuple {
    #[inline]
    fn apply_with(&mut self, attr: TupleAttr<'_>, report: &mut dyn FnMut(Error)) {
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
}

impl Record for Tuple {
    type Set = CtattrTuple;

    // Called for every tuple that is not written.
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
    /// Creates the tuple of a TCP flow.
    #[must_use]
    pub fn tcp(src: SocketAddr, dst: SocketAddr) -> Self {
        Self::with_ports(IpProto::TCP, src, dst)
    }

    /// Creates the tuple of a UDP flow.
    #[must_use]
    pub fn udp(src: SocketAddr, dst: SocketAddr) -> Self {
        Self::with_ports(IpProto::UDP, src, dst)
    }

    /// Creates the tuple of a flow of a protocol with ports: TCP, UDP, UDP-Lite, SCTP or DCCP.
    #[must_use]
    pub fn with_ports(proto: IpProto, src: SocketAddr, dst: SocketAddr) -> Self {
        Self {
            src: Some(src.ip()),
            dst: Some(dst.ip()),
            proto: Some(proto),
            src_port: Some(src.port()),
            dst_port: Some(dst.port()),
            ..Self::default()
        }
    }

    /// Creates the tuple of an ICMP flow, or of an ICMPv6 flow if `src` is an IPv6 address.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::Tuple;
    ///
    /// // An echo request: type 128, code 0, identifier 77.
    /// let ping = Tuple::icmp("2001:db8::1".parse()?, "2001:db8::2".parse()?, 128, 0, 77);
    /// assert_eq!(ping.to_string(), "icmpv6 2001:db8::1 -> 2001:db8::2 type=128 code=0 id=77");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn icmp(src: IpAddr, dst: IpAddr, icmp_type: u8, icmp_code: u8, icmp_id: u16) -> Self {
        let proto = if src.is_ipv6() { IpProto::ICMPV6 } else { IpProto::ICMP };
        Self {
            src: Some(src),
            dst: Some(dst),
            proto: Some(proto),
            icmp_id: Some(icmp_id),
            icmp_type: Some(icmp_type),
            icmp_code: Some(icmp_code),
            ..Self::default()
        }
    }

    /// Returns the layer 3 protocol of the addresses; [`Family::UNSPEC`] if there are none.
    #[must_use]
    pub fn family(&self) -> Family {
        match self.src.or(self.dst) {
            Some(IpAddr::V4(_)) => Family::IPV4,
            Some(IpAddr::V6(_)) => Family::IPV6,
            None => Family::UNSPEC,
        }
    }

    /// Returns the tuple of the opposite direction, without NAT.
    ///
    /// Addresses and ports are exchanged, and the type of an ICMP or ICMPv6 query becomes that of
    /// its reply, and the reverse. The zone of a direction is not that of the other: it is `None`.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::Tuple;
    ///
    /// let ping = Tuple::icmp("192.0.2.1".parse()?, "198.51.100.7".parse()?, 8, 0, 77);
    /// let reply = ping.reversed();
    /// assert_eq!((reply.src, reply.icmp_type, reply.icmp_id), (ping.dst, Some(0), Some(77)));
    /// # Ok::<(), std::net::AddrParseError>(())
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

    /// Returns the transport identifiers in the kernel's order.
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

/// Prints protocol, source and destination, as in `tcp 192.0.2.1:40000 -> 198.51.100.7:53`.
///
/// An absent address prints as `?`. ICMP types, codes and identifiers and the zone follow if they
/// are present.
impl fmt::Display for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn endpoint(
            f: &mut fmt::Formatter<'_>,
            addr: Option<IpAddr>,
            port: Option<u16>,
        ) -> fmt::Result {
            match (addr, port) {
                (Some(addr), Some(port)) => SocketAddr::new(addr, port).fmt(f),
                (Some(addr), None) => addr.fmt(f),
                (None, Some(port)) => write!(f, "?:{port}"),
                (None, None) => f.write_str("?"),
            }
        }
        if let Some(proto) = self.proto {
            write!(f, "{proto} ")?;
        }
        endpoint(f, self.src, self.src_port)?;
        f.write_str(" -> ")?;
        endpoint(f, self.dst, self.dst_port)?;
        if let Some(icmp_type) = self.icmp_type {
            write!(f, " type={icmp_type}")?;
        }
        if let Some(icmp_code) = self.icmp_code {
            write!(f, " code={icmp_code}")?;
        }
        if let Some(icmp_id) = self.icmp_id {
            write!(f, " id={icmp_id}")?;
        }
        match self.zone {
            Some(zone) => write!(f, " zone={zone}"),
            None => Ok(()),
        }
    }
}
