//! Messages of ctnetlink, which consist of `nlmsghdr`, `nfgenmsg` and attributes.

use crate::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
};
use crate::error::{Error, ErrorKind};
use crate::spec::{Direction, MsgSpec};
use crate::wire::control::{NlMsgDone, NlMsgErr, NlmsgerrAttrs};
use crate::wire::values::open_enum;
use crate::wire::{
    AttrSet, Attrs, Datagram, Endian, FlagSense, NLMSG_HDRLEN, NlMsgHdr, NlmFlags, RawMessage,
    Visitor, WriteBuf, WriteLimits, Writer,
};
use alloc::vec::Vec;
use core::fmt;

/// The number of bytes of `struct nfgenmsg`.
const NFGENMSG_LEN: usize = 4;
/// The number of bytes from the start of a message to its first attribute.
const ATTRS_OFFSET: usize = NLMSG_HDRLEN + NFGENMSG_LEN;

open_enum! {
    /// A message type, `nlmsg_type`.
    ///
    /// The high byte is the netfilter subsystem (1 is conntrack, 2 is expectations), the low byte the
    /// message of that subsystem. Types below 16 are messages that every netlink family has.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::MsgType;
    ///
    /// assert_eq!(MsgType::from(0x0102), MsgType::CT_DELETE);
    /// assert_eq!(MsgType::CT_DELETE.to_string(), "IPCTNL_MSG_CT_DELETE");
    /// ```
    MsgType(u16), "nlmsg_type", "" {
        /// A message without content.
        NOOP = 1 "NLMSG_NOOP";
        /// An error, or an acknowledgement if the error number is 0.
        ERROR = 2 "NLMSG_ERROR";
        /// The end of a dump.
        DONE = 3 "NLMSG_DONE";
        /// A notice that data was lost.
        ///
        /// Current kernels do not send it; their receive call fails with `ENOBUFS` instead.
        OVERRUN = 4 "NLMSG_OVERRUN";
        /// An entry in a dump, or a NEW or UPDATE event; as a request, create or change an entry.
        CT_NEW = 0x0100 "IPCTNL_MSG_CT_NEW";
        /// A request for one entry or, with `NLM_F_DUMP`, for the table.
        CT_GET = 0x0101 "IPCTNL_MSG_CT_GET";
        /// A DESTROY event; as a request, delete an entry or, without tuples, flush the table.
        CT_DELETE = 0x0102 "IPCTNL_MSG_CT_DELETE";
        /// A request as [`CT_GET`](Self::CT_GET), which also sets the counters to 0.
        ///
        /// The kernel also gives this type to its replies to
        /// [`EXP_GET_STATS_CPU`](Self::EXP_GET_STATS_CPU).
        CT_GET_CTRZERO = 0x0103 "IPCTNL_MSG_CT_GET_CTRZERO";
        /// Statistics of each CPU, since Linux 3.6.
        CT_GET_STATS_CPU = 0x0104 "IPCTNL_MSG_CT_GET_STATS_CPU";
        /// The size of the table, since Linux 3.6.
        CT_GET_STATS = 0x0105 "IPCTNL_MSG_CT_GET_STATS";
        /// A request for entries whose DESTROY event could not be delivered, since Linux 3.8.
        CT_GET_DYING = 0x0106 "IPCTNL_MSG_CT_GET_DYING";
        /// A request for entries that are not in the table yet, since Linux 3.8.
        ///
        /// Since Linux 5.19 the kernel returns none.
        CT_GET_UNCONFIRMED = 0x0107 "IPCTNL_MSG_CT_GET_UNCONFIRMED";
        /// An expectation in a dump or a NEW event; as a request, create an expectation.
        EXP_NEW = 0x0200 "IPCTNL_MSG_EXP_NEW";
        /// A request for expectations.
        EXP_GET = 0x0201 "IPCTNL_MSG_EXP_GET";
        /// A DESTROY event of an expectation; as a request, delete expectations.
        EXP_DELETE = 0x0202 "IPCTNL_MSG_EXP_DELETE";
        /// A request for expectation statistics of each CPU, since Linux 3.6.
        ///
        /// The replies have the type 0x0103.
        EXP_GET_STATS_CPU = 0x0203 "IPCTNL_MSG_EXP_GET_STATS_CPU";
    }
}

impl MsgType {
    /// Returns `true` if the type belongs to conntrack or to expectations.
    #[must_use]
    pub const fn is_ctnetlink(self) -> bool {
        matches!(self.0 >> 8, 1 | 2)
    }

