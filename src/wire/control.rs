//! Messages that every netlink family has: acknowledgements, errors and ends of dumps.
//!
//! All integers in them, those in attributes included, are in the sender's byte order.

use super::align::{NLMSG_HDRLEN, nlmsg_align};
use super::header::{NlMsgHdr, NlmFlags, RawMessage};
use super::nul_str::NulStr;
use super::set::{Attrs, Writer};
use super::write_buf::WriteBuf;
use crate::error::{Error, ErrorKind};

super::attr_set! {
    /// An attribute with details about an error or the end of a dump ("extended ack").
    ///
    /// The kernel sends them if the socket option `NETLINK_EXT_ACK` is on.
    NlmsgerrAttrs, "nlmsgerr_attrs" => ExtAck {
        /// The extended-ack message: a sentence that explains the error.
        1 "NLMSGERR_ATTR_MSG" = Message(NulStr<'a> as Str), since "4.12";
        /// The number of bytes from the start of the request to the attribute that caused the error.
        2 "NLMSGERR_ATTR_OFFS" = Offset(u32 as Host32), since "4.12";
        /// An opaque value that helps some families to identify the error.
        3 "NLMSGERR_ATTR_COOKIE" = Cookie(&'a [u8] as Bytes), since "4.12";
        /// The policy that the attribute did not satisfy.
        4 "NLMSGERR_ATTR_POLICY" = Policy(Attrs<'a, NetlinkPolicyTypeAttr> as Nest), since "5.10";
        /// The number of a missing attribute.
        5 "NLMSGERR_ATTR_MISS_TYPE" = MissType(u32 as Host32), since "6.1";
        /// The number of bytes from the start of the request to the nest that lacks the attribute.
        6 "NLMSGERR_ATTR_MISS_NEST" = MissNest(u32 as Host32), since "6.1";
    }
}

super::attr_set! {
    /// An attribute of a policy: what the kernel accepts as a payload.
    NetlinkPolicyTypeAttr, "netlink_policy_type_attr" => PolicyAttr {
        /// The type of the payload, `enum netlink_attribute_type`.
        1 "NL_POLICY_TYPE_ATTR_TYPE" = Type(u32 as Host32), since "5.10";
        /// The lowest signed value, in two's complement.
        2 "NL_POLICY_TYPE_ATTR_MIN_VALUE_S" = MinValueS(u64 as Host64), since "5.10";
        /// The highest signed value, in two's complement.
        3 "NL_POLICY_TYPE_ATTR_MAX_VALUE_S" = MaxValueS(u64 as Host64), since "5.10";
        /// The lowest unsigned value.
        4 "NL_POLICY_TYPE_ATTR_MIN_VALUE_U" = MinValueU(u64 as Host64), since "5.10";
        /// The highest unsigned value.
        5 "NL_POLICY_TYPE_ATTR_MAX_VALUE_U" = MaxValueU(u64 as Host64), since "5.10";
        /// The length of the shortest payload.
        6 "NL_POLICY_TYPE_ATTR_MIN_LENGTH" = MinLength(u32 as Host32), since "5.10";
        /// The length of the longest payload.
        7 "NL_POLICY_TYPE_ATTR_MAX_LENGTH" = MaxLength(u32 as Host32), since "5.10";
        /// The index, in a policy dump, of the policy for the attributes inside a nest.
        8 "NL_POLICY_TYPE_ATTR_POLICY_IDX" = PolicyIdx(u32 as Host32), since "5.10";
        /// The highest attribute number inside a nest.
        9 "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE" = PolicyMaxtype(u32 as Host32), since "5.10";
        /// The bits that may be set in a `struct nla_bitfield32`.
        10 "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK" = Bitfield32Mask(u32 as Host32), since "5.10";
        /// A pad attribute, which aligns the 64-bit value after it.
        11 "NL_POLICY_TYPE_ATTR_PAD" = Pad(() as Pad), since "5.10";
        /// The bits that may be set in an unsigned integer.
        12 "NL_POLICY_TYPE_ATTR_MASK" = Mask(u64 as Host64), since "5.10";
    }
}

const CODE: usize = 4;

/// The body of `NLMSG_ERROR`: an acknowledgement or an error.
///
/// The kernel sends an acknowledgement if the request has the flag `ACK`, and an error if it rejects
/// the request.
///
/// # Examples
/// ```
/// use ctnetlink::{Body, Endian, Message};
///
/// // The kernel rejects a request of type 0x0100 with ENOENT.
/// let mut bytes = vec![36, 0, 0, 0, 2, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0]; // NLMSG_ERROR, CAPPED
/// bytes.extend([0xfe, 0xff, 0xff, 0xff]); // -ENOENT
/// bytes.extend([20, 0, 0, 0, 0, 1, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0]); // the header of the request
/// let Body::Error(error) = Message::parse_with(&bytes, Endian::Little)?.body()? else { panic!() };
/// assert_eq!((error.error, error.request.nlmsg_type), (-2, 0x0100));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NlMsgErr<'a> {
    /// The negative errno, or 0 for an acknowledgement.
    pub error: i32,
    /// The header of the request.
    pub request: NlMsgHdr,
    /// The payload of the request with its padding; empty if the flag `CAPPED` is set.
    pub payload: &'a [u8],
    /// The details, if the flag `ACK_TLVS` is set.
    pub ext_ack: Attrs<'a, NlmsgerrAttrs>,
}

impl<'a> NlMsgErr<'a> {
    /// Parses the body of an `NLMSG_ERROR`.
    ///
    /// # Errors
    /// Returns [`Body`](ErrorKind::Body) if it is shorter than an error number and a header.
    pub fn parse(message: &RawMessage<'a>) -> Result<Self, Error> {
        let body = message.body();
        let short = Error::at(
            NLMSG_HDRLEN,
            ErrorKind::Body { expected: CODE + NLMSG_HDRLEN, found: body.len() },
        );
        let (error, after) = body.split_first_chunk().ok_or(short)?;
        let (request, after) = after.split_first_chunk().ok_or(short)?;
        let request = NlMsgHdr::read(request, message.endian);
        let flags = message.header.nlmsg_flags;
        let echoed = if flags.contains(NlmFlags::CAPPED) {
            0
        } else if flags.contains(NlmFlags::ACK_TLVS) {
            let len = usize::try_from(request.nlmsg_len).unwrap_or(usize::MAX);
            nlmsg_align(len).saturating_sub(NLMSG_HDRLEN)
        } else {
            after.len()
        };
        let (payload, tlvs) = after.split_at_checked(echoed).unwrap_or((after, &[]));
        let offset = message.bytes.len() - tlvs.len();
        Ok(Self {
            error: message.endian.u32(*error) as i32,
            request,
            payload,
            ext_ack: Attrs::at(tlvs, offset, message.endian),
        })
    }

    /// Returns `true` if the message is an acknowledgement: the kernel carried out the request.
    #[must_use]
    pub const fn is_ack(&self) -> bool {
        self.error == 0
    }

    /// Returns the extended-ack message, if the kernel sent one.
    #[must_use]
    pub fn message(&self) -> Option<NulStr<'a>> {
        self.ext_ack.find(|attr| match attr {
            ExtAck::Message(text) => Some(text),
            _ => None,
        })
    }

    /// Returns the offset in the request of the attribute that caused the error, if the kernel sent it.
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
///
/// # Examples
/// ```
/// use ctnetlink::{Body, Endian, Message};
///
/// let bytes = [20, 0, 0, 0, 3, 0, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff];
/// let Body::Done(done) = Message::parse_with(&bytes, Endian::Little)?.body()? else { panic!() };
/// assert_eq!(done.status, Some(-2));
/// # Ok::<(), ctnetlink::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NlMsgDone<'a> {
    /// The negative errno that ended the dump early, or 0; some old kernels do not send it.
    pub status: Option<i32>,
    /// The details, if the flag `ACK_TLVS` is set.
    pub ext_ack: Attrs<'a, NlmsgerrAttrs>,
}

impl<'a> NlMsgDone<'a> {
    /// Parses the body of an `NLMSG_DONE`.
    ///
    /// # Errors
    /// Returns [`Body`](ErrorKind::Body) if it is not empty, but too short for a status.
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
