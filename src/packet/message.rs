//! Messages as payloads of rust-netlink's messages.

use super::AdapterError;
use crate::wire::{Endian, NLMSG_HDRLEN};
use crate::{Message, MessageBuf, MsgType};
use std::fmt;

/// A ctnetlink message as the payload of a `NetlinkMessage`.
///
/// It owns a whole message with the header that was received or that the request has. The header that
/// is sent is that of the `NetlinkMessage`, in which netlink-proto sets the sequence number. Two
/// values are equal if their types and bodies are equal; a `NetlinkMessage` compares the headers.
///
/// # Examples
/// ```
/// use ctnetlink::packet::CtNetlinkMessage;
/// use ctnetlink::{MsgType, request};
///
/// let message = CtNetlinkMessage::try_from(request::stats())?;
/// assert_eq!(message.msg_type(), MsgType::CT_GET_STATS);
/// # Ok::<(), ctnetlink::packet::AdapterError>(())
/// ```
///
/// The [module](super) shows how netlink-packet-core serializes it.
#[derive(Clone)]
pub struct CtNetlinkMessage {
    pub(super) buf: MessageBuf,
}

impl CtNetlinkMessage {
    /// Returns a view of the message.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        self.buf.as_message()
    }

    /// Returns the message type.
    #[must_use]
    pub fn msg_type(&self) -> MsgType {
        self.as_message().msg_type()
    }

    pub(super) fn body(&self) -> &[u8] {
        self.buf.as_bytes().get(NLMSG_HDRLEN..).unwrap_or_default()
    }
}

impl PartialEq for CtNetlinkMessage {
    fn eq(&self, other: &Self) -> bool {
        (self.msg_type(), self.body()) == (other.msg_type(), other.body())
    }
}

impl Eq for CtNetlinkMessage {}

impl fmt::Debug for CtNetlinkMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.buf.fmt(f)
    }
}

/// Fails with [`AdapterError::ByteOrder`] only.
///
/// The functions of [`request`](crate::request) return messages in the byte order of this machine.
impl TryFrom<MessageBuf> for CtNetlinkMessage {
    type Error = AdapterError;

    fn try_from(buf: MessageBuf) -> Result<Self, AdapterError> {
        match buf.as_message().endian() {
            Endian::NATIVE => Ok(Self { buf }),
            _ => Err(AdapterError::ByteOrder),
        }
    }
}

/// Copies the message.
///
/// Fails with [`AdapterError::ByteOrder`] only.
impl TryFrom<Message<'_>> for CtNetlinkMessage {
    type Error = AdapterError;

    fn try_from(message: Message<'_>) -> Result<Self, AdapterError> {
        message.to_buf().try_into()
    }
}

impl From<CtNetlinkMessage> for MessageBuf {
    fn from(message: CtNetlinkMessage) -> Self {
        message.buf
    }
}
