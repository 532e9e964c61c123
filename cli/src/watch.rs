//! `ctnetlink watch`.

use crate::live::{Until, losses, open, place, survive};
use crate::options::event::Event;
use crate::options::listen::Listen;
use crate::options::output::OutputOptions;
use crate::output::Output;
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::socket::Buffer;

/// Prints events of the running kernel as they happen, as `conntrack -E`.
///
/// Ends on Ctrl-C. Losses are told on standard error as they happen; its last line is `events=N
/// losses=N dropped=N`: how many events were shown, how often some were lost, and how many. Needs
/// CAP_NET_ADMIN in the network namespace.
#[derive(clap::Args)]
pub(crate) struct Watch {
    /// Which events.
    #[arg(short, long, value_enum, value_delimiter = ',', default_value = "new,update,destroy")]
    event: Vec<Event>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    listen: Listen,
}

pub(crate) fn run(args: &Watch) -> Result<Status, Stop> {
    let printer = Printer::new(&args.output)?;
    let mut out = Output::default();
    let mut until = Until::new(&args.listen)?;
    let groups: Vec<_> = args.event.iter().map(|&event| event.into()).collect();
    let mut events = open(&args.listen, &groups)?;
    let mut buffer = Buffer::default();
    let (mut number, mut status) = (0, Status::Done);
    while !until.is_over() {
        match events.next(&mut buffer) {
            Ok(Some(message)) => {
                number += 1;
                printer.print(&place(number, 1), &message, &mut out);
                out.emit_if_due()?;
                until.count();
            }
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
