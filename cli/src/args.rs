//! What the command line says.

use clap::{Parser, Subcommand, ValueEnum};
use ctnetlink::format::parse_time;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Shows netlink traffic of Linux connection tracking, out of captures and of the running kernel.
///
/// FILE is pcap or pcapng of an nlmon device, raw netlink bytes, lines of hexadecimal bytes, or JSON
/// lines with a key `hex`; they are told apart by content. `-` is standard input.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Decode(Decode),
    Check(Check),
    Sim(crate::sim::Sim),
    #[cfg(target_os = "linux")]
    List(crate::list::List),
    #[cfg(target_os = "linux")]
    Watch(crate::watch::Watch),
    #[cfg(target_os = "linux")]
    Record(crate::record::Record),
    Vectors(crate::vectors::Args),
}

/// Prints the messages of captures.
///
/// What does not decode is told on standard error, with file, packet, message and byte offset, and
/// the rest is printed all the same. Exits with 2 if a file cannot be used.
#[derive(clap::Args)]
pub(crate) struct Decode {
    /// Capture files.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) look: Look,
    /// When the age of living flows is told: nanoseconds since the Unix epoch, RFC 3339, or `now`.
    /// Without it, when the packet was captured.
    #[arg(long, value_name = "TIME", value_parser = as_of)]
    pub(crate) as_of: Option<u64>,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
}

/// Decodes every message and encodes it again: the bytes must be the same.
///
/// Every ctnetlink and control message is written again attribute by attribute, and through the
/// typed tree. The last line is `messages=N exact=N errors=N`. Exits with 1 if any message was
/// not byte-exact.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Capture files.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
}

#[derive(clap::Args)]
pub(crate) struct Jobs {
    /// How many threads decode a file: as many as there are processors, unless told. What comes
    /// through a pipe or goes to a terminal is decoded on one.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

impl Jobs {
    pub(crate) fn count(&self) -> usize {
        match self.jobs {
            Some(jobs) => jobs.into(),
            None => std::thread::available_parallelism().map_or(1, NonZero::get),
        }
    }
}

/// How messages are printed.
#[derive(clap::Args)]
pub(crate) struct Look {
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// What more to print in text, as conntrack(8) has it.
    #[arg(short, long, value_enum, value_delimiter = ',')]
    pub(crate) output: Vec<Output>,
    /// The names of labels, as in /etc/xtables/connlabel.conf.
    #[arg(long, value_name = "FILE")]
    pub(crate) labelmap: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The lines of conntrack(8).
    Text,
    /// A JSON object a message, a line each.
    Json,
    /// The bytes of each message, an attribute a line, with names and values.
    Annotate,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// The id of entries.
    Id,
    /// When flows started and stopped.
    Ktimestamp,
    /// When events happened.
    Timestamp,
    /// The layer 3 protocol.
    Extended,
    /// The labels of entries.
    Labels,
}

fn as_of(text: &str) -> Result<u64, String> {
    if text == "now" {
        return now().ok_or_else(|| "the clock is before 1970 or after 2554".into());
    }
    parse_time(text).ok_or_else(|| "neither nanoseconds, nor RFC 3339, nor `now`".into())
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    since.as_nanos().try_into().ok()
}
