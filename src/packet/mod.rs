//! Messages and attributes for the rust-netlink family of crates.
//!
//! [netlink-proto] and its relatives carry any message whose type implements two traits of
//! netlink-packet-core; [`CtNetlinkMessage`] is that type for ctnetlink. [`NlaAttr`] is one attribute
//! for crates that embed conntrack attributes in messages of their own, as NFQUEUE's `NFQA_CT` does.
//!
//! ```
//! # #[cfg(feature = "netlink-packet-core")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ctnetlink::packet::CtNetlinkMessage;
//! use ctnetlink::request::{self, Selector};
//! use ctnetlink::{Conntrack, Kind};
//! use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
//!
//! // A request: netlink-proto's `ConnectionHandle::request` takes it as it is.
//! let dump = request::dump(&Selector::default());
//! let dump: NetlinkMessage<CtNetlinkMessage> = dump.try_into()?;
//! let mut bytes = vec![0; dump.buffer_len()];
//! dump.serialize(&mut bytes);
//!
//! // What comes: here an entry with a mark and, behind it, a status that is too short.
//! let mut received = vec![36, 0, 0, 0, 0x00, 0x01, 0x02, 0, 1, 0, 0, 0, 0, 0, 0, 0];
//! received.extend([2, 0, 0, 0]); // nfgenmsg: AF_INET
//! received.extend([8, 0, 8, 0, 0, 0, 0x12, 0x34]); // CTA_MARK
//! received.extend([6, 0, 3, 0, 0, 14, 0, 0]); // CTA_STATUS, two bytes instead of four
//! # if cfg!(target_endian = "big") { return Ok(()) }
//! let message = NetlinkMessage::<CtNetlinkMessage>::deserialize(&received)?;
//! if let NetlinkPayload::InnerMessage(inner) = &message.payload {
//!     let message = inner.as_message();
//!     assert_eq!(message.kind(), Kind::Reply);
//!     let entry = message.conntrack()?;
//!     assert_eq!((entry.mark, entry.status), (Some(0x1234), None));
//!     let error = message.errors()[0];
//!     assert_eq!(error.to_string(), "CTA_STATUS at byte 28: payload is 2 bytes, expected 4");
//! }
//! # Ok(()) }
//! # #[cfg(not(feature = "netlink-packet-core"))]
//! # fn main() {}
//! ```
//!
//! The example `tokio_events` lists and watches flows through netlink-proto and tokio.
//!
//! # What this does that an ordinary packet crate does not
//!
//! * A message keeps its bytes and decodes when it is read. **Deserializing never fails**, whatever
//!   the message holds: netlink-proto logs a message that does not deserialize and drops it, so that
//!   one odd attribute would lose an event. Here it is one error among the attributes, with its place.
//! * Serializing gives the bytes that were deserialized: order, unknown attributes, flags, padding.
//! * What makes netlink-packet-core panic or garble has no way in: a value too long for its length
//!   field (65,532 bytes and more) and an attribute with both of its flags set are refused by
//!   [`NlaAttr`], and `NetlinkMessage::from` gives a finished header. (One made by hand still needs
//!   `finalize`.)
//!
//! # What netlink-packet-core cannot carry
//!
//! * A view: its trait gives no lifetime to hold on to, so each message is copied once. Where that
//!   matters, read the socket yourself and use [`Messages`].
//! * An error with data: its `DecodeError` is a sentence. [`NlaAttr::decode`] and [`Message`] give
//!   [`Error`].
//! * Another byte order: it reads and writes headers in this machine's. Messages and attributes of
//!   the other order are refused ([`AdapterError::ByteOrder`]). In the other direction there is
//!   nothing to tell: bytes are taken to be this machine's, as on a socket they are.
//! * Messages of its own (`NetlinkPayload::Error`, `Done`, `Noop`, `Overrun`) never reach
//!   [`CtNetlinkMessage`]; [`MessageBuf::from`] makes a message of any of them, and
//!   [`Body::Error`](crate::Body::Error) then has the kernel's sentence on what was wrong. A
//!   `NLMSG_DONE` without a status comes out of 0.9 with status 0, and is an error to 0.7; a
//!   `NLMSG_NOOP` loses its body.
//!
//! # Two things about netlink-proto
//!
//! * A single `IPCTNL_MSG_CT_GET` is answered with `NLM_F_MULTI` set and no `NLMSG_DONE`, so the
//!   stream of its answers does not end by itself: add `NLM_F_ACK` to the request's flags.
//! * `NetlinkPayload::Overrun` among the unsolicited messages means that the socket's buffer was full
//!   and events were lost. Dump the table again.
//!
//! # Versions
//!
//! netlink-packet-core breaks about once a year, and its types are in this module's signatures. Each
//! of its versions is a feature, and they can be on together:
//!
//! | feature | for |
//! |---|---|
//! | `netlink-packet-core` (default) | netlink-packet-core 0.9: netlink-proto 0.14 |
//! | `netlink-packet-utils` | netlink-packet-core 0.7 with netlink-packet-utils 0.5: netlink-proto 0.11 |
//!
//! What a feature stands for changes in a major release alone; the next netlink-packet-core gets a
//! feature of its own in a minor one. (netlink-packet-utils 0.6 goes with no released
//! netlink-packet-core.) Both need `std`; without default features this crate needs neither.
//!
//! [netlink-proto]: https://docs.rs/netlink-proto
//! [`Messages`]: crate::Messages
//! [`Error`]: crate::error::Error

