//! Ranges of addresses and ports for NAT.

use super::record::sealed::Fields;
use super::record::{Record, fields, record};
use crate::error::Error;
use crate::nested::{CtattrNat, CtattrProtonat, NatAttr, ProtoNatAttr};
use crate::wire::Writer;
use core::net::IpAddr;

record! {
    /// A range of ports for NAT.
    ///
    /// # Examples
    /// See [`NatRange`].
    #[derive(Copy)]
    pub struct PortRange(CtattrProtonat => ProtoNatAttr) {
        /// The lowest port, [`ProtoNatAttr::PortMin`].
        min: Option<u16> = PortMin;
        /// The highest port, [`ProtoNatAttr::PortMax`]; if absent, the lowest is the only one.
        max: Option<u16> = PortMax;
    }
}

fields! {
    /// A range of addresses and ports for NAT.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{NatRange, PortRange};
    /// use ctnetlink::{Conntrack, Tuple};
    ///
    /// let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:80".parse()?);
    /// let mut entry = Conntrack { timeout: Some(120), ..Conntrack::new(orig) };
    /// // If `max_ip` is absent, the range has one address.
    /// entry.rare_mut().nat_src = NatRange {
    ///     min_ip: Some("203.0.113.9".parse()?),
    ///     ports: PortRange { min: Some(50_000), max: Some(50_999) },
    ///     ..NatRange::default()
    /// };
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct NatRange {
        /// The lowest address, [`NatAttr::V4MinIp`] or [`NatAttr::V6MinIp`].
        min_ip: Option<IpAddr>;
        /// The highest address, [`NatAttr::V4MaxIp`] or [`NatAttr::V6MaxIp`].
        ///
        /// If it is absent, the lowest address is the only one.
        max_ip: Option<IpAddr>;
        /// The range of ports, [`NatAttr::Proto`].
        ports: PortRange;
    }
}

impl Fields<CtattrNat> for NatRange {
    fn apply_with(&mut self, attr: NatAttr<'_>, report: &mut dyn FnMut(Error)) {
        match attr {
            NatAttr::V4MinIp(addr) => self.min_ip = Some(addr.into()),
            NatAttr::V4MaxIp(addr) => self.max_ip = Some(addr.into()),
            NatAttr::V6MinIp(addr) => self.min_ip = Some(addr.into()),
            NatAttr::V6MaxIp(addr) => self.max_ip = Some(addr.into()),
            NatAttr::Proto(attrs) => self.ports = Fields::decode_with(attrs, report),
            NatAttr::Unknown(_) => {}
        }
    }
}

impl Record for NatRange {
    type Set = CtattrNat;

    fn write(&self, out: &mut Writer<'_, CtattrNat>) {
        match self.min_ip {
            Some(IpAddr::V4(addr)) => out.put(NatAttr::V4MinIp(addr)),
            Some(IpAddr::V6(addr)) => out.put(NatAttr::V6MinIp(addr)),
            None => {}
        }
        match self.max_ip {
            Some(IpAddr::V4(addr)) => out.put(NatAttr::V4MaxIp(addr)),
            Some(IpAddr::V6(addr)) => out.put(NatAttr::V6MaxIp(addr)),
            None => {}
        }
        if !self.ports.is_empty() {
            out.nest(NatAttr::Proto, |out| self.ports.write(out));
        }
    }
}
