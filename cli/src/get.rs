//! `ctnetlink get`.

use crate::live::place;
use crate::options::output::OutputOptions;
use crate::options::table::Table;
use crate::options::tuple::{TupleOptions, filled, require_complete};
use crate::output::Output;
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::flat::Tuple;
use ctnetlink::request;
use ctnetlink::socket::Socket;
use ctnetlink::{Conntrack, Expectation, MessageBuf};
use std::ops::ControlFlow;

/// Print one entry, like `conntrack -G`
///
/// Needs --proto, both addresses of one direction, and the ports of that direction or the ICMP type
/// and code. An entry that is not in the default zone needs --zone, too. In the table `expect`,
/// --src, --dst and the ports are those of the expected flow. The exit status is 2 if there is no
/// such entry. Needs CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Get {
    /// Table to search
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    tuples: TupleOptions,
}

pub(crate) fn run(args: &Get) -> Result<Status, Stop> {
    let request = request(args)?;
    let printer = Printer::new(&args.output)?;
    let mut out = Output::default();
    let found = Socket::open()?.exchange(request, |message| {
        printer.print(&place(1, 1), &message, &mut out);
        ControlFlow::Continue(())
    });
    match found {
        Err(error) if error.is_not_found() => {
            let what = match args.table {
                Table::Conntrack => "entry",
                Table::Expect => "expectation",
            };
            return Err(Stop::Unusable(format!("no such {what}")));
        }
        found => found?,
    };
    out.emit()?;
    Ok(Status::flawed_if(out.counts.errors > 0))
}

fn request(args: &Get) -> Result<MessageBuf, Stop> {
    let tuples = &args.tuples;
    let family = tuples.family()?;
    let zone = tuples.orig.zone;
    let (orig, reply) = (tuples.orig.tuple(), tuples.reply());
    if args.table == Table::Expect {
        if reply != Tuple::default() {
            let problem = "options for the reply direction do not apply to expectations";
            return Err(Stop::Unusable(problem.to_owned()));
        }
        require_complete(&orig)?;
        let key = Expectation { family, tuple: orig, zone, ..Expectation::default() };
        return Ok(request::get_expectation(&key)?);
    }
    let mut key = Conntrack { family, zone, ..Conntrack::default() };
    // The kernel uses one of the tuples: the original one if there are two.
    if orig.src.or(orig.dst).is_some() {
        require_complete(&orig)?;
        key.orig = Tuple { zone: tuples.orig_zone, ..orig };
    } else {
        let reply = filled(&reply, &orig.reversed());
        require_complete(&reply)?;
        key.reply = Tuple { zone: tuples.reply_zone, ..reply };
    }
    Ok(request::get(&key))
}
