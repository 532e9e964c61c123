//! Options for the two tuples of an entry, under the names of conntrack(8).

use crate::options::number::{Net, number};
use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;

#[derive(clap::Args)]
pub(crate) struct FamilyOption {
    /// Layer 3 protocol: ipv4 or ipv6
    #[arg(short, long, value_parser = family)]
    family: Option<Family>,
}

/// The original direction and the zone.
#[derive(clap::Args)]
pub(crate) struct OrigOptions {
    #[command(flatten)]
    family: FamilyOption,
    /// Transport protocol, by name or number
    #[arg(short, long, value_parser = proto, alias = "protonum")]
    proto: Option<IpProto>,
    /// Source address of the original direction
    #[arg(short, long, value_name = "ADDRESS[/LENGTH]", alias = "orig-src")]
    pub(crate) src: Option<Net>,
    /// Destination address of the original direction
    #[arg(short, long, value_name = "ADDRESS[/LENGTH]", alias = "orig-dst")]
    pub(crate) dst: Option<Net>,
    /// Source port, or GRE key, of the original direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["orig-port-src", "srckey", "orig-key-src"])]
    sport: Option<u16>,
    /// Destination port, or GRE key, of the original direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["orig-port-dst", "dstkey", "orig-key-dst"])]
    dport: Option<u16>,
    /// ICMP or ICMPv6 type of the original direction
    #[arg(long, value_name = "TYPE", value_parser = number::<u8>, alias = "icmpv6-type")]
    icmp_type: Option<u8>,
    /// ICMP or ICMPv6 code of the original direction
    #[arg(long, value_name = "CODE", value_parser = number::<u8>, alias = "icmpv6-code")]
    icmp_code: Option<u8>,
    /// ICMP or ICMPv6 identifier of the original direction
    #[arg(long, value_name = "ID", value_parser = number::<u16>, alias = "icmpv6-id")]
    icmp_id: Option<u16>,
    /// Zone of both directions; as a filter, it also matches the zone of one direction
    ///
    /// The filter differs from `conntrack -w`, which compares the zone of both directions alone: there,
    /// an entry with a zone in one direction only matches 0.
    #[arg(short = 'w', long, value_parser = number::<u16>)]
    pub(crate) zone: Option<u16>,
}

#[derive(clap::Args)]
pub(crate) struct TupleOptions {
    #[command(flatten)]
    pub(crate) orig: OrigOptions,
    /// Source address of the reply direction
    #[arg(short = 'r', long, value_name = "ADDRESS[/LENGTH]")]
    pub(crate) reply_src: Option<Net>,
    /// Destination address of the reply direction
    #[arg(short = 'q', long, value_name = "ADDRESS[/LENGTH]")]
    pub(crate) reply_dst: Option<Net>,
    /// Source port, or GRE key, of the reply direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["reply-sport", "reply-key-src"])]
    reply_port_src: Option<u16>,
    /// Destination port, or GRE key, of the reply direction
    #[arg(long, value_name = "PORT", value_parser = number::<u16>,
          aliases = ["reply-dport", "reply-key-dst"])]
    reply_port_dst: Option<u16>,
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

impl FamilyOption {
    pub(crate) fn family(&self) -> Family {
        self.family.unwrap_or_default()
    }

    /// Returns the layer 3 protocol of the option or of the addresses, or an error if they disagree.
    fn with(&self, nets: &[Option<Net>]) -> Result<Family, Stop> {
        let mut family = self.family();
        for net in nets.iter().flatten() {
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

impl OrigOptions {
    /// Returns the original tuple without its zone.
    ///
    /// Networks of several addresses are absent.
    pub(crate) fn tuple(&self) -> Tuple {
        Tuple {
            src: self.src.and_then(|net| net.single()),
            dst: self.dst.and_then(|net| net.single()),
            proto: self.proto,
            src_port: self.sport,
            dst_port: self.dport,
            icmp_type: self.icmp_type,
            icmp_code: self.icmp_code,
            icmp_id: self.icmp_id,
            zone: None,
        }
    }

    /// Returns the layer 3 protocol of the addresses and of `--family`, which must agree.
    pub(crate) fn family(&self) -> Result<Family, Stop> {
        self.family.with(&[self.src, self.dst])
    }
}

impl TupleOptions {
    /// Returns the reply tuple without its zone.
    ///
    /// Networks of several addresses are absent.
    pub(crate) fn reply(&self) -> Tuple {
        Tuple {
            src: self.reply_src.and_then(|net| net.single()),
            dst: self.reply_dst.and_then(|net| net.single()),
            src_port: self.reply_port_src,
            dst_port: self.reply_port_dst,
            ..Tuple::default()
        }
    }

    /// Returns the layer 3 protocol of the addresses and of `--family`, which must agree.
    pub(crate) fn family(&self) -> Result<Family, Stop> {
        self.orig.family.with(&[self.orig.src, self.orig.dst, self.reply_src, self.reply_dst])
    }
}

/// Takes what is absent from a tuple from another one, apart from the zone.
pub(crate) fn filled(tuple: &Tuple, other: &Tuple) -> Tuple {
    Tuple {
        src: tuple.src.or(other.src),
        dst: tuple.dst.or(other.dst),
        proto: tuple.proto.or(other.proto),
        src_port: tuple.src_port.or(other.src_port),
        dst_port: tuple.dst_port.or(other.dst_port),
        icmp_type: tuple.icmp_type.or(other.icmp_type),
        icmp_code: tuple.icmp_code.or(other.icmp_code),
        icmp_id: tuple.icmp_id.or(other.icmp_id),
        zone: tuple.zone,
    }
}

/// Returns an error if the tuple does not identify a flow.
pub(crate) fn require_complete(tuple: &Tuple) -> Result<(), Stop> {
    let has_ports = tuple.src_port.is_some() && tuple.dst_port.is_some();
    let has_icmp =
        tuple.icmp_type.is_some() && tuple.icmp_code.is_some() && tuple.icmp_id.is_some();
    let missing = match tuple.proto {
        _ if tuple.src.is_none() || tuple.dst.is_none() => {
            "--src and --dst, or --reply-src and --reply-dst, with one address each"
        }
        None => "--proto",
        Some(IpProto::ICMP | IpProto::ICMPV6) if !has_icmp => {
            "--icmp-type, --icmp-code and --icmp-id"
        }
        Some(
            IpProto::TCP
            | IpProto::UDP
            | IpProto::UDPLITE
            | IpProto::SCTP
            | IpProto::DCCP
            | IpProto::GRE,
        ) if !has_ports => "--sport and --dport, or --reply-port-src and --reply-port-dst",
        _ => return Ok(()),
    };
    Err(Stop::Unusable(format!("expected {missing}")))
}
