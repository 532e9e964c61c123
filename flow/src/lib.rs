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
//! use ctnetlink::capture::Reader;
//! use ctnetlink_flow::{Flow, ipfix};
//!
//! let mut capture = Reader::open("../tests/golden/linux-6.18/flows.pcapng")?;
//! let mut encoder = ipfix::Encoder::new(ipfix::Config::default());
//! let (mut entry, now) = (Conntrack::default(), 1_795_552_006_123_456_789);
//! while let Some(packet) = capture.next_packet() {
//!     for message in packet?.messages() {
//!         let message = message?;
//!         entry.read_message(&message, |error| eprintln!("{error}"))?;
//!         // Only DESTROY events have a record.
//!         encoder.push(&Flow::new(message, &entry), now);
//!     }
//! }
//! encoder.flush(now);
//! // `message.bytes` are for a collector or a file.
//! let message = encoder.next_message().unwrap();
//! assert_eq!(message.records, 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