    /// Every message type in each direction in which it is sent, with its attribute set.
    pub const SPECS: &'static [MsgSpec] = &[
        Self::NOOP.in_direction(Direction::FromKernel),
        Self::ERROR.in_direction(Direction::FromKernel),
        Self::DONE.in_direction(Direction::FromKernel),
        Self::OVERRUN.in_direction(Direction::FromKernel),
        Self::CT_NEW.in_direction(Direction::ToKernel),
        Self::CT_NEW.in_direction(Direction::FromKernel),
        Self::CT_GET.in_direction(Direction::ToKernel),
        Self::CT_DELETE.in_direction(Direction::ToKernel),
        Self::CT_DELETE.in_direction(Direction::FromKernel),
        Self::CT_GET_CTRZERO.in_direction(Direction::ToKernel),
        Self::CT_GET_CTRZERO.in_direction(Direction::FromKernel),
        Self::CT_GET_STATS_CPU.in_direction(Direction::ToKernel),
        Self::CT_GET_STATS_CPU.in_direction(Direction::FromKernel),
        Self::CT_GET_STATS.in_direction(Direction::ToKernel),
        Self::CT_GET_STATS.in_direction(Direction::FromKernel),
        Self::CT_GET_DYING.in_direction(Direction::ToKernel),
        Self::CT_GET_UNCONFIRMED.in_direction(Direction::ToKernel),
        Self::EXP_NEW.in_direction(Direction::ToKernel),
        Self::EXP_NEW.in_direction(Direction::FromKernel),
        Self::EXP_GET.in_direction(Direction::ToKernel),
        Self::EXP_DELETE.in_direction(Direction::ToKernel),
        Self::EXP_DELETE.in_direction(Direction::FromKernel),
        Self::EXP_GET_STATS_CPU.in_direction(Direction::ToKernel),
    ];

    /// Returns the description of this type in one direction, or `None` if it is not sent in it.
    #[must_use]
    pub fn spec(self, direction: Direction) -> Option<&'static MsgSpec> {
        Self::SPECS.iter().find(|spec| spec.number == self.0 && spec.direction == direction)
    }

    const fn in_direction(self, direction: Direction) -> MsgSpec {
        let name = match self.name() {
            Some(name) => name,
            None => panic!("every message type has a name"),
        };
        let set = match self.content(matches!(direction, Direction::ToKernel)) {
            Content::Conntrack => Some(CtattrType::SPEC),
            Content::StatsCpu => Some(CtattrStatsCpu::SPEC),
            Content::StatsGlobal => Some(CtattrStatsGlobal::SPEC),
            Content::Expect => Some(CtattrExpect::SPEC),
            Content::ExpectStats => Some(CtattrExpectStats::SPEC),
            Content::Error | Content::Done => Some(NlmsgerrAttrs::SPEC),
            Content::Other => None,
        };
        MsgSpec::new(self.0, name, direction, set)
    }

    /// Returns what a message of this type contains.
    #[inline]
    const fn content(self, is_request: bool) -> Content {
        match self {
            Self::ERROR => Content::Error,
            Self::DONE => Content::Done,
            Self::CT_NEW
            | Self::CT_GET
            | Self::CT_DELETE
            | Self::CT_GET_DYING
            | Self::CT_GET_UNCONFIRMED => Content::Conntrack,
            Self::CT_GET_CTRZERO if is_request => Content::Conntrack,
            // The kernel gives its replies to EXP_GET_STATS_CPU the type 0x0103.
            Self::CT_GET_CTRZERO | Self::EXP_GET_STATS_CPU => Content::ExpectStats,
            Self::CT_GET_STATS_CPU => Content::StatsCpu,
            Self::CT_GET_STATS => Content::StatsGlobal,
            Self::EXP_NEW | Self::EXP_GET | Self::EXP_DELETE => Content::Expect,
            _ => Content::Other,
        }
    }

    /// Returns the meaning of the flags from 0x100 on in messages of this type.
    #[must_use]
    pub const fn flag_sense(self) -> FlagSense {
        match self {
            Self::ERROR | Self::DONE => FlagSense::Ack,
            Self::CT_NEW | Self::EXP_NEW => FlagSense::New,
            Self::CT_DELETE | Self::EXP_DELETE => FlagSense::Plain,
            _ if self.is_ctnetlink() => FlagSense::Get,
            _ => FlagSense::Plain,
        }
    }
}

