//! Attributes as they lie in a buffer, and the walk over them.

use super::align::{NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HDRLEN, NLA_TYPE_MASK, nla_align};
use super::endian::Endian;
use crate::error::{Error, ErrorKind};
use core::fmt;

/// One attribute as it lies in the buffer: nothing decoded, nothing lost.
#[derive(Clone, Copy)]
pub struct RawAttr<'a> {
    /// Bytes from the start of the message to this attribute's header.
    pub offset: usize,
    /// The type field, with its flags.
    pub nla_type: u16,
    /// The byte order of the header, and of payloads in host order.
    pub endian: Endian,
    /// The payload, without the padding behind it.
    pub payload: &'a [u8],
    /// The bytes between the payload and the next attribute: up to 3, zero when the kernel wrote
    /// them; fewer than the alignment asks for only at the very end of the data.
    pub padding: &'a [u8],
}

impl<'a> RawAttr<'a> {
    /// The attribute's number within its set.
    #[inline]
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.nla_type & NLA_TYPE_MASK
    }

    /// Whether [`NLA_F_NESTED`] is set. The kernel sets it on every nest that it sends; requests
    /// may lack it.
    #[must_use]
    pub const fn is_nested(&self) -> bool {
        self.nla_type & NLA_F_NESTED != 0
    }

    /// What its typed value does not say: flags and padding.
    #[inline]
    #[must_use]
    pub const fn framing(&self) -> Framing<'a> {
        Framing { flags: self.nla_type & !NLA_TYPE_MASK, padding: self.padding }
    }
}

/// The same type and the same bytes, wherever they lie.
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

/// How an attribute was framed, beyond number and payload: needed to write it back to the same
/// bytes where its sender was not the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing<'a> {
    /// [`NLA_F_NESTED`] and [`NLA_F_NET_BYTEORDER`], as found.
    pub flags: u16,
    /// The bytes behind the payload, as found.
    pub padding: &'a [u8],
}

impl Framing<'_> {
    /// Whether `NLA_F_NET_BYTEORDER` was set.
    #[must_use]
    pub const fn is_net_byteorder(&self) -> bool {
        self.flags & NLA_F_NET_BYTEORDER != 0
    }
}

/// Walks a run of attributes.
///
/// A header that does not fit ends the walk with an error: what follows has no known start.
/// [`rest`](Self::rest) then holds the bytes from that header on.
#[derive(Clone, Copy, Debug)]
pub struct RawAttrs<'a> {
    rest: &'a [u8],
    offset: usize,
    endian: Endian,
    failed: bool,
}

impl<'a> RawAttrs<'a> {
    /// Walks `bytes`, the first of which lies `offset` bytes into its message.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8], offset: usize, endian: Endian) -> Self {
        Self { rest: bytes, offset, endian, failed: false }
    }

    /// The bytes not walked yet; after an error, those from the broken header to the end.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Passes over whole attributes of that many bytes in all.
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
        let Some((payload, behind)) = payload_len.and_then(|len| body.split_at_checked(len)) else {
            let available = self.rest.len();
            return Some(Err(self.fail(ErrorKind::AttrLength { nla_len, available })));
        };
        let padding_len = (nla_align(payload.len()) - payload.len()).min(behind.len());
        let (padding, rest) = behind.split_at_checked(padding_len).unwrap_or((behind, &[]));
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
