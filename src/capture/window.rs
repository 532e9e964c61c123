//! The part of the input that is in memory.

use core::ops::Range;
use std::io::{ErrorKind, Read};

use super::error::{CaptureError, CaptureErrorKind, Place};

/// The longest packet, block or message that is read: far above any netlink datagram, low enough
/// that a wrong length does no harm.
pub(super) const LIMIT: usize = 16 << 20;

/// A buffer over a reader that need not seek. It starts small and grows only when it is full of
/// input, so it never gets larger than twice what the input held.
pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// The unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Offset in the input of `buffer[start]`.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        let buffer = vec![0; 64 << 10];
        Self { input, buffer, start: 0, end: 0, offset: 0, ended: false }
    }

    /// Reads until `want` bytes are unread or the input ends; returns how many there are. Reads no
    /// further than it must, so that a live stream is seen without delay.
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

    /// What has been filled in and not yet taken.
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Offset in the input of the first unread byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Marks `count` bytes as read. They stay where they are until the next `fill`.
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let start = self.start;
        self.start = self.end.min(start + count);
        self.offset += (self.start - start) as u64;
        start..self.start
    }

    /// Bytes that `take` has returned the place of.
    pub(super) fn taken(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Reads over `count` bytes, however many, without keeping them; returns how many there were.
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

    /// Gives up: from here on the input looks as if it had ended.
    pub(super) fn close(&mut self) {
        self.take(self.end - self.start);
        self.ended = true;
    }
}
