//! `struct nlmsghdr` and the messages of a datagram.

use super::align::{NLMSG_HDRLEN, nlmsg_align};
use super::endian::Endian;
use super::values::flags_value;
use crate::error::{Error, ErrorKind};
use bitflags::bitflags;

bitflags! {
    /// `nlmsg_flags`, `NLM_F_*`. The bits from 0x100 up mean different things in GET, NEW and
    /// DELETE requests and in `NLMSG_ERROR`; [`Self::names`] picks the right words.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NlmFlags: u16 {
        /// A request to the kernel.
        const REQUEST = 0x01;
        /// One of several messages; the kernel also sets it on a single GET reply.
        const MULTI = 0x02;
        /// Asks for an answer (`NLMSG_ERROR` with 0) also when all is well.
        const ACK = 0x04;
        /// Asks to receive the events that the request causes.
        const ECHO = 0x08;
        /// The dump was not consistent: something changed meanwhile.
        const DUMP_INTR = 0x10;
        /// The dump was filtered as asked (since Linux 5.8 for conntrack).
        const DUMP_FILTERED = 0x20;
        /// GET: from the root of the table. Either this or `MATCH` makes a GET a dump.
        const ROOT = 0x100;
        /// GET: all that match.
        const MATCH = 0x200;
        /// GET: an atomic snapshot.
        const ATOMIC = 0x400;
        /// GET: `ROOT` and `MATCH`.
        const DUMP = 0x300;
        /// NEW: replace an existing object. Conntrack ignores it.
        const REPLACE = 0x100;
        /// NEW: fail if the object exists.
        const EXCL = 0x200;
        /// NEW: create the object if it does not exist.
        const CREATE = 0x400;
        /// NEW: add to the end of a list.
        const APPEND = 0x800;
        /// `NLMSG_ERROR`: the request's payload is not included.
        const CAPPED = 0x100;
        /// `NLMSG_ERROR` and `NLMSG_DONE`: attributes with details follow.
        const ACK_TLVS = 0x200;
    }
}

flags_value!(NlmFlags(u16), "nlmsg_flags", "NLM_F_");

impl NlmFlags {
    /// The flags below 0x100.
    pub(crate) const COMMON: [(Self, &'static str); 6] = [
        (Self::REQUEST, "REQUEST"),
        (Self::MULTI, "MULTI"),
        (Self::ACK, "ACK"),
        (Self::ECHO, "ECHO"),
        (Self::DUMP_INTR, "DUMP_INTR"),
        (Self::DUMP_FILTERED, "DUMP_FILTERED"),
    ];

    /// The names of the flags that are set, in a message that has this meaning for the bits from
    /// 0x100 up.
    pub fn names(self, sense: FlagSense) -> impl Iterator<Item = &'static str> {
        self.named(sense).map(|(name, _)| name)
    }

    /// [`names`](Self::names), with the flag of each.
    pub(crate) fn named(self, sense: FlagSense) -> impl Iterator<Item = (&'static str, Self)> {
        let all = Self::COMMON.iter().chain(Self::special(sense));
        all.filter(move |(flag, _)| self.contains(*flag)).map(|(flag, name)| (*name, *flag))
    }

    /// The flags from 0x100 up.
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

/// What the bits of `nlmsg_flags` from 0x100 up mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagSense {
    /// ROOT, MATCH, ATOMIC.
    Get,
    /// REPLACE, EXCL, CREATE, APPEND.
    New,
    /// CAPPED, `ACK_TLVS`.
    Ack,
    /// Nothing.
    Plain,
}

/// `struct nlmsghdr`: the 16 bytes that begin every netlink message, in the sender's byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NlMsgHdr {
    /// Bytes of the message, this header included.
    pub nlmsg_len: u32,
    /// For netfilter, the subsystem in the high byte and its message in the low one.
    pub nlmsg_type: u16,
    /// `NLM_F_*`.
    pub nlmsg_flags: NlmFlags,
    /// The request's number, repeated in its answers; 0 in events.
    pub nlmsg_seq: u32,
    /// The socket that sent the request, repeated in its answers; in an event the socket that
    /// caused it over netlink, 0 if a packet or a timer did.
    pub nlmsg_pid: u32,
}

impl NlMsgHdr {
    /// Reads a header.
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

    /// The header's bytes.
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

/// One message as it lies in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// The header.
    pub header: NlMsgHdr,
    /// The whole message, header included: `nlmsg_len` bytes.
    pub bytes: &'a [u8],
    /// The byte order of its sender.
    pub endian: Endian,
}

impl<'a> RawMessage<'a> {
    /// Reads the message at the start of `bytes`; what follows it is left alone.
    ///
    /// # Errors
    /// [`MessageHeader`](ErrorKind::MessageHeader), [`MessageLength`](ErrorKind::MessageLength).
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

    /// The bytes behind the header.
    #[inline]
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(NLMSG_HDRLEN..).unwrap_or_default()
    }
}

/// The messages of a datagram, one by one.
///
/// A header that does not fit ends them with an error, whose offset counts from the start of the
/// datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    rest: &'a [u8],
    offset: usize,
    endian: Endian,
}

impl<'a> Datagram<'a> {
    /// Splits `bytes`, written by a machine of byte order `endian`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self { rest: bytes, offset: 0, endian }
    }

    /// Bytes from the start of the datagram to the next message.
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
