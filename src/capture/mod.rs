//! Readers and a writer of captures: pcap, pcapng, netlink messages, hexadecimal text and JSON lines.
//!
//! [`Reader`] recognizes the format from the contents and yields the netlink datagrams. It keeps one
//! packet in memory. [`PcapngWriter`] writes pcapng files.
//!
//! # Examples
//! ```
//! use ctnetlink::MsgType;
//! use ctnetlink::capture::Reader;
//!
//! let input = "# the request of `conntrack -L`\n14000000 0101 0103 00000000 00000000 02000000\n";
//! let mut reader = Reader::new(input.as_bytes())?;
//! let mut types = Vec::new();
//! while let Some(packet) = reader.next_packet() {
//!     match packet {
//!         Ok(packet) => types.extend(packet.messages().flatten().map(|message| message.msg_type())),
//!         Err(error) => eprintln!("{error}"), // later packets may be readable
//!     }
//! }
//! assert_eq!(types, [MsgType::CT_GET]);
//! # Ok::<(), ctnetlink::capture::CaptureError>(())
//! ```

mod cooked;
mod dump;
mod endian;
mod error;
mod packet;
mod pcap;
mod pcapng;
mod raw;
mod reader;
mod record;
mod text;
mod window;
mod writer;

pub use self::endian::guess_endian;
pub use self::error::{CaptureError, CaptureErrorKind, Place};
pub use self::packet::Packet;
pub use self::reader::{Format, Reader, Skipped};
pub use self::writer::PcapngWriter;
