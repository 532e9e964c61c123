//! Integration with the netlink-packet-core traits of the rust-netlink crates.
//!
//! netlink-proto and its relatives carry any message whose type implements two traits of
//! netlink-packet-core; [`CtNetlinkMessage`] is that type for ctnetlink. [`NlaAttr`] is one attribute
//! for crates whose messages contain conntrack attributes, such as `NFQA_CT` of NFQUEUE.
//!
//! # Examples
//! ```
//! # #[cfg(feature = "netlink-packet-core")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ctnetlink::packet::CtNetlinkMessage;
//! use ctnetlink::request::{self, Selector};
//! use ctnetlink::{Conntrack, Kind};
//! use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
//!
//! // A request, ready for `ConnectionHandle::request` of netlink-proto.
//! let dump = request::dump(&Selector::default());
//! let dump: NetlinkMessage<CtNetlinkMessage> = dump.try_into()?;
//! let mut bytes = vec![0; dump.buffer_len()];
//! dump.serialize(&mut bytes);
//!
//! // A reply: an entry with a mark and a status that is too short.
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
//! The example `netlink_proto` dumps the table and follows events through netlink-proto.
//!
//! # Differences from other packet crates
//!
//! * A message keeps its bytes and is decoded when it is read, so that **deserializing never fails**.
//!   netlink-proto logs and drops a message that does not deserialize: a malformed attribute would
//!   cause event loss. Here it is an error of that attribute alone.
//! * Serializing returns the bytes that were deserialized: order, unknown attributes, flags, padding.
//! * Values that netlink-packet-core panics on or corrupts cannot be constructed. [`NlaAttr`] rejects
//!   values of 65,532 bytes and more, and attributes with both flags set. `NetlinkMessage::from`
//!   returns a complete header. (A header built by hand still needs `finalize`.)
//!
//! # Limits of netlink-packet-core
//!
//! * Its traits have no lifetime, so each message is copied once. To avoid the copy, read the socket
//!   yourself and use [`Messages`].
//! * Its `DecodeError` is a text. [`NlaAttr::decode`] and [`Message`] return [`Error`].
//! * It reads and writes headers in the byte order of this machine. Messages and attributes of the
//!   other byte order are rejected with [`AdapterError::ByteOrder`]. Bytes that are deserialized are
//!   taken to be in the byte order of this machine, as on a socket.
//! * Control messages (`NetlinkPayload::Error`, `Done`, `Noop`, `Overrun`) never become a
//!   [`CtNetlinkMessage`]. [`MessageBuf::from`] converts them, and [`Body::Error`](crate::Body::Error)
//!   contains the extended-ack message. A `NLMSG_DONE` without a status gets status 0 in
//!   netlink-packet-core 0.9 and is an error in 0.7. A `NLMSG_NOOP` loses its body.
//!
//! # Notes on netlink-proto
//!
//! * The reply to a single `IPCTNL_MSG_CT_GET` carries `NLM_F_MULTI`, but no `NLMSG_DONE` follows, so
//!   that the stream of replies does not end. Add `NLM_F_ACK` to the flags of the request.
//! * `NetlinkPayload::Overrun` among the unsolicited messages reports event loss. Dump the table again.
//!
//! # Versions
//!
//! netlink-packet-core makes a breaking release about once a year, and its types are in the signatures
//! of this module. Each of its versions is a cargo feature. The features can be combined.
//!
//! | Feature | Versions |
//! |---|---|
//! | `netlink-packet-core` | netlink-packet-core 0.9: netlink-proto 0.14 |
//! | `netlink-packet-utils` | netlink-packet-core 0.7 with netlink-packet-utils 0.5: netlink-proto 0.11 |
//!
//! The meaning of a feature changes in a major release only. The next netlink-packet-core gets a
//! feature of its own in a minor release. (netlink-packet-utils 0.6 fits no released
//! netlink-packet-core.) Both features need `std`.
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

/// A ctnetlink message as the payload of a `NetlinkMessage`.
///
/// It owns a whole message with the header that was received or that the request has. The header that
/// is sent is that of the `NetlinkMessage`, in which netlink-proto sets the sequence number. Two
/// values are equal if their types and bodies are equal; a `NetlinkMessage` compares the headers.
///
/// The [module](self) has an example.
#[derive(Clone)]
pub struct CtNetlinkMessage {
    buf: MessageBuf,
}

impl CtNetlinkMessage {
    /// Returns a view of the message.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        self.buf.as_message()
    }

    /// Returns the message type.
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

/// Fails with [`AdapterError::ByteOrder`] only.
///
/// The functions of [`request`](crate::request) return messages in the byte order of this machine.
impl TryFrom<MessageBuf> for CtNetlinkMessage {
    type Error = AdapterError;

    fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
        match buf.as_message().endian() {
            Endian::NATIVE => Ok(Self { buf }),
            _ => Err(AdapterError::ByteOrder),
        }
    }
}

/// Copies the message.
///
/// Fails with [`AdapterError::ByteOrder`] only.
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

/// An error from converting a message or attribute to the types of rust-netlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdapterError {
    /// The message or attribute is not in the byte order of this machine.
    ByteOrder,
    /// The attribute has both `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` set.
    ///
    /// The rust-netlink crates would write the first flag only. The kernel sends no such attribute in
    /// ctnetlink.
    BothFlags {
        /// The type field with its flags.
        nla_type: u16,
    },
    /// The attribute is too long for its length field, or its header is incomplete.
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

/// Copies as many bytes as fit.
///
/// The lengths differ only if a caller wrote a wrong length into a header.
fn fill(buffer: &mut [u8], bytes: &[u8]) {
    for (to, from) in buffer.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// Implements the traits of one version of netlink-packet-core, which must be in scope.
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

        /// Accepts any payload and ignores `header.length`.
        impl NetlinkDeserializable for CtNetlinkMessage {
            type Error = Infallible;

            fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
                Ok(Self { buf: MessageBuf::from_parts(from_header(header), payload) })
            }
        }

        // `NetlinkPayload: From<CtNetlinkMessage>` is missing on purpose: it would enable
        // netlink-packet-core's own `NetlinkMessage: From<CtNetlinkMessage>`, whose header is empty
        // and which panics when it is serialized.
        /// Returns a complete header with the type, flags, numbers and length of the message.
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

        /// Fails with [`AdapterError::ByteOrder`] only.
        impl TryFrom<MessageBuf> for NetlinkMessage<CtNetlinkMessage> {
            type Error = AdapterError;

            fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
                CtNetlinkMessage::try_from(buf).map(Self::from)
            }
        }

        /// Converts any payload.
        ///
        /// The header is that of the `NetlinkMessage`, with the actual length.
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

            /// Returns the type field with its flags.
            fn kind(&self) -> u16 {
                self.nla_type()
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                super::fill(buffer, self.payload());
            }
        }

        /// Fails if the header is incomplete or has both flags.
        ///
        /// [`NlaAttr::decode`] checks the payload.
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
