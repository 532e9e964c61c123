//! What can be wrong with a capture.

use core::fmt;
use std::io;

/// A part of a capture that could not be read, and where it lies.
///
/// The reader goes on with the next packet or line after it whenever that can be found; otherwise
/// (see [`CaptureErrorKind`]) this error is the last thing it yields.
#[derive(Debug)]
#[non_exhaustive]
pub struct CaptureError {
    /// Byte offset in the input at which the broken part begins, counted from 0.
    pub offset: u64,
    /// Which part it is.
    pub place: Place,
    /// What is wrong with it.
    pub kind: CaptureErrorKind,
}

/// The part of a capture that an error is about. Numbers count from 1, as in [`Packet::number`].
///
/// [`Packet::number`]: super::Packet::number
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The input as a whole, or its file header.
    File,
    /// A pcapng block that holds no packet.
    Block,
    /// A packet of a pcap or pcapng file.
    Packet(u64),
    /// A message of a stream of netlink messages.
    Message(u64),
    /// A line of a text.
    Line(u64),
}

/// What is wrong. Lengths are in bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum CaptureErrorKind {
    /// The input could not be read. Ends the reading.
    Io(io::Error),
    /// The input is empty.
    Empty,
    /// The input is in none of the known formats.
    UnknownFormat {
        /// Its first four bytes, filled up with zeros.
        found: [u8; 4],
    },
    /// A version of pcap other than 2 or of pcapng other than 1. Ends the reading.
    Version {
        /// The major version.
        found: u16,
    },
    /// A pcapng section header whose byte-order magic is neither 1A 2B 3C 4D nor 4D 3C 2B 1A. Ends
    /// the reading.
    ByteOrder {
        /// The four bytes in its place.
        found: [u8; 4],
    },
    /// The input ends inside this part. Ends the reading.
    Truncated {
        /// The length of the part.
        expected: u64,
        /// What is left of the input.
        found: u64,
    },
    /// A length that is less than the header which it counts. Ends the reading, unless it is the
    /// length of a packet.
    TooShort {
        /// The least that it can be.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// A length that no netlink datagram has. Ends the reading in pcap and netlink streams.
    TooLong {
        /// The most that this crate reads.
        limit: u64,
        /// What it is.
        found: u64,
    },
    /// A pcapng block whose length is not a multiple of 4. Ends the reading.
    Unaligned {
        /// The length.
        found: u32,
    },
    /// A pcapng block whose two copies of its length differ. The first one is believed.
    BlockLengths {
        /// The length before the block's contents.
        first: u32,
        /// The length after the block's contents.
        last: u32,
    },
    /// A pcapng block too short for the fields or the packet that it says it holds.
    BlockContents {
        /// The block type.
        block_type: u32,
    },
    /// A pcapng packet of an interface that its section does not describe, or not legibly.
    UnknownInterface {
        /// The interface, counted from 0.
        found: u32,
        /// How many interfaces the section has described so far.
        known: usize,
    },
    /// Something else than hexadecimal digits in pairs.
    Hex {
        /// Where it is, counted in bytes from 1 at the start of the hexadecimal text.
        position: usize,
        /// What is there; `None` if the text ends there, after half a byte.
        found: Option<u8>,
    },
    /// A line that is no JSON object with a string named `hex`.
    Json {
        /// Where it fails, counted in bytes from 1 at the first character of the line that is not
        /// white space.
        column: usize,
        /// The JSON reader's words.
        reason: String,
    },
    /// JSON objects without the bytes of a message.
    NoHex,
}

impl Place {
    pub(super) const fn error(self, offset: u64, kind: CaptureErrorKind) -> CaptureError {
        CaptureError { offset, place: self, kind }
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::File => write!(f, "byte {}: ", self.offset)?,
            Place::Block => write!(f, "block at byte {}: ", self.offset)?,
            Place::Packet(number) => write!(f, "packet {number} at byte {}: ", self.offset)?,
            Place::Message(number) => write!(f, "message {number} at byte {}: ", self.offset)?,
            Place::Line(number) => write!(f, "line {number} at byte {}: ", self.offset)?,
        }
        self.kind.fmt(f)
    }
}

impl fmt::Display for CaptureErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read: {error}"),
            Self::Empty => write!(f, "the input is empty"),
            Self::UnknownFormat { found } => write!(
                f,
                "begins with {found:02x?}, which is no pcap, no pcapng, no netlink message, \
                 no hexadecimal text and no JSON object"
            ),
            Self::Version { found } => write!(f, "version {found} of the format is not known"),
            Self::ByteOrder { found } => {
                write!(f, "the byte-order magic is {found:02x?}, not 1a2b3c4d in either order")
            }
            Self::Truncated { expected, found } => {
                write!(f, "{expected} bytes expected, the input ends after {found}")
            }
            Self::TooShort { expected, found } => {
                write!(f, "a length of {found} bytes, it takes {expected} at least")
            }
            Self::TooLong { limit, found } => {
                write!(f, "a length of {found} bytes, more than {limit} is not believed")
            }
            Self::Unaligned { found } => {
                write!(f, "a block length of {found} bytes is not a multiple of 4")
            }
            Self::BlockLengths { first, last } => {
                write!(f, "begins with a length of {first} bytes and ends with one of {last}")
            }
            Self::BlockContents { block_type } => {
                write!(f, "the contents of the block (type {block_type:#x}) do not fit into it")
            }
            Self::UnknownInterface { found, known } => {
                write!(f, "interface {found} is not described, {known} interfaces seen so far")
            }
            Self::Hex { position, found: Some(byte) } => {
                write!(f, "hexadecimal digit expected, '{}' found", byte.escape_ascii())?;
                write!(f, " at position {position}")
            }
            Self::Hex { position, found: None } => {
                write!(f, "hexadecimal digit expected, nothing found at position {position}")
            }
            Self::Json { column, reason } => write!(f, "{reason} at column {column}"),
            Self::NoHex => f.write_str(
                "expected JSON objects with the bytes of a message in the key `hex`, as \
                 `ctnetlink decode --format json -o hex` writes them",
            ),
        }
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            CaptureErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
