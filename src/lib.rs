//! Reads and writes every message of Linux ctnetlink, the netlink interface of connection tracking.
//!
//! When a connection ends, the kernel can say when it began and when it stopped:
//! `CTA_TIMESTAMP`, two times in nanoseconds. With it a flow logger keeps no table of its own:
//!
//! ```
//! use ctnetlink::Kind;
//!
//! /// Called with what `recv` returned on a socket subscribed to `NFNLGRP_CONNTRACK_DESTROY`.
//! fn log(datagram: &[u8]) -> Result<(), ctnetlink::Error> {
//!     for message in ctnetlink::messages(datagram) {
//!         let message = message?;
//!         if message.kind() == Kind::Destroy {
//!             let flow = message.conntrack()?;
//!             println!("{:?} lasted {:?}", flow.orig.src, flow.timestamp.duration());
//!         }
//!     }
//!     Ok(())
//! }
//! # log(&[]).unwrap();
//! ```
//!
//! # What is where
//!
//! | to | use |
//! |---|---|
//! | split a datagram into messages, and tell what they are | [`Message`] |
//! | read what most tools want, as a struct | [`Conntrack`], [`Expectation`], [`flat`] |
//! | read a flow and its times alone | [`flat::FlowTimes`] |
//! | read single attributes without copying, or all of them without loss | [`attrs`], [`nested`], [`wire::Attrs`] |
//! | make requests | [`request`], [`MessageBuilder`] |
//! | know how large the kernel expects an event to be | [`msg_size`] |
//! | send what a kernel of any release would send | [`sim`] |
//! | read capture files | `capture` (feature `capture`) |
//! | use netlink-proto and its family | `packet` (features `netlink-packet-core`, `netlink-packet-utils`) |
//! | talk to the kernel: requests, dumps, events | `socket` (feature `socket`) |
//! | print | `format` (features `format`, `serde`) |
//! | walk the tables of attributes | [`spec`] |
//!
//! # Laws
//!
//! * What decodes encodes back to the same bytes, through the types too ([`Message::rebuild`]).
//! * No input makes it panic; there is no `unsafe`; nothing allocates more than the input's size.
//! * An attribute in error loses nothing but itself, and the [`error`](error::Error) says which, at
//!   which byte, what was expected and what was found.
//! * Absent is not zero. Times are nanoseconds since the Unix epoch.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `std` | yes | conversions to `SystemTime`; without it the crate needs `alloc` alone |
//! | `format` | yes | text for people |
//! | `netlink-packet-core` | no | messages and attributes for netlink-packet-core 0.9, such as netlink-proto 0.14 |
//! | `netlink-packet-utils` | no | the same for netlink-packet-core 0.7 with netlink-packet-utils 0.5 |
//! | `serde` | no | `Serialize` and `Deserialize` for the flat values, and messages as records |
//! | `capture` | no | pcap, pcapng, netlink streams, hex and JSON lines |
//! | `socket` | no | sockets of the running kernel (Linux) |
//! | `tokio` | no | the same on tokio |
//! | `vectors` | no | test vectors from the simulated kernel |
//!
//! `default-features = false` makes the crate `no_std` with `alloc`; add `format`, `serde` or `vectors` and it
//! still is. The other features need `std`.
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

/// The README's examples, to be compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub use attrs::Status;
pub use error::{Error, ErrorKind};
pub use flat::{Conntrack, Counters, Expectation, Labels, ProtoInfo, Timestamp, Tuple};
pub use group::{Group, UnknownGroup};
pub use message::{
    Body, Family, Kind, Message, MessageBuf, MessageBuilder, Messages, MsgType, NfGenMsg, messages,
};
pub use nested::{IpProto, TcpState};
pub use wire::Endian;
