//! The messages of a datagram.

use super::Message;
use crate::error::Error;
use crate::wire::{Datagram, Endian};

/// Returns an iterator over the messages of a datagram, in the byte order of this machine.
///
/// `datagram` is what one `recv` on a netlink socket returned. For datagrams from captures see
/// [`Messages::with_endian`].
///
/// # Examples
/// ```no_run
/// use ctnetlink::Kind;
///
/// # let datagram: &[u8] = &[];
/// for message in ctnetlink::messages(datagram) {
///     let message = message?;
///     if message.kind() == Kind::Destroy {
///         let flow = message.conntrack()?;
///         println!("{:?} lasted {:?}", flow.orig, flow.timestamp.duration());
///     }
/// }
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[must_use]
pub const fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages::with_endian(datagram, Endian::NATIVE)
}

/// An iterator over the messages of a datagram.
///
/// It is created by [`messages`](fn@messages) and [`Messages::with_endian`]. A message whose length
/// is wrong ends it with an error, because the start of the next message is then unknown.
///
/// # Examples
/// ```
/// use ctnetlink::{Endian, Messages, MsgType};
///
/// // A GET request of a big-endian machine.
/// let datagram = [0, 0, 0, 20, 1, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 2, 0, 0, 0];
/// let mut messages = Messages::with_endian(&datagram, Endian::Big);
/// let request = messages.next().unwrap()?;
/// assert_eq!((request.msg_type(), request.header().nlmsg_seq), (MsgType::CT_GET, 7));
/// assert!(messages.next().is_none());
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    datagram: Datagram<'a>,
}

impl<'a> Messages<'a> {
    /// Creates an iterator over the messages of a datagram from a machine of byte order `endian`.
    #[must_use]
    pub const fn with_endian(datagram: &'a [u8], endian: Endian) -> Self {
        Self { datagram: Datagram::new(datagram, endian) }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.datagram.next().map(|raw| raw.map(|raw| Message { raw }))
    }
}

impl core::iter::FusedIterator for Messages<'_> {}
