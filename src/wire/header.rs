//! Message headers, `struct nlmsghdr`, and the messages of a datagram.

use super::align::{NLMSG_HDRLEN, nlmsg_align};
use super::endian::Endian;
use super::values::flags_value;
use crate::error::{Error, ErrorKind};
use bitflags::bitflags;

bitflags! {
    /// The flags of a message, `NLM_F_*` in `nlmsg_flags`.
    ///
    /// The flags from 0x100 on have different meanings in GET, NEW and DELETE messages and in
    /// `NLMSG_ERROR`. [`names`](Self::names) returns the names for one of these meanings.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::wire::{FlagSense, NlmFlags};
    ///
    /// let flags = NlmFlags::REQUEST | NlmFlags::DUMP;
    /// assert!(flags.names(FlagSense::Get).eq(["REQUEST", "ROOT", "MATCH"]));
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NlmFlags: u16 {
        /// The message is a request to the kernel.
        const REQUEST = 0x01;
        /// The message is one of several, or the reply to a GET of a single entry.
        const MULTI = 0x02;
        /// The request asks for an acknowledgement.
        const ACK = 0x04;
        /// The request asks for the events that it causes.
        const ECHO = 0x08;
        /// The dump is inconsistent, because the table changed at the same time.
        const DUMP_INTR = 0x10;
        /// The dump was filtered as requested (since Linux 5.8 for conntrack).
        const DUMP_FILTERED = 0x20;
        /// GET: return the table from its root; this flag or `MATCH` makes a GET a dump.
        const ROOT = 0x100;
        /// GET: return all objects that match.
        const MATCH = 0x200;
        /// GET: return an atomic snapshot.
        const ATOMIC = 0x400;
        /// GET: return a dump (`ROOT` and `MATCH`).
        const DUMP = 0x300;
        /// NEW: replace an existing object, which conntrack ignores.
        const REPLACE = 0x100;
        /// NEW: fail if the object exists.
        const EXCL = 0x200;
        /// NEW: create the object if it does not exist.
        const CREATE = 0x400;
        /// NEW: add to the end of a list.
        const APPEND = 0x800;
        /// `NLMSG_ERROR`: the message does not contain the payload of the request.
        const CAPPED = 0x100;
        /// `NLMSG_ERROR` and `NLMSG_DONE`: attributes with details follow.
        const ACK_TLVS = 0x200;
    }
}

flags_value!(NlmFlags(u16), "nlmsg_flags", "NLM_F_");

impl NlmFlags {
    /// The flags below 0x100, which have the same meaning in all messages.
    pub(crate) const COMMON: [(Self, &'static str); 6] = [
        (Self::REQUEST, "REQUEST"),
        (Self::MULTI, "MULTI"),
        (Self::ACK, "ACK"),
        (Self::ECHO, "ECHO"),
        (Self::DUMP_INTR, "DUMP_INTR"),
        (Self::DUMP_FILTERED, "DUMP_FILTERED"),
    ];

    /// Returns the names of the flags that are set, by the meaning `sense` of those from 0x100 on.
    pub fn names(self, sense: FlagSense) -> impl Iterator<Item = &'static str> {
        self.named(sense).map(|(name, _)| name)
    }

    /// Returns the flags that are set, with their [`names`](Self::names).
    pub(crate) fn named(self, sense: FlagSense) -> impl Iterator<Item = (&'static str, Self)> {
        let all = Self::COMMON.iter().chain(Self::special(sense));
        all.filter(move |(flag, _)| self.contains(*flag)).map(|(flag, name)| (*name, *flag))
    }

    /// The flags from 0x100 on, by their meaning.
    pub(crate) const fn special(sense: FlagSense) -> &'static [(Self, &'static str)] {
        match sense {
            FlagSense::Get => {
                &[(Self::ROOT, "ROOT"), (Self::MATCH, "MATCH"), (Self::ATOMIC, "ATOMIC")]
            }
            FlagSense::New => &[
                (Self::REPLACE, "REPLACE"),
                (Self::EXCL, "EXCL"),
                (Self::CREATE, "CREATE"),
                (Self::APPEND, "APPEND"),
            ],
            FlagSense::Ack => &[(Self::CAPPED, "CAPPED"), (Self::ACK_TLVS, "ACK_TLVS")],
            FlagSense::Plain => &[],
        }
    }
}

/// The meaning of the flags from 0x100 on; see [`NlmFlags`].
///
/// # Examples
/// See [`NlmFlags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagSense {
    /// The flags are `ROOT`, `MATCH` and `ATOMIC`.
    Get,
    /// The flags are `REPLACE`, `EXCL`, `CREATE` and `APPEND`.
    New,
    /// The flags are `CAPPED` and `ACK_TLVS`.
    Ack,
    /// The flags have no meaning.
    Plain,
}

