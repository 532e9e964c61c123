//! `ctnetlink decode`.

use crate::args::{Decode, Format};
use crate::input::{Place, Sink, Stop, read_all};
use crate::output::Output;
use crate::print::Printer;
use ctnetlink::Message;
use std::process::ExitCode;

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Stop> {
    let mut printer = Printer::new(&args.look)?.with_as_of(args.as_of);
    if args.files.len() > 1 {
        printer = printer.with_file_names();
    }
    let summary = read_all(&args.files, args.jobs.count(), &printer)?;
    if args.look.format == Format::Text {
        let (shown, others) = (summary.counts.good, summary.counts.messages - summary.counts.good);
        eprintln!("{shown} messages shown; {others} requests, acknowledgements and others not");
    }
    Ok(if summary.usable { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

impl Sink for Printer {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        self.print(place, message, out);
    }
}
