//! What a datagram is received into.

use super::error::SocketError;
use crate::Message;
use crate::wire::{Endian, RawMessage, nlmsg_align};
use core::ops::Range;

/// A buffer for datagrams, allocated once and used again for each.
///
/// The default is 64 KiB: twice what the kernel puts into one datagram of a dump, and far above
/// any event.
#[derive(Debug)]
pub struct Buffer {
    bytes: Box<[u8]>,
    /// The messages that [`Buffer::take`] has not given out yet.
    unread: Range<usize>,
    filled: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::with_capacity(64 << 10)
    }
}

impl Buffer {
    /// A buffer for datagrams of up to `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity].into(), unread: 0..0, filled: 0 }
    }

    /// The bytes that were received last: one datagram.
    #[must_use]
    pub fn datagram(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// The messages of that datagram.
    pub fn messages(&self) -> impl Iterator<Item = Result<Message<'_>, crate::error::Error>> {
        crate::messages(self.datagram())
    }

    /// Where to receive into. Forgets what was there.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.filled(0);
        &mut self.bytes
    }

    /// So many bytes were received.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled = length.min(self.bytes.len());
        self.unread = 0..self.filled;
    }

    /// The place of the next message, and one step on. What cannot be split ends the datagram.
    pub(super) fn take(&mut self) -> Option<Result<Range<usize>, SocketError>> {
        let unread = self.bytes.get(self.unread.clone()).filter(|unread| !unread.is_empty())?;
        let start = self.unread.start;
        match RawMessage::parse(unread, Endian::NATIVE) {
            Ok(raw) => {
                let end = start + raw.bytes.len();
                self.unread.start = (start + nlmsg_align(raw.bytes.len())).min(self.filled);
                Some(Ok(start..end))
            }
            Err(mut error) => {
                error.offset += start;
                self.unread = 0..0;
                Some(Err(SocketError::Malformed(error)))
            }
        }
    }

    /// The message at a place that `take` returned.
    pub(super) fn message(&self, place: Range<usize>) -> Result<Message<'_>, SocketError> {
        let bytes = self.bytes.get(place).unwrap_or_default();
        Message::parse(bytes).map_err(SocketError::Malformed)
    }
}
