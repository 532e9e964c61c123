//! Undecoded attributes, and the iteration over them.

use super::align::{NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLA_TYPE_MASK, nla_align};
use super::endian::Endian;
use crate::error::{Error, ErrorKind};
use core::fmt;

/// An undecoded attribute, borrowed from a buffer.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Endian, RawAttrs};
///
/// let bytes = [6, 0, 18, 0, 2, 1, 0, 0];
/// let zone = RawAttrs::new(&bytes, 20, Endian::Little).next().unwrap()?;
/// assert_eq!((zone.number(), zone.offset), (18, 20));
/// assert_eq!((zone.payload, zone.padding), (&[2, 1][..], &[0, 0][..]));
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct RawAttr<'a> {
    /// The number of bytes from the start of the message to the attribute's header.
    pub offset: usize,
    /// The type field, with flags.
    pub nla_type: u16,
    /// The byte order of the header, and of payloads in host byte order.
    pub endian: Endian,
    /// The payload, without padding.
    pub payload: &'a [u8],
    /// The bytes between the payload and the next attribute, at most 3.
    ///
    /// The kernel writes zeros. At the end of the data there may be fewer bytes than the alignment
    /// requires.
    pub padding: &'a [u8],
}

impl<'a> RawAttr<'a> {
    /// Returns the number of the attribute in its set.
    #[inline]
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.nla_type & NLA_TYPE_MASK
    }

    /// Returns `true` if [`NLA_F_NESTED`] is set.
    ///
    /// The kernel sets it on every nested attribute that it sends. Requests may lack it.
    #[must_use]
    pub const fn is_nested(&self) -> bool {
        self.nla_type & NLA_F_NESTED != 0
    }

    /// Returns the flags and the padding, which the decoded value does not contain.
    #[inline]
    #[must_use]
    pub const fn framing(&self) -> Framing<'a> {
        Framing { flags: self.nla_type & !NLA_TYPE_MASK, padding: self.padding }
    }
}

/// Attributes are equal if their type, payload and padding are equal, at any offset.
impl PartialEq for RawAttr<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.nla_type, self.endian, self.payload, self.padding)
            == (other.nla_type, other.endian, other.payload, other.padding)
    }
}

impl Eq for RawAttr<'_> {}

impl fmt::Debug for RawAttr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawAttr({:#06x} at {}: {:02x?})", self.nla_type, self.offset, self.payload)
    }
}

/// The flags and the padding of an attribute.
///
/// They are needed to re-encode an attribute of another sender than the kernel to its original bytes.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Endian, RawAttrs};
///
/// // A type with NLA_F_NET_BYTEORDER, and padding that is not zero.
/// let bytes = [6, 0, 18, 0x40, 2, 1, 0xaa, 0xbb];
/// let framing = RawAttrs::new(&bytes, 0, Endian::Little).next().unwrap()?.framing();
/// assert!(framing.is_net_byteorder());
/// assert_eq!(framing.padding, [0xaa, 0xbb]);
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing<'a> {
    /// The flags in the type field: [`NLA_F_NESTED`] and [`NLA_F_NET_BYTEORDER`].
    pub flags: u16,
    /// The bytes after the payload.
    pub padding: &'a [u8],
}

impl Framing<'_> {
    /// Returns `true` if [`NLA_F_NET_BYTEORDER`] is set.
    #[must_use]
    pub const fn is_net_byteorder(&self) -> bool {
        self.flags & NLA_F_NET_BYTEORDER != 0
    }
}

/// An iterator over undecoded attributes.
///
/// A header that does not fit ends the iteration with an error, because the start of the next attribute
/// is unknown. [`rest`](Self::rest) then returns the bytes from that header on.
///
/// # Examples
/// ```
/// use ctnetlink::wire::{Endian, RawAttrs};
///
/// let bytes = [6, 0, 18, 0, 2, 1, 0, 0, 9, 0, 1, 0];
/// let mut attrs = RawAttrs::new(&bytes, 0, Endian::Little);
/// assert_eq!(attrs.next().unwrap()?.payload, [2, 1]);
/// let error = attrs.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "at byte 8: nla_len is 9, expected at most the 4 bytes left");
/// assert_eq!(attrs.next(), None);
/// assert_eq!(attrs.rest(), [9, 0, 1, 0]);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawAttrs<'a> {
    rest: &'a [u8],
    offset: usize,
    endian: Endian,
    failed: bool,
}

impl<'a> RawAttrs<'a> {
    /// Creates an iterator over `bytes`, which start `offset` bytes after the start of their message.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8], offset: usize, endian: Endian) -> Self {
        Self { rest: bytes, offset, endian, failed: false }
    }

    /// Returns the bytes not iterated yet; after an error, those from the malformed header on.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Skips whole attributes with a total of `len` bytes.
    #[inline]
    pub(crate) fn skip_bytes(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
        self.offset += len;
    }

    fn fail(&mut self, kind: ErrorKind) -> Error {
        self.failed = true;
        Error::at(self.offset, kind)
    }
}

impl<'a> Iterator for RawAttrs<'a> {
    type Item = Result<RawAttr<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.failed {
            return None;
        }
        let Some((&[len0, len1, type0, type1], body)) = self.rest.split_first_chunk() else {
            return Some(Err(self.fail(ErrorKind::AttrHeader { found: self.rest.len() })));
        };
        let nla_len = self.endian.u16([len0, len1]);
        let payload_len = usize::from(nla_len).checked_sub(NLA_HDRLEN);
        let Some((payload, after)) = payload_len.and_then(|len| body.split_at_checked(len)) else {
            let available = self.rest.len();
            return Some(Err(self.fail(ErrorKind::AttrLength { nla_len, available })));
        };
        let padding_len = (nla_align(payload.len()) - payload.len()).min(after.len());
        let (padding, rest) = after.split_at_checked(padding_len).unwrap_or((after, &[]));
        let attr = RawAttr {
            offset: self.offset,
            nla_type: self.endian.u16([type0, type1]),
            endian: self.endian,
            payload,
            padding,
        };
        self.offset += NLA_HDRLEN + payload.len() + padding.len();
        self.rest = rest;
        Some(Ok(attr))
    }
}

impl core::iter::FusedIterator for RawAttrs<'_> {}
