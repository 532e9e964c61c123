//! The buffer that a datagram is received into.

use super::error::SocketError;
use crate::Message;
use crate::wire::{Endian, RawMessage, nlmsg_align};
use core::ops::Range;

/// A reusable buffer for one datagram.
///
/// The default size is 64 KiB. The kernel's datagrams in a dump are at most 32 KiB, and events are
/// much smaller.
///
/// # Examples
/// ```no_run
/// use ctnetlink::Group;
/// use ctnetlink::socket::{Buffer, Events};
///
/// let mut events = Events::subscribe(&[Group::Destroy])?;
/// let mut buffer = Buffer::default();
/// events.recv_datagram(&mut buffer)?;
/// println!("{} bytes, {} messages", buffer.datagram().len(), buffer.messages().count());
/// # Ok::<(), ctnetlink::socket::SocketError>(())
/// ```
#[derive(Debug)]
pub struct Buffer {
    bytes: Box<[u8]>,
    /// The messages that [`Buffer::take`] has not returned yet.
    unread: Range<usize>,
    filled: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::with_capacity(64 << 10)
    }
}

impl Buffer {
    /// Creates a buffer for datagrams of at most `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity].into(), unread: 0..0, filled: 0 }
    }

    /// Returns the bytes of the last datagram received.
    #[must_use]
    pub fn datagram(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Returns the messages of the last datagram received.
    pub fn messages(&self) -> impl Iterator<Item = Result<Message<'_>, crate::error::Error>> {
        crate::messages(self.datagram())
    }

    /// Returns the space for the next datagram, and discards the last one.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.filled(0);
        &mut self.bytes
    }

    /// Notes that a datagram of `length` bytes was received.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled = length.min(self.bytes.len());
        self.unread = 0..self.filled;
    }

    /// Returns the place of the next message.
    ///
    /// Bytes that are not a message end the datagram.
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

    /// Returns the message at a place that [`Buffer::take`] returned.
    pub(super) fn message(&self, place: Range<usize>) -> Result<Message<'_>, SocketError> {
        let bytes = self.bytes.get(place).unwrap_or_default();
        Message::parse(bytes).map_err(SocketError::Malformed)
    }
}
