//! A run of attributes of one set: borrowed and owned.

use super::attr::{Framing, RawAttr, RawAttrs};
use super::endian::Endian;
use super::write_buf::WriteBuf;
use super::writer::Writer;
use crate::error::Error;
use crate::spec::SetSpec;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

/// A kernel `enum` of attributes; [`attr_set!`](crate::wire) implements it for each table.
pub trait AttrSet: Copy + fmt::Debug + 'static {
    /// A decoded attribute.
    type Attr<'a>: Copy + fmt::Debug + PartialEq;

    /// The table as constant data.
    const SPEC: &'static SetSpec;

    /// Decodes one attribute. Numbers outside the table come back as the `Unknown` variant.
    ///
    /// # Errors
    /// The payload does not have the form that the table demands.
    fn decode<'a>(raw: RawAttr<'a>) -> Result<Self::Attr<'a>, Error>;

    /// Writes one attribute, framed as the kernel frames it.
    fn encode(attr: &Self::Attr<'_>, out: &mut Writer<'_, Self>);

    /// Writes one attribute with the flags and padding that `framing` says, and its nests child by
    /// child through their own types.
    fn rebuild(attr: &Self::Attr<'_>, framing: Framing<'_>, out: &mut Writer<'_, Self>);

    /// Bytes of the attribute's payload.
    fn payload_len(attr: &Self::Attr<'_>) -> usize;

    /// Shows a nest's attributes to `visitor`; does nothing for other attributes.
    fn visit_nest<'a>(attr: &Self::Attr<'a>, visitor: &mut impl Visitor<'a>);
}

/// Code that walks attributes of whatever set; see [`AttrSet::visit_nest`].
pub trait Visitor<'a> {
    /// Takes a run of attributes.
    fn visit<S: AttrSet>(&mut self, attrs: Attrs<'a, S>);
}

/// A run of attributes of set `S`, decoded one by one as it is iterated; nothing is copied.
#[derive(Clone, Copy)]
pub struct Attrs<'a, S> {
    bytes: &'a [u8],
    offset: usize,
    endian: Endian,
    set: PhantomData<S>,
}

impl<'a, S: AttrSet> Attrs<'a, S> {
    /// Attributes that stand alone, the first at offset 0.
    #[must_use]
    pub const fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self::at(bytes, 0, endian)
    }

    /// Attributes whose first byte lies `offset` bytes into the message, so that errors can say
    /// where in it they are.
    #[must_use]
    pub const fn at(bytes: &'a [u8], offset: usize, endian: Endian) -> Self {
        Self { bytes, offset, endian, set: PhantomData }
    }

    /// No attributes.
    #[must_use]
    pub const fn empty() -> Self {
        Self::new(&[], Endian::NATIVE)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes from the start of the message to the first attribute.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The byte order of headers and of payloads in host order.
    #[must_use]
    pub const fn endian(&self) -> Endian {
        self.endian
    }

    /// Walks the attributes undecoded.
    #[inline]
    #[must_use]
    pub const fn raw(&self) -> RawAttrs<'a> {
        RawAttrs::new(self.bytes, self.offset, self.endian)
    }

    /// Decodes the attributes one by one. A payload in error is one `Err` item and the rest
    /// follows; a header that does not fit is an `Err` item too, and the last.
    #[inline]
    pub fn iter(&self) -> Iter<'a, S> {
        Iter { raw: self.raw(), set: PhantomData }
    }

    /// The first attribute that `pick` makes something of; attributes in error are passed over.
    ///
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

    /// Writes every attribute again through its type, nests child by child, to the same bytes.
    /// What does not decode is copied as it lies.
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

    /// Copies the bytes into an owned run.
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

/// Decodes a run of attributes one by one; see [`Attrs::iter`].
#[derive(Clone, Copy, Debug)]
pub struct Iter<'a, S> {
    raw: RawAttrs<'a>,
    set: PhantomData<S>,
}

impl<'a, S> Iter<'a, S> {
    /// The bytes not walked yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.raw.rest()
    }

    /// Passes over attributes that were read otherwise.
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

/// A run of attributes of set `S` that owns its bytes, as `String` is to `str`.
#[derive(Clone, PartialEq)]
pub struct AttrsBuf<S> {
    bytes: Vec<u8>,
    endian: Endian,
    set: PhantomData<S>,
}

impl<S: AttrSet> AttrsBuf<S> {
    /// Writes a run of attributes.
    ///
    /// # Errors
    /// [`TooLong`](crate::error::ErrorKind::TooLong): an attribute exceeds 65,535 bytes.
    pub fn build(endian: Endian, body: impl FnOnce(&mut Writer<'_, S>)) -> Result<Self, Error> {
        let mut bytes = WriteBuf::new();
        Writer::run(&mut bytes, endian, body)?;
        Ok(Self { bytes: bytes.into_bytes(), endian, set: PhantomData })
    }

    /// The attributes, borrowed.
    #[must_use]
    pub fn as_attrs(&self) -> Attrs<'_, S> {
        Attrs::new(&self.bytes, self.endian)
    }

    /// The bytes.
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
