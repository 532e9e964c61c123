//! Options for address translation.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

#[derive(clap::Args)]
pub(crate) struct NatOptions {
    /// Source NAT, to ADDRESS or to ADDRESS:PORT if given
    #[arg(short = 'n', long, value_name = "ADDRESS[:PORT]", num_args = 0..=1)]
    pub(crate) src_nat: Option<Option<NatTarget>>,
    /// Destination NAT, to ADDRESS or to ADDRESS:PORT if given
    #[arg(short = 'g', long, value_name = "ADDRESS[:PORT]", num_args = 0..=1)]
    pub(crate) dst_nat: Option<Option<NatTarget>>,
}

/// Where an address is translated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NatTarget {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
}

impl FromStr for NatTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
        if let Some(address) = text.parse().ok().or_else(|| bracketed().map(IpAddr::V6)) {
            return Ok(Self { address, port: None });
        }
        match text.parse::<SocketAddr>() {
            Ok(target) => Ok(Self { address: target.ip(), port: Some(target.port()) }),
            Err(_) => Err("expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT".into()),
        }
    }
}
