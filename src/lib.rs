//! Decoder and encoder for ctnetlink, the netlink interface to Linux connection tracking.
//!
//! The main types are [`Message`], a view of one netlink message, and [`Conntrack`], a struct with one
//! field per attribute of a conntrack entry. Attributes that a message does not contain are `None`.
//!
//! # Examples
//! ```
//! use ctnetlink::{Endian, Kind, Messages};
//!
//! // A DESTROY event from a capture: a TCP flow and its times.
//! let datagram = [
//!     0x64, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: 100 bytes, type 0x0102
//!     2, 0, 0, 0, // nfgenmsg: AF_INET
//!     0x34, 0, 0x01, 0x80, // CTA_TUPLE_ORIG, nested
//!     0x14, 0, 0x01, 0x80, // CTA_TUPLE_IP, nested
//!     8, 0, 1, 0, 192, 0, 2, 1, // CTA_IP_V4_SRC
//!     8, 0, 2, 0, 198, 51, 100, 7, // CTA_IP_V4_DST
//!     0x1c, 0, 0x02, 0x80, // CTA_TUPLE_PROTO, nested
//!     5, 0, 1, 0, 6, 0, 0, 0, // CTA_PROTO_NUM: TCP
//!     6, 0, 2, 0, 0x9c, 0x40, 0, 0, // CTA_PROTO_SRC_PORT
//!     6, 0, 3, 0, 0x00, 0x50, 0, 0, // CTA_PROTO_DST_PORT
//!     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, nested
//!     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
//!     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
//! ];
//! // For a datagram from a socket, write `ctnetlink::messages(datagram)`.
//! for message in Messages::with_endian(&datagram, Endian::Little) {
//!     let message = message?;
//!     assert_eq!(message.kind(), Kind::Destroy);
//!     let flow = message.conntrack()?;
//!     assert_eq!(flow.orig.to_string(), "tcp 192.0.2.1:40000 -> 198.51.100.7:80");
//!     assert_eq!(flow.timestamp.duration_ns(), Some(608_932_481));
//!     assert_eq!(message.errors(), []);
//! }
//! # Ok::<(), ctnetlink::Error>(())
//! ```
//!
//! # Where to start
//! | Task | API |
//! |---|---|
//! | Decode a datagram into structs | [`messages()`], [`Message`], [`Conntrack`], [`Expectation`] |
//! | Follow events, list the table, change entries | `socket` (feature `socket`, Linux) |
//! | Read or write capture files | `capture` (feature `capture`) |
//! | Build requests for a socket of your own | [`request`] |
//! | Print as conntrack(8) text, JSON or annotated bytes | `format` (features `format`, `serde`) |
//! | Use with netlink-proto | `packet` (features `netlink-packet-core`, `netlink-packet-utils`) |
//! | *Advanced:* decode into an existing struct | [`Conntrack::read_message`], [`flat::FlowTimes`] |
//! | *Advanced:* read single attributes without copying | [`Message::conntrack_attrs`], [`wire::Attrs`] |
//! | *Advanced:* write messages of other kinds | [`MessageBuilder`], [`wire::Writer`] |
//! | *Advanced:* simulate kernels; compute the sizes of events | [`sim`]; [`msg_size`] |
//! | *Advanced:* read what the messages and attributes are | [`spec`] |
//!
//! # Guarantees
//! * Lossless: [`Message::rebuild`] re-encodes every message to its original bytes.
//! * Robust: no input causes a panic or an allocation larger than the input; there is no `unsafe` code.
//! * Tolerant: a malformed attribute is reported with its offset; the rest of the message still
//!   decodes. `Conntrack::try_from(message)` is strict instead.
//! * Absent is not zero. Times are nanoseconds since the Unix epoch.
//!
//! # Features
//! | Feature | Default | What |
//! |---|---|---|
//! | `std` | yes | conversions to `SystemTime`; without it the crate needs only `alloc` |
//! | `format` | yes | text of conntrack(8), JSON and annotated bytes |
//! | `serde` | no | `Serialize` and `Deserialize` for the structs, and messages as records |
//! | `capture` | no | pcap, pcapng, netlink streams, hex and JSON lines |
//! | `socket` | no | sockets of the running kernel (Linux) |
//! | `tokio` | no | sockets for tokio |
//! | `netlink-packet-core` | no | types for netlink-packet-core 0.9, which netlink-proto 0.14 uses |
//! | `netlink-packet-utils` | no | types for netlink-packet-core 0.7 and netlink-packet-utils 0.5 |
//! | `vectors` | no | test vectors from the simulated kernel |
//!
//! `default-features = false` makes the crate `no_std`. It still is with `format`, `serde` or
//! `vectors`; the other features need `std`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

// A layer uses only those before it; DESIGN.md lists them, and `tests/layers.rs` checks them.
#[cfg(feature = "format")]
mod line;

pub mod spec;

pub mod error;

pub mod wire;

pub mod nested;

pub mod attrs;

mod group;

mod message;

mod shapes;

pub mod flat;

pub mod request;

pub mod kernel;

pub mod msg_size;

pub mod sim;

#[cfg(feature = "capture")]
pub mod capture;

#[cfg(any(feature = "format", feature = "serde"))]
pub mod format;

#[cfg(all(feature = "socket", target_os = "linux"))]
pub mod socket;

#[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
pub mod packet;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// Compiles and runs the examples of `docs/testing.md`.
#[cfg(all(doctest, feature = "socket", target_os = "linux"))]
#[doc = include_str!("../docs/testing.md")]
pub struct Testing;

/// Longer documentation: the changelog, the JSON format, benchmark results, tests, test vectors.
#[cfg(docsrs)]
pub mod _documentation {
    #[doc = include_str!("../CHANGELOG.md")]
    // `[Unreleased]` is a heading of Keep a Changelog, not a link.
    #[allow(rustdoc::broken_intra_doc_links)]
    pub mod changelog {}

    #[doc = include_str!("../docs/json.md")]
    pub mod json {}

    #[doc = include_str!("../docs/speed.md")]
    pub mod speed {}

    #[doc = include_str!("../docs/testing.md")]
    pub mod testing {}

    #[doc = include_str!("../docs/vectors.md")]
    pub mod vectors {}
}

pub use attrs::Status;
pub use error::{Error, ErrorKind};
pub use flat::{Conntrack, Counters, Expectation, Labels, ProtoInfo, Timestamp, Tuple};
pub use group::{Group, UnknownGroup};
pub use message::{
    Body, Family, Kind, Message, MessageBuf, MessageBuilder, Messages, MsgType, NfGenMsg, messages,
};
pub use nested::{IpProto, TcpState};
pub use wire::Endian;
