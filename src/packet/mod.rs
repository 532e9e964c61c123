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
//! [`Message`]: crate::Message
//! [`MessageBuf::from`]: crate::MessageBuf
//! [`Messages`]: crate::Messages
//! [`Error`]: crate::error::Error

mod error;
mod message;
mod nla;
mod traits;

#[cfg(feature = "netlink-packet-core")]
mod core;
#[cfg(feature = "netlink-packet-utils")]
mod utils;

pub use error::AdapterError;
pub use message::CtNetlinkMessage;
pub use nla::NlaAttr;
