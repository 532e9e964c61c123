//! Messages of ctnetlink: `nlmsghdr`, `nfgenmsg`, attributes.

use crate::attrs::{
    CtattrExpect, CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, CtattrType,
};
use crate::error::{Error, ErrorKind};
use crate::spec::{Direction, MsgSpec};
use crate::wire::control::{NlMsgDone, NlMsgErr, NlmsgerrAttrs};
use crate::wire::values::open_enum;
use crate::wire::{
    AttrSet, Attrs, Datagram, Endian, FlagSense, NLMSG_HDRLEN, NlMsgHdr, NlmFlags, RawMessage,
    Room, Visitor, WriteBuf, Writer,
};
use alloc::vec::Vec;
use core::fmt;

/// Bytes of `struct nfgenmsg`.
const NFGENMSG_LEN: usize = 4;
/// Bytes from the start of a message to its first attribute.
const ATTRS_OFFSET: usize = NLMSG_HDRLEN + NFGENMSG_LEN;

open_enum! {
    /// `nlmsg_type`: the netfilter subsystem in the high byte (1 conntrack, 2 expectations), its
    /// message in the low one; below 16 the messages that every netlink family has.
    MsgType(u16), "nlmsg_type", "" {
        /// Nothing.
        NOOP = 1 "NLMSG_NOOP";
        /// An error or, with error 0, an acknowledgement.
        ERROR = 2 "NLMSG_ERROR";
        /// The end of a dump.
        DONE = 3 "NLMSG_DONE";
        /// Data was lost. Not sent by current kernels; they fail the receive call with ENOBUFS.
        OVERRUN = 4 "NLMSG_OVERRUN";
        /// An entry in a dump, a NEW or UPDATE event; as a request, create or change an entry.
        CT_NEW = 0x0100 "IPCTNL_MSG_CT_NEW";
        /// A request for one entry or, with NLM_F_DUMP, for the table.
        CT_GET = 0x0101 "IPCTNL_MSG_CT_GET";
        /// A DESTROY event; as a request, delete an entry or, without tuples, flush the table.
        CT_DELETE = 0x0102 "IPCTNL_MSG_CT_DELETE";
        /// As [`CT_GET`](Self::CT_GET), and the counters are set to 0. The kernel also gives this
        /// type to its replies to [`EXP_GET_STATS_CPU`](Self::EXP_GET_STATS_CPU).
        CT_GET_CTRZERO = 0x0103 "IPCTNL_MSG_CT_GET_CTRZERO";
        /// Statistics of each CPU, since Linux 3.6.
        CT_GET_STATS_CPU = 0x0104 "IPCTNL_MSG_CT_GET_STATS_CPU";
        /// The size of the table, since Linux 3.6.
        CT_GET_STATS = 0x0105 "IPCTNL_MSG_CT_GET_STATS";
        /// A request for entries whose DESTROY event could not be delivered, since Linux 3.8.
        CT_GET_DYING = 0x0106 "IPCTNL_MSG_CT_GET_DYING";
        /// A request for entries that are not in the table yet, since Linux 3.8; returns none since
        /// 5.19.
        CT_GET_UNCONFIRMED = 0x0107 "IPCTNL_MSG_CT_GET_UNCONFIRMED";
        /// An expectation in a dump or a NEW event; as a request, create one.
        EXP_NEW = 0x0200 "IPCTNL_MSG_EXP_NEW";
        /// A request for expectations.
        EXP_GET = 0x0201 "IPCTNL_MSG_EXP_GET";
        /// A DESTROY event; as a request, delete expectations.
        EXP_DELETE = 0x0202 "IPCTNL_MSG_EXP_DELETE";
        /// A request for expectation statistics of each CPU, since Linux 3.6; the replies have type
        /// 0x0103.
        EXP_GET_STATS_CPU = 0x0203 "IPCTNL_MSG_EXP_GET_STATS_CPU";
    }
}

impl MsgType {
    /// Whether the type belongs to conntrack or expectations.
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

    /// What a message of this type holds.
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

