//! Packets of a capture.

use crate::Messages;
use crate::wire::Endian;

/// A netlink datagram of a capture.
///
/// # Examples
/// ```
/// use ctnetlink::Endian;
/// use ctnetlink::capture::Reader;
///
/// let text = "{\"time\": 1795336918309385864, \"hex\": \"14000000 0101 0103 00000000 00000000 02000000\"}";
/// let mut reader = Reader::new(text.as_bytes())?;
/// let packet = reader.next_packet().unwrap()?;
/// assert_eq!((packet.number, packet.time), (1, Some(1_795_336_918_309_385_864)));
/// assert_eq!((packet.endian, packet.data.len()), (Endian::Little, 20));
/// # Ok::<(), ctnetlink::capture::CaptureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// The number of the packet in the capture, of the line in the text or of the message in the
    /// stream.
    ///
    /// It counts from 1, and skipped packets and lines count, so that Wireshark or an editor shows the
    /// same number.
    pub number: u64,
    /// The byte offset in the input of the first byte of `data`; in a text, of the line.
    pub offset: u64,
    /// The capture time, in nanoseconds since the Unix epoch.
    ///
    /// It is `None` if the input has no times, or if the time is before 1970 or after 2554.
    pub time: Option<u64>,
    /// The interface that captured the packet, counted from 0 in its section (pcapng).
    pub interface: Option<u32>,
    /// The packet type of `struct sockaddr_ll` (pcap and pcapng).
    ///
    /// On nlmon devices it is always 4, `PACKET_OUTGOING`.
    pub packet_type: Option<u16>,
    /// The netlink protocol, always 12 (`NETLINK_NETFILTER`).
    ///
    /// Inputs that do not contain the protocol are assumed to have this one.
    pub family: u16,
    /// The byte order of the netlink headers in `data`, as [`guess_endian`](super::guess_endian) returns it.
    ///
    /// The preferred one is that of the file or section, and little-endian in a text.
    pub endian: Endian,
    /// The number of bytes after `data` that the snap length of the capture cut off.
    pub missing: u32,
    /// The datagram, which contains one or more netlink messages, each at a multiple of 4 bytes.
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Returns an iterator over the messages of the datagram, in its byte order.
    #[must_use]
    pub const fn messages(&self) -> Messages<'a> {
        Messages::with_endian(self.data, self.endian)
    }
}
