//! `ctnetlink decode`.

use crate::args::{Decode, Format};
use crate::input::{Place, Sink, Stop, read_all};
use crate::print::Printer;
use ctnetlink::Message;
use std::io;
use std::process::ExitCode;

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Stop> {
    let mut printer = Printer::new(&args.look)?.with_as_of(args.as_of);
    if args.files.len() > 1 {
        printer = printer.with_file_names();
    }
    let usable = read_all(&args.files, &mut printer)?;
    printer.flush()?;
    if args.look.format == Format::Text {
        let Printer { shown, others, .. } = printer;
        eprintln!("{shown} messages shown; {others} requests, acknowledgements and others not");
    }
    Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

impl Sink for Printer {
    fn message(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()> {
        self.print(place, message)
    }

    fn error(&mut self) {}
}
