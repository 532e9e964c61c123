//! Bytes that messages are appended to.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

/// Bytes that grow at their end, kept from one message to the next.
///
/// What lies behind the end stays as it is, to be written over. A `Vec` knows of nothing behind its
/// end: to lay out a message in one piece, it would have to be filled with zeros first, each time.
///
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
    /// The bytes, and room behind them.
    bytes: Vec<u8>,
    len: usize,
}

impl WriteBuf {
    /// Nothing; allocates when something is written.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    /// Nothing, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: alloc::vec![0; bytes], len: 0 }
    }

    /// Bytes that it has.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes everything away, but not the memory.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Takes away what is behind the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends bytes.
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

    /// Appends bytes of a number that is known to the compiler.
    #[inline]
    pub(crate) fn extend<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(room) = self.room() {
            *room = bytes;
            self.len += N;
        }
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// Writes over bytes that are there.
    #[inline]
    pub(crate) fn set<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
    }

    /// So many bytes behind the end, whatever is in them.
    #[inline]
    pub(super) fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        if self.bytes.len() - self.len < N {
            self.grow(N);
        }
        self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut)
    }

    /// Takes the first bytes of what [`room`](Self::room) gave in addition.
    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.len += bytes;
        debug_assert!(self.len <= self.bytes.len());
    }

    /// Makes room for so many bytes behind the end.
    #[cold]
    fn grow(&mut self, bytes: usize) {
        self.bytes.truncate(self.len);
        self.bytes.reserve(bytes);
        // All that the allocator gave.
        self.bytes.resize(self.bytes.capacity(), 0);
    }
}

impl From<Vec<u8>> for WriteBuf {
    fn from(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), bytes }
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
            buf.extend([high, low, 0x5a]);
            expected.extend_from_slice(&piece);
            expected.extend_from_slice(&[high, low, 0x5a]);
            assert_eq!((buf.len(), &*buf), (expected.len(), &expected[..]));
        }
        assert_eq!(buf.clone().into_bytes(), expected);
        buf.truncate(700);
        expected.truncate(700);
        buf.extend([1, 2]);
        expected.extend([1, 2]);
        assert_eq!(buf.into_bytes(), expected);
    }

    #[test]
    fn what_lies_behind_the_end_is_not_there() {
        let mut buf = WriteBuf::from(alloc::vec![7, 8, 9]);
        assert_eq!(buf.room::<3>().map(|room| room.len()), Some(3));
        assert_eq!(*buf, [7, 8, 9]);
        buf.truncate(1);
        assert_eq!((&*buf, &buf), (&[7][..], &WriteBuf::from(alloc::vec![7])));
        // Longer than it is: as it was.
        buf.truncate(3);
        assert_eq!((&*buf, buf.is_empty()), (&[7][..], false));
        buf.clear();
        assert_eq!((&*buf, buf.is_empty()), (&[][..], true));
        assert_eq!(buf, WriteBuf::new());
    }
}