    /// What `nlmsg_flags` from 0x100 up mean in messages of this type.
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

/// What a message holds after its fixed part.
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
    /// The protocol family in `nfgenmsg`: the layer 3 protocol of an entry.
    Family(u8), "nfgen_family", "" {
        /// Any, in requests.
        UNSPEC = 0 "unspec";
        /// IPv4, `AF_INET`.
        IPV4 = 2 "ipv4";
        /// IPv6, `AF_INET6`.
        IPV6 = 10 "ipv6";
    }
}

/// `struct nfgenmsg`: the four bytes between `nlmsghdr` and the attributes of every netfilter
/// message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NfGenMsg {
    /// The layer 3 protocol.
    pub nfgen_family: Family,
    /// `NFNETLINK_V0`, 0. A flush request heeds the family only if this is not 0.
    pub version: u8,
    /// The CPU in statistics of each CPU, else 0. Big-endian on the wire.
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

/// Why a message was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// User space asks the kernel.
    Request,
    /// The kernel answers with an object: a dump's entry, a single GET's, statistics.
    Reply,
    /// An event: something entered the table (`NLM_F_CREATE` or `NLM_F_EXCL` is set).
    New,
    /// An event: something in the table changed.
    Update,
    /// An event: something left the table.
    Destroy,
    /// The kernel acknowledges, refuses, or ends a dump; or a message for the protocol's own needs.
    Control,
    /// A message of another netfilter subsystem.
    Foreign,
}

