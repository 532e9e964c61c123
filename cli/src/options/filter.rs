//! Filters on entries, under the names of conntrack(8).

use crate::matcher::{Matcher, Nat};
use crate::options::nat::{NatOptions, NatTarget};
use crate::options::number::{Net, number};
use crate::options::state::State;
use crate::options::tuple::TupleOptions;
use crate::stop::Stop;
use ctnetlink::attrs::Status;
use ctnetlink::format::text::LabelMap;
use ctnetlink::request::Selector;
use std::net::IpAddr;

/// A value under a mask.
type Masked<T> = (T, T);

#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
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
    /// State of TCP, SCTP or DCCP, such as ESTABLISHED
    #[arg(long)]
    state: Option<State>,
    /// Mark, or VALUE/MASK
    #[arg(short, long, value_parser = mark)]
    mark: Option<Masked<u32>>,
    /// Labels that must be set, by number or by the names in --labelmap
    #[arg(short, long, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<String>,
    /// Status bits that must be set, such as ASSURED,SEEN_REPLY, or a number; UNREPLIED matches
    /// entries without SEEN_REPLY
    #[arg(short = 'u', long, value_parser = status)]
    status: Option<Masked<Status>>,
    /// Zone of both directions, or of either one; `conntrack -w` takes a zone of one direction for 0
    #[arg(short = 'w', long, value_parser = number::<u16>)]
    zone: Option<u16>,
}

fn mark(text: &str) -> Result<Masked<u32>, String> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    match (number(value), number(mask)) {
        (Ok(value), Ok(mask)) => Ok((value, mask)),
        _ => Err("expected VALUE or VALUE/MASK".into()),
    }
}

fn status(text: &str) -> Result<Masked<Status>, String> {
    let (mut set, mut unset) = (Status::empty(), Status::empty());
    for word in text.split(',') {
        let name = word.to_ascii_uppercase();
        if name == "UNREPLIED" {
            unset |= Status::SEEN_REPLY;
            continue;
        }
        set |= Status::from_name(&name)
            .or_else(|| number(word).ok().map(Status::from_bits_retain))
            .ok_or_else(|| format!("unknown status bit `{word}`"))?;
    }
    if set.intersects(unset) {
        return Err("no entry is UNREPLIED and has SEEN_REPLY".into());
    }
    Ok((set, set | unset))
}

impl Filter {
    /// Returns what decides whether an entry matches. `names` are the names of labels.
    pub(crate) fn matcher(&self, names: &LabelMap) -> Result<Matcher, Stop> {
        let tuples = &self.tuples;
        let src = masked(tuples.src, self.mask_src, "--mask-src")?;
        let dst = masked(tuples.dst, self.mask_dst, "--mask-dst")?;
        let single = |net: Option<Net>| net.and_then(|net| net.single());
        let mut orig = tuples.orig();
        (orig.src, orig.dst) = (single(src), single(dst));
        let nat = |wanted: Option<Option<NatTarget>>| wanted.map(|to| Nat { to });
        Ok(Matcher {
            selector: Selector {
                family: tuples.family()?,
                mark: self.mark,
                status: self.status,
                zone: self.zone,
                orig,
                reply: tuples.reply(),
            },
            orig_nets: [src, dst],
            reply_nets: [tuples.reply_src, tuples.reply_dst],
            orig_zone: tuples.orig_zone,
            reply_zone: tuples.reply_zone,
            src_nat: nat(self.nat.src_nat),
            dst_nat: nat(self.nat.dst_nat),
            any_nat: nat(self.any_nat),
            state: self.state,
            labels: self.labels(names)?,
        })
    }

    fn labels(&self, names: &LabelMap) -> Result<u128, Stop> {
        let mut labels = 0;
        for label in &self.label {
            let number = names.number(label).or_else(|| label.parse().ok());
            let Some(bit) = number.and_then(|number| 1_u128.checked_shl(number.into())) else {
                let problem = "expected a number from 0 to 127 or a name in --labelmap";
                return Err(Stop::Unusable(format!("unknown label `{label}`: {problem}")));
            };
            labels |= bit;
        }
        Ok(labels)
    }
}

/// Applies a mask that is given apart from the address.
fn masked(net: Option<Net>, mask: Option<IpAddr>, option: &str) -> Result<Option<Net>, Stop> {
    let (Some(net), Some(mask)) = (net, mask) else { return Ok(net) };
    if net.single().is_none() {
        return Err(Stop::Unusable(format!(
            "{option} and an address with a length exclude each other"
        )));
    }
    match Net::with_mask(net.address, mask) {
        Some(net) => Ok(Some(net)),
        None => Err(Stop::Unusable(format!("{option} is not a mask for {}", net.address))),
    }
}
