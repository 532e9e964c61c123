//! What can be wrong with bytes: data for programs, a sentence for people.

use crate::spec::{AttrSpec, SetSpec, Values};
use core::fmt;

/// Something wrong at one place of a netlink message.
///
/// ```
/// use ctnetlink::{Endian, ErrorKind, Message, attrs::CtAttr};
///
/// // CTA_MARK with two bytes instead of four, then CTA_ZONE 513.
/// let bytes = [
///     0x24, 0, 0, 0, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: 36 bytes, type 0x0100
///     2, 0, 0, 0, // nfgenmsg: AF_INET
///     6, 0, 8, 0, 0x12, 0x34, 0, 0, // CTA_MARK
///     6, 0, 18, 0, 2, 1, 0, 0, // CTA_ZONE
/// ];
/// let message = Message::parse_with(&bytes, Endian::Little).unwrap();
/// let mut attrs = message.conntrack_attrs().unwrap().iter();
/// let error = attrs.next().unwrap().unwrap_err();
/// assert_eq!(error.offset, 20);
/// assert_eq!(error.attr.unwrap().name, "CTA_MARK");
/// assert_eq!(error.kind, ErrorKind::PayloadLength { expected: 4, found: 2 });
/// assert_eq!(error.to_string(), "CTA_MARK at byte 20: payload is 2 bytes, expected 4");
/// // The rest is not lost.
/// assert_eq!(attrs.next(), Some(Ok(CtAttr::Zone(513))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// Bytes from the start of the netlink message (its `nlmsghdr`) to the header of what is wrong.
    pub offset: usize,
    /// The set of attributes in which it happened; `None` outside attributes.
    pub set: Option<&'static SetSpec>,
    /// The attribute, where one is known.
    pub attr: Option<&'static AttrSpec>,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong, with what was expected and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Fewer bytes are left than a `nlmsghdr` (16) has.
    MessageHeader {
        /// Bytes left.
        found: usize,
    },
    /// `nlmsg_len` is below 16 or runs past the end of the data.
    MessageLength {
        /// The length that the header claims.
        nlmsg_len: u32,
        /// Bytes that are there.
        available: usize,
    },
    /// The message is too short for the fixed part that its type demands: `struct nfgenmsg` for
    /// conntrack, the error number and header for `NLMSG_ERROR`, the status for `NLMSG_DONE`.
    Body {
        /// Bytes that the fixed part needs.
        expected: usize,
        /// Bytes after the `nlmsghdr`.
        found: usize,
    },
    /// Another kind of message than was asked for.
    MessageType {
        /// The type in the header.
        nlmsg_type: u16,
    },
    /// Fewer bytes are left in a nest or message than an attribute header (4) has.
    AttrHeader {
        /// Bytes left.
        found: usize,
    },
    /// `nla_len` is below 4 or runs past the end of its nest or message.
    AttrLength {
        /// The length that the attribute claims, header included.
        nla_len: u16,
        /// Bytes that are there, header included.
        available: usize,
    },
    /// The payload has another length than its form demands.
    PayloadLength {
        /// Bytes demanded.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// An attribute that is needed is not there.
    Missing,
    /// The payload is not a whole number of units.
    PayloadUnit {
        /// Bytes a unit.
        unit: usize,
        /// Bytes found.
        found: usize,
    },
    /// An attribute to be written, or the whole message, is longer than its length field can say.
    /// It was left out.
    TooLong {
        /// The longest that fits.
        limit: usize,
        /// The length that was needed, header included.
        needed: usize,
    },
    /// The buffer is full: the kernel's EMSGSIZE. What did not fit was left out.
    NoRoom {
        /// Bytes that the buffer holds.
        limit: usize,
        /// Bytes that it would have had to hold.
        needed: usize,
    },
}

impl Error {
    /// An error outside any attribute.
    pub(crate) const fn at(offset: usize, kind: ErrorKind) -> Self {
        Self { offset, set: None, attr: None, kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.attr, self.set) {
            (Some(attr), _) => write!(f, "{} ", attr.name)?,
            (None, Some(set)) => write!(f, "in {} ", set.name)?,
            (None, None) => {}
        }
        write!(f, "at byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MessageHeader { found } => {
                write!(f, "a message header needs 16 bytes, {found} left")
            }
            Self::MessageLength { nlmsg_len, .. } if nlmsg_len < 16 => {
                write!(f, "nlmsg_len {nlmsg_len} is below the 16 bytes of the header")
            }
            Self::MessageLength { nlmsg_len, available } => {
                write!(f, "nlmsg_len {nlmsg_len} runs past the {available} bytes left")
            }
            Self::Body { expected, found } => {
                write!(f, "the message body has {found} bytes, its type needs {expected}")
            }
            Self::MessageType { nlmsg_type } => {
                write!(f, "message type {nlmsg_type:#06x} is not of the kind asked for")
            }
            Self::AttrHeader { found } => {
                write!(f, "an attribute header needs 4 bytes, {found} left")
            }
            Self::AttrLength { nla_len, .. } if nla_len < 4 => {
                write!(f, "nla_len {nla_len} is below the 4 bytes of the header")
            }
            Self::AttrLength { nla_len, available } => {
                write!(f, "nla_len {nla_len} runs past the {available} bytes left")
            }
            Self::PayloadLength { expected, found } => {
                write!(f, "payload is {found} bytes, expected {expected}")
            }
            Self::Missing => f.write_str("is missing"),
            Self::PayloadUnit { unit, found } => {
                write!(f, "payload is {found} bytes, expected a multiple of {unit}")
            }
            Self::TooLong { limit, needed } => {
                write!(f, "needs {needed} bytes, at most {limit} fit")
            }
            Self::NoRoom { limit, needed } => {
                write!(f, "would fill the buffer to {needed} bytes, it holds {limit}")
            }
        }
    }
}

impl core::error::Error for Error {}

/// An error from parsing a value that has neither a known name nor a number in range.
///
/// # Examples
/// ```
/// use ctnetlink::Family;
///
/// assert_eq!("ipv6".parse(), Ok(Family::IPV6));
/// assert_eq!("10".parse(), Ok(Family::IPV6));
/// let error = "inet6".parse::<Family>().unwrap_err();
/// assert_eq!(error.to_string(), "expected a number or one of: unspec, ipv4, ipv6");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseValueError {
    /// The values that have a name.
    pub values: &'static Values,
}

impl fmt::Display for ParseValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a number or one of: ")?;
        for (n, value) in self.values.named.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { ", " }, value.name)?;
        }
        Ok(())
    }
}

impl core::error::Error for ParseValueError {}
