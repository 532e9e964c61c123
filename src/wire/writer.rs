//! The writer of attributes.

use super::align::{
    NLA_F_NESTED, NLA_HDRLEN, NLA_LEN_MAX, NLA_TYPE_MASK, nla_align, nla_attr_size, nla_total_size,
};
use super::attr::{Framing, RawAttr};
use super::endian::Endian;
use super::payload::Payload;
use super::set::{AttrSet, Attrs, WriteLimits, Writer};
use super::write_buf::WriteBuf;
use crate::error::{Error, ErrorKind};
use crate::spec::Form;
use core::marker::PhantomData;

impl<'b, S: AttrSet> Writer<'b, S> {
    /// Calls `body` with a writer at the end of `buf`, which is offset 0.
    pub(crate) fn run(
        buf: &mut WriteBuf,
        endian: Endian,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<(), Error> {
        let start = buf.len();
        Self::run_from(buf, start, endian, body)
    }

    /// Calls `body` with a writer at the end of `buf`, in a message that starts at `start`.
    pub(crate) fn run_from(
        buf: &mut WriteBuf,
        start: usize,
        endian: Endian,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<(), Error> {
        let mut error = None;
        body(&mut Writer::new(buf, start, endian, WriteLimits::UNLIMITED, &mut error));
        error.map_or(Ok(()), Err)
    }

    /// Creates a writer in a message that starts at `start`, which stores the first error in `error`.
    #[inline(always)]
    pub(crate) fn new(
        buf: &'b mut WriteBuf,
        start: usize,
        endian: Endian,
        room: WriteLimits,
        error: &'b mut Option<Error>,
    ) -> Self {
        Self { buf, start, endian, room, error, set: PhantomData }
    }

    /// Returns the byte order of headers, and of payloads in host byte order.
    #[must_use]
    pub fn endian(&self) -> Endian {
        self.endian
    }

    /// Returns the number of bytes from the start of the message to the next attribute.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.buf.len() - self.start
    }

    /// Appends an attribute as the kernel writes it.
    ///
    /// Only nested attributes have `NLA_F_NESTED`, and padding is zero.
    #[inline(always)]
    pub fn put(&mut self, attr: S::Attr<'_>) {
        S::encode(&attr, self);
    }

    /// Appends an attribute with a 64-bit value, after the attribute `pad` if it needs one.
    ///
    /// If [`WriteLimits::pad_from`] requires alignment, it needs one if its header would be at a
    /// multiple of 8 in the datagram, so that its value would not. This is what the kernel's
    /// `nla_put_be64` and `nla_align_64bit` do since Linux 4.7.
    pub fn put_64bit(&mut self, attr: S::Attr<'_>, pad: S::Attr<'_>) {
        let offset = self.room.pad_from.map(|first| first.wrapping_add(self.buf.len()));
        if offset.is_some_and(|offset| offset % 8 == 0) {
            self.put(pad);
        }
        self.put(attr);
    }

    /// Appends a nested attribute with the attributes that `body` writes.
    ///
    /// # Examples
    /// ```
    /// # use ctnetlink::{attrs::{CtAttr, CtattrType}, nested::TimestampAttr, wire::{AttrsBuf, Endian}};
    /// let attrs = AttrsBuf::<CtattrType>::build(Endian::Little, |out| {
    ///     out.nest(CtAttr::Timestamp, |out| {
    ///         out.put(TimestampAttr::Start(0x1122_3344_5566_7788));
    ///     });
    /// })?;
    /// let bytes = [16, 0, 20, 0x80, 12, 0, 1, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    /// assert_eq!(attrs.into_bytes(), bytes);
    /// # Ok::<(), ctnetlink::error::Error>(())
    /// ```
    #[inline(always)]
    pub fn nest<T: AttrSet>(
        &mut self,
        variant: fn(Attrs<'static, T>) -> S::Attr<'static>,
        body: impl FnOnce(&mut Writer<'_, T>),
    ) {
        let start = self.buf.len();
        S::encode(&variant(Attrs::empty()), self);
        body(&mut self.of_set());
        self.close(start, nla_align);
    }

    /// Appends a nested attribute by its number.
    pub(crate) fn put_nest<T: AttrSet>(
        &mut self,
        number: u16,
        body: impl FnOnce(&mut Writer<'_, T>),
    ) {
        let start = self.open(number | NLA_F_NESTED);
        body(&mut self.of_set());
        self.close(start, nla_align);
    }

    /// Appends a copy of an attribute, with its flags and padding.
    pub fn put_raw(&mut self, raw: &RawAttr<'_>) {
        self.frame(raw.nla_type, |out| out.buf.extend_from_slice(raw.payload), raw.padding);
    }

    /// Lets `body` write attributes in one piece.
    ///
    /// `body` gets the next `MOST` bytes, and returns those that it did not need. It also gets the
    /// offset of their end, counted as in [`WriteLimits::pad_from`], if 64-bit values must be aligned.
    ///
    /// Returns `false` and writes nothing if `body` returns `None`, if there is not enough room, or if
    /// the byte order is not the native one.
    #[inline(always)]
    pub(crate) fn in_place<const MOST: usize>(
        &mut self,
        body: impl for<'r> FnOnce(&'r mut [u8], Option<usize>) -> Option<&'r mut [u8]>,
    ) -> bool {
        let start = self.buf.len();
        if self.endian != Endian::NATIVE || self.room.limit.saturating_sub(start) < MOST {
            return false;
        }
        let end = self.room.pad_from.map(|first| first.wrapping_add(start + MOST));
        match self
            .buf
            .room::<MOST>()
            .and_then(|room| body(room, end))
            .map(|unused| MOST - unused.len())
        {
            Some(written) => {
                self.buf.advance(written);
                true
            }
            None => false,
        }
    }

    /// Appends an attribute of a fixed length in one piece.
    #[inline(always)]
    pub(crate) fn put_array<const K: usize>(&mut self, nla_type: u16, payload: [u8; K]) {
        // The compiler knows the length and mostly the type: the header is one of two constants.
        let (len, kind) = (nla_attr_size(K) as u32, u32::from(nla_type));
        let header = match self.endian {
            Endian::Little => (len | kind << 16).to_le_bytes(),
            Endian::Big | Endian::Big32 => (len << 16 | kind).to_be_bytes(),
        };
        let size = nla_total_size(K);
        if self.room.limit.saturating_sub(self.buf.len()) < size {
            return self.put_slice(nla_type, &payload);
        }
        self.buf.push_array(header);
        self.buf.push_array(payload);
        self.pad(size - nla_attr_size(K));
    }

    /// Appends an attribute of any length, or stores the error that it does not fit.
    #[cold]
    fn put_slice(&mut self, nla_type: u16, payload: &[u8]) {
        let start = self.open(nla_type);
        self.buf.extend_from_slice(payload);
        self.close(start, nla_align);
    }

    /// Appends bytes that are not an attribute.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends an attribute of a wire form as the kernel writes it.
    #[inline]
    pub(crate) fn put_value<'v, P: Payload<'v, V>, V>(&mut self, number: u16, value: &V) {
        P::put(value, number, self);
    }

    /// Appends an attribute whose length is known only after its payload was written.
    pub(crate) fn put_open<'v, P: Payload<'v, V>, V>(&mut self, number: u16, value: &V) {
        let flags = if matches!(P::FORM, Form::Nest(_)) { NLA_F_NESTED } else { 0 };
        let start = self.open(number | flags);
        P::encode(value, self.endian, self.buf);
        self.close(start, nla_align);
    }

    /// Appends an attribute of a wire form with the given flags and padding.
    pub(crate) fn rebuild_value<'v, P: Payload<'v, V>, V>(
        &mut self,
        number: u16,
        value: &V,
        framing: Framing<'_>,
    ) {
        self.frame(number | framing.flags, |out| P::rebuild(value, out), framing.padding);
    }

    /// Returns a writer of another set at the same place.
    pub(crate) fn of_set<T>(&mut self) -> Writer<'_, T> {
        Writer {
            buf: self.buf,
            start: self.start,
            endian: self.endian,
            room: self.room,
            error: self.error,
            set: PhantomData,
        }
    }

    /// Returns the buffer, for payloads that are not nested attributes.
    pub(crate) fn buf(&mut self) -> &mut WriteBuf {
        self.buf
    }

    fn frame(&mut self, nla_type: u16, payload: impl FnOnce(&mut Self), padding: &[u8]) {
        let start = self.open(nla_type);
        payload(self);
        if self.close(start, |end| end) && !padding.is_empty() {
            self.buf.extend_from_slice(padding);
        }
    }

    #[inline]
    fn open(&mut self, nla_type: u16) -> usize {
        let start = self.buf.len();
        let [type0, type1] = self.endian.u16_bytes(nla_type);
        self.buf.push_array([0, 0, type0, type1]);
        start
    }

    /// Ends the attribute that starts at `start`: sets its length, and pads up to what `align` returns.
    ///
    /// Removes the attribute if it is too long or does not fit.
    #[inline]
    fn close(&mut self, start: usize, align: impl FnOnce(usize) -> usize) -> bool {
        let len = self.buf.len() - start;
        let end = start + align(len);
        let Ok(nla_len) = u16::try_from(len) else {
            self.take_back(start, ErrorKind::TooLong { limit: NLA_LEN_MAX, needed: len });
            return false;
        };
        if end > self.room.limit {
            self.take_back(start, ErrorKind::NoRoom { limit: self.room.limit, needed: end });
            return false;
        }
        self.buf.set(start, self.endian.u16_bytes(nla_len));
        self.pad(end - start - len);
        true
    }

    #[inline]
    fn pad(&mut self, bytes: usize) {
        match bytes {
            0 => {}
            1 => self.buf.push_array([0]),
            2 => self.buf.push_array([0; 2]),
            _ => self.buf.push_array([0; 3]),
        }
    }

    #[cold]
    fn take_back(&mut self, start: usize, kind: ErrorKind) {
        let nla_type = self.buf.get(start + 2..start + NLA_HDRLEN);
        let nla_type = nla_type.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        let number = self.endian.u16(nla_type) & NLA_TYPE_MASK;
        self.buf.truncate(start);
        self.error.get_or_insert(Error {
            offset: start - self.start,
            set: Some(S::SPEC),
            attr: S::SPEC.get(number),
            kind,
        });
    }
}
