//! Options for the two tuples of an entry, under the names of conntrack(8).

use crate::options::number::{Net, number};
use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;

#[derive(clap::Args)]
pub(crate) struct TupleOptions {
    /// Layer 3 protocol: ipv4 or ipv6
    #[arg(short, long, value_parser = family)]
    family: Option<Family>,
    /// Transport protocol, by name or number
    #[arg(short, long, value_parser = proto)]
    proto: Option<IpProto>,
    /// Source address of the original direction
    #[arg(short, long, value_name = "ADDRESS[/LENGTH]", alias = "orig-src")]
    pub(crate) src: Option<Net>,
    /// Destination address of the original direction
    #[arg(short, long, value_name = "ADDRESS[/LENGTH]", alias = "orig-dst")]
    pub(crate) dst: Option<Net>,
    /// Source address of the reply direction
    #[arg(short = 'r', long, value_name = "ADDRESS[/LENGTH]")]
    pub(crate) reply_src: Option<Net>,
    /// Destination address of the reply direction
    #[arg(short = 'q', long, value_name = "ADDRESS[/LENGTH]")]
    pub(crate) reply_dst: Option<Net>,
    /// Source port, or GRE key, of the original direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["orig-port-src", "srckey", "orig-key-src"])]
    sport: Option<u16>,
    /// Destination port, or GRE key, of the original direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["orig-port-dst", "dstkey", "orig-key-dst"])]
    dport: Option<u16>,
    /// Source port, or GRE key, of the reply direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["reply-sport", "reply-key-src"])]
    reply_port_src: Option<u16>,
    /// Destination port, or GRE key, of the reply direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["reply-dport", "reply-key-dst"])]
    reply_port_dst: Option<u16>,
    /// ICMP or ICMPv6 type of the original direction
    #[arg(long, value_name = "TYPE", value_parser = number::<u8>, alias = "icmpv6-type")]
    icmp_type: Option<u8>,
    /// ICMP or ICMPv6 code of the original direction
    #[arg(long, value_name = "CODE", value_parser = number::<u8>, alias = "icmpv6-code")]
    icmp_code: Option<u8>,
    /// ICMP or ICMPv6 identifier of the original direction
    #[arg(long, value_name = "ID", value_parser = number::<u16>, alias = "icmpv6-id")]
    icmp_id: Option<u16>,
    /// Zone that only the original direction has; 0 if it has none
    #[arg(long, value_name = "ZONE", value_parser = number::<u16>)]
    pub(crate) orig_zone: Option<u16>,
    /// Zone that only the reply direction has; 0 if it has none
    #[arg(long, value_name = "ZONE", value_parser = number::<u16>)]
    pub(crate) reply_zone: Option<u16>,
}

fn family(text: &str) -> Result<Family, String> {
    text.to_ascii_lowercase().parse().map_err(|_| "expected `ipv4` or `ipv6`".into())
}

fn proto(text: &str) -> Result<IpProto, String> {
    text.to_ascii_lowercase()
        .parse()
        .map_err(|_| "expected a number or the name of a tracked protocol".into())
}

impl TupleOptions {
    /// Returns the original tuple without its zone. Networks of several addresses are absent.
    pub(crate) fn orig(&self) -> Tuple {
        Tuple {
            src: self.src.and_then(|net| net.single()),
            dst: self.dst.and_then(|net| net.single()),
            proto: self.proto,
            src_port: self.sport,
            dst_port: self.dport,
            icmp_type: self.icmp_type,
            icmp_code: self.icmp_code,
            icmp_id: self.icmp_id,
            ..Tuple::default()
        }
    }

    /// Returns the reply tuple without its zone. Networks of several addresses are absent.
    pub(crate) fn reply(&self) -> Tuple {
        Tuple {
            src: self.reply_src.and_then(|net| net.single()),
            dst: self.reply_dst.and_then(|net| net.single()),
            src_port: self.reply_port_src,
            dst_port: self.reply_port_dst,
            ..Tuple::default()
        }
    }

    /// Returns the layer 3 protocol that the options name or that the addresses have.
    ///
    /// # Errors
    /// Returns an error if they disagree.
    pub(crate) fn family(&self) -> Result<Family, Stop> {
        let nets = [self.src, self.dst, self.reply_src, self.reply_dst];
        let mut family = self.family.unwrap_or_default();
        for net in nets.into_iter().flatten() {
            let found = if net.address.is_ipv4() { Family::IPV4 } else { Family::IPV6 };
            if family != Family::UNSPEC && family != found {
                let address = net.address;
                return Err(Stop::Unusable(format!("{address} is not an address of {family}")));
            }
            family = found;
        }
        Ok(family)
    }
}
