//! The reader of captures.

use super::cooked::{self, Cooked};
use super::endian::likely_endian;
use super::error::{CaptureError, CaptureErrorKind, Place};
use super::packet::Packet;
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::raw::Raw;
use super::record::Record;
use super::text::Text;
use super::window::Window;
use crate::wire::Endian;
use core::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The netlink protocol of nfnetlink, to which ctnetlink belongs.
const NETLINK_NETFILTER: u16 = 12;

/// A reader of the nfnetlink datagrams of a capture.
///
/// | format | source | a packet is |
/// |---|---|---|
/// | pcap | [draft-ietf-opsawg-pcap], both byte orders, microseconds and nanoseconds | a netlink datagram |
/// | pcapng | [draft-ietf-opsawg-pcapng], sections of both byte orders, all resolutions of time | a netlink datagram |
/// | netlink | messages one after another, each at a multiple of 4 bytes; the first decides the byte order | a message |
/// | hex | pairs of hexadecimal digits; between them may be white space, `:` and, after these, `0x` | a line |
/// | hex, as other programs print it | dumps of `xxd`, `hexdump -C`, `od -tx1`, Wireshark and strace (` | 00000  14 00 …`), `xxd -p`, `od -An -tx1`, and strings and arrays of C | a dump |
/// | JSON lines | one object per line, whose key `hex` is a string like a line of hex, and whose key `time`, if it is a number, is the capture time | a line |
///
/// Packets of a capture must have a cooked header of Linux, that of
/// [LINKTYPE_NETLINK](https://www.tcpdump.org/linktypes/LINKTYPE_NETLINK.html) or one of the two of
/// a capture on all devices. Other packets, and those of other netlink protocols than
/// `NETLINK_NETFILTER`, are counted and skipped; see [`Reader::skipped`]. In texts, blank lines and
/// lines that begin with `#` are skipped, and lines have up to 1 MiB.
///
/// The reader never uses more than 32 MiB of memory, nor more than a few times the bytes that it has
/// read (plus about 24 bytes for each interface of a pcapng section, and 64 KiB for lines that a dump
/// repeats).
///
/// # Examples
/// ```no_run
/// use ctnetlink::Kind;
/// use ctnetlink::capture::Reader;
///
/// let mut reader = Reader::open("flows.pcapng")?;
/// while let Some(packet) = reader.next_packet() {
///     for message in packet?.messages() {
///         let message = message?;
///         if message.kind() == Kind::Destroy {
///             let flow = message.conntrack()?;
///             println!("{} lasted {:?}", flow.orig, flow.timestamp.duration());
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [draft-ietf-opsawg-pcap]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/
/// [draft-ietf-opsawg-pcapng]: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/
pub struct Reader<R> {
    input: Window<R>,
    source: Source,
    skipped: Skipped,
    word_size: usize,
}

/// The state of the reader of a format.
enum Source {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Raw(Raw),
    Text(Text),
}

impl Reader<File> {
    /// Opens a capture file and recognizes its format.
    ///
    /// # Errors
    /// Returns [`Io`](CaptureErrorKind::Io) if the file cannot be opened, and otherwise an error if
    /// [`new`](Self::new) does.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let file = File::open(path);
        Self::new(file.map_err(|error| Place::File.error(0, CaptureErrorKind::Io(error)))?)
    }
}

impl<R: Read> Reader<R> {
    /// Creates a reader and recognizes the format of the input.
    ///
    /// # Errors
    /// Returns an error if the input cannot be read, is empty or has no known format, or if the file
    /// header of a pcap file is truncated or of an unknown version.
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
            // No text contains zeros, and the length of every netlink message does.
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
    /// It affects only the numbers of labels of big-endian machines; see [`Endian`].
    #[must_use]
    pub fn with_word_size(self, bytes: usize) -> Self {
        Self { word_size: bytes, ..self }
    }

    /// Returns the format of the input.
    pub fn format(&self) -> Format {
        match &self.source {
            Source::Pcap(_) => Format::Pcap,
            Source::Pcapng(_) => Format::Pcapng,
            Source::Raw(_) => Format::Netlink,
            Source::Text(text) if text.is_json() => Format::JsonLines,
            Source::Text(_) => Format::Hex,
        }
    }

    /// Reads the next nfnetlink datagram, and returns `None` at the end of the input.
    ///
    /// # Errors
    /// Returns an error for a packet, block or line that cannot be read. The next call returns the
    /// next one that can be read, or `None` if there is none.
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

    /// Returns the numbers of packets that have been skipped.
    ///
    /// They explain why [`next_packet`](Self::next_packet) returned no packet, for example because the
    /// capture was made on another device.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Returns the next record of netfilter, and its cooked header if it has one.
    fn next_record(&mut self) -> Result<Option<(Record, Option<Cooked>)>, CaptureError> {
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

/// The numbers of packets that a [`Reader`] has skipped, by reason.
///
/// # Examples
/// ```
/// use ctnetlink::capture::Reader;
///
/// // A pcap file of an Ethernet card with one packet.
/// let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0];
/// file.extend([1, 0, 0, 0]); // LINKTYPE_ETHERNET
/// file.extend([9, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0x11, 0x22, 0x33]);
/// let mut reader = Reader::new(&file[..])?;
/// assert!(reader.next_packet().is_none());
/// let skipped = reader.skipped();
/// assert_eq!((skipped.other_link_types, skipped.first_link_type), (1, Some(1)));
/// # Ok::<(), ctnetlink::capture::CaptureError>(())
/// ```
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

/// The format of a capture.
///
/// # Examples
/// ```
/// use ctnetlink::capture::{Format, Reader};
///
/// let reader = Reader::new(&b"14000000 0101 0103 00000000 00000000 02000000"[..])?;
/// assert_eq!(reader.format(), Format::Hex);
/// assert_eq!(reader.format().to_string(), "hex");
/// # Ok::<(), ctnetlink::capture::CaptureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Classic pcap, as `tcpdump -w` writes it.
    Pcap,
    /// pcapng, as Wireshark writes it.
    Pcapng,
    /// Netlink messages, each at a multiple of 4 bytes.
    Netlink,
    /// Lines or dumps of hexadecimal bytes.
    Hex,
    /// One JSON object per line.
    JsonLines,
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