/// The body of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Body<'a> {
    /// An entry, or a request about entries.
    Conntrack(NfGenMsg, Attrs<'a, CtattrType>),
    /// Statistics of one CPU; its number is in `res_id`.
    StatsCpu(NfGenMsg, Attrs<'a, CtattrStatsCpu>),
    /// The size of the table.
    StatsGlobal(NfGenMsg, Attrs<'a, CtattrStatsGlobal>),
    /// An expectation, or a request about expectations.
    Expect(NfGenMsg, Attrs<'a, CtattrExpect>),
    /// Expectation statistics of one CPU; its number is in `res_id`.
    ExpectStats(NfGenMsg, Attrs<'a, CtattrExpectStats>),
    /// An acknowledgement or an error.
    Error(NlMsgErr<'a>),
    /// The end of a dump.
    Done(NlMsgDone<'a>),
    /// Nothing, or nothing that this crate decodes.
    Other(&'a [u8]),
}

/// One message, borrowed from the buffer in which it lies.
///
/// ```
/// use ctnetlink::{Kind, Message, attrs::CtAttr, nested::TimestampAttr, wire::Endian};
///
/// // A DESTROY event, cut down to its times.
/// let bytes = [
///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
///     2, 0, 0, 0, // nfgenmsg: AF_INET
///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, a nest
///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
/// ];
/// let message = Message::parse(&bytes, Endian::Little)?;
/// assert_eq!(message.kind(), Kind::Destroy);
/// let times = message.conntrack()?.find(|attr| match attr {
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
    /// Reads the message at the start of `bytes`, sent by a machine of byte order `endian`
    /// ([`Endian::NATIVE`] on a socket). What follows it is left alone.
    ///
    /// # Errors
    /// [`MessageHeader`](ErrorKind::MessageHeader), [`MessageLength`](ErrorKind::MessageLength).
    #[inline]
    pub fn parse(bytes: &'a [u8], endian: Endian) -> Result<Self, Error> {
        RawMessage::parse(bytes, endian).map(|raw| Self { raw })
    }

    /// The messages of a datagram, one by one.
    pub fn all(
        datagram: &'a [u8],
        endian: Endian,
    ) -> impl Iterator<Item = Result<Self, Error>> + use<'a> {
        Datagram::new(datagram, endian).map(|raw| Ok(Self { raw: raw? }))
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &NlMsgHdr {
        &self.raw.header
    }

    /// The message type.
    #[must_use]
    pub const fn msg_type(&self) -> MsgType {
        MsgType(self.raw.header.nlmsg_type)
    }

    /// The whole message, header included.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw.bytes
    }

    /// The byte order of its sender.
    #[must_use]
    pub const fn endian(&self) -> Endian {
        self.raw.endian
    }

    /// Why it was sent.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let flags = self.raw.header.nlmsg_flags;
        match self.msg_type() {
            MsgType::NOOP | MsgType::ERROR | MsgType::DONE | MsgType::OVERRUN => Kind::Control,
            kind if !kind.is_ctnetlink() => Kind::Foreign,
            _ if flags.contains(NlmFlags::REQUEST) => Kind::Request,
            MsgType::CT_DELETE | MsgType::EXP_DELETE => Kind::Destroy,
            MsgType::CT_NEW | MsgType::EXP_NEW if !flags.contains(NlmFlags::MULTI) => {
                if flags.intersects(NlmFlags::CREATE | NlmFlags::EXCL) {
                    Kind::New
                } else {
                    Kind::Update
                }
            }
            _ => Kind::Reply,
        }
    }

    /// `struct nfgenmsg`; `None` in control messages and in messages too short for it.
    #[must_use]
    pub fn nfgenmsg(&self) -> Option<NfGenMsg> {
        if self.kind() == Kind::Control {
            return None;
        }
        self.raw.body().first_chunk().map(|bytes| NfGenMsg::read(*bytes))
    }

    /// The body, by type. A message of type 0x0103 that is no request holds expectation statistics.
    ///
    /// # Errors
    /// [`Body`](ErrorKind::Body): too short for the fixed part that the type demands. Errors in
    /// attributes come from iterating them.
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

    /// Whether the message holds an entry or asks about entries.
    #[inline]
    fn is_about_entries(&self) -> bool {
        matches!(self.content(), Content::Conntrack)
    }

    /// The body of a netfilter message in two: what is fixed, and the attributes.
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

    /// Shows the attributes of the message, of whatever set, to `visitor`; those of an `NLMSG_ERROR`
    /// or `NLMSG_DONE` too.
    ///
    /// # Errors
    /// [`Body`](ErrorKind::Body), as [`body`](Self::body).
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

    /// Tells `report` of everything that is wrong in the message: in its body, in attributes, in
    /// nests.
    pub fn report(&self, report: &mut dyn FnMut(Error)) {
        struct Errors<'r>(&'r mut dyn FnMut(Error));

        impl<'a> Visitor<'a> for Errors<'_> {
            fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>) {
                for attr in attrs.iter() {
                    match attr {
                        Ok(attr) => S::visit_nest(&attr, self),
                        Err(error) => (self.0)(error),
                    }
                }
            }
        }

        if let Err(error) = self.visit(&mut Errors(report)) {
            report(error);
        }
    }

    #[cold]
    fn wrong_type(&self) -> Error {
        Error::at(0, ErrorKind::MessageType { nlmsg_type: self.raw.header.nlmsg_type })
    }

    /// The attributes of a message about conntrack entries.
    ///
    /// # Errors
    /// [`MessageType`](ErrorKind::MessageType) for other messages, [`Body`](ErrorKind::Body).
    pub fn conntrack(&self) -> Result<Attrs<'a, CtattrType>, Error> {
        self.conntrack_parts().map(|(_, attrs)| attrs)
    }

    /// What a message about conntrack entries consists of.
    #[inline]
    pub(crate) fn conntrack_parts(&self) -> Result<(NfGenMsg, Attrs<'a, CtattrType>), Error> {
        if !self.is_about_entries() {
            return Err(self.wrong_type());
        }
        let (nfgen, bytes) = self.split_body()?;
        Ok((nfgen, self.attrs_of(bytes)))
    }

    /// The attributes of a message about expectations.
    ///
    /// # Errors
    /// [`MessageType`](ErrorKind::MessageType) for other messages, [`Body`](ErrorKind::Body).
    pub fn expect(&self) -> Result<Attrs<'a, CtattrExpect>, Error> {
        match self.body()? {
            Body::Expect(_, attrs) => Ok(attrs),
            _ => Err(self.wrong_type()),
        }
    }

    /// Copies the message.
    #[must_use]
    pub fn to_buf(&self) -> MessageBuf {
        MessageBuf {
            header: self.raw.header,
            bytes: self.raw.bytes.to_vec(),
            endian: self.raw.endian,
        }
    }

    /// Writes the message again through its types: header, fixed part, and every attribute that
    /// decodes, nest by nest. The result has the same bytes; this is how that law is checked.
    ///
    /// # Errors
    /// [`Body`](ErrorKind::Body), as [`body`](Self::body).
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

