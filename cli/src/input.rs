//! Capture files, message by message.

use ctnetlink::Message;
use ctnetlink::capture::{CaptureError, Packet, Reader};
use ctnetlink::wire::Datagram;
use indicatif::{ProgressBar, ProgressStyle};
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

/// What takes the messages.
pub(crate) trait Sink {
    fn message(&mut self, place: &Place<'_>, message: &Message<'_>) -> io::Result<()>;

    /// Something that is no message was reported on standard error.
    fn error(&mut self);
}

/// Reads the files one after another and gives their messages to `sink`. What cannot be read is
/// told on standard error, and the rest goes on. Returns whether every file could be used.
pub(crate) fn read_all(files: &[impl AsRef<Path>], sink: &mut impl Sink) -> Result<bool, Stop> {
    let mut usable = true;
    for file in files {
        match read(file.as_ref(), sink) {
            Err(Stop::Unusable(sentence)) => {
                eprintln!("{sentence}");
                usable = false;
            }
            other => other?,
        }
    }
    Ok(usable)
}

fn read(file: &Path, sink: &mut impl Sink) -> Result<(), Stop> {
    let unusable = |error: io::Error| Stop::Unusable(format!("{}: {error}", file.display()));
    if file == Path::new("-") {
        return read_packets(file, io::stdin().lock(), sink);
    }
    let input = File::open(file).map_err(unusable)?;
    let metadata = input.metadata().map_err(unusable)?;
    if metadata.is_dir() {
        return Err(unusable(io::ErrorKind::IsADirectory.into()));
    }
    if metadata.len() < LONG || !io::stderr().is_terminal() {
        return read_packets(file, input, sink);
    }
    let bar = ProgressBar::new(metadata.len()).with_style(
        ProgressStyle::with_template("{bar:40} {percent}% {bytes}/{total_bytes} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let result = read_packets(file, bar.wrap_read(input), sink);
    bar.finish_and_clear();
    result
}

fn read_packets(file: &Path, input: impl Read, sink: &mut impl Sink) -> Result<(), Stop> {
    let unusable = |error: CaptureError| Stop::Unusable(format!("{}: {error}", file.display()));
    let mut reader = Reader::new(input).map_err(unusable)?;
    while let Some(packet) = reader.next_packet() {
        match packet {
            Ok(packet) => read_messages(file, &packet, sink)?,
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                sink.error();
            }
        }
    }
    let skipped = reader.skipped();
    if skipped.other_families > 0 {
        eprintln!(
            "{}: {} packets of other netlink families skipped",
            file.display(),
            skipped.other_families
        );
    }
    if let Some(link_type) = skipped.first_link_type {
        eprintln!(
            "{}: {} packets skipped that were not captured on a netlink device (link type {link_type})",
            file.display(),
            skipped.other_link_types,
        );
    }
    Ok(())
}

fn read_messages(file: &Path, packet: &Packet<'_>, sink: &mut impl Sink) -> Result<(), Stop> {
    let mut datagram = Datagram::new(packet.data, packet.endian);
    let mut number = 0;
    loop {
        let offset = datagram.offset();
        let Some(message) = datagram.next() else { return Ok(()) };
        number += 1;
        let place = Place { file, packet: packet.number, time: packet.time, message: number };
        match message.and_then(|raw| Message::parse(raw.bytes, raw.endian)) {
            Ok(message) => sink.message(&place, &message)?,
            Err(error) => {
                let missing = match packet.missing {
                    0 => String::new(),
                    missing => format!(" (the capture cut {missing} bytes off this packet)"),
                };
                let in_file = packet.offset + offset as u64;
                eprintln!("{place} at byte {in_file}: {}{missing}", error.kind);
                sink.error();
            }
        }
    }
}
