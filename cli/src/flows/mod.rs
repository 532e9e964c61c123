//! `ctnetlink flows`.

mod table;

use crate::input::read_all;
use crate::matcher::Matcher;
use crate::messages::{Place, Sink};
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
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Print the flow records in capture files
///
/// A DESTROY event is the record of a flow that has ended: its addresses, times and counters. The
/// columns of CSV and JSON are described in docs/columns.md. Decoding errors go to standard error
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
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
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
    let rows = Rows {
        kinds: args.event.iter().map(|&event| event.into()).collect(),
        matcher: args.filter.matcher(&args.labelmap.read()?)?,
        format: args.format,
        host: args.host.as_deref(),
        word_size: args.word_size.word_size,
    };
    let mut header = Vec::new();
    match args.format {
        Format::Table => table::write_header(&mut header),
        Format::Csv => csv::write_header(&mut header),
        Format::Json => {}
    }
    io::stdout().write_all(&header)?;
    let (counts, status) = read_all(&args.files, args.jobs.count(), &rows)?;
    let without_row = counts.messages - counts.good;
    eprintln!(
        "messages={} flows={} without_row={without_row} errors={}",
        counts.messages, counts.good, counts.errors
    );
    Ok(status)
}

/// Makes rows of messages.
struct Rows<'a> {
    kinds: Vec<Kind>,
    matcher: Matcher,
    format: Format,
    host: Option<&'a str>,
    word_size: usize,
}

impl Sink for Rows<'_> {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output) {
        let Output { stdout, problems, counts } = out;
        counts.messages += 1;
        let mut is_broken = false;
        let mut report = |error: Error| {
            problems.error(format_args!("{place}: {error}"));
            is_broken = true;
        };
        let mut entry = Conntrack::default();
        if !self.kinds.contains(&message.kind()) {
            message.for_each_error(&mut report);
        } else if entry.read_message(message, &mut report).is_err() {
            // It is too short, or statistics, which are replies, too.
            message.for_each_error(&mut report);
        } else if self.matcher.matches_entry(&entry) {
            let flow =
                Flow { event_time: place.time, host: self.host, ..Flow::new(*message, &entry) };
            match self.format {
                Format::Table => table::write_row(&flow, stdout),
                Format::Csv => csv::write_row(&flow, stdout),
                Format::Json => json::write_row(&flow, stdout),
            }
            counts.good += 1;
        }
        counts.errors += u64::from(is_broken);
    }

    fn word_size(&self) -> usize {
        self.word_size
    }
}
