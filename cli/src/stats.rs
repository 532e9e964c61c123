//! `ctnetlink stats`.

use crate::live::place;
use crate::options::output::OutputOptions;
use crate::options::table::Table;
use crate::output::Output;
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::request;
use ctnetlink::socket::Socket;
use std::ops::ControlFlow;

/// Print the statistics of each CPU, like `conntrack -S`
///
/// Needs CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Stats {
    /// Table whose statistics are printed
    #[arg(value_enum, default_value_t = Table::Conntrack)]
    table: Table,
    #[command(flatten)]
    output: OutputOptions,
}

pub(crate) fn run(args: &Stats) -> Result<Status, Stop> {
    let printer = Printer::new(&args.output)?;
    let mut out = Output::default();
    let request = match args.table {
        Table::Conntrack => request::stats_cpu(),
        Table::Expect => request::expect_stats_cpu(),
    };
    let mut number = 0;
    Socket::open()?.exchange(request, |message| {
        number += 1;
        printer.print(&place(number, 1), &message, &mut out);
        ControlFlow::Continue(())
    })?;
    out.emit()?;
    Ok(Status::flawed_if(out.counts.errors > 0))
}
