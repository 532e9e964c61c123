//! Options for a new expectation, under the names of conntrack(8).

use crate::options::filter::masked;
use crate::options::number::{Net, number};
use crate::options::tuple::{OrigOptions, require_complete};
use crate::stop::Stop;
use ctnetlink::flat::Tuple;
use ctnetlink::request;
use ctnetlink::{Expectation, MessageBuf};
use std::net::IpAddr;

/// Create an expectation, like `conntrack -I expect`
///
/// --src, --dst, --proto, --sport and --dport select the master, an entry with a helper; the
/// options below, and --proto, describe the expected flow. Since the kernel takes the
/// timeout from the helper, --timeout has no effect for most helpers.
#[derive(clap::Args)]
pub(crate) struct ExpectationOptions {
    #[command(flatten)]
    master: OrigOptions,
    /// Source address of the expected flow
    #[arg(long, value_name = "ADDRESS[/LENGTH]")]
    tuple_src: Net,
    /// Destination address of the expected flow
    #[arg(long, value_name = "ADDRESS[/LENGTH]")]
    tuple_dst: Net,
    /// Source port of the expected flow
    #[arg(long, value_name = "PORT", value_parser = number::<u16>)]
    tuple_port_src: u16,
    /// Destination port of the expected flow
    #[arg(long, value_name = "PORT", value_parser = number::<u16>)]
    tuple_port_dst: u16,
    /// Bits of --tuple-src that must match
    #[arg(long, value_name = "MASK")]
    mask_src: Option<IpAddr>,
    /// Bits of --tuple-dst that must match
    #[arg(long, value_name = "MASK")]
    mask_dst: Option<IpAddr>,
    /// Bits of --tuple-port-src that must match
    #[arg(long, value_name = "MASK", value_parser = number::<u16>, default_value_t = u16::MAX)]
    mask_port_src: u16,
    /// Bits of --tuple-port-dst that must match
    #[arg(long, value_name = "MASK", value_parser = number::<u16>, default_value_t = u16::MAX)]
    mask_port_dst: u16,
    /// Seconds until the expectation expires
    #[arg(short, long, value_name = "SECONDS")]
    timeout: u32,
}

impl ExpectationOptions {
    pub(crate) fn request(&self) -> Result<MessageBuf, Stop> {
        let master = self.master.tuple();
        require_complete(&master)?;
        let src = masked(self.tuple_src, self.mask_src, "--mask-src")?;
        let dst = masked(self.tuple_dst, self.mask_dst, "--mask-dst")?;
        let tuple = |src: IpAddr, dst: IpAddr, src_port, dst_port| Tuple {
            src: Some(src),
            dst: Some(dst),
            proto: master.proto,
            src_port: Some(src_port),
            dst_port: Some(dst_port),
            ..Tuple::default()
        };
        let expectation = Expectation {
            family: self.master.family()?,
            tuple: tuple(src.address, dst.address, self.tuple_port_src, self.tuple_port_dst),
            mask: tuple(src.mask, dst.mask, self.mask_port_src, self.mask_port_dst),
            timeout: Some(self.timeout),
            zone: self.master.zone,
            master,
            ..Expectation::default()
        };
        Ok(request::create_expectation(&expectation)?)
    }
}
