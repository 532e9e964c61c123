//! Capture files and streams, taken apart into netlink datagrams.
//!
//! [`Reader`] reads pcap and pcapng files of nlmon devices, netlink messages as they come from a
//! socket, lines of hexadecimal bytes and JSON lines; it tells them apart by their contents, and
//! needs memory for no more than one packet. [`PcapngWriter`] writes what it reads.
//!
//! ```
//! # fn main() -> Result<(), ctnetlink::capture::CaptureError> {
//! use ctnetlink::capture::Reader;
//!
//! let input = "# what `conntrack -L` asks\n14000000 0101 0103 00000000 00000000 02000000\n";
//! let mut reader = Reader::new(input.as_bytes())?;
//! while let Some(packet) = reader.next_packet() {
//!     match packet {
//!         Ok(packet) => println!("{}: {} bytes", packet.number, packet.data.len()),
//!         Err(error) => eprintln!("{error}"), // the next packet may well be readable
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod cooked;
mod error;
mod pcap;
mod pcapng;
mod raw;
mod text;
mod window;
mod writer;

use core::fmt;
use core::ops::Range;
use std::io::Read;

use self::pcap::Pcap;
use self::pcapng::Pcapng;
use self::raw::Raw;
use self::text::Text;
use self::window::Window;
use crate::Messages;
use crate::wire::Endian;

pub use self::error::{CaptureError, CaptureErrorKind, Place};
pub use self::writer::PcapngWriter;

/// The netlink protocol of nfnetlink, which ctnetlink is a part of.
const NETLINK_NETFILTER: u16 = 12;

/// Reads the nfnetlink datagrams of a capture, one at a time.
///
/// | format | source | a packet is |
/// |---|---|---|
/// | pcap | [draft-ietf-opsawg-pcap], both byte orders, microseconds and nanoseconds | a netlink datagram |
/// | pcapng | [draft-ietf-opsawg-pcapng], sections of both byte orders, all resolutions of time | a netlink datagram |
/// | netlink | messages one after another, each at a multiple of 4 bytes; the first decides the byte order | a message |
/// | hex | pairs of hexadecimal digits; between them may be white space, `:` and, after these, `0x` | a line |
/// | JSON lines | one object per line, whose key `hex` is a string like a line of hex, and whose key `time`, if it is a number, is the capture time | a line |
///
/// Packets of a capture must have a cooked header of Linux, that of
/// [LINKTYPE_NETLINK](https://www.tcpdump.org/linktypes/LINKTYPE_NETLINK.html) or one of the two of
/// a capture on all devices; others, and those of other netlink protocols than
/// `NETLINK_NETFILTER`, are counted and passed over: see [`Reader::skipped`]. In texts, blank lines
/// and lines that begin with `#` are passed over, and lines may be as long as 1 MiB.
///
/// Nothing in the input can make the reader take more than 32 MiB of memory, nor more than a few
/// times what it has read (plus some 24 bytes for each interface of a pcapng section).
///
/// [draft-ietf-opsawg-pcap]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
/// [draft-ietf-opsawg-pcapng]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/
pub struct Reader<R> {
    input: Window<R>,
    source: Source,
    skipped: Skipped,
    word_size: usize,
}

/// A netlink datagram out of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// Number, from 1, of the packet in the capture, of the line in the text or of the message in
    /// the stream. Packets and lines that are passed over count, so that this is the number that
    /// Wireshark or an editor shows.
    pub number: u64,
    /// Byte offset in the input of the first byte of `data`; in a text, of the line.
    pub offset: u64,
    /// When the packet was captured, in nanoseconds since the Unix epoch. `None` where the input
    /// does not say, or if it was before 1970 or after 2554.
    pub time: Option<u64>,
    /// pcapng: which interface of its section captured it, counted from 0.
    pub interface: Option<u32>,
    /// pcap and pcapng: the packet type of `struct sockaddr_ll`. On nlmon devices always 4,
    /// `PACKET_OUTGOING`.
    pub packet_type: Option<u16>,
    /// The netlink protocol: always 12, `NETLINK_NETFILTER`. The capture says so, and other inputs
    /// are taken to hold nothing else.
    pub family: u16,
    /// The byte order of the netlink headers in `data`: see [`guess_endian`]. What that prefers is
    /// the byte order of the file or section, and little-endian in a text.
    pub endian: Endian,
    /// How many bytes of the datagram the capture's snap length cut off behind `data`.
    pub missing: u32,
    /// The datagram: one or more netlink messages, each at a multiple of 4 bytes.
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Returns an iterator over the messages of the datagram, in its byte order.
    #[must_use]
    pub const fn messages(&self) -> Messages<'a> {
        Messages::with_endian(self.data, self.endian)
    }
}

