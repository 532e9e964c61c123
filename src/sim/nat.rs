//! Address translation of a new entry: `ctnetlink_setup_nat`.

use super::errno::Errno;
use super::nf_conn::NfConn;
use super::nla::{Nlattr, Tb};
use super::policy;
use crate::Family;
use crate::attrs::{CtattrType, Status};
use crate::flat::{NatRange, PortRange};
use crate::kernel::{Kernel, L4Proto};
use crate::nested::{CtattrNat, CtattrProtonat};
use core::net::IpAddr;

/// Sets up address translation.
///
/// A direction without a range gets no translation, but its set-up is complete.
pub(crate) fn ctnetlink_setup_nat(
    kernel: &Kernel,
    ct: &mut NfConn,
    tb: &Tb<'_>,
) -> Result<(), Errno> {
    let [dst, src] = [CtattrType::NatDst, CtattrType::NatSrc].map(|number| tb.get(number));
    if dst.is_none() && src.is_none() {
        return Ok(());
    }
    if !kernel.config.nat {
        return Err(Errno::Eopnotsupp);
    }
    let family = ct.l3num();
    let has_ports = kernel.l4proto(ct.protonum()) == L4Proto::Ports;
    let parse_nat = |attr| {
        let range = parse_nat(attr, family)?;
        let ports = if has_ports { range.ports } else { PortRange::default() };
        Ok(NatRange { ports, ..range })
    };
    let [_, reply] = &mut ct.tuple;
    if let Some(attr) = dst {
        if nat_setup_info(&mut reply.src, &mut reply.src_id, &parse_nat(attr)?) {
            ct.status |= Status::DST_NAT;
        }
    }
    if let Some(attr) = src {
        if nat_setup_info(&mut reply.dst, &mut reply.dst_id, &parse_nat(attr)?) {
            ct.status |= Status::SRC_NAT;
        }
    }
    ct.status |= Status::NAT_DONE;
    Ok(())
}

/// Decodes a range (`nfnetlink_parse_nat`).
fn parse_nat(attr: Nlattr<'_>, family: Family) -> Result<NatRange, Errno> {
    let tb = attr.nested(&policy::NAT)?;
    let addr = |v4, v6| match family {
        Family::IPV4 => tb.get(v4).map(|attr| IpAddr::from(attr.bytes::<4>())),
        _ => tb.get(v6).map(|attr| IpAddr::from(attr.bytes::<16>())),
    };
    let min_ip = addr(CtattrNat::V4MinIp, CtattrNat::V6MinIp);
    let max_ip = addr(CtattrNat::V4MaxIp, CtattrNat::V6MaxIp);
    let mut ports = PortRange::default();
    if let Some(proto) = tb.get(CtattrNat::Proto) {
        let tb = proto.nested(&policy::PROTONAT)?;
        let [min, max] = [CtattrProtonat::PortMin, CtattrProtonat::PortMax]
            .map(|number| tb.get(number).map(|port| port.be16()));
        // A range without its minimum begins with port 0.
        ports = PortRange { min: min.or(max.map(|_| 0)), max };
    }
    Ok(NatRange { min_ip, max_ip, ports })
}

/// Moves an address and a port into the range, and returns `true` if one of them moved.
fn nat_setup_info(addr: &mut IpAddr, port: &mut u16, range: &NatRange) -> bool {
    let before = (*addr, *port);
    if let Some(min) = range.min_ip {
        let max = range.max_ip.unwrap_or(min);
        if *addr < min || *addr > max {
            *addr = min;
        }
    }
    if let Some(min) = range.ports.min {
        let max = range.ports.max.unwrap_or(min);
        if *port < min || *port > max {
            *port = min;
        }
    }
    before != (*addr, *port)
}