/// A message header: the first 16 bytes of every netlink message (`struct nlmsghdr`).
///
/// It is in the sender's byte order.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Endian, NlMsgHdr, NlmFlags};
///
/// let bytes = [20, 0, 0, 0, 1, 1, 1, 3, 9, 0, 0, 0, 0, 0, 0, 0];
/// let header = NlMsgHdr::read(&bytes, Endian::Little);
/// assert_eq!((header.nlmsg_len, header.nlmsg_type, header.nlmsg_seq), (20, 0x0101, 9));
/// assert_eq!(header.nlmsg_flags, NlmFlags::REQUEST | NlmFlags::DUMP);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NlMsgHdr {
    /// The number of bytes of the message, header included.
    pub nlmsg_len: u32,
    /// The message type; for netfilter, the subsystem in the high byte, its message in the low one.
    pub nlmsg_type: u16,
    /// The flags.
    pub nlmsg_flags: NlmFlags,
    /// The sequence number of the request, which replies to it repeat; 0 in events.
    pub nlmsg_seq: u32,
    /// The port id of the socket that sent the request, which replies to it repeat.
    ///
    /// In an event, it is the socket that caused the event over netlink, or 0 if a packet or a timer
    /// caused it.
    pub nlmsg_pid: u32,
}

impl NlMsgHdr {
    /// Decodes a header.
    #[inline]
    #[must_use]
    pub fn read(bytes: &[u8; NLMSG_HDRLEN], endian: Endian) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        Self {
            nlmsg_len: endian.u32([a, b, c, d]),
            nlmsg_type: endian.u16([e, f]),
            nlmsg_flags: NlmFlags::from_bits_retain(endian.u16([g, h])),
            nlmsg_seq: endian.u32([i, j, k, l]),
            nlmsg_pid: endian.u32([m, n, o, p]),
        }
    }

    /// Encodes the header.
    #[inline]
    #[must_use]
    pub fn to_bytes(self, endian: Endian) -> [u8; NLMSG_HDRLEN] {
        let [a, b, c, d] = endian.u32_bytes(self.nlmsg_len);
        let [e, f] = endian.u16_bytes(self.nlmsg_type);
        let [g, h] = endian.u16_bytes(self.nlmsg_flags.bits());
        let [i, j, k, l] = endian.u32_bytes(self.nlmsg_seq);
        let [m, n, o, p] = endian.u32_bytes(self.nlmsg_pid);
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }
}

/// A message with a decoded header and an undecoded body.
///
/// # Examples
/// See [`Datagram`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// The header.
    pub header: NlMsgHdr,
    /// The bytes of the message, header included: `nlmsg_len` of them.
    pub bytes: &'a [u8],
    /// The byte order of the sender.
    pub endian: Endian,
}

impl<'a> RawMessage<'a> {
    /// Parses the message at the start of `bytes`, and ignores the bytes after it.
    ///
    /// # Errors
    /// * [`MessageHeader`](ErrorKind::MessageHeader) if there are fewer than 16 bytes.
    /// * [`MessageLength`](ErrorKind::MessageLength) if `nlmsg_len` is below 16 or exceeds the bytes.
    #[inline]
    pub fn parse(bytes: &'a [u8], endian: Endian) -> Result<Self, Error> {
        let available = bytes.len();
        let error = |kind| Error::at(0, kind);
        let header = bytes
            .first_chunk()
            .map(|header| NlMsgHdr::read(header, endian))
            .ok_or_else(|| error(ErrorKind::MessageHeader { found: available }))?;
        let nlmsg_len = header.nlmsg_len;
        let message = usize::try_from(nlmsg_len)
            .ok()
            .filter(|&len| len >= NLMSG_HDRLEN)
            .and_then(|len| bytes.get(..len))
            .ok_or_else(|| error(ErrorKind::MessageLength { nlmsg_len, available }))?;
        Ok(Self { header, bytes: message, endian })
    }

    /// Returns the bytes after the header.
    #[inline]
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(NLMSG_HDRLEN..).unwrap_or_default()
    }
}

/// An iterator over the undecoded messages of a datagram.
///
/// A header that does not fit ends the iteration with an error, whose offset counts from the start of
/// the datagram.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Datagram, Endian};
///
/// // An NLMSG_NOOP of 16 bytes, twice.
/// let noop = [16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// let datagram = [noop, noop].concat();
/// let types: Vec<_> = Datagram::new(&datagram, Endian::Little)
///     .map(|message| message.map(|message| message.header.nlmsg_type))
///     .collect::<Result<_, _>>()?;
/// assert_eq!(types, [1, 1]);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    rest: &'a [u8],
    offset: usize,
    endian: Endian,
}

impl<'a> Datagram<'a> {
    /// Creates an iterator over the messages in `bytes`, from a sender with byte order `endian`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self { rest: bytes, offset: 0, endian }
    }

    /// Returns the number of bytes from the start of the datagram to the next message.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for Datagram<'a> {
    type Item = Result<RawMessage<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let message = RawMessage::parse(self.rest, self.endian)
            .map_err(|error| Error { offset: self.offset, ..error });
        let step = match &message {
            Ok(message) => nlmsg_align(message.bytes.len()).min(self.rest.len()),
            Err(_) => self.rest.len(),
        };
        self.rest = self.rest.get(step..).unwrap_or_default();
        self.offset += step;
        Some(message)
    }
}

impl core::iter::FusedIterator for Datagram<'_> {}
