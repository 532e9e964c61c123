//! Errors in captures.

use core::fmt;
use std::io;

/// An error in a part of a capture, with the offset of that part.
///
/// The reader goes on with the next packet or line if it can find that. After the errors for which
/// [`CaptureErrorKind`] says "ends the reading" there are no more packets.
///
/// # Examples
/// ```
/// use ctnetlink::capture::{CaptureErrorKind, Place, Reader};
///
/// let mut reader = Reader::new(&b"14000000\n1400000x"[..])?;
/// assert!(reader.next_packet().unwrap().is_ok());
/// let error = reader.next_packet().unwrap().unwrap_err();
/// assert_eq!((error.place, error.offset), (Place::Line(2), 9));
/// assert!(matches!(error.kind, CaptureErrorKind::Hex { position: 8, found: Some(b'x') }));
/// let text = "line 2 at byte 9: expected a hexadecimal digit at position 8, found 'x'";
/// assert_eq!(error.to_string(), text);
/// # Ok::<(), ctnetlink::capture::CaptureError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct CaptureError {
    /// The byte offset in the input at which the part begins, counted from 0.
    pub offset: u64,
    /// The part.
    pub place: Place,
    /// The kind of error.
    pub kind: CaptureErrorKind,
}

/// The part of a capture that contains an error.
///
/// Numbers count from 1, as in [`Packet::number`].
///
/// [`Packet::number`]: super::Packet::number
///
/// # Examples
/// See [`CaptureError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The whole input, or its file header.
    File,
    /// A pcapng block without a packet.
    Block,
    /// A packet of a pcap or pcapng file.
    Packet(u64),
    /// A message of a stream of netlink messages.
    Message(u64),
    /// A line of a text.
    Line(u64),
}

/// The kind of an error in a capture, with lengths in bytes.
///
/// # Examples
/// See [`CaptureError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum CaptureErrorKind {
    /// The input cannot be opened or read; ends the reading.
    Io(io::Error),
    /// The input is empty.
    Empty,
    /// The input has none of the known formats.
    UnknownFormat {
        /// The first four bytes, followed by zeros if there are fewer.
        found: [u8; 4],
    },
    /// A version of pcap other than 2 or of pcapng other than 1; ends the reading.
    Version {
        /// The major version.
        found: u16,
    },
    /// An unknown byte-order magic in a pcapng section header; ends the reading.
    ///
    /// The magic must be 1A 2B 3C 4D or 4D 3C 2B 1A.
    ByteOrder {
        /// The four bytes that were found.
        found: [u8; 4],
    },
    /// The input ends inside the part; ends the reading.
    Truncated {
        /// The length of the part.
        expected: u64,
        /// The number of bytes that the input still has.
        found: u64,
    },
    /// A length that is less than that of the header.
    ///
    /// It ends the reading, unless it is the length of a packet.
    TooShort {
        /// The least possible length.
        expected: u64,
        /// The length.
        found: u64,
    },
    /// A length that no netlink datagram has; ends the reading in pcap and netlink streams.
    TooLong {
        /// The greatest length that this crate reads.
        limit: u64,
        /// The length.
        found: u64,
    },
    /// A length of a pcapng block that is not a multiple of 4; ends the reading.
    Unaligned {
        /// The length.
        found: u32,
    },
    /// A pcapng block whose two lengths differ; the reader uses the first.
    BlockLengths {
        /// The length before the contents of the block.
        first: u32,
        /// The length after the contents of the block.
        last: u32,
    },
    /// A pcapng block that is too short for its fields or its packet.
    BlockContents {
        /// The block type.
        block_type: u32,
    },
    /// A pcapng packet of an interface without a valid description in its section.
    UnknownInterface {
        /// The interface, counted from 0.
        found: u32,
        /// The number of interfaces that the section has described up to there.
        known: usize,
    },
    /// A byte that does not belong to a pair of hexadecimal digits.
    Hex {
        /// The number of the byte in the hexadecimal text, counted from 1.
        position: usize,
        /// The byte, or `None` if the text ends after the first digit of a pair.
        found: Option<u8>,
    },
    /// A line that is not a JSON object with a string named `hex`.
    Json {
        /// The number of the byte in the line, counted from 1 at the first that is not white space.
        column: usize,
        /// The message of the JSON parser.
        reason: String,
    },
    /// A text of JSON objects whose first has no key `hex`.
    NoHex,
    /// A text whose first JSON object does not end on its line.
    OpenObject,
    /// A line of a dump whose offset is not the number of the bytes before it; the dump is lost.
    Offset {
        /// The number of bytes before the line.
        expected: usize,
        /// The offset in the line.
        found: String,
    },
    /// A dump of words, whose byte order a reader cannot know.
    ///
    /// Words of `xxd -e` are recognized by the characters that it prints after them.
    Words,
    /// System calls as strace prints them, without all their bytes.
    Calls,
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
            Self::Io(error) => write!(f, "cannot read the input: {error}"),
            Self::Empty => write!(f, "input is empty"),
            Self::UnknownFormat { found } => write!(
                f,
                "expected pcap, pcapng, netlink messages, hexadecimal bytes or JSON objects, found \
                 {found:02x?}; unpack compressed and archived files of other formats first"
            ),
            Self::Version { found } => write!(f, "expected a known version of the format, found version {found}"),
            Self::ByteOrder { found } => {
                write!(f, "expected the byte-order magic 1a2b3c4d in either order, found {found:02x?}")
            }
            Self::Truncated { expected, found } => {
                write!(f, "input ends early: expected {expected} bytes, found {found}")
            }
            Self::TooShort { expected, found } => {
                write!(f, "length is {found} bytes, expected at least {expected}")
            }
            Self::TooLong { limit, found } => {
                write!(f, "length is {found} bytes, expected at most {limit}")
            }
            Self::Unaligned { found } => {
                write!(f, "block length is {found} bytes, expected a multiple of 4")
            }
            Self::BlockLengths { first, last } => {
                write!(f, "length at the end of the block is {last} bytes, expected {first} as at its start")
            }
            Self::BlockContents { block_type } => {
                write!(f, "block of type {block_type:#x} is too short for its contents")
            }
            Self::UnknownInterface { found, known } => {
                write!(f, "expected the description of interface {found} before its packets, found {known} interfaces")
            }
            Self::Hex { position, found: Some(byte) } => {
                write!(f, "expected a hexadecimal digit at position {position}, found ")?;
                write!(f, "'{}'", byte.escape_ascii())
            }
            Self::Hex { position, found: None } => {
                write!(f, "expected a hexadecimal digit at position {position}, found the end")
            }
            Self::Json { column, reason } => write!(f, "{reason} at column {column}"),
            Self::Offset { expected, found } => {
                write!(f, "expected offset {expected} in the dump, found {found}")
            }
            Self::Words => f.write_str(
                "expected bytes of two hexadecimal digits after the offset, as `xxd` without `-e`, \
                 `hexdump -C` and `od -tx1` print them, found words, whose byte order depends on the \
                 machine",
            ),
            Self::Calls => f.write_str(
                "expected bytes, found system calls; run strace with `-e read=FD -e write=FD` and keep \
                 the lines that begin with ` | `",
            ),
            Self::OpenObject => f.write_str(
                "expected a JSON object per line, found one that does not end on its line; `jq -c .` \
                 writes each on one line",
            ),
            Self::NoHex => f.write_str(
                "expected JSON objects with the bytes of a message in the key `hex`, as \
                 `ctnetlink decode --format json -o hex` writes them",
            ),
        }
    }
}

/// `Display` contains the cause, so that there is no source.
impl std::error::Error for CaptureError {}
