//! `ctnetlink list`.

use crate::live::{note_times, place};
use crate::options::filter::{Filter, for_kernel};
use crate::options::output::{Field, Format, OutputOptions};
use crate::output::{Output, print_error};
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use clap::ValueEnum;
use ctnetlink::Conntrack;
use ctnetlink::request::{self, Selector};
use ctnetlink::socket::Socket;

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
    output: OutputOptions,
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

pub(crate) fn run(args: &List) -> Result<Status, Stop> {
    let only = args.filter.selector()?;
    if args.table != Table::Conntrack
        && only != (Selector { family: only.family, ..Default::default() })
    {
        return Err(Stop::Unusable("this table can be filtered by family alone".into()));
    }
    if args.output.fields.contains(&Field::Ktimestamp) {
        note_times();
    }
    let filters = only != Selector::default() && args.table != Table::Expect;
    let kernel = for_kernel(&only);
    let printer = Printer::new(&args.output)?;
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
        print_error("the table changed during the dump; entries may be missing or duplicated");
    }
    if args.output.format == Format::Text {
        eprintln!("{} entries shown", out.counts.good);
    }
    Ok(Status::flawed_if(outcome.interrupted || out.counts.errors > 0))
}