/// The content of a message after its fixed part.
#[derive(Clone, Copy)]
enum Content {
    Conntrack,
    StatsCpu,
    StatsGlobal,
    Expect,
    ExpectStats,
    Error,
    Done,
    Other,
}

open_enum! {
    /// The layer 3 protocol of an entry: the protocol family in `nfgenmsg`.
    Family(u8), "nfgen_family", "" {
        /// Any protocol, in requests.
        UNSPEC = 0 "unspec";
        /// IPv4 (`AF_INET`).
        IPV4 = 2 "ipv4";
        /// IPv6 (`AF_INET6`).
        IPV6 = 10 "ipv6";
    }
}

/// The header of netfilter messages, between `nlmsghdr` and the attributes (`struct nfgenmsg`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NfGenMsg {
    /// The layer 3 protocol.
    pub nfgen_family: Family,
    /// The version, `NFNETLINK_V0` (0).
    ///
    /// A flush request is limited to the family only if the version is not 0.
    pub version: u8,
    /// The CPU, in statistics of a CPU; otherwise 0.
    ///
    /// It is big-endian on the wire.
    pub res_id: u16,
}

impl Default for Family {
    fn default() -> Self {
        Self::UNSPEC
    }
}

impl NfGenMsg {
    #[inline]
    fn read([family, version, res_id @ ..]: [u8; NFGENMSG_LEN]) -> Self {
        Self { nfgen_family: Family(family), version, res_id: Endian::Big.u16(res_id) }
    }

    #[inline]
    fn to_bytes(self) -> [u8; NFGENMSG_LEN] {
        let [hi, lo] = Endian::Big.u16_bytes(self.res_id);
        [self.nfgen_family.0, self.version, hi, lo]
    }
}

/// What a message is: a request, a reply, or an event about an entry or an expectation.
///
/// # Examples
/// ```
/// use ctnetlink::{Kind, request};
///
/// let kind = request::stats().as_message().kind();
/// assert_eq!(kind, Kind::Request);
/// assert!(!kind.is_event() && Kind::Destroy.is_event());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// A request from user space to the kernel.
    Request,
    /// A reply with data: an entry or expectation of a dump or of a single GET, or statistics.
    Reply,
    /// An event: an entry entered the table (`NLM_F_CREATE` or `NLM_F_EXCL` is set).
    New,
    /// An event: an entry in the table changed.
    Update,
    /// An event: an entry left the table.
    Destroy,
    /// An event: a helper expects a flow.
    ExpectNew,
    /// An event: an expectation changed, which no kernel has ever sent.
    ExpectUpdate,
    /// An event: an expectation ended.
    ExpectDestroy,
    /// An acknowledgement, an error, the end of a dump, or another netlink control message.
    Control,
    /// A message of another netfilter subsystem.
    Foreign,
}

impl Kind {
    /// Returns `true` if the message is a multicast event about an entry or an expectation.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::New
                | Self::Update
                | Self::Destroy
                | Self::ExpectNew
                | Self::ExpectUpdate
                | Self::ExpectDestroy
        )
    }
}

