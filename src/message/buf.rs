//! Messages that own their bytes.

use super::NfGenMsg;
use super::view::{Body, Message};
use crate::error::Error;
#[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
use crate::wire::NLMSG_HDRLEN;
use crate::wire::{AttrSet, Attrs, Endian, NlMsgHdr, RawMessage, WriteBuf, Writer};
use alloc::vec::Vec;
use core::fmt;

/// A message that owns its bytes.
///
/// # Examples
/// ```
/// use ctnetlink::{Kind, request};
///
/// let request = request::stats().with_seq(7);
/// assert_eq!(request.as_message().kind(), Kind::Request);
/// assert_eq!(request.as_message().header().nlmsg_seq, 7);
/// assert_eq!(request.into_bytes().len(), 20);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MessageBuf {
    pub(super) header: NlMsgHdr,
    pub(super) bytes: Vec<u8>,
    pub(super) endian: Endian,
}

impl MessageBuf {
    /// Creates a message of this machine from its parts, with the length of both.
    #[cfg(any(feature = "netlink-packet-core", feature = "netlink-packet-utils"))]
    pub(crate) fn from_parts(header: NlMsgHdr, body: &[u8]) -> Self {
        let len = NLMSG_HDRLEN + body.len();
        let header = NlMsgHdr { nlmsg_len: u32::try_from(len).unwrap_or(u32::MAX), ..header };
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(&header.to_bytes(Endian::NATIVE));
        bytes.extend_from_slice(body);
        Self { header, bytes, endian: Endian::NATIVE }
    }

    /// Returns a view of the message.
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        Message { raw: RawMessage { header: self.header, bytes: &self.bytes, endian: self.endian } }
    }

    /// Sets the sequence number, which the kernel repeats in its replies to a request.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::request;
    ///
    /// let request = request::stats().with_seq(0x0102_0304);
    /// assert_eq!(request.into_bytes()[8..12], 0x0102_0304_u32.to_ne_bytes());
    /// ```
    #[must_use]
    pub fn with_seq(self, seq: u32) -> Self {
        let header = NlMsgHdr { nlmsg_seq: seq, ..self.header };
        self.with_header(header)
    }

    /// Replaces the header.
    pub(crate) fn with_header(mut self, header: NlMsgHdr) -> Self {
        self.header = header;
        for (byte, new) in self.bytes.iter_mut().zip(header.to_bytes(self.endian)) {
            *byte = new;
        }
        self
    }

    /// Returns the bytes of the message, as they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Consumes the message and returns its bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Conversion to owned messages.
impl Message<'_> {
    /// Copies the message into an owned one.
    #[must_use]
    pub fn to_buf(&self) -> MessageBuf {
        MessageBuf {
            header: self.raw.header,
            bytes: self.raw.bytes.to_vec(),
            endian: self.raw.endian,
        }
    }

    /// Re-encodes the message from its decoded attributes, at every nesting level.
    ///
    /// The result is identical to the original bytes. The tests rely on this to prove that decoding is
    /// lossless.
    ///
    /// # Errors
    /// Returns [`Body`](crate::error::ErrorKind::Body) if [`body`](Message::body) does.
    pub fn rebuild(&self) -> Result<MessageBuf, Error> {
        fn attrs<S: AttrSet>(
            out: &mut WriteBuf,
            nfgen: NfGenMsg,
            attrs: Attrs<'_, S>,
        ) -> Result<(), Error> {
            out.extend_from_slice(&nfgen.to_bytes());
            Writer::run_from(out, 0, attrs.endian(), |out| attrs.rebuild(out))
        }
        let mut out = WriteBuf::with_capacity(self.raw.bytes.len());
        out.extend_from_slice(&self.raw.header.to_bytes(self.raw.endian));
        match self.body()? {
            Body::Conntrack(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::StatsCpu(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::StatsGlobal(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::Expect(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::ExpectStats(nfgen, set) => attrs(&mut out, nfgen, set)?,
            Body::Error(error) => error.rebuild(&mut out, &self.raw)?,
            Body::Done(done) => done.rebuild(&mut out, &self.raw)?,
            Body::Other(bytes) => out.extend_from_slice(bytes),
        }
        Ok(MessageBuf { header: self.raw.header, bytes: out.into_bytes(), endian: self.raw.endian })
    }
}

impl AsRef<[u8]> for MessageBuf {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<MessageBuf> for Vec<u8> {
    fn from(message: MessageBuf) -> Self {
        message.bytes
    }
}

impl fmt::Debug for MessageBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_message().fmt(f)
    }
}