/// How a capture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Classic pcap, as `tcpdump -w` writes it.
    Pcap,
    /// pcapng, as Wireshark writes it.
    Pcapng,
    /// Netlink messages one after another.
    Netlink,
    /// Lines of hexadecimal bytes.
    Hex,
    /// A JSON object a line.
    JsonLines,
}

/// How many packets a [`Reader`] has passed over so far, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Packets of other netlink protocols than `NETLINK_NETFILTER`.
    pub other_families: u64,
    /// Packets of other devices than netlink's, such as Ethernet cards.
    pub other_link_types: u64,
    /// The [link type](https://www.tcpdump.org/linktypes.html) of the first of the
    /// `other_link_types`: 1 is Ethernet.
    pub first_link_type: Option<u16>,
}

/// What is peculiar to a format.
enum Source {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Raw(Raw),
    Text(Text),
}

/// A packet as its container holds it: with its cooked header, if `link_type` is `Some`.
struct Record {
    number: u64,
    offset: u64,
    /// Where it is in the window. Not used for a text.
    bytes: Range<usize>,
    link_type: Option<u16>,
    time: Option<u64>,
    interface: Option<u32>,
    missing: u32,
    /// Byte order of the container.
    order: Endian,
}

impl<R: Read> Reader<R> {
    /// Begins to read, as far as it takes to know the format.
    ///
    /// # Errors
    ///
    /// If the input cannot be read, is empty or in no known format, or if the file header of a pcap
    /// file is cut or of an unknown version.
    pub fn new(input: R) -> Result<Self, CaptureError> {
        let mut input = Window::new(input);
        let mut head = [0; 4];
        if input.fill(head.len())? == 0 {
            return Err(Place::File.error(0, CaptureErrorKind::Empty));
        }
        for (to, from) in head.iter_mut().zip(input.unread()) {
            *to = *from;
        }
        let is_pcap = [Endian::Big, Endian::Little]
            .iter()
            .any(|order| matches!(order.u32(head), pcap::MICROSECONDS | pcap::NANOSECONDS));
        let source = match u32::from_be_bytes(head) {
            pcapng::SECTION => Some(Source::Pcapng(Pcapng::new())),
            _ if is_pcap => Some(Source::Pcap(Pcap::open(&mut input)?)),
            // In no text, and in the length of every netlink message.
            _ if head.contains(&0) && input.unread().len() >= head.len() => {
                Raw::detect(head).map(Source::Raw)
            }
            _ => Text::detect(&mut input)?.map(Source::Text),
        };
        match source {
            Some(source) => Ok(Self { input, source, skipped: Skipped::default(), word_size: 8 }),
            None => Err(Place::File.error(0, CaptureErrorKind::UnknownFormat { found: head })),
        }
    }

    /// Sets the word size of the machine that sent the messages, in bytes; the default is 8.
    ///
    /// It decides label numbers on big-endian machines, and nothing else: see [`Endian`].
    #[must_use]
    pub fn with_word_size(self, bytes: usize) -> Self {
        Self { word_size: bytes, ..self }
    }

    /// The format that the input was found to have.
    pub fn format(&self) -> Format {
        match &self.source {
            Source::Pcap(_) => Format::Pcap,
            Source::Pcapng(_) => Format::Pcapng,
            Source::Raw(_) => Format::Netlink,
            Source::Text(text) if text.is_json() => Format::JsonLines,
            Source::Text(_) => Format::Hex,
        }
    }

