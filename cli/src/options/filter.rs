//! Filters on entries, under the names of conntrack(8).

use crate::matcher::{Matcher, Nat};
use crate::options::bits::{Masked, mark, masked_status};
use crate::options::labels::label_bits;
use crate::options::nat::{NatOptions, NatTarget};
use crate::options::number::Net;
use crate::options::state::State;
use crate::options::tuple::TupleOptions;
use crate::stop::Stop;
use ctnetlink::attrs::Status;
use ctnetlink::format::text::LabelMap;
use ctnetlink::request::Selector;
use std::net::IpAddr;

/// Filters on what does not change during the life of an entry, and on its labels.
#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FlowFilter {
    #[command(flatten)]
    tuples: TupleOptions,
    /// Mask for the address of --src
    #[arg(long, value_name = "MASK", requires = "src")]
    mask_src: Option<IpAddr>,
    /// Mask for the address of --dst
    #[arg(long, value_name = "MASK", requires = "dst")]
    mask_dst: Option<IpAddr>,
    #[command(flatten)]
    nat: NatOptions,
    /// Source or destination NAT, to ADDRESS or to ADDRESS:PORT if given
    #[arg(short = 'j', long, value_name = "ADDRESS[:PORT]", num_args = 0..=1)]
    any_nat: Option<Option<NatTarget>>,
    /// Labels that must be set, by number or by the names in --labelmap
    #[arg(short, long, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<String>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    #[command(flatten)]
    flow: FlowFilter,
    /// State of TCP, SCTP or DCCP, such as ESTABLISHED
    #[arg(long)]
    state: Option<State>,
    /// Mark, or VALUE/MASK
    #[arg(short, long, value_parser = mark)]
    mark: Option<Masked<u32>>,
    /// Status bits that must be set, such as ASSURED,SEEN_REPLY, or a number
    ///
    /// UNREPLIED matches entries without SEEN_REPLY.
    #[arg(short = 'u', long, value_parser = masked_status)]
    status: Option<Masked<Status>>,
}

impl Filter {
    /// Returns the matcher for these filters.
    ///
    /// `names` are the names of labels.
    pub(crate) fn matcher(&self, names: &LabelMap) -> Result<Matcher, Stop> {
        let flow = self.flow.matcher(names)?;
        let selector = Selector { mark: self.mark, status: self.status, ..flow.selector };
        Ok(Matcher { selector, state: self.state, ..flow })
    }
}

impl FlowFilter {
    /// Returns the matcher for these filters.
    ///
    /// `names` are the names of labels.
    pub(crate) fn matcher(&self, names: &LabelMap) -> Result<Matcher, Stop> {
        let tuples = &self.tuples;
        let mask = |net: Option<Net>, mask, option| net.map(|net| masked(net, mask, option));
        let src = mask(tuples.orig.src, self.mask_src, "--mask-src").transpose()?;
        let dst = mask(tuples.orig.dst, self.mask_dst, "--mask-dst").transpose()?;
        let single = |net: Option<Net>| net.and_then(|net| net.single());
        let mut orig = tuples.orig.tuple();
        (orig.src, orig.dst) = (single(src), single(dst));
        let nat = |wanted: Option<Option<NatTarget>>| wanted.map(|to| Nat { to });
        Ok(Matcher {
            selector: Selector {
                family: tuples.family()?,
                zone: tuples.orig.zone,
                orig,
                reply: tuples.reply(),
                ..Selector::default()
            },
            orig_nets: [src, dst],
            reply_nets: [tuples.reply_src, tuples.reply_dst],
            orig_zone: tuples.orig_zone,
            reply_zone: tuples.reply_zone,
            src_nat: nat(self.nat.src_nat),
            dst_nat: nat(self.nat.dst_nat),
            any_nat: nat(self.any_nat),
            state: None,
            labels: label_bits(&self.label, names)?,
        })
    }
}

/// Applies a mask that is given apart from the address.
pub(crate) fn masked(net: Net, mask: Option<IpAddr>, option: &str) -> Result<Net, Stop> {
    let Some(mask) = mask else { return Ok(net) };
    if net.single().is_none() {
        return Err(Stop::Unusable(format!(
            "{option} and an address with a length exclude each other"
        )));
    }
    let problem = || Stop::Unusable(format!("{option} is not a mask for {}", net.address));
    Net::with_mask(net.address, mask).ok_or_else(problem)
}
