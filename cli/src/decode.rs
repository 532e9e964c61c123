//! `ctnetlink decode`.

use crate::input::read_all;
use crate::messages::{Place, Sink};
use crate::options::jobs::Jobs;
use crate::options::output::{Format, OutputOptions};
use crate::options::time::as_of;
use crate::output::Output;
use crate::print::Printer;
use crate::stop::Stop;
use ctnetlink::Message;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the messages in capture files
///
/// Decoding errors go to standard error with file, packet, message and byte offset; the rest is
/// still printed. The exit status is 2 if a file cannot be read.
#[derive(clap::Args)]
pub(crate) struct Decode {
    /// Capture files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
    /// Time at which to compute the age of active flows: nanoseconds since the Unix epoch, RFC
    /// 3339, or `now` [default: the packet's capture time]
    #[arg(long, value_name = "TIME", value_parser = as_of)]
    as_of: Option<u64>,
    #[command(flatten)]
    jobs: Jobs,
}

pub(crate) fn run(args: &Decode) -> Result<ExitCode, Stop> {
    let mut printer = Printer::new(&args.output)?.with_as_of(args.as_of);
    if args.files.len() > 1 {
        printer = printer.with_file_names();
    }
    let summary = read_all(&args.files, args.jobs.count(), &printer)?;
    if args.output.format == Format::Text {
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