/// The body of a message.
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
    raw: RawMessage<'a>,
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
    fn split_body(&self) -> Result<(NfGenMsg, &'a [u8]), Error> {
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

    /// Copies the message into an owned one.
    #[must_use]
    pub fn to_buf(&self) -> MessageBuf {
        MessageBuf {
            header: self.raw.header,
            bytes: self.raw.bytes.to_vec(),
            endian: self.raw.endian,
        }
    }

    /// Re-encodes the message from its decoded attributes, at every nesting level.
    ///
    /// The result is identical to the original bytes. The tests rely on this to prove that decoding is
    /// lossless.
    ///
    /// # Errors
    /// Returns [`Body`](ErrorKind::Body) if [`body`](Self::body) does.
    pub fn rebuild(&self) -> Result<MessageBuf, Error> {
        fn attrs<S: AttrSet>(
            out: &mut WriteBuf,
            nfgen: NfGenMsg,
            attrs: Attrs<'_, S>,
        ) -> Result<(), Error> {
            out.extend_from_slice(&nfgen.to_bytes());
            Writer::run_from(out, 0, attrs.endian(), |out| attrs.rebuild(out))
        }
        let mut out = WriteBuf::with_capacity(self.raw.bytes.len());
        out.extend_from_slice(&self.raw.header.to_bytes(self.raw.endian));
        match self.body()? {
            Body::Conntrack(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::StatsCpu(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::StatsGlobal(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::Expect(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::ExpectStats(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::Error(error) => error.rebuild(&mut out, &self.raw)?,
            Body::Done(done) => done.rebuild(&mut out, &self.raw)?,
            Body::Other(bytes) => out.extend_from_slice(bytes),
        }
        Ok(MessageBuf { header: self.raw.header, bytes: out.into_bytes(), endian: self.raw.endian })
    }
}

/// Returns an iterator over the messages of a datagram, in the byte order of this machine.
///
/// `datagram` is what one `recv` on a netlink socket returned. For datagrams from captures see
/// [`Messages::with_endian`].
///
/// # Examples
/// ```no_run
/// use ctnetlink::Kind;
///
/// # let datagram: &[u8] = &[];
/// for message in ctnetlink::messages(datagram) {
///     let message = message?;
///     if message.kind() == Kind::Destroy {
///         let flow = message.conntrack()?;
///         println!("{:?} lasted {:?}", flow.orig, flow.timestamp.duration());
///     }
/// }
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[must_use]
pub const fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages::with_endian(datagram, Endian::NATIVE)
}

/// An iterator over the messages of a datagram.
///
/// It is created by [`messages`](fn@messages) and [`Messages::with_endian`]. A message whose length
/// is wrong ends it with an error, because the start of the next message is then unknown.
///
/// # Examples
/// ```
/// use ctnetlink::{Endian, Messages, MsgType};
///
/// // A GET request of a big-endian machine.
/// let datagram = [0, 0, 0, 20, 1, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 2, 0, 0, 0];
/// let mut messages = Messages::with_endian(&datagram, Endian::Big);
/// let request = messages.next().unwrap()?;
/// assert_eq!((request.msg_type(), request.header().nlmsg_seq), (MsgType::CT_GET, 7));
/// assert!(messages.next().is_none());
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    datagram: Datagram<'a>,
}

impl<'a> Messages<'a> {
    /// Creates an iterator over the messages of a datagram from a machine of byte order `endian`.
    #[must_use]
    pub const fn with_endian(datagram: &'a [u8], endian: Endian) -> Self {
        Self { datagram: Datagram::new(datagram, endian) }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.datagram.next().map(|raw| raw.map(|raw| Message { raw }))
    }
}

impl core::iter::FusedIterator for Messages<'_> {}

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

/// A message that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageBuf {
    header: NlMsgHdr,
    bytes: Vec<u8>,
    endian: Endian,
}

impl MessageBuf {
    /// Creates a message of this machine from its parts, with the length of both.
    #[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
    pub(crate) fn from_parts(header: NlMsgHdr, body: &[u8]) -> Self {
        let len = NLMSG_HDRLEN + body.len();
        let header = NlMsgHdr { nlmsg_len: u32::try_from(len).unwrap_or(u32::MAX), ..header };
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(&header.to_bytes(Endian::NATIVE));
        bytes.extend_from_slice(body);
        Self { header, bytes, endian: Endian::NATIVE }
    }

    /// Returns a view of the message.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        Message { raw: RawMessage { header: self.header, bytes: &self.bytes, endian: self.endian } }
    }

    /// Sets the sequence number, which the kernel repeats in its replies to a request.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::request;
    ///
    /// let request = request::stats().with_seq(0x0102_0304);
    /// assert_eq!(request.into_bytes()[8..12], 0x0102_0304_u32.to_ne_bytes());
    /// ```
    #[must_use]
    pub fn with_seq(self, seq: u32) -> Self {
        let header = NlMsgHdr { nlmsg_seq: seq, ..self.header };
        self.with_header(header)
    }

    /// Replaces the header.
    pub(crate) fn with_header(mut self, header: NlMsgHdr) -> Self {
        self.header = header;
        for (byte, new) in self.bytes.iter_mut().zip(header.to_bytes(self.endian)) {
            *byte = new;
        }
        self
    }

    /// Returns the bytes of the message, as they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Consumes the message and returns its bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl AsRef<[u8]> for MessageBuf {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<MessageBuf> for Vec<u8> {
    fn from(message: MessageBuf) -> Self {
        message.bytes
    }
}

impl fmt::Debug for MessageBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_message().fmt(f)
    }
}

