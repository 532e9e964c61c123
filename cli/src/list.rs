//! `ctnetlink list`.

use crate::args::{Format, Look, Output as Words};
use crate::input::Stop;
use crate::live::{note_times, place};
use crate::output::Output;
use crate::print::Printer;
use clap::ValueEnum;
use ctnetlink::attrs::Status;
use ctnetlink::flat::Tuple;
use ctnetlink::nested::IpProto;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, Family};
use std::net::IpAddr;
use std::process::ExitCode;

/// Prints the entries of the running kernel's table, as `conntrack -L`.
///
/// The kernel filters as far as it knows how to; what it does not, the command does. Needs
/// CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct List {
    /// Which table.
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// The flows.
    Conntrack,
    /// The expectations.
    Expect,
    /// Flows whose DESTROY event could not be delivered.
    Dying,
    /// Flows that are not in the table yet; none since Linux 5.19.
    Unconfirmed,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Filters")]
struct Filter {
    /// The layer 3 protocol: ipv4 or ipv6.
    #[arg(short, long, value_parser = family)]
    family: Option<Family>,
    /// The transport protocol, by name or number.
    #[arg(short, long, value_parser = proto)]
    proto: Option<IpProto>,
    /// The source address of the original direction.
    #[arg(short, long)]
    src: Option<IpAddr>,
    /// The destination address of the original direction.
    #[arg(short, long)]
    dst: Option<IpAddr>,
    /// The source port of the original direction.
    #[arg(long, alias = "orig-port-src")]
    sport: Option<u16>,
    /// The destination port of the original direction.
    #[arg(long, alias = "orig-port-dst")]
    dport: Option<u16>,
    /// The source address of the answers.
    #[arg(short = 'r', long)]
    reply_src: Option<IpAddr>,
    /// The destination address of the answers.
    #[arg(short = 'q', long)]
    reply_dst: Option<IpAddr>,
    /// The source port of the answers.
    #[arg(long, alias = "reply-port-src")]
    reply_sport: Option<u16>,
    /// The destination port of the answers.
    #[arg(long, alias = "reply-port-dst")]
    reply_dport: Option<u16>,
    /// The mark, or VALUE/MASK.
    #[arg(short, long, value_parser = mark)]
    mark: Option<(u32, u32)>,
    /// Bits of the status that must be set: names such as ASSURED,SEEN_REPLY, or a number.
    #[arg(short = 'u', long, value_parser = status)]
    status: Option<Status>,
    /// The zone.
    #[arg(short = 'w', long)]
    zone: Option<u16>,
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn family(text: &str) -> Result<Family, String> {
    Family::from_name(text).ok_or_else(|| "neither ipv4 nor ipv6".into())
}

fn proto(text: &str) -> Result<IpProto, String> {
    IpProto::from_name(text)
        .or_else(|| text.parse().ok().map(IpProto))
        .ok_or_else(|| "neither a number nor a protocol that is tracked".into())
}

fn mark(text: &str) -> Result<(u32, u32), String> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    number(value).zip(number(mask)).ok_or_else(|| "neither VALUE nor VALUE/MASK".into())
}

fn status(text: &str) -> Result<Status, String> {
    let bit = |word: &str| {
        Status::from_name(&word.to_ascii_uppercase())
            .or_else(|| number(word).map(Status::from_bits_retain))
            .ok_or_else(|| format!("{word} is no bit of the status"))
    };
    text.split(',').map(bit).collect()
}

impl Filter {
    fn selector(&self) -> Result<Selector, Stop> {
        let orig = Tuple {
            src: self.src,
            dst: self.dst,
            proto: self.proto,
            src_port: self.sport,
            dst_port: self.dport,
            ..Tuple::default()
        };
        let reply = Tuple {
            src: self.reply_src,
            dst: self.reply_dst,
            src_port: self.reply_sport,
            dst_port: self.reply_dport,
            ..Tuple::default()
        };
        let addresses = [orig.src, orig.dst, reply.src, reply.dst];
        let mut family = self.family.unwrap_or_default();
        for address in addresses.into_iter().flatten() {
            let of = if address.is_ipv4() { Family::IPV4 } else { Family::IPV6 };
            if family != Family::UNSPEC && family != of {
                return Err(Stop::Unusable(format!("{address} is not of {family}")));
            }
            family = of;
        }
        let status = self.status.map(|bits| (bits, bits));
        Ok(Selector { family, mark: self.mark, status, zone: self.zone, orig, reply })
    }
}

/// The part of a selection that every kernel does right or ignores.
fn for_kernel(only: &Selector) -> Selector {
    let tuple = |tuple: &Tuple| {
        let mut tuple = tuple.clone();
        // Linux 5.8 to 7.2 return what does not have an IPv6 address.
        tuple.src = tuple.src.filter(IpAddr::is_ipv4);
        tuple.dst = tuple.dst.filter(IpAddr::is_ipv4);
        // Ports without a protocol are refused.
        if tuple.proto.is_none() {
            (tuple.src_port, tuple.dst_port) = (None, None);
        }
        tuple
    };
    let mut only = Selector { orig: tuple(&only.orig), reply: tuple(&only.reply), ..only.clone() };
    // So are tuples without a family, and a mask of 0.
    if only.family == Family::UNSPEC {
        (only.orig, only.reply) = Default::default();
    }
    only.status = only.status.filter(|(_, mask)| !mask.is_empty());
    only
}

pub(crate) fn run(args: &List) -> Result<ExitCode, Stop> {
    let only = args.filter.selector()?;
    if args.table != Table::Conntrack
        && only != (Selector { family: only.family, ..Default::default() })
    {
        return Err(Stop::Unusable("this table can be filtered by family alone".into()));
    }
    if args.look.output.contains(&Words::Ktimestamp) {
        note_times();
    }
    let filters = only != Selector::default() && args.table != Table::Expect;
    let kernel = for_kernel(&only);
    let printer = Printer::new(&args.look)?;
    let mut out = Output::default();
    let mut socket = Socket::open()?;
    let mut result = Ok(());
    let mut number = 0;
    let outcome = socket.exchange(
        |seq| match args.table {
            Table::Conntrack => request::dump(&kernel, seq),
            Table::Expect => request::dump_expectations(only.family, seq),
            Table::Dying => request::dump_dying(only.family, seq),
            Table::Unconfirmed => request::dump_unconfirmed(only.family, seq),
        },
        |message| {
            let is_wanted = !filters
                || Conntrack::from_message(&message, &mut |_| ()).is_ok_and(|ct| only.matches(&ct));
            if is_wanted && result.is_ok() {
                number += 1;
                printer.print(&place(number, 1), &message, &mut out);
                result = out.emit_if_due();
            }
        },
    )?;
    result?;
    out.emit()?;
    if outcome.interrupted {
        eprintln!("the table changed meanwhile: entries may be missing or be there twice");
    }
    if args.look.format == Format::Text {
        eprintln!("{} entries shown", out.counts.good);
    }
    Ok(ExitCode::SUCCESS)
}
