//! A buffer that contains the part of the input that is in memory.

use core::ops::Range;
use std::io::{ErrorKind, Read};

use super::error::{CaptureError, CaptureErrorKind, Place};

/// The length of the longest packet, block or message that is read.
///
/// It is far above any netlink datagram, and low enough that a wrong length does no harm.
pub(super) const LIMIT: usize = 16 << 20;

/// A buffer over a reader, which does not have to seek.
///
/// It starts small and grows only when it is full of input, so that it never becomes larger than
/// twice the input.
pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// The unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// The offset in the input of `buffer[start]`.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        let buffer = vec![0; 64 << 10];
        Self { input, buffer, start: 0, end: 0, offset: 0, ended: false }
    }

    /// Reads until `want` bytes are unread or the input ends, and returns the number of unread bytes.
    ///
    /// It does not read more than it needs, so that messages of a live stream have no delay.
    #[inline]
    pub(super) fn fill(&mut self, want: usize) -> Result<usize, CaptureError> {
        if self.end - self.start < want {
            self.read(want)?;
        }
        Ok(self.end - self.start)
    }

    fn read(&mut self, want: usize) -> Result<(), CaptureError> {
        while self.end - self.start < want && !self.ended {
            if self.end == self.buffer.len() {
                self.make_room();
            }
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end = self.buffer.len().min(self.end + count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.close();
                    return Err(Place::File.error(self.offset, CaptureErrorKind::Io(error)));
                }
            }
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        } else {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    /// Returns the bytes that have been read from the input and not taken yet.
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the offset in the input of the first unread byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes `count` bytes, and returns their place, which is valid until the next `fill`.
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let start = self.start;
        self.start = self.end.min(start + count);
        self.offset += (self.start - start) as u64;
        start..self.start
    }

    /// Returns the bytes at a place that [`take`](Self::take) has returned.
    pub(super) fn taken(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Skips up to `count` bytes without keeping them in memory, and returns their number.
    pub(super) fn skip(&mut self, count: u64) -> Result<u64, CaptureError> {
        let mut left = count;
        while left > 0 {
            let have = self.fill(1)?;
            if have == 0 {
                break;
            }
            let step = usize::try_from(left).map_or(have, |left| left.min(have));
            self.take(step);
            left -= step as u64;
        }
        Ok(count - left)
    }

    /// Ends the reading: all later calls behave as at the end of the input.
    pub(super) fn close(&mut self) {
        self.take(self.end - self.start);
        self.ended = true;
    }
}