mod nla;

#[cfg(feature = "netlink-packet-core")]
mod core;
#[cfg(feature = "netlink-packet-utils")]
mod utils;

pub use nla::NlaAttr;

use crate::error::Error;
use crate::wire::{Endian, NLMSG_HDRLEN};
use crate::{Message, MessageBuf, MsgType};
use ::core::fmt;

/// A ctnetlink message inside a `NetlinkMessage`. See the [module](self).
///
/// It owns a whole message: its header is the one that was received, or the request's. What is sent
/// is the `NetlinkMessage`'s header, in which netlink-proto sets the sequence number. Two of these
/// are equal when their types and bodies are; a `NetlinkMessage` compares the headers itself.
#[derive(Clone)]
pub struct CtNetlinkMessage {
    buf: MessageBuf,
}

impl CtNetlinkMessage {
    /// The message, borrowed.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        self.buf.as_message()
    }

    /// The message type.
    #[must_use]
    pub fn msg_type(&self) -> MsgType {
        self.as_message().msg_type()
    }

    fn body(&self) -> &[u8] {
        self.buf.as_bytes().get(NLMSG_HDRLEN..).unwrap_or_default()
    }
}

impl PartialEq for CtNetlinkMessage {
    fn eq(&self, other: &Self) -> bool {
        (self.msg_type(), self.body()) == (other.msg_type(), other.body())
    }
}

impl Eq for CtNetlinkMessage {}

impl fmt::Debug for CtNetlinkMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.buf.fmt(f)
    }
}

/// Fails with [`AdapterError::ByteOrder`] alone; what [`request`](crate::request) makes is of this
/// machine's order.
impl TryFrom<MessageBuf> for CtNetlinkMessage {
    type Error = AdapterError;

    fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
        match buf.as_message().endian() {
            Endian::NATIVE => Ok(Self { buf }),
            _ => Err(AdapterError::ByteOrder),
        }
    }
}

/// Copies the message. Fails with [`AdapterError::ByteOrder`] alone.
impl TryFrom<Message<'_>> for CtNetlinkMessage {
    type Error = AdapterError;

    fn try_from(message: Message<'_>) -> Result<Self, AdapterError> {
        message.to_buf().try_into()
    }
}

impl From<CtNetlinkMessage> for MessageBuf {
    fn from(message: CtNetlinkMessage) -> Self {
        message.buf
    }
}

/// Why something cannot go through the traits of rust-netlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterError {
    /// It is of the other byte order than this machine's, in which those crates read and write.
    ByteOrder,
    /// The attribute has both `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` set; those crates would write
    /// the first alone. The kernel sends no such attribute in ctnetlink.
    BothFlags {
        /// The type field, flags included.
        nla_type: u16,
    },
    /// The attribute is too long for its length field, or its header does not fit.
    Attr(Error),
}

impl From<Error> for AdapterError {
    fn from(error: Error) -> Self {
        Self::Attr(error)
    }
}

impl fmt::Display for AdapterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrder => f.write_str("not in this machine's byte order"),
            Self::BothFlags { nla_type } => {
                write!(f, "attribute type {nla_type:#06x} has both of its flags set")
            }
            Self::Attr(error) => error.fmt(f),
        }
    }
}

impl ::core::error::Error for AdapterError {}

