//! Options for the two tuples of an entry, under the names of conntrack(8).

use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use std::net::IpAddr;

#[derive(clap::Args)]
pub(crate) struct TupleOptions {
    /// Layer 3 protocol: ipv4 or ipv6
    #[arg(short, long, value_parser = family)]
    family: Option<Family>,
    /// Transport protocol, by name or number
    #[arg(short, long, value_parser = proto)]
    proto: Option<IpProto>,
    /// Source address of the original direction
    #[arg(short, long, alias = "orig-src")]
    src: Option<IpAddr>,
    /// Destination address of the original direction
    #[arg(short, long, alias = "orig-dst")]
    dst: Option<IpAddr>,
    /// Source port of the original direction
    #[arg(long, alias = "orig-port-src")]
    sport: Option<u16>,
    /// Destination port of the original direction
    #[arg(long, alias = "orig-port-dst")]
    dport: Option<u16>,
    /// Source address of the reply direction
    #[arg(short = 'r', long)]
    reply_src: Option<IpAddr>,
    /// Destination address of the reply direction
    #[arg(short = 'q', long)]
    reply_dst: Option<IpAddr>,
    /// Source port of the reply direction
    #[arg(long, alias = "reply-port-src")]
    reply_sport: Option<u16>,
    /// Destination port of the reply direction
    #[arg(long, alias = "reply-port-dst")]
    reply_dport: Option<u16>,
}

fn family(text: &str) -> Result<Family, String> {
    Family::from_name(text).ok_or_else(|| "expected `ipv4` or `ipv6`".into())
}

fn proto(text: &str) -> Result<IpProto, String> {
    IpProto::from_name(text)
        .or_else(|| text.parse().ok().map(IpProto))
        .ok_or_else(|| "expected a number or the name of a tracked protocol".into())
}

impl TupleOptions {
    pub(crate) fn orig(&self) -> Tuple {
        Tuple {
            src: self.src,
            dst: self.dst,
            proto: self.proto,
            src_port: self.sport,
            dst_port: self.dport,
            ..Tuple::default()
        }
    }

    pub(crate) fn reply(&self) -> Tuple {
        Tuple {
            src: self.reply_src,
            dst: self.reply_dst,
            src_port: self.reply_sport,
            dst_port: self.reply_dport,
            ..Tuple::default()
        }
    }

    /// Returns the layer 3 protocol that the options name or that the addresses have.
    ///
    /// # Errors
    /// Returns an error if they disagree.
    pub(crate) fn family(&self) -> Result<Family, Stop> {
        let addresses = [self.src, self.dst, self.reply_src, self.reply_dst];
        let mut family = self.family.unwrap_or_default();
        for address in addresses.into_iter().flatten() {
            let found = if address.is_ipv4() { Family::IPV4 } else { Family::IPV6 };
            if family != Family::UNSPEC && family != found {
                return Err(Stop::Unusable(format!("{address} is not an address of {family}")));
            }
            family = found;
        }
        Ok(family)
    }
}
