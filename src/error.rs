//! Errors from decoding and encoding messages.
//!
//! An [`Error`] has a place and an [`ErrorKind`] for programs. Its text is one clause for people.

use crate::spec::{AttrSpec, SetSpec, Values};
use core::fmt;

/// An error at a known offset in a netlink message.
///
/// # Examples
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
/// // The rest of the message decodes.
/// assert_eq!(attrs.next(), Some(Ok(CtAttr::Zone(513))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The number of bytes from the start of the message to the header that the error is about.
    pub offset: usize,
    /// The attribute set, or `None` if the error is not in an attribute list.
    pub set: Option<&'static SetSpec>,
    /// The attribute, if it is known.
    pub attr: Option<&'static AttrSpec>,
    /// The kind of the error.
    pub kind: ErrorKind,
}

/// The kind of an error, with the expected and the found values.
///
/// # Examples
/// ```
/// use ctnetlink::{Endian, ErrorKind, Message};
///
/// // A message whose length is below that of its header.
/// let bytes = [15, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// let error = Message::parse_with(&bytes, Endian::Little).unwrap_err();
/// assert_eq!(error.kind, ErrorKind::MessageLength { nlmsg_len: 15, available: 16 });
/// assert_eq!(error.kind.to_string(), "nlmsg_len is 15, expected at least 16");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There are fewer bytes than the 16 of an `nlmsghdr`.
    MessageHeader {
        /// The number of bytes that are left.
        found: usize,
    },
    /// `nlmsg_len` is below 16 or runs past the end of the data.
    MessageLength {
        /// The length in the header.
        nlmsg_len: u32,
        /// The number of bytes that are left.
        available: usize,
    },
    /// The message is too short for the fixed part that its type requires.
    ///
    /// The fixed part is `struct nfgenmsg` for ctnetlink, the error number and a header for
    /// `NLMSG_ERROR`, and the status for `NLMSG_DONE`.
    Body {
        /// The number of bytes of the fixed part.
        expected: usize,
        /// The number of bytes after the `nlmsghdr`.
        found: usize,
    },
    /// The message does not have the type that the function expects.
    MessageType {
        /// The message type in the header.
        nlmsg_type: u16,
    },
    /// There are fewer bytes in a nest or message than the 4 of an attribute header.
    AttrHeader {
        /// The number of bytes that are left.
        found: usize,
    },
    /// `nla_len` is below 4 or runs past the end of its nest or message.
    AttrLength {
        /// The length in the attribute header, header included.
        nla_len: u16,
        /// The number of bytes that are left, header included.
        available: usize,
    },
    /// The payload does not have the length of its wire form.
    PayloadLength {
        /// The number of bytes of the wire form.
        expected: usize,
        /// The number of bytes of the payload.
        found: usize,
    },
    /// A required attribute is absent.
    Missing,
    /// The payload is not a whole number of units.
    PayloadUnit {
        /// The number of bytes of a unit.
        unit: usize,
        /// The number of bytes of the payload.
        found: usize,
    },
    /// The payload is longer than the kernel allows for the attribute.
    PayloadLimit {
        /// The maximum number of bytes.
        limit: usize,
        /// The number of bytes of the payload.
        found: usize,
    },
    /// An attribute or message to be written exceeds its length field, and was left out.
    TooLong {
        /// The maximum length.
        limit: usize,
        /// The required length, header included.
        needed: usize,
    },
    /// An attribute or message does not fit in the buffer, and was left out.
    ///
    /// This is the kernel's `EMSGSIZE`.
    NoRoom {
        /// The maximum number of bytes in the buffer.
        limit: usize,
        /// The required number of bytes in the buffer.
        needed: usize,
    },
}

impl Error {
    /// Creates an error that is not in an attribute list.
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
                write!(f, "expected a message header of 16 bytes, found {found}")
            }
            Self::MessageLength { nlmsg_len, .. } if nlmsg_len < 16 => {
                write!(f, "nlmsg_len is {nlmsg_len}, expected at least 16")
            }
            Self::MessageLength { nlmsg_len, available } => {
                write!(f, "nlmsg_len is {nlmsg_len}, expected at most the {available} bytes left")
            }
            Self::Body { expected, found } => {
                write!(f, "message body is {found} bytes, expected at least {expected}")
            }
            Self::MessageType { nlmsg_type } => {
                write!(f, "unexpected message type {nlmsg_type:#06x}")
            }
            Self::AttrHeader { found } => {
                write!(f, "expected an attribute header of 4 bytes, found {found}")
            }
            Self::AttrLength { nla_len, .. } if nla_len < 4 => {
                write!(f, "nla_len is {nla_len}, expected at least 4")
            }
            Self::AttrLength { nla_len, available } => {
                write!(f, "nla_len is {nla_len}, expected at most the {available} bytes left")
            }
            Self::PayloadLength { expected, found } => {
                write!(f, "payload is {found} bytes, expected {expected}")
            }
            Self::Missing => f.write_str("attribute is missing"),
            Self::PayloadUnit { unit, found } => {
                write!(f, "payload is {found} bytes, expected a multiple of {unit}")
            }
            Self::PayloadLimit { limit, found } => {
                write!(f, "payload is {found} bytes, expected at most {limit}")
            }
            Self::TooLong { limit, needed } => {
                write!(f, "length is {needed} bytes, expected at most {limit}")
            }
            Self::NoRoom { limit, needed } => {
                write!(f, "expected a buffer of at least {needed} bytes, found {limit}")
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
