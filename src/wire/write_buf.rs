//! The buffer that messages are written to.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

/// A growable, reusable output buffer for messages.
///
/// It keeps the bytes after its end, so that a message can be laid out in one piece. A `Vec` would have
/// to be filled with zeros first, for each message.
///
/// # Examples
/// ```
/// use ctnetlink::{MessageBuilder, Family, MsgType, wire::WriteBuf, attrs::{CtAttr, CtattrType}};
///
/// let mut buffer = WriteBuf::new();
/// for mark in [0x1234, 0x5678] {
///     buffer.clear();
///     let builder = MessageBuilder::new(MsgType::CT_NEW, Family::IPV4);
///     builder.write::<CtattrType>(&mut buffer, |out| out.put(CtAttr::Mark(mark)))?;
///     assert_eq!(buffer.len(), 16 + 4 + 8);
/// }
/// assert!(buffer.ends_with(&[0x56, 0x78]));
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct WriteBuf {
    /// The bytes, and room after them.
    bytes: Vec<u8>,
    len: usize,
}

impl WriteBuf {
    /// Creates an empty buffer, which does not allocate until something is written.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    /// Creates an empty buffer with room for at least `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: alloc::vec![0; bytes], len: 0 }
    }

    /// Returns the number of bytes in the buffer.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the buffer is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Clears the buffer, keeping its allocation.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Shortens the buffer, keeping the first `len` bytes.
    ///
    /// It does nothing if the buffer is not longer.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends all bytes in a slice.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        if let Some(room) =
            self.bytes.get_mut(self.len..).and_then(|room| room.get_mut(..bytes.len()))
        {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Appends an array, whose length the compiler knows.
    #[inline]
    pub(crate) fn push_array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(room) = self.room() {
            *room = bytes;
            self.len += N;
        }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Overwrites bytes in the buffer.
    #[inline]
    pub(crate) fn set<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
    }

    /// Returns `N` bytes after the end, with any content.
    #[inline]
    pub(super) fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        if self.bytes.len() - self.len < N {
            self.grow(N);
        }
        self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut)
    }

    /// Makes the first bytes that [`room`](Self::room) returned part of the buffer.
    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.len += bytes;
        debug_assert!(self.len <= self.bytes.len());
    }

    /// Reserves room for at least `bytes` bytes after the end.
    #[cold]
    fn grow(&mut self, bytes: usize) {
        self.bytes.truncate(self.len);
        self.bytes.reserve(bytes);
        // Use everything that the allocator returned.
        self.bytes.resize(self.bytes.capacity(), 0);
    }
}

impl From<Vec<u8>> for WriteBuf {
    fn from(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), bytes }
    }
}

impl From<WriteBuf> for Vec<u8> {
    fn from(buf: WriteBuf) -> Self {
        buf.into_bytes()
    }
}

impl AsRef<[u8]> for WriteBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Extend<u8> for WriteBuf {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        bytes.into_iter().for_each(|byte| self.push_array([byte]));
    }
}

impl Deref for WriteBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl PartialEq for WriteBuf {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for WriteBuf {}

impl fmt::Debug for WriteBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_as_a_vec_does() {
        let (mut buf, mut expected) = (WriteBuf::new(), Vec::new());
        for n in 0..600_u16 {
            let [high, low] = n.to_be_bytes();
            let piece = alloc::vec![low; usize::from(n % 7)];
            buf.extend_from_slice(&piece);
            buf.push_array([high, low, 0x5a]);
            expected.extend_from_slice(&piece);
            expected.extend_from_slice(&[high, low, 0x5a]);
            assert_eq!((buf.len(), &*buf), (expected.len(), &expected[..]));
        }
        assert_eq!(buf.clone().into_bytes(), expected);
        buf.truncate(700);
        expected.truncate(700);
        buf.push_array([1, 2]);
        expected.extend([1, 2]);
        buf.extend([3_u8, 4].into_iter().filter(|byte| *byte > 3));
        expected.push(4);
        assert_eq!(buf.as_ref(), &expected[..]);
        assert_eq!(Vec::from(buf), expected);
    }

    #[test]
    fn bytes_after_the_end_are_not_part_of_the_buffer() {
        let mut buf = WriteBuf::from(alloc::vec![7, 8, 9]);
        assert_eq!(buf.room::<3>().map(|room| room.len()), Some(3));
        assert_eq!(*buf, [7, 8, 9]);
        buf.truncate(1);
        assert_eq!((&*buf, &buf), (&[7][..], &WriteBuf::from(alloc::vec![7])));
        // A length beyond the end changes nothing.
        buf.truncate(3);
        assert_eq!((&*buf, buf.is_empty()), (&[7][..], false));
        buf.clear();
        assert_eq!((&*buf, buf.is_empty()), (&[][..], true));
        assert_eq!(buf, WriteBuf::new());
    }
}
