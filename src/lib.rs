//! Reads and writes every message of Linux ctnetlink.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

pub mod spec;

pub mod error;

pub mod wire;

pub mod nested;

pub mod attrs;

mod message;

pub mod flat;

pub mod request;

#[cfg(any(feature = "show", feature = "serde"))]
pub mod show;

pub use flat::{Conntrack, Expectation};
pub use message::{Body, Envelope, Family, Kind, Message, MessageBuf, MsgType, NfGenMsg};
