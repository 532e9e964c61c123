//! Filters on entries.

use crate::options::tuple::TupleOptions;
use crate::stop::Stop;
use ctnetlink::Family;
use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::request::Selector;
use std::net::IpAddr;

#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    #[command(flatten)]
    tuples: TupleOptions,
    /// Mark, or VALUE/MASK
    #[arg(short, long, value_parser = mark)]
    mark: Option<(u32, u32)>,
    /// Status bits that must be set: names such as ASSURED,SEEN_REPLY, or a number
    #[arg(short = 'u', long, value_parser = status)]
    status: Option<Status>,
    /// Zone
    #[arg(short = 'w', long)]
    zone: Option<u16>,
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn mark(text: &str) -> Result<(u32, u32), String> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    number(value).zip(number(mask)).ok_or_else(|| "expected VALUE or VALUE/MASK".into())
}

fn status(text: &str) -> Result<Status, String> {
    let bit = |word: &str| {
        Status::from_name(&word.to_ascii_uppercase())
            .or_else(|| number(word).map(Status::from_bits_retain))
            .ok_or_else(|| format!("unknown status bit `{word}`"))
    };
    text.split(',').map(bit).collect()
}

impl Filter {
    pub(crate) fn selector(&self) -> Result<Selector, Stop> {
        Ok(Selector {
            family: self.tuples.family()?,
            mark: self.mark,
            status: self.status.map(|bits| (bits, bits)),
            zone: self.zone,
            orig: self.tuples.orig(),
            reply: self.tuples.reply(),
        })
    }
}

/// Returns the part of a selection that every kernel applies correctly or ignores.
pub(crate) fn for_kernel(only: &Selector) -> Selector {
    let tuple = |tuple: &Tuple| {
        let mut tuple = tuple.clone();
        // Linux 5.8 to 7.2 match IPv6 addresses incorrectly.
        tuple.src = tuple.src.filter(IpAddr::is_ipv4);
        tuple.dst = tuple.dst.filter(IpAddr::is_ipv4);
        // The kernel rejects ports without a protocol.
        if tuple.proto.is_none() {
            (tuple.src_port, tuple.dst_port) = (None, None);
        }
        tuple
    };
    let mut only = Selector { orig: tuple(&only.orig), reply: tuple(&only.reply), ..only.clone() };
    // The kernel rejects tuples without a family, and a status mask of 0.
    if only.family == Family::UNSPEC {
        (only.orig, only.reply) = Default::default();
    }
    only.status = only.status.filter(|(_, mask)| !mask.is_empty());
    only
}
