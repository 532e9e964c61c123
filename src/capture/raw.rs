//! Reads streams of netlink messages, as a program receives them from a socket.

use std::io::Read;

use super::error::{CaptureError, CaptureErrorKind, Place};
use super::record::Record;
use super::window::{LIMIT, Window};
use crate::wire::Endian;

/// The length of `struct nlmsghdr`.
pub(super) const HEADER: usize = 16;
/// The greatest length of the first message of a stream.
///
/// An input that begins like a longer message is more likely of another format.
const FIRST: u32 = 128 << 10;

/// A stream of netlink messages.
pub(super) struct Raw {
    order: Endian,
    messages: u64,
    /// The number of bytes between the last message and the next, which begins at a multiple of 4.
    padding: u64,
}

impl Raw {
    /// Creates a reader if the first four bytes of a stream can be the length of a message.
    ///
    /// The byte order is the one in which that length is possible. If it is possible in both, it is
    /// the one in which the length is smaller.
    pub(super) fn detect(head: [u8; 4]) -> Option<Self> {
        let length = |order: Endian| order.u32(head);
        let possible = |order: &Endian| (HEADER as u32..=FIRST).contains(&length(*order));
        let orders = [Endian::Little, Endian::Big];
        let order = orders.into_iter().filter(possible).min_by_key(|order| length(*order))?;
        Some(Self { order, messages: 0, padding: 0 })
    }

    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Window<R>,
    ) -> Result<Option<Record>, CaptureError> {
        // Not skipped earlier, so that a message does not have to wait for the padding after it.
        input.skip(self.padding)?;
        let offset = input.offset();
        let have = input.fill(HEADER)?;
        if have == 0 {
            return Ok(None);
        }
        self.messages += 1;
        let length = input.unread().first_chunk().map_or(0, |bytes| self.order.u32(*bytes));
        let expected = if have < HEADER { HEADER } else { length as usize };
        let kind = if expected < HEADER {
            let (expected, found) = (HEADER as u64, u64::from(length));
            CaptureErrorKind::TooShort { expected, found }
        } else if expected > LIMIT {
            CaptureErrorKind::TooLong { limit: LIMIT as u64, found: u64::from(length) }
        } else {
            let have = input.fill(expected)?;
            if have >= expected {
                self.padding = u64::from(length.wrapping_neg() % 4);
                return Ok(Some(Record {
                    number: self.messages,
                    offset,
                    bytes: input.take(expected),
                    link_type: None,
                    time: None,
                    interface: None,
                    missing: 0,
                    order: self.order,
                }));
            }
            CaptureErrorKind::Truncated { expected: expected as u64, found: have as u64 }
        };
        input.close();
        Err(Place::Message(self.messages).error(offset, kind))
    }
}
