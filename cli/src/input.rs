//! Capture files, message by message.

use crate::output::{Counts, Output};
use crate::parallel;
use ctnetlink::Message;
use ctnetlink::capture::{CaptureError, Packet, Reader, Skipped};
use ctnetlink::wire::{Datagram, Endian};
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

/// Files shorter than this are read before a progress bar could be seen.
const LONG: u64 = 16 << 20;

/// Why a run ends early.
pub(crate) enum Stop {
    /// A file or the kernel cannot be used.
    Unusable(String),
    /// Standard output is gone or full.
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Where a message was found.
pub(crate) struct Place<'a> {
    pub(crate) file: &'a Path,
    /// The packet's number in its file.
    pub(crate) packet: u64,
    /// When it was captured.
    pub(crate) time: Option<u64>,
    /// Counted from 1 within the packet.
    pub(crate) message: usize,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, packet, message, .. } = self;
        write!(f, "{}: packet {packet} message {message}", file.display())
    }
}

/// What takes the messages, on whatever thread.
pub(crate) trait Sink: Sync {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output);
}

/// What a capture says of a packet, apart from its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    number: u64,
    offset: u64,
    time: Option<u64>,
    endian: Endian,
    missing: u32,
}

impl From<&Packet<'_>> for Origin {
    fn from(packet: &Packet<'_>) -> Self {
        let Packet { number, offset, time, endian, missing, .. } = *packet;
        Self { number, offset, time, endian, missing }
    }
}

/// Whether every file could be used, and what was counted in them.
pub(crate) struct Summary {
    pub(crate) usable: bool,
    pub(crate) counts: Counts,
}

/// Reads the files one after another and gives their messages to `sink`, on `jobs` threads. What
/// cannot be read is told on standard error, and the rest goes on. Whatever the number of threads,
/// each of the standard streams gets the same text.
pub(crate) fn read_all(
    files: &[impl AsRef<Path>],
    jobs: usize,
    sink: &impl Sink,
) -> Result<Summary, Stop> {
    let mut summary = Summary { usable: true, counts: Counts::default() };
    for file in files {
        match read(file.as_ref(), jobs, sink) {
            Err(Stop::Unusable(sentence)) => {
                eprintln!("{sentence}");
                summary.usable = false;
            }
            other => summary.counts += other?,
        }
    }
    Ok(summary)
}

fn read(file: &Path, jobs: usize, sink: &impl Sink) -> Result<Counts, Stop> {
    let unusable = |error: io::Error| Stop::Unusable(format!("{}: {error}", file.display()));
    if file == Path::new("-") {
        return read_in_turn(file, io::stdin().lock(), sink);
    }
    let input = File::open(file).map_err(unusable)?;
    let metadata = input.metadata().map_err(unusable)?;
    if metadata.is_dir() {
        return Err(unusable(io::ErrorKind::IsADirectory.into()));
    }
    let bar = (metadata.len() >= LONG && io::stderr().is_terminal()).then(|| {
        ProgressBar::new(metadata.len()).with_style(
            ProgressStyle::with_template("{bar:40} {percent}% {bytes}/{total_bytes} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        )
    });
    let input: Box<dyn Read + Send> = match &bar {
        Some(bar) => Box::new(bar.wrap_read(input)),
        None => Box::new(input),
    };
    // Several threads are for what is all there and for no one to watch: messages that come through
    // a pipe are printed as they come, and a person sees a problem behind the line before it.
    let result = if jobs > 1 && metadata.is_file() && !io::stdout().is_terminal() {
        let reader = Reader::new(input).map_err(|error| no_capture(file, &error))?;
        parallel::read(file, reader, jobs, sink)
    } else {
        read_in_turn(file, input, sink)
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

fn no_capture(file: &Path, error: &CaptureError) -> Stop {
    Stop::Unusable(format!("{}: {error}", file.display()))
}

/// Reads a capture on this thread.
fn read_in_turn(file: &Path, input: impl Read, sink: &impl Sink) -> Result<Counts, Stop> {
    let pending = RefCell::new((Output::default(), Ok(())));
    let input = Prompt { input, pending: &pending };
    let mut reader = Reader::new(input).map_err(|error| no_capture(file, &error))?;
    while let Some(packet) = reader.next_packet() {
        let (out, written) = &mut *pending.borrow_mut();
        std::mem::replace(written, Ok(()))?;
        match packet {
            Ok(packet) => read_messages(file, &Origin::from(&packet), packet.data, sink, out),
            Err(error) => tell(file, &error, out),
        }
        out.emit_if_due()?;
    }
    let skipped = reader.skipped();
    let (mut out, written) = pending.into_inner();
    written?;
    tell_skipped(file, &skipped, &mut out);
    out.emit()?;
    Ok(out.counts)
}

/// An input before each of whose reads, which may wait for long, all that came of the earlier ones is
/// written.
struct Prompt<'o, R> {
    input: R,
    /// What is to be written, and how that ended.
    pending: &'o RefCell<(Output, io::Result<()>)>,
}

impl<R: Read> Read for Prompt<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (out, written) = &mut *self.pending.borrow_mut();
        *written = out.emit();
        match written {
            Ok(()) => self.input.read(buffer),
            // There is nobody to read on for.
            Err(_) => Ok(0),
        }
    }
}

/// Gives the messages of a packet to `sink`.
pub(crate) fn read_messages(
    file: &Path,
    origin: &Origin,
    data: &[u8],
    sink: &impl Sink,
    out: &mut Output,
) {
    let mut datagram = Datagram::new(data, origin.endian);
    let mut number = 0;
    loop {
        let offset = datagram.offset();
        let Some(message) = datagram.next() else { return };
        number += 1;
        let place = Place { file, packet: origin.number, time: origin.time, message: number };
        match message.and_then(|raw| Message::parse(raw.bytes, raw.endian)) {
            Ok(message) => sink.message(&place, &message, out),
            Err(error) => {
                let missing = match origin.missing {
                    0 => String::new(),
                    missing => format!(" (the capture cut {missing} bytes off this packet)"),
                };
                let in_file = origin.offset + offset as u64;
                let problem = error.kind;
                // Writing to a string does not fail.
                let _ = writeln!(out.stderr, "{place} at byte {in_file}: {problem}{missing}");
                out.counts.errors += 1;
            }
        }
    }
}

/// Tells of a part of the file that cannot be read.
pub(crate) fn tell(file: &Path, error: &CaptureError, out: &mut Output) {
    let _ = writeln!(out.stderr, "{}: {error}", file.display());
    out.counts.errors += 1;
}

/// Tells at the end of a file which packets were passed over.
pub(crate) fn tell_skipped(file: &Path, skipped: &Skipped, out: &mut Output) {
    let file = file.display();
    if skipped.other_families > 0 {
        let count = skipped.other_families;
        let _ = writeln!(out.stderr, "{file}: {count} packets of other netlink families skipped");
    }
    if let Some(link_type) = skipped.first_link_type {
        let count = skipped.other_link_types;
        let _ = writeln!(
            out.stderr,
            "{file}: {count} packets skipped that were not captured on a netlink device \
             (link type {link_type})",
        );
    }
}
