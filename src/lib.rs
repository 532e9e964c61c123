//! Reads and writes every message of Linux ctnetlink.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

#[cfg(feature = "capture")]
pub mod capture;
pub mod wire;
