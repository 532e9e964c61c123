//! `ctnetlink list`.

use crate::live::{note, place};
use crate::options::filter::Filter;
use crate::options::output::{Field, Format, OutputOptions};
use crate::output::{Output, print_error};
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use clap::ValueEnum;
use ctnetlink::request;
use ctnetlink::socket::{Extension, Socket};
use std::ops::ControlFlow;

/// Print the entries of the running kernel's table, like `conntrack -L`
///
/// The kernel applies the filters that it supports, and the command checks the result. Needs
/// CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct List {
    /// Table to list
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    /// Set the counters of all entries to 0 after reading them
    #[arg(short, long)]
    zero: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Conntrack entries
    Conntrack,
    /// Expectations
    Expect,
    /// Entries whose DESTROY event could not be delivered
    Dying,
    /// Entries that are not in the table yet; empty since Linux 5.19
    Unconfirmed,
}

pub(crate) fn run(args: &List) -> Result<Status, Stop> {
    let matcher = args.filter.matcher(&args.output.labelmap.read()?)?;
    let refuse = |problem: &str| Err(Stop::Unusable(problem.to_owned()));
    if args.table != Table::Conntrack && !matcher.is_family_only() {
        return refuse("only --family filters this table");
    }
    if args.zero && (args.table != Table::Conntrack || !matcher.is_family_only()) {
        // Some filters are applied after the kernel has read and zeroed the counters.
        return refuse("--zero excludes all filters but --family, and tables but `conntrack`");
    }
    let selector = matcher.for_kernel();
    let family = selector.family;
    let printer = Printer::new(&args.output)?;
    let mut out = Output::default();
    let mut socket = Socket::open()?;
    let mut result = Ok(());
    let mut number = 0;
    let request = match args.table {
        Table::Conntrack if args.zero => request::dump_and_reset(&selector),
        Table::Conntrack => request::dump(&selector),
        Table::Expect => request::dump_expectations(family),
        Table::Dying => request::dump_dying(family),
        Table::Unconfirmed => request::dump_unconfirmed(family),
    };
    let outcome = socket.exchange(request, |message| {
        if matcher.matches(&message) {
            number += 1;
            printer.print(&place(number, 1), &message, &mut out);
            result = out.emit_if_due();
        }
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    result?;
    out.emit()?;
    // Warnings come after the error of a missing permission.
    if args.output.fields.contains(&Field::Ktimestamp) {
        note(Extension::Timestamp);
    }
    if outcome.interrupted {
        print_error("the table changed during the dump; entries may be missing or duplicated");
    }
    if args.output.format == Format::Text {
        eprintln!("{} entries shown", out.counts.good);
    }
    Ok(Status::flawed_if(outcome.interrupted || out.counts.errors > 0))
}
