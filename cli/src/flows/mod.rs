//! `ctnetlink flows`.

mod exports;
mod table;

use crate::input::read_all;
use crate::matcher::Matcher;
use crate::messages::{Place, Sink};
use crate::options::destination::{Dest, HELP, Target};
use crate::options::filter::Filter;
use crate::options::jobs::Jobs;
use crate::options::labels::LabelMapOption;
use crate::options::word_size::WordSize;
use crate::output::Output;
use crate::status::Status;
use crate::stop::Stop;
use clap::ValueEnum;
use ctnetlink::error::Error;
use ctnetlink::{Conntrack, Kind, Message};
use ctnetlink_flow::{Flow, csv, json};
use exports::Exports;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Print the flow records in capture files
///
/// A DESTROY event is the record of a flow that has ended: its addresses, times and counters. The
/// columns of CSV and JSON are described in docs/columns.md. --to writes the records to new files, or
/// sends them to collectors; a collector over TCP that is slow is waited for. Decoding errors go to standard error
/// with file, packet, message and byte offset. The last line there is
/// `messages=N flows=N without_row=N errors=N`; `without_row` counts the messages without a record,
/// because they are not about an entry, are another event, or do not match the filters.
#[derive(clap::Args)]
pub(crate) struct Flows {
    /// Capture files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Messages that make a record
    #[arg(short, long, value_enum, value_delimiter = ',', default_value = "destroy")]
    event: Vec<Event>,
    /// Format on standard output [default: table, or nothing if there are destinations]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Destination of the records, once or more often
    #[arg(long, value_name = "DEST", long_help = HELP)]
    to: Vec<Dest>,
    /// Name of the host whose kernel sent the messages, for the column `host`
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    #[command(flatten)]
    labelmap: LabelMapOption,
    #[command(flatten)]
    word_size: WordSize,
    #[command(flatten)]
    jobs: Jobs,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Table,
    /// Comma-separated values, with a line of names
    Csv,
    /// One JSON object per record, one per line
    Json,
}

/// A message about an entry.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Event {
    /// The event of an entry that was removed
    Destroy,
    /// The event of a new entry
    New,
    /// The event of a changed entry
    Update,
    /// An entry of a dump
    Reply,
}

impl From<Event> for Kind {
    fn from(event: Event) -> Self {
        match event {
            Event::Destroy => Self::Destroy,
            Event::New => Self::New,
            Event::Update => Self::Update,
            Event::Reply => Self::Reply,
        }
    }
}

pub(crate) fn run(args: &Flows) -> Result<Status, Stop> {
    let (format, dests) = outputs(args)?;
    let matcher = args.filter.matcher(&args.labelmap.read()?)?;
    let exports = match &dests[..] {
        [] => None,
        dests => Some(Exports::open(dests)?),
    };
    // Destinations need the flows in their order.
    let jobs = if exports.is_some() { 1 } else { args.jobs.count() };
    let rows = Rows {
        kinds: args.event.iter().map(|&event| event.into()).collect(),
        takes_new: exports.as_ref().is_some_and(Exports::takes_new),
        matcher,
        format,
        exports: exports.map(Mutex::new),
        host: args.host.as_deref(),
        word_size: args.word_size.word_size,
    };
    let mut header = Vec::new();
    match format {
        Some(Format::Table) => table::write_header(&mut header),
        Some(Format::Csv) => csv::write_header(&mut header),
        Some(Format::Json) | None => {}
    }
    io::stdout().write_all(&header)?;
    let (counts, mut status) = read_all(&args.files, jobs, &rows)?;
    if let Some(exports) = &rows.exports {
        status = status.max(lock(exports).finish());
    }
    let without_row = counts.messages - counts.good;
    eprintln!(
        "messages={} flows={} without_row={without_row} errors={}",
        counts.messages, counts.good, counts.errors
    );
    Ok(status)
}

/// Returns the format on standard output and the destinations elsewhere.
fn outputs(args: &Flows) -> Result<(Option<Format>, Vec<Dest>), Stop> {
    let is_stdout = |path: &Path| path == Path::new("-");
    let mut formats: Vec<_> = args.format.into_iter().collect();
    let mut dests = Vec::new();
    let mut others = 0;
    for dest in &args.to {
        match &dest.target {
            Target::Csv(path) if is_stdout(path) => formats.push(Format::Csv),
            Target::Json(path) if is_stdout(path) => formats.push(Format::Json),
            target => {
                others += usize::from(matches!(target, Target::IpfixFile(path) if is_stdout(path)));
                dests.push(dest.clone());
            }
        }
    }
    if formats.len() + others > 1 {
        let problem = "only one of --format and the destinations can be standard output";
        return Err(Stop::Unusable(problem.into()));
    }
    if args.to.is_empty() && formats.is_empty() {
        formats.push(Format::Table);
    }
    Ok((formats.pop(), dests))
}

fn lock(exports: &Mutex<Exports>) -> MutexGuard<'_, Exports> {
    exports.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes rows of messages.
struct Rows<'a> {
    kinds: Vec<Kind>,
    /// A destination needs the NEW events in any case.
    takes_new: bool,
    matcher: Matcher,
    /// Absent if nothing is printed.
    format: Option<Format>,
    exports: Option<Mutex<Exports>>,
    host: Option<&'a str>,
    word_size: usize,
}

impl Rows<'_> {
    fn write(&self, flow: &Flow<'_>, is_wanted: bool, out: &mut Output) {
        match self.format.filter(|_| is_wanted) {
            Some(Format::Table) => table::write_row(flow, &mut out.stdout),
            Some(Format::Csv) => csv::write_row(flow, &mut out.stdout),
            Some(Format::Json) => json::write_row(flow, &mut out.stdout),
            None => {}
        }
        if let Some(exports) = &self.exports {
            lock(exports).push(flow, is_wanted);
        }
        out.counts.good += 1;
    }
}

impl Sink for Rows<'_> {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        let kind = message.kind();
        let is_wanted = self.kinds.contains(&kind);
        let mut is_broken = false;
        let mut report = |error: Error| {
            out.problems.error(format_args!("{place}: {error}"));
            is_broken = true;
        };
        let mut entry = Conntrack::default();
        // A message may fail because it is too short, or because statistics are replies, too.
        let is_row = (is_wanted || (self.takes_new && kind == Kind::New))
            && entry.read_message(message, &mut report).is_ok();
        if !is_row {
            message.for_each_error(&mut report);
        }
        out.counts.messages += 1;
        out.counts.errors += u64::from(is_broken);
        if is_row && self.matcher.matches_entry(&entry) {
            let flow =
                Flow { event_time: place.time, host: self.host, ..Flow::new(*message, &entry) };
            self.write(&flow, is_wanted, out);
        }
    }

    fn word_size(&self) -> usize {
        self.word_size
    }
}
