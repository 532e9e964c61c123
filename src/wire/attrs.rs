//! Attribute lists of one set: borrowed and owned.

use super::attr::RawAttrs;
use super::endian::Endian;
use super::set::{AttrSet, Attrs, Writer};
use super::write_buf::WriteBuf;
use crate::error::Error;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

impl<'a, S: AttrSet> Attrs<'a, S> {
    /// Creates an attribute list that is not part of a message: its offset is 0.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self::at(bytes, 0, endian)
    }

    /// Creates an attribute list that starts `offset` bytes after the start of its message.
    ///
    /// Errors then have offsets from the start of the message.
    #[must_use]
    pub const fn at(bytes: &'a [u8], offset: usize, endian: Endian) -> Self {
        Self { bytes, offset, endian, set: PhantomData }
    }

    /// Creates an empty attribute list.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(&[], Endian::NATIVE)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of bytes from the start of the message to the first attribute.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the byte order of headers, and of payloads in host byte order.
    #[must_use]
    pub const fn endian(&self) -> Endian {
        self.endian
    }

    /// Returns an iterator over the undecoded attributes.
    #[inline]
    #[must_use]
    pub const fn raw(&self) -> RawAttrs<'a> {
        RawAttrs::new(self.bytes, self.offset, self.endian)
    }

    /// Returns an iterator over the decoded attributes.
    ///
    /// A malformed payload is one `Err` item, after which the iteration continues. A header that does
    /// not fit is an `Err` item, too, and the last one.
    #[inline]
    pub fn iter(&self) -> Iter<'a, S> {
        Iter { raw: self.raw(), set: PhantomData }
    }

    /// Returns the first `Some` that `pick` returns, skipping attributes that do not decode.
    ///
    /// # Examples
    /// ```
    /// # use ctnetlink::{attrs::{CtAttr, CtattrType}, wire::{Attrs, Endian}};
    /// let bytes = [8, 0, 8, 0, 0, 0, 0x12, 0x34];
    /// let attrs = Attrs::<CtattrType>::new(&bytes, Endian::Little);
    /// let mark = attrs.find(|attr| match attr {
    ///     CtAttr::Mark(mark) => Some(mark),
    ///     _ => None,
    /// });
    /// assert_eq!(mark, Some(0x1234));
    /// ```
    pub fn find<T>(&self, pick: impl FnMut(S::Attr<'a>) -> Option<T>) -> Option<T> {
        self.iter().filter_map(Result::ok).find_map(pick)
    }

    /// Re-encodes every attribute, at every nesting level, to its original bytes.
    ///
    /// What does not decode is copied.
    pub fn rebuild(&self, out: &mut Writer<'_, S>) {
        let mut walk = self.raw();
        while let Some(Ok(raw)) = walk.next() {
            match S::decode(raw) {
                Ok(attr) => S::rebuild(&attr, raw.framing(), out),
                Err(_) => out.put_raw(&raw),
            }
        }
        out.put_bytes(walk.rest());
    }

    /// Copies the bytes into an owned attribute list.
    #[must_use]
    pub fn to_buf(&self) -> AttrsBuf<S> {
        AttrsBuf { bytes: self.bytes.to_vec(), endian: self.endian, set: PhantomData }
    }
}

impl<S: AttrSet> PartialEq for Attrs<'_, S> {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes, self.endian) == (other.bytes, other.endian)
    }
}

impl<S: AttrSet> fmt::Debug for Attrs<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, S: AttrSet> IntoIterator for Attrs<'a, S> {
    type Item = Result<S::Attr<'a>, Error>;
    type IntoIter = Iter<'a, S>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over decoded attributes; see [`Attrs::iter`].
///
/// # Examples
/// See [`Attrs`].
#[derive(Clone, Copy, Debug)]
pub struct Iter<'a, S> {
    raw: RawAttrs<'a>,
    set: PhantomData<S>,
}

impl<'a, S> Iter<'a, S> {
    /// Returns the bytes not iterated yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.raw.rest()
    }

    /// Skips whole attributes with a total of `len` bytes, which were decoded in another way.
    #[inline]
    pub(crate) fn skip_bytes(&mut self, len: usize) {
        self.raw.skip_bytes(len);
    }
}

impl<'a, S: AttrSet> Iterator for Iter<'a, S> {
    type Item = Result<S::Attr<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.raw.next()? {
            Ok(raw) => S::decode(raw),
            Err(error) => Err(Error { set: Some(S::SPEC), ..error }),
        })
    }
}

/// An attribute list of set `S` that owns its bytes.
///
/// # Examples
/// ```
/// use ctnetlink::attrs::{CtAttr, CtattrType};
/// use ctnetlink::wire::{AttrsBuf, Endian};
///
/// let attrs = AttrsBuf::<CtattrType>::build(Endian::Big, |out| out.put(CtAttr::Zone(513)))?;
/// assert_eq!(attrs.as_attrs().iter().next(), Some(Ok(CtAttr::Zone(513))));
/// assert_eq!(attrs.into_bytes(), [0, 6, 0, 18, 2, 1, 0, 0]);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct AttrsBuf<S> {
    bytes: Vec<u8>,
    endian: Endian,
    set: PhantomData<S>,
}

impl<S: AttrSet> AttrsBuf<S> {
    /// Creates an attribute list from the attributes that `body` writes.
    ///
    /// # Errors
    /// Returns [`TooLong`](crate::error::ErrorKind::TooLong) if an attribute exceeds 65,535 bytes.
    pub fn build(endian: Endian, body: impl FnOnce(&mut Writer<'_, S>)) -> Result<Self, Error> {
        let mut bytes = WriteBuf::new();
        Writer::run(&mut bytes, endian, body)?;
        Ok(Self { bytes: bytes.into_bytes(), endian, set: PhantomData })
    }

    /// Returns the attributes as a borrowed list.
    #[must_use]
    pub fn as_attrs(&self) -> Attrs<'_, S> {
        Attrs::new(&self.bytes, self.endian)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<S: AttrSet> fmt::Debug for AttrsBuf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_attrs().fmt(f)
    }
}
