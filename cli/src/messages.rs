//! The messages of a packet, and where they were found.

use crate::output::Output;
use ctnetlink::Message;
use ctnetlink::capture::{CaptureError, Packet, Skipped};
use ctnetlink::wire::{Datagram, Endian};
use std::path::Path;

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

/// Receives the messages of a capture, on several threads at once.
pub(crate) trait Sink: Sync {
    fn message(&self, place: &Place<'_>, message: &Message<'_>, out: &mut Output);

    /// Returns the word size of the machine that sent the messages, in bytes.
    fn word_size(&self) -> usize {
        8
    }
}

/// The description of a packet in a capture, without its bytes.
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

/// Passes the messages of a packet to `sink`.
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
        match message.and_then(|raw| Message::parse_with(raw.bytes, raw.endian)) {
            Ok(message) => sink.message(&place, &message, out),
            Err(error) => {
                let missing = match origin.missing {
                    0 => String::new(),
                    missing => format!(" (the capture cut {missing} bytes off this packet)"),
                };
                let in_file = origin.offset + offset as u64;
                let problem = error.kind;
                out.problems.error(format_args!("{place} at byte {in_file}: {problem}{missing}"));
                out.counts.errors += 1;
            }
        }
    }
}

/// Reports a part of the file that cannot be read.
pub(crate) fn report(file: &Path, error: &CaptureError, out: &mut Output) {
    out.problems.error(format_args!("{}: {error}", file.display()));
    out.counts.errors += 1;
}

/// Reports at the end of a file how many packets were skipped.
pub(crate) fn report_skipped(file: &Path, skipped: &Skipped, out: &mut Output) {
    let file = file.display();
    if skipped.other_families > 0 {
        let count = skipped.other_families;
        out.problems
            .warning(format_args!("{file}: skipped {count} packets of other netlink families"));
    }
    if let Some(link_type) = skipped.first_link_type {
        let count = skipped.other_link_types;
        out.problems.warning(format_args!(
            "{file}: skipped {count} packets that were not captured on a netlink device \
             (link type {link_type})",
        ));
    }
}
