//! A message of a datagram to the kernel.

use crate::wire::{Endian, NLMSG_HDRLEN, NlMsgHdr, nlmsg_align};

/// The size of `struct nlmsghdr` and `struct nfgenmsg`.
pub(super) const FIXED: usize = NLMSG_HDRLEN + 4;
/// The message types of all of netlink end below it (`NLMSG_MIN_TYPE`).
pub(super) const NLMSG_MIN_TYPE: u16 = 16;

/// A message of a datagram to the kernel.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) header: NlMsgHdr,
    /// The message as long as its header says, without padding.
    pub(super) bytes: &'a [u8],
}

impl<'a> Request<'a> {
    /// Returns the first message, unless its length does not fit.
    pub(super) fn first(datagram: &'a [u8], endian: Endian) -> Option<Self> {
        let header = NlMsgHdr::read(datagram.first_chunk()?, endian);
        let length = usize::try_from(header.nlmsg_len).ok()?;
        let bytes = datagram.get(..length).filter(|bytes| bytes.len() >= NLMSG_HDRLEN)?;
        Some(Self { header, bytes })
    }

    /// Returns what follows the message in its datagram, which may lack the padding.
    pub(super) fn rest(&self, datagram: &'a [u8]) -> &'a [u8] {
        datagram.get(nlmsg_align(self.bytes.len())..).unwrap_or_default()
    }
}

/// What the handler of a request has done.
pub(super) enum Handled {
    /// The request is carried out.
    Done,
    /// A dump runs, which has no acknowledgement.
    DumpStarted,
}
