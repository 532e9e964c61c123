//! Flow records of Linux connection tracking.
//!
//! When a connection ends, the kernel sends a DESTROY event with its addresses, counters, and the
//! times at which it began and ended. A [`Flow`] is such a message as a flow record reads it, and
//! [`ipfix::Encoder`] makes IPFIX messages of flows. Nothing here keeps a table of connections: one
//! event is one record.
//!
//! With the feature `columns`, which is on by default, [`column::COLUMNS`] is the table of everything
//! that a flow record contains, and [`csv`] and [`json`] write rows of it.
//!
//! # Examples
//! ```
//! use ctnetlink::Conntrack;
//! use ctnetlink_flow::{Flow, ipfix};
//!
//! // A DESTROY event; a program receives it from a socket or reads it from a capture.
//! let datagram: &[u8] = &[];
//! let mut encoder = ipfix::Encoder::new(ipfix::Config::default());
//! let (mut entry, now) = (Conntrack::default(), 1_795_552_006_123_456_789);
//! for message in ctnetlink::messages(datagram) {
//!     let message = message?;
//!     entry.read_message(&message, |error| eprintln!("{error}"))?;
//!     encoder.push(&Flow::new(message, &entry), now);
//! }
//! encoder.flush(now);
//! while let Some(message) = encoder.next_message() {
//!     // Send `message.bytes` to a collector, or append it to a file.
//!     println!("{} records", message.records);
//! }
//! # Ok::<(), ctnetlink::Error>(())
//! ```

#[cfg(feature = "columns")]
pub mod column;
#[cfg(feature = "columns")]
pub mod csv;
pub mod export;
mod flow;
pub mod ipfix;
#[cfg(feature = "columns")]
pub mod json;

pub use flow::{EndReason, Flow, Layer4};