    /// Reads on to the next nfnetlink datagram. `None`: there are no more.
    ///
    /// # Errors
    ///
    /// For a packet, block or line that cannot be read. Calling it again gives the next one that
    /// can, or `None` if none can be found.
    pub fn next_packet(&mut self) -> Option<Result<Packet<'_>, CaptureError>> {
        let (record, header) = match self.next_record() {
            Ok(next) => next?,
            Err(error) => return Some(Err(error)),
        };
        let (offset, packet_type, data) = match (&self.source, header) {
            (Source::Text(text), _) => (record.offset, None, text.datagram()),
            (_, None) => (record.offset, None, self.input.taken(record.bytes)),
            (_, Some(header)) => {
                let packet = self.input.taken(record.bytes);
                let data = packet.get(header.length..).unwrap_or_default();
                (record.offset + header.length as u64, Some(header.packet_type), data)
            }
        };
        let length = data.len() as u64 + u64::from(record.missing);
        let endian = match &self.source {
            Source::Raw(_) => record.order,
            _ => likely_endian(data, length, record.order),
        };
        let endian = endian.with_word_size(self.word_size);
        Some(Ok(Packet {
            number: record.number,
            offset,
            time: record.time,
            interface: record.interface,
            packet_type,
            family: NETLINK_NETFILTER,
            endian,
            missing: record.missing,
            data,
        }))
    }

    /// What has been passed over so far. If `next_packet` gave nothing, this tells why: the
    /// capture may have been made on another device.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The next record to return, and its cooked header if it has one.
    fn next_record(&mut self) -> Result<Option<(Record, Option<cooked::Cooked>)>, CaptureError> {
        loop {
            let record = match &mut self.source {
                Source::Pcap(pcap) => pcap.next(&mut self.input)?,
                Source::Pcapng(pcapng) => pcapng.next(&mut self.input)?,
                Source::Raw(raw) => raw.next(&mut self.input)?,
                Source::Text(text) => text.next(&mut self.input)?,
            };
            let Some(record) = record else {
                return Ok(None);
            };
            let Some(link_type) = record.link_type else {
                return Ok(Some((record, None)));
            };
            match cooked::read(link_type, self.input.taken(record.bytes.clone())) {
                Ok(Some(header)) if header.family == NETLINK_NETFILTER => {
                    return Ok(Some((record, Some(header))));
                }
                Ok(Some(_)) => self.skipped.other_families += 1,
                Ok(None) => {
                    self.skipped.other_link_types += 1;
                    self.skipped.first_link_type.get_or_insert(link_type);
                }
                Err(expected) => {
                    let (expected, found) = (expected as u64, record.bytes.len() as u64);
                    let kind = CaptureErrorKind::TooShort { expected, found };
                    return Err(Place::Packet(record.number).error(record.offset, kind));
                }
            }
        }
    }
}

impl<R: Read> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("format", &self.format())
            .field("offset", &self.input.offset())
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::Netlink => "netlink",
            Self::Hex => "hex",
            Self::JsonLines => "JSON lines",
        })
    }
}

/// The byte order of the netlink headers of a datagram, judged by the length of its first message.
///
/// That length is read both ways. It must be 16, the length of the header, at least and that of
/// the datagram at most; if both are, the one nearer to the length of the datagram wins. If that
/// does not decide it, the answer is `preferred`: the byte order of the capture that the datagram
/// comes from, if there is one. (Wireshark's rule, with bounds.)
#[must_use]
pub fn guess_endian(datagram: &[u8], preferred: Endian) -> Endian {
    likely_endian(datagram, datagram.len() as u64, preferred)
}

/// [`guess_endian`] for a datagram of which the capture cut the end off; `length` is the whole.
#[inline]
fn likely_endian(datagram: &[u8], length: u64, preferred: Endian) -> Endian {
    let Some(first) = datagram.first_chunk() else {
        return preferred;
    };
    let possible = |order: Endian| {
        let first = u64::from(order.u32(*first));
        (first >= raw::HEADER as u64 && first <= length).then_some(first)
    };
    let other = preferred.swapped();
    // A larger one is nearer to the length, and none, which no order has, is less than any.
    if possible(other) > possible(preferred) { other } else { preferred }
}

/// Returns the 16-bit number at offset `at` of a header.
#[inline]
fn u16_at<const N: usize>(order: Endian, header: &[u8; N], at: usize) -> u16 {
    let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| order.u16(*bytes))
}

/// Returns the 32-bit number at offset `at` of a header.
#[inline]
fn u32_at<const N: usize>(order: Endian, header: &[u8; N], at: usize) -> u32 {
    let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| order.u32(*bytes))
}
