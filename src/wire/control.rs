//! The messages that every netlink family has: acknowledgements, errors, ends of dumps.
//!
//! All integers here, attributes included, are in the sender's byte order.

use super::align::{NLMSG_HDRLEN, nlmsg_align};
use super::attrs::Attrs;
use super::header::{NlMsgHdr, NlmFlags, RawMessage};
use super::nul_str::NulStr;
use super::write_buf::WriteBuf;
use super::writer::Writer;
use crate::error::{Error, ErrorKind};

super::attr_set! {
    /// Details that the kernel adds to an error or to the end of a dump ("extended ack"), where the
    /// socket has asked for them with `NETLINK_EXT_ACK`.
    NlmsgerrAttrs, "nlmsgerr_attrs" => ExtAck {
        /// A sentence on what is wrong.
        1 "NLMSGERR_ATTR_MSG" = Message(NulStr<'a> as Str), since "4.12";
        /// Bytes from the start of the request to the attribute that is wrong.
        2 "NLMSGERR_ATTR_OFFS" = Offset(u32 as Host32), since "4.12";
        /// An opaque value that helps some families to identify the error.
        3 "NLMSGERR_ATTR_COOKIE" = Cookie(&'a [u8] as Bytes), since "4.12";
        /// What the kernel would have accepted.
        4 "NLMSGERR_ATTR_POLICY" = Policy(Attrs<'a, NetlinkPolicyTypeAttr> as Nest), since "5.10";
        /// The number of an attribute that is missing.
        5 "NLMSGERR_ATTR_MISS_TYPE" = MissType(u32 as Host32), since "6.1";
        /// Bytes from the start of the request to the nest in which it is missing.
        6 "NLMSGERR_ATTR_MISS_NEST" = MissNest(u32 as Host32), since "6.1";
    }
}

super::attr_set! {
    /// What the kernel would have accepted as an attribute's payload.
    NetlinkPolicyTypeAttr, "netlink_policy_type_attr" => PolicyAttr {
        /// `enum netlink_attribute_type`.
        1 "NL_POLICY_TYPE_ATTR_TYPE" = Type(u32 as Host32), since "5.10";
        /// The lowest signed value, two's complement.
        2 "NL_POLICY_TYPE_ATTR_MIN_VALUE_S" = MinValueS(u64 as Host64), since "5.10";
        /// The highest signed value, two's complement.
        3 "NL_POLICY_TYPE_ATTR_MAX_VALUE_S" = MaxValueS(u64 as Host64), since "5.10";
        /// The lowest unsigned value.
        4 "NL_POLICY_TYPE_ATTR_MIN_VALUE_U" = MinValueU(u64 as Host64), since "5.10";
        /// The highest unsigned value.
        5 "NL_POLICY_TYPE_ATTR_MAX_VALUE_U" = MaxValueU(u64 as Host64), since "5.10";
        /// The shortest payload.
        6 "NL_POLICY_TYPE_ATTR_MIN_LENGTH" = MinLength(u32 as Host32), since "5.10";
        /// The longest payload.
        7 "NL_POLICY_TYPE_ATTR_MAX_LENGTH" = MaxLength(u32 as Host32), since "5.10";
        /// For nests, which policy of a policy dump holds inside.
        8 "NL_POLICY_TYPE_ATTR_POLICY_IDX" = PolicyIdx(u32 as Host32), since "5.10";
        /// For nests, the highest attribute number inside.
        9 "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE" = PolicyMaxtype(u32 as Host32), since "5.10";
        /// The bits that a `struct nla_bitfield32` may have.
        10 "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK" = Bitfield32Mask(u32 as Host32), since "5.10";
        /// Empty; aligns a 64-bit value.
        11 "NL_POLICY_TYPE_ATTR_PAD" = Pad(() as Pad), since "5.10";
        /// The bits that an unsigned integer may have.
        12 "NL_POLICY_TYPE_ATTR_MASK" = Mask(u64 as Host64), since "5.10";
    }
}

const CODE: usize = 4;

/// The body of `NLMSG_ERROR`: the kernel's answer to a request that asked for one or failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NlMsgErr<'a> {
    /// 0 for an acknowledgement, else the negative errno.
    pub error: i32,
    /// The header of the request.
    pub request: NlMsgHdr,
    /// The request's payload, with the padding behind it; empty if the flag CAPPED is set.
    pub payload: &'a [u8],
    /// Details, if the flag `ACK_TLVS` is set.
    pub ext_ack: Attrs<'a, NlmsgerrAttrs>,
}

impl<'a> NlMsgErr<'a> {
    /// Reads the body of an `NLMSG_ERROR`.
    ///
    /// # Errors
    /// [`Body`](ErrorKind::Body): shorter than an error number and a header.
    pub fn parse(message: &RawMessage<'a>) -> Result<Self, Error> {
        let body = message.body();
        let short = Error::at(
            NLMSG_HDRLEN,
            ErrorKind::Body { expected: CODE + NLMSG_HDRLEN, found: body.len() },
        );
        let (error, behind) = body.split_first_chunk().ok_or(short)?;
        let (request, behind) = behind.split_first_chunk().ok_or(short)?;
        let request = NlMsgHdr::read(request, message.endian);
        let flags = message.header.nlmsg_flags;
        let echoed = if flags.contains(NlmFlags::CAPPED) {
            0
        } else if flags.contains(NlmFlags::ACK_TLVS) {
            let len = usize::try_from(request.nlmsg_len).unwrap_or(usize::MAX);
            nlmsg_align(len).saturating_sub(NLMSG_HDRLEN)
        } else {
            behind.len()
        };
        let (payload, tlvs) = behind.split_at_checked(echoed).unwrap_or((behind, &[]));
        let offset = message.bytes.len() - tlvs.len();
        Ok(Self {
            error: message.endian.u32(*error) as i32,
            request,
            payload,
            ext_ack: Attrs::at(tlvs, offset, message.endian),
        })
    }

    /// Whether the request was carried out.
    #[must_use]
    pub const fn is_ack(&self) -> bool {
        self.error == 0
    }

    /// The kernel's sentence on what is wrong, if it sent one.
    #[must_use]
    pub fn message(&self) -> Option<NulStr<'a>> {
        self.ext_ack.find(|attr| match attr {
            ExtAck::Message(text) => Some(text),
            _ => None,
        })
    }

    /// Bytes from the start of the request to the attribute that is wrong, if the kernel said so.
    #[must_use]
    pub fn offset(&self) -> Option<u32> {
        self.ext_ack.find(|attr| match attr {
            ExtAck::Offset(offset) => Some(offset),
            _ => None,
        })
    }

    pub(crate) fn rebuild(
        &self,
        out: &mut WriteBuf,
        message: &RawMessage<'_>,
    ) -> Result<(), Error> {
        let endian = message.endian;
        out.extend_from_slice(&endian.u32_bytes(self.error as u32));
        out.extend_from_slice(&self.request.to_bytes(endian));
        out.extend_from_slice(self.payload);
        Writer::run_from(out, 0, endian, |out| self.ext_ack.rebuild(out))
    }
}

/// The body of `NLMSG_DONE`: the end of a dump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NlMsgDone<'a> {
    /// 0, or the negative errno that ended the dump early. Absent from some old kernels.
    pub status: Option<i32>,
    /// Details, if the flag `ACK_TLVS` is set.
    pub ext_ack: Attrs<'a, NlmsgerrAttrs>,
}

impl<'a> NlMsgDone<'a> {
    /// Reads the body of an `NLMSG_DONE`.
    ///
    /// # Errors
    /// [`Body`](ErrorKind::Body): neither empty nor long enough for a status.
    pub fn parse(message: &RawMessage<'a>) -> Result<Self, Error> {
        let body = message.body();
        let (status, tlvs) = match body.split_first_chunk() {
            Some((status, tlvs)) => (Some(message.endian.u32(*status) as i32), tlvs),
            None if body.is_empty() => (None, body),
            None => {
                let kind = ErrorKind::Body { expected: CODE, found: body.len() };
                return Err(Error::at(NLMSG_HDRLEN, kind));
            }
        };
        let offset = message.bytes.len() - tlvs.len();
        Ok(Self { status, ext_ack: Attrs::at(tlvs, offset, message.endian) })
    }

    pub(crate) fn rebuild(
        &self,
        out: &mut WriteBuf,
        message: &RawMessage<'_>,
    ) -> Result<(), Error> {
        if let Some(status) = self.status {
            out.extend_from_slice(&message.endian.u32_bytes(status as u32));
        }
        Writer::run_from(out, 0, message.endian, |out| self.ext_ack.rebuild(out))
    }
}
