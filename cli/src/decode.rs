//! `ctnetlink decode`.

use crate::input::read_all;
use crate::matcher::Matcher;
use crate::messages::{Place, Sink};
use crate::options::filter::Filter;
use crate::options::jobs::Jobs;
use crate::options::output::{Format, OutputOptions};
use crate::options::time::as_of;
use crate::options::word_size::WordSize;
use crate::output::Output;
use crate::print::Printer;
use crate::status::Status;
use crate::stop::Stop;
use ctnetlink::Message;
use std::path::PathBuf;

/// Print the messages in capture files
///
/// Decoding errors go to standard error with file, packet, message and byte offset; the rest is
/// still printed.
#[derive(clap::Args)]
pub(crate) struct Decode {
    /// Capture files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
    /// Time at which to compute the age of active flows [default: the packet's capture time]
    ///
    /// TIME is `now`, a date such as 2026-11-22, a date and time such as "2026-11-22 08:20:37", both
    /// in the time zone of the environment variable TZ or else in UTC, RFC 3339 such as
    /// 2026-11-22T08:20:37Z, or nanoseconds since the Unix epoch.
    #[arg(long, value_name = "TIME", value_parser = as_of)]
    as_of: Option<u64>,
    #[command(flatten)]
    word_size: WordSize,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(args: &Decode) -> Result<Status, Stop> {
    let mut printer = Printer::new(&args.output)?.with_as_of(args.as_of);
    if args.files.len() > 1 {
        printer = printer.with_file_names();
    }
    let matcher = args.filter.matcher(&args.output.labelmap.read()?)?;
    let filter = (matcher != Matcher::default()).then_some(matcher);
    let decoder = Decoder { printer, filter, word_size: args.word_size.word_size };
    let (counts, status) = read_all(&args.files, args.jobs.count(), &decoder)?;
    if args.output.format == Format::Text {
        let (shown, others) = (counts.good, counts.messages - counts.good);
        eprintln!("{shown} messages shown; {others} requests, acknowledgements and others not");
    }
    Ok(status)
}

struct Decoder {
    printer: Printer,
    /// Absent if every message is printed.
    filter: Option<Matcher>,
    word_size: usize,
}

impl Sink for Decoder {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        match &self.filter {
            // A message may fail to match because of its errors.
            Some(filter) if !filter.matches(message) => {
                self.printer.report_errors(place, message, out);
            }
            _ => self.printer.print(place, message, out),
        }
    }

    fn word_size(&self) -> usize {
        self.word_size
    }
}