/// Copies as much as there is room for: `buffer` has another length than `bytes` only if a caller
/// wrote a wrong length into a header.
fn fill(buffer: &mut [u8], bytes: &[u8]) {
    for (to, from) in buffer.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// Implements the traits of one stack; their names are those in scope where this is used.
macro_rules! implement {
    () => {
        impl NetlinkSerializable for CtNetlinkMessage {
            fn message_type(&self) -> u16 {
                self.msg_type().0
            }

            fn buffer_len(&self) -> usize {
                self.body().len()
            }

            fn serialize(&self, buffer: &mut [u8]) {
                super::fill(buffer, self.body());
            }
        }

        /// Takes any payload; `header.length` does not count.
        impl NetlinkDeserializable for CtNetlinkMessage {
            type Error = Infallible;

            fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
                Ok(Self { buf: MessageBuf::from_parts(from_header(header), payload) })
            }
        }

        // Without `NetlinkPayload: From<CtNetlinkMessage>`, for that would make room for
        // netlink-packet-core's own `NetlinkMessage: From<CtNetlinkMessage>`, whose header is empty
        // and which panics when serialized.
        /// With a finished header: type, flags, numbers and length are the message's.
        impl From<CtNetlinkMessage> for NetlinkMessage<CtNetlinkMessage> {
            fn from(message: CtNetlinkMessage) -> Self {
                let from = *message.as_message().header();
                let mut header = NetlinkHeader::default();
                header.length = from.nlmsg_len;
                header.message_type = from.nlmsg_type;
                header.flags = from.nlmsg_flags.bits();
                header.sequence_number = from.nlmsg_seq;
                header.port_number = from.nlmsg_pid;
                Self::new(header, NetlinkPayload::InnerMessage(message))
            }
        }

        /// Fails with [`AdapterError::ByteOrder`] alone.
        impl TryFrom<MessageBuf> for NetlinkMessage<CtNetlinkMessage> {
            type Error = AdapterError;

            fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
                CtNetlinkMessage::try_from(buf).map(Self::from)
            }
        }

        /// The message with the header of the `NetlinkMessage`, of whatever payload; its length is
        /// the true one.
        impl From<&NetlinkMessage<CtNetlinkMessage>> for MessageBuf {
            fn from(message: &NetlinkMessage<CtNetlinkMessage>) -> Self {
                fn emit(part: &impl Emitable) -> Vec<u8> {
                    let mut bytes = vec![0; part.buffer_len()];
                    part.emit(&mut bytes);
                    bytes
                }
                let body = match &message.payload {
                    NetlinkPayload::InnerMessage(inner) => Cow::Borrowed(inner.body()),
                    NetlinkPayload::Overrun(bytes) => Cow::Borrowed(&bytes[..]),
                    NetlinkPayload::Error(error) => Cow::Owned(emit(error)),
                    NetlinkPayload::Done(done) => Cow::Owned(emit(done)),
                    _ => Cow::Borrowed(&[][..]),
                };
                let nlmsg_type = message.payload.message_type();
                let header = NlMsgHdr { nlmsg_type, ..from_header(&message.header) };
                Self::from_parts(header, &body)
            }
        }

        fn from_header(header: &NetlinkHeader) -> NlMsgHdr {
            NlMsgHdr {
                nlmsg_len: header.length,
                nlmsg_type: header.message_type,
                nlmsg_flags: NlmFlags::from_bits_retain(header.flags),
                nlmsg_seq: header.sequence_number,
                nlmsg_pid: header.port_number,
            }
        }

        impl<S: AttrSet> Nla for NlaAttr<'_, S> {
            fn value_len(&self) -> usize {
                self.payload().len()
            }

            /// With the flags.
            fn kind(&self) -> u16 {
                self.nla_type()
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                super::fill(buffer, self.payload());
            }
        }

        /// Fails where the header does not fit or has both flags, never for what the payload holds:
        /// see [`NlaAttr::decode`].
        impl<'a, T, S> Parseable<NlaBuffer<&'a T>> for NlaAttr<'a, S>
        where
            T: AsRef<[u8]> + ?Sized,
            S: AttrSet,
        {
            fn parse(buf: &NlaBuffer<&'a T>) -> Result<Self, DecodeError> {
                Self::first(buf.into_inner().as_ref())
                    .map_err(|error| DecodeError::from(error.to_string()))
            }
        }
    };
}
use implement;
