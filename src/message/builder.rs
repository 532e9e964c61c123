//! A builder of messages.

use super::{ATTRS_OFFSET, Family, Kind, Message, MessageBuf, MsgType, NfGenMsg};
use crate::error::{Error, ErrorKind};
use crate::wire::{AttrSet, Endian, NlMsgHdr, NlmFlags, WriteBuf, WriteLimits, Writer};

/// A builder of messages: every field of the headers except the length.
///
/// # Examples
/// ```
/// use ctnetlink::{MessageBuilder, Family, MsgType, attrs::{CtAttr, CtattrType}, wire::NlmFlags};
///
/// let builder = MessageBuilder {
///     flags: NlmFlags::REQUEST | NlmFlags::DUMP,
///     seq: 7,
///     ..MessageBuilder::new(MsgType::CT_GET, Family::IPV4)
/// };
/// let message = builder.build::<CtattrType>(|out| out.put(CtAttr::Mark(0x1234)))?;
/// assert_eq!(message.as_bytes().len(), 16 + 4 + 8);
/// # Ok::<(), ctnetlink::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageBuilder {
    /// The message type.
    pub msg_type: MsgType,
    /// The flags.
    pub flags: NlmFlags,
    /// The sequence number, `nlmsg_seq`.
    pub seq: u32,
    /// The port id, `nlmsg_pid`.
    pub portid: u32,
    /// The header of netfilter messages.
    pub nfgenmsg: NfGenMsg,
    /// The byte order of the message.
    pub endian: Endian,
}

impl MessageBuilder {
    /// Creates a builder without flags, for the byte order of this machine.
    #[must_use]
    pub fn new(msg_type: MsgType, family: Family) -> Self {
        Self {
            msg_type,
            flags: NlmFlags::empty(),
            seq: 0,
            portid: 0,
            nfgenmsg: NfGenMsg { nfgen_family: family, ..NfGenMsg::default() },
            endian: Endian::NATIVE,
        }
    }

    /// Builds a message with the attributes that `body` writes.
    ///
    /// # Errors
    /// Returns [`TooLong`](ErrorKind::TooLong) if an attribute or the message exceeds its length field.
    pub fn build<S: AttrSet>(
        &self,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<MessageBuf, Error> {
        let mut bytes = WriteBuf::new();
        let header = self.write(&mut bytes, body)?;
        Ok(MessageBuf { header, bytes: bytes.into_bytes(), endian: self.endian })
    }

    /// Appends a message with the attributes that `body` writes to `buf`.
    ///
    /// A buffer that is reused keeps its allocation.
    ///
    /// # Errors
    /// Returns an error if [`build`](Self::build) does. The buffer is then unchanged.
    pub fn write<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<NlMsgHdr, Error> {
        self.write_with_limits(buf, WriteLimits::UNLIMITED, body)
    }

    /// Appends a message to a buffer with a maximum size, or for a machine that needs pad attributes.
    ///
    /// # Errors
    /// Returns an error if [`write`](Self::write) does, and [`NoRoom`](ErrorKind::NoRoom) if the
    /// message does not fit. The buffer is then unchanged.
    #[inline]
    pub fn write_with_limits<S: AttrSet>(
        &self,
        buf: &mut WriteBuf,
        room: WriteLimits,
        body: impl FnOnce(&mut Writer<'_, S>),
    ) -> Result<NlMsgHdr, Error> {
        let start = buf.len();
        let needed = start + ATTRS_OFFSET;
        if needed > room.limit {
            return Err(Error::at(0, ErrorKind::NoRoom { limit: room.limit, needed }));
        }
        let mut header = NlMsgHdr {
            nlmsg_len: 0,
            nlmsg_type: self.msg_type.0,
            nlmsg_flags: self.flags,
            nlmsg_seq: self.seq,
            nlmsg_pid: self.portid,
        };
        buf.push_array(header.to_bytes(self.endian));
        buf.push_array(self.nfgenmsg.to_bytes());
        let mut error = None;
        body(&mut Writer::new(buf, start, self.endian, room, &mut error));
        let needed = buf.len() - start;
        match u32::try_from(needed) {
            Ok(nlmsg_len) => header.nlmsg_len = nlmsg_len,
            Err(_) => {
                let limit = u32::MAX as usize;
                error.get_or_insert(Error::at(0, ErrorKind::TooLong { limit, needed }));
            }
        }
        if let Some(error) = error {
            buf.truncate(start);
            return Err(error);
        }
        buf.set(start, self.endian.u32_bytes(header.nlmsg_len));
        Ok(header)
    }
}

/// Creates a builder from the headers of a message.
///
/// # Errors
/// Returns [`MessageType`](ErrorKind::MessageType) for control messages, and
/// [`Body`](ErrorKind::Body) if the message is too short for an `nfgenmsg`.
impl TryFrom<&Message<'_>> for MessageBuilder {
    type Error = Error;

    fn try_from(message: &Message<'_>) -> Result<Self, Error> {
        if message.kind() == Kind::Control {
            return Err(message.wrong_type());
        }
        let (nfgenmsg, _) = message.split_body()?;
        let header = message.header();
        Ok(Self {
            msg_type: message.msg_type(),
            flags: header.nlmsg_flags,
            seq: header.nlmsg_seq,
            portid: header.nlmsg_pid,
            nfgenmsg,
            endian: message.endian(),
        })
    }
}
