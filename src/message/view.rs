//! Views of messages, borrowed from a buffer.

use super::msg_type::Content;
use super::{ATTRS_OFFSET, Kind, MsgType, NFGENMSG_LEN, NfGenMsg};
use crate::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
};
use crate::error::{Error, ErrorKind};
use crate::wire::control::{NlMsgDone, NlMsgErr};
use crate::wire::{AttrSet, Attrs, Endian, NLMSG_HDRLEN, NlMsgHdr, NlmFlags, RawMessage, Visitor};
use alloc::vec::Vec;
use core::fmt;

/// The body of a message.
///
/// # Examples
/// ```
/// use ctnetlink::{Body, Endian, Message};
///
/// let bytes = [
///     0x1c, 0, 0, 0, 0x05, 0x01, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0105
///     0, 0, 0, 0, // nfgenmsg
///     8, 0, 1, 0, 0, 0, 0x12, 0x34, // CTA_STATS_GLOBAL_ENTRIES
/// ];
/// match Message::parse_with(&bytes, Endian::Little)?.body()? {
///     Body::StatsGlobal(_, attrs) => assert_eq!(attrs.offset(), 20),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Body<'a> {
    /// An entry, or a request about entries.
    Conntrack(NfGenMsg, Attrs<'a, CtattrType>),
    /// The statistics of one CPU, whose number is in `res_id`.
    StatsCpu(NfGenMsg, Attrs<'a, CtattrStatsCpu>),
    /// The size of the table.
    StatsGlobal(NfGenMsg, Attrs<'a, CtattrStatsGlobal>),
    /// An expectation, or a request about expectations.
    Expect(NfGenMsg, Attrs<'a, CtattrExpect>),
    /// The expectation statistics of one CPU, whose number is in `res_id`.
    ExpectStats(NfGenMsg, Attrs<'a, CtattrExpectStats>),
    /// An acknowledgement or an error.
    Error(NlMsgErr<'a>),
    /// The end of a dump.
    Done(NlMsgDone<'a>),
    /// The undecoded body of any other message, which may be empty.
    Other(&'a [u8]),
}

/// A view of one message, borrowed from a buffer.
///
/// # Examples
/// ```
/// use ctnetlink::{Endian, Kind, Message, attrs::CtAttr, nested::TimestampAttr};
///
/// // A DESTROY event with only its times.
/// let bytes = [
///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
///     2, 0, 0, 0, // nfgenmsg: AF_INET
///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, a nest
///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
/// ];
/// let message = Message::parse_with(&bytes, Endian::Little)?;
/// assert_eq!(message.kind(), Kind::Destroy);
/// assert_eq!(message.conntrack()?.timestamp.duration_ns(), Some(0x244b_9281));
///
/// // One attribute, without decoding the others:
/// let times = message.conntrack_attrs()?.find(|attr| match attr {
///     CtAttr::Timestamp(times) => Some(times),
///     _ => None,
/// });
/// let times: Vec<_> = times.unwrap().iter().collect::<Result<_, _>>()?;
/// assert_eq!(times[1], TimestampAttr::Stop(0x18ea_51eb_bd87_cf2c));
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    pub(super) raw: RawMessage<'a>,
}

impl<'a> Message<'a> {
    /// Parses the message at the start of `bytes`, in the byte order of this machine.
    ///
    /// Sockets always deliver that byte order. For captures of other machines see
    /// [`parse_with`](Self::parse_with). Bytes after the message are ignored.
    ///
    /// # Errors
    /// Returns [`MessageHeader`](ErrorKind::MessageHeader) if there are fewer than 16 bytes, and
    /// [`MessageLength`](ErrorKind::MessageLength) if `nlmsg_len` is below 16 or above the number of
    /// bytes.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, Endian::NATIVE)
    }

    /// Parses the message at the start of `bytes`, written by a machine of byte order `endian`.
    ///
    /// # Errors
    /// Returns an error if [`parse`](Self::parse) does.
    #[inline]
    pub fn parse_with(bytes: &'a [u8], endian: Endian) -> Result<Self, Error> {
        RawMessage::parse(bytes, endian).map(|raw| Self { raw })
    }

    /// Returns the header.
    #[must_use]
    pub const fn header(&self) -> &NlMsgHdr {
        &self.raw.header
    }

    /// Returns the message type.
    #[must_use]
    pub const fn msg_type(&self) -> MsgType {
        MsgType(self.raw.header.nlmsg_type)
    }

    /// Returns the bytes of the message, header included.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw.bytes
    }

    /// Returns the byte order of the sender.
    #[must_use]
    pub const fn endian(&self) -> Endian {
        self.raw.endian
    }

    /// Returns what the message is, from its type and flags.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let flags = self.raw.header.nlmsg_flags;
        match self.msg_type() {
            MsgType::NOOP | MsgType::ERROR | MsgType::DONE | MsgType::OVERRUN => Kind::Control,
            kind if !kind.is_ctnetlink() => Kind::Foreign,
            _ if flags.contains(NlmFlags::REQUEST) => Kind::Request,
            MsgType::CT_DELETE => Kind::Destroy,
            MsgType::EXP_DELETE => Kind::ExpectDestroy,
            MsgType::CT_NEW if !flags.contains(NlmFlags::MULTI) => {
                if flags.intersects(NlmFlags::CREATE | NlmFlags::EXCL) {
                    Kind::New
                } else {
                    Kind::Update
                }
            }
            MsgType::EXP_NEW if !flags.contains(NlmFlags::MULTI) => {
                if flags.intersects(NlmFlags::CREATE | NlmFlags::EXCL) {
                    Kind::ExpectNew
                } else {
                    Kind::ExpectUpdate
                }
            }
            _ => Kind::Reply,
        }
    }

    /// Returns the `nfgenmsg`, or `None` for control messages and messages too short for it.
    #[must_use]
    pub fn nfgenmsg(&self) -> Option<NfGenMsg> {
        if self.kind() == Kind::Control {
            return None;
        }
        self.raw.body().first_chunk().map(|bytes| NfGenMsg::read(*bytes))
    }

    /// Returns the body, by the type and direction of the message.
    ///
    /// A message of type 0x0103 that is not a request contains expectation statistics.
    ///
    /// # Errors
    /// Returns [`Body`](ErrorKind::Body) if the message is too short for the fixed part of its type.
    /// Errors in attributes are reported when they are iterated.
    pub fn body(&self) -> Result<Body<'a>, Error> {
        let msg_type = self.msg_type();
        let content = self.content();
        match content {
            Content::Error => return NlMsgErr::parse(&self.raw).map(Body::Error),
            Content::Done => return NlMsgDone::parse(&self.raw).map(Body::Done),
            Content::Other if !msg_type.is_ctnetlink() => return Ok(Body::Other(self.raw.body())),
            _ => {}
        }
        let (nfgen, bytes) = self.split_body()?;
        Ok(match content {
            Content::Conntrack => Body::Conntrack(nfgen, self.attrs_of(bytes)),
            Content::StatsCpu => Body::StatsCpu(nfgen, self.attrs_of(bytes)),
            Content::StatsGlobal => Body::StatsGlobal(nfgen, self.attrs_of(bytes)),
            Content::Expect => Body::Expect(nfgen, self.attrs_of(bytes)),
            Content::ExpectStats => Body::ExpectStats(nfgen, self.attrs_of(bytes)),
            _ => Body::Other(self.raw.body()),
        })
    }

    #[inline]
    fn content(&self) -> Content {
        self.msg_type().content(self.raw.header.nlmsg_flags.contains(NlmFlags::REQUEST))
    }

    /// Returns `true` if the message contains an entry or is a request about entries.
    #[inline]
    fn is_about_entries(&self) -> bool {
        matches!(self.content(), Content::Conntrack)
    }

    /// Splits the body of a netfilter message into its `nfgenmsg` and its attributes.
    #[inline]
    pub(super) fn split_body(&self) -> Result<(NfGenMsg, &'a [u8]), Error> {
        let body = self.raw.body();
        let (nfgen, bytes) = body.split_first_chunk().ok_or_else(|| {
            let short = ErrorKind::Body { expected: NFGENMSG_LEN, found: body.len() };
            Error::at(NLMSG_HDRLEN, short)
        })?;
        Ok((NfGenMsg::read(*nfgen), bytes))
    }

    #[inline]
    fn attrs_of<S: AttrSet>(&self, bytes: &'a [u8]) -> Attrs<'a, S> {
        Attrs::at(bytes, ATTRS_OFFSET, self.raw.endian)
    }

    /// Visits the top-level attributes of the message, of any set.
    ///
    /// The attributes of an `NLMSG_ERROR` or `NLMSG_DONE` are visited, too.
    ///
    /// # Errors
    /// Returns [`Body`](ErrorKind::Body) if [`body`](Self::body) does.
    pub fn visit(&self, visitor: &mut impl Visitor<'a>) -> Result<(), Error> {
        match self.body()? {
            Body::Conntrack(_, attrs) => visitor.visit(attrs),
            Body::StatsCpu(_, attrs) => visitor.visit(attrs),
            Body::StatsGlobal(_, attrs) => visitor.visit(attrs),
            Body::Expect(_, attrs) => visitor.visit(attrs),
            Body::ExpectStats(_, attrs) => visitor.visit(attrs),
            Body::Error(error) => visitor.visit(error.ext_ack),
            Body::Done(done) => visitor.visit(done.ext_ack),
            Body::Other(_) => {}
        }
        Ok(())
    }

    /// Returns every decoding error in the message, including those inside nested attributes.
    ///
    /// The structs that [`conntrack`](Self::conntrack) and its siblings return leave the attributes
    /// of these errors `None`.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // CTA_MARK with two bytes instead of four, then CTA_ZONE 513.
    /// let bytes = [
    ///     0x24, 0, 0, 0, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: 36 bytes, type 0x0100
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     6, 0, 8, 0, 0x12, 0x34, 0, 0, // CTA_MARK
    ///     6, 0, 18, 0, 2, 1, 0, 0, // CTA_ZONE
    /// ];
    /// let message = Message::parse_with(&bytes, Endian::Little)?;
    /// let entry = message.conntrack()?;
    /// assert_eq!((entry.mark, entry.zone), (None, Some(513)));
    /// let errors = message.errors();
    /// assert_eq!(errors.len(), 1);
    /// assert_eq!(errors[0].to_string(), "CTA_MARK at byte 20: payload is 2 bytes, expected 4");
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[must_use]
    pub fn errors(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        self.for_each_error(|error| errors.push(error));
        errors
    }

    /// Calls `report` for every decoding error in the message, including those inside nested
    /// attributes.
    pub fn for_each_error(&self, report: impl FnMut(Error)) {
        struct Errors<F>(F);

        impl<'a, F: FnMut(Error)> Visitor<'a> for Errors<F> {
            fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
                for attr in attrs.iter() {
                    match attr {
                        Ok(attr) => S::visit_nest(&attr, self),
                        Err(error) => (self.0)(error),
                    }
                }
            }
        }

        let mut errors = Errors(report);
        if let Err(error) = self.visit(&mut errors) {
            (errors.0)(error);
        }
    }

    #[cold]
    pub(crate) fn wrong_type(&self) -> Error {
        Error::at(0, ErrorKind::MessageType { nlmsg_type: self.raw.header.nlmsg_type })
    }

    /// Returns a view of the attributes of a message about conntrack entries.
    ///
    /// # Errors
    /// Returns [`MessageType`](ErrorKind::MessageType) for other messages, and
    /// [`Body`](ErrorKind::Body) if the message is too short for an `nfgenmsg`.
    pub fn conntrack_attrs(&self) -> Result<Attrs<'a, CtattrType>, Error> {
        self.conntrack_parts().map(|(_, attrs)| attrs)
    }

    /// Returns the `nfgenmsg` and the attributes of a message about conntrack entries.
    #[inline]
    pub(crate) fn conntrack_parts(&self) -> Result<(NfGenMsg, Attrs<'a, CtattrType>), Error> {
        if !self.is_about_entries() {
            return Err(self.wrong_type());
        }
        let (nfgen, bytes) = self.split_body()?;
        Ok((nfgen, self.attrs_of(bytes)))
    }

    /// Returns a view of the attributes of a message about expectations.
    ///
    /// # Errors
    /// Returns [`MessageType`](ErrorKind::MessageType) for other messages, and
    /// [`Body`](ErrorKind::Body) if the message is too short for an `nfgenmsg`.
    pub fn expectation_attrs(&self) -> Result<Attrs<'a, CtattrExpect>, Error> {
        match self.body()? {
            Body::Expect(_, attrs) => Ok(attrs),
            _ => Err(self.wrong_type()),
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Message");
        out.field("type", &self.msg_type()).field("header", self.header());
        match self.body() {
            Ok(body) => out.field("body", &body),
            Err(error) => out.field("error", &error),
        };
        out.finish()
    }
}