/// A builder of messages: every field of the headers except the length.
///
/// # Examples
/// ```
/// use ctnetlink::{MessageBuilder, Family, MsgType, attrs::{CtAttr, CtattrType}, wire::NlmFlags};
///
/// let builder = MessageBuilder {
///     flags: NlmFlags::REQUEST | NlmFlags::DUMP,
///     seq: 7,
///     ..MessageBuilder::new(MsgType::CT_GET, Family::IPV4)
/// };
/// let message = builder.build::<CtattrType>(|out| out.put(CtAttr::Mark(0x1234)))?;
/// assert_eq!(message.as_bytes().len(), 16 + 4 + 8);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageBuilder {
    /// The message type.
    pub msg_type: MsgType,
    /// The flags.
    pub flags: NlmFlags,
    /// The sequence number, `nlmsg_seq`.
    pub seq: u32,
    /// The port id, `nlmsg_pid`.
    pub portid: u32,
    /// The header of netfilter messages.
    pub nfgenmsg: NfGenMsg,
    /// The byte order of the message.
    pub endian: Endian,
}

impl MessageBuilder {
    /// Creates a builder without flags, for the byte order of this machine.
    #[must_use]
    pub fn new(msg_type: MsgType, family: Family) -> Self {
        Self {
            msg_type,
            flags: NlmFlags::empty(),
            seq: 0,
            portid: 0,
            nfgenmsg: NfGenMsg { nfgen_family: family, ..NfGenMsg::default() },
            endian: Endian::NATIVE,
        }
    }

    /// Builds a message with the attributes that `body` writes.
    ///
    /// # Errors
    /// Returns [`TooLong`](ErrorKind::TooLong) if an attribute or the message exceeds its length field.
    pub fn build<S: AttrSet>(
        &self,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<MessageBuf, Error> {
        let mut bytes = WriteBuf::new();
        let header = self.write(&mut bytes, body)?;
        Ok(MessageBuf { header, bytes: bytes.into_bytes(), endian: self.endian })
    }

    /// Appends a message with the attributes that `body` writes to `buf`.
    ///
    /// A buffer that is reused keeps its allocation.
    ///
    /// # Errors
    /// Returns an error if [`build`](Self::build) does. The buffer is then unchanged.
    pub fn write<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<NlMsgHdr, Error> {
        self.write_with_limits(buf, WriteLimits::UNLIMITED, body)
    }

    /// Appends a message to a buffer with a maximum size, or for a machine that needs pad attributes.
    ///
    /// # Errors
    /// Returns an error if [`write`](Self::write) does, and [`NoRoom`](ErrorKind::NoRoom) if the
    /// message does not fit. The buffer is then unchanged.
    #[inline]
    pub fn write_with_limits<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        room: WriteLimits,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<NlMsgHdr, Error> {
        let start = buf.len();
        let needed = start + ATTRS_OFFSET;
        if needed > room.limit {
            return Err(Error::at(0, ErrorKind::NoRoom { limit: room.limit, needed }));
        }
        let mut header = NlMsgHdr {
            nlmsg_len: 0,
            nlmsg_type: self.msg_type.0,
            nlmsg_flags: self.flags,
            nlmsg_seq: self.seq,
            nlmsg_pid: self.portid,
        };
        buf.push_array(header.to_bytes(self.endian));
        buf.push_array(self.nfgenmsg.to_bytes());
        let mut error = None;
        body(&mut Writer::new(buf, start, self.endian, room, &mut error));
        let needed = buf.len() - start;
        match u32::try_from(needed) {
            Ok(nlmsg_len) => header.nlmsg_len = nlmsg_len,
            Err(_) => {
                let limit = u32::MAX as usize;
                error.get_or_insert(Error::at(0, ErrorKind::TooLong { limit, needed }));
            }
        }
        if let Some(error) = error {
            buf.truncate(start);
            return Err(error);
        }
        buf.set(start, self.endian.u32_bytes(header.nlmsg_len));
        Ok(header)
    }
}

/// Creates a builder from the headers of a message.
///
/// # Errors
/// Returns [`MessageType`](ErrorKind::MessageType) for control messages, and
/// [`Body`](ErrorKind::Body) if the message is too short for an `nfgenmsg`.
impl TryFrom<&Message<'_>> for MessageBuilder {
    type Error = Error;

    fn try_from(message: &Message<'_>) -> Result<Self, Error> {
        if message.kind() == Kind::Control {
            return Err(message.wrong_type());
        }
        let (nfgenmsg, _) = message.split_body()?;
        let header = message.header();
        Ok(Self {
            msg_type: message.msg_type(),
            flags: header.nlmsg_flags,
            seq: header.nlmsg_seq,
            portid: header.nlmsg_pid,
            nfgenmsg,
            endian: message.endian(),
        })
    }
}
