//! `ctnetlink watch`.

use crate::live::{Until, enable_times, losses, note_times, open, place, survive};
use crate::options::event::Event;
use crate::options::filter::Filter;
use crate::options::listen::{Listen, Times};
use crate::options::output::OutputOptions;
use crate::output::Output;
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;

/// Print events of the running kernel as they happen, like `conntrack -E`
///
/// Ends on Ctrl-C. Event loss is reported on standard error when it happens. The last line there is
/// `events=N losses=N dropped=N`: the events printed, how often events were lost, and how many.
/// Filters apply to the attributes that an event contains: NEW and UPDATE events have no counters
/// and often no state or labels. Needs CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Watch {
    /// Events to print
    #[arg(
        short,
        long,
        alias = "event-mask",
        value_enum,
        ignore_case = true,
        value_delimiter = ',',
        default_value = "new,update,destroy"
    )]
    event: Vec<Event>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(args: &Watch) -> Result<Status, Stop> {
    let matcher = args.filter.matcher(&args.output.labelmap.read()?)?;
    let printer = Printer::new(&args.output)?;
    let mut out = Output::default();
    let mut until = Until::new(&args.listen)?;
    let groups: Vec<_> = args.event.iter().map(|&event| event.into()).collect();
    enable_times(&args.times)?;
    let mut events = open(&args.listen, &groups, &matcher)?;
    note_times(&args.times);
    let (mut number, mut status) = (0, Status::Done);
    while !until.is_over() {
        match events.try_recv() {
            Ok(Some(message)) if matcher.matches(&message) => {
                number += 1;
                printer.print(&place(number, 1), &message, &mut out);
                out.emit_if_due()?;
                until.count();
            }
            // Lines do not wait for the next event that matches.
            Ok(Some(_)) => out.emit()?,
            Ok(None) => {
                out.emit()?;
                until.wait(&events)?;
            }
            Err(error) => {
                survive(error, &events)?;
                status = Status::Flawed;
            }
        }
    }
    out.emit()?;
    eprintln!("events={number} {}", losses(&events));
    Ok(status.max(Status::flawed_if(out.counts.errors > 0)))
}