/// A message that owns its bytes, as `String` is to `str`.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageBuf {
    header: NlMsgHdr,
    bytes: Vec<u8>,
    endian: Endian,
}

impl MessageBuf {
    /// A message of this machine that came, or is to go, in pieces; its length is set to the true one.
    #[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
    pub(crate) fn from_parts(header: NlMsgHdr, body: &[u8]) -> Self {
        let len = NLMSG_HDRLEN + body.len();
        let header = NlMsgHdr { nlmsg_len: u32::try_from(len).unwrap_or(u32::MAX), ..header };
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(&header.to_bytes(Endian::NATIVE));
        bytes.extend_from_slice(body);
        Self { header, bytes, endian: Endian::NATIVE }
    }

    /// The message, borrowed.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        Message { raw: RawMessage { header: self.header, bytes: &self.bytes, endian: self.endian } }
    }

    /// The bytes, ready to be sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, ready to be sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for MessageBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_message().fmt(f)
    }
}

/// All of a message but its length and attributes.
///
/// ```
/// use ctnetlink::{Envelope, Family, MsgType, attrs::{CtAttr, CtattrType}, wire::NlmFlags};
///
/// let envelope = Envelope {
///     flags: NlmFlags::REQUEST | NlmFlags::DUMP,
///     seq: 7,
///     ..Envelope::new(MsgType::CT_GET, Family::IPV4)
/// };
/// let message = envelope.build::<CtattrType>(|out| out.put(CtAttr::Mark(0x1234)))?;
/// assert_eq!(message.as_bytes().len(), 16 + 4 + 8);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The message type.
    pub msg_type: MsgType,
    /// `nlmsg_flags`.
    pub flags: NlmFlags,
    /// `nlmsg_seq`.
    pub seq: u32,
    /// `nlmsg_pid`.
    pub portid: u32,
    /// `struct nfgenmsg`.
    pub nfgenmsg: NfGenMsg,
    /// The byte order to write in.
    pub endian: Endian,
}

impl Envelope {
    /// A message without flags, of this machine's byte order.
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

    /// The envelope that a message came in; `None` if it is none of netfilter.
    #[must_use]
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let header = message.header();
        Some(Self {
            msg_type: message.msg_type(),
            flags: header.nlmsg_flags,
            seq: header.nlmsg_seq,
            portid: header.nlmsg_pid,
            nfgenmsg: message.nfgenmsg()?,
            endian: message.endian(),
        })
    }

    /// Writes a message with the attributes that `body` puts.
    ///
    /// # Errors
    /// [`TooLong`](ErrorKind::TooLong): an attribute or the message does not fit its length field.
    pub fn build<S: AttrSet>(
        &self,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<MessageBuf, Error> {
        let mut bytes = WriteBuf::new();
        let header = self.write(&mut bytes, body)?;
        Ok(MessageBuf { header, bytes: bytes.into_bytes(), endian: self.endian })
    }

    /// Appends such a message to `buf`, which keeps its allocation from one message to the next.
    ///
    /// # Errors
    /// As [`build`](Self::build); the buffer is then as before.
    pub fn write<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<NlMsgHdr, Error> {
        self.write_in(buf, Room::UNLIMITED, body)
    }

    /// Appends such a message to a buffer that is limited, or on a machine that needs pads.
    ///
    /// # Errors
    /// As [`write`](Self::write), and [`NoRoom`](ErrorKind::NoRoom).
    #[inline]
    pub fn write_in<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        room: Room,
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
        buf.extend(header.to_bytes(self.endian));
        buf.extend(self.nfgenmsg.to_bytes());
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
