//! Acknowledgements and errors: `netlink_ack`.

use super::super::errno::Errno;
use super::super::net::Net;
use super::super::netlink_socket::Datagram;
use super::super::nla::{Check, ExtAck};
use super::request::Request;
use crate::MsgType;
use crate::wire::control::{
    ExtAck as ExtAckAttr, NetlinkPolicyTypeAttr, NlmsgerrAttrs, PolicyAttr,
};
use crate::wire::{NLMSG_HDRLEN, NlMsgHdr, NlmFlags, NulStr, WriteBuf, Writer};

/// `enum netlink_attribute_type`.
const NL_ATTR_TYPE_U8: u32 = 2;
const NL_ATTR_TYPE_U16: u32 = 3;
const NL_ATTR_TYPE_U32: u32 = 4;
const NL_ATTR_TYPE_BINARY: u32 = 10;
const NL_ATTR_TYPE_NUL_STRING: u32 = 12;
const NL_ATTR_TYPE_NESTED: u32 = 13;

impl Net {
    /// Queues the acknowledgement of a request, or an error.
    pub(super) fn ack(
        &mut self,
        portid: u32,
        request: &Request<'_>,
        errno: Option<Errno>,
        ext_ack: &ExtAck,
    ) {
        let (kernel, release) = (self.kernel, self.kernel.release);
        let Some(socket) = self.sockets.get_mut(&portid) else { return };
        let endian = kernel.arch.endian();
        let is_capped = errno.is_none() || socket.cap_ack && release.has_cap_ack();
        let mut flags = NlmFlags::empty();
        let mut bytes = WriteBuf::new();
        bytes.push_array([0; NLMSG_HDRLEN]);
        let number = errno.map_or(0, Errno::number).wrapping_neg();
        bytes.push_array(endian.u32_bytes(number as u32));
        match request.bytes.split_at_checked(NLMSG_HDRLEN) {
            Some((header, _)) if is_capped => bytes.extend_from_slice(header),
            _ => bytes.extend_from_slice(request.bytes),
        }
        while bytes.len() % 4 != 0 {
            bytes.push_array([0]);
        }
        if is_capped && release.has_ext_ack() {
            flags |= NlmFlags::CAPPED;
        }
        let reports = errno.is_some() || release.ext_ack_reports_leftover();
        if let Some(text) =
            ext_ack.text.filter(|_| socket.ext_ack && release.has_ext_ack() && reports)
        {
            flags |= NlmFlags::ACK_TLVS;
            let attr = ext_ack.attr.filter(|_| errno.is_some());
            let mut error = None;
            let room = kernel.write_limits(usize::MAX, 0);
            let out = &mut Writer::<NlmsgerrAttrs>::new(&mut bytes, 0, endian, room, &mut error);
            out.put(ExtAckAttr::Message(NulStr::new(text.as_bytes())));
            if let Some((offset, check)) = attr {
                out.put(ExtAckAttr::Offset(u32::try_from(offset).unwrap_or(u32::MAX)));
                if release.ext_ack_has_policy() {
                    put_policy(out, check);
                }
            }
        }
        let mut bytes = bytes.into_bytes();
        let header = NlMsgHdr {
            nlmsg_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            nlmsg_type: MsgType::ERROR.0,
            nlmsg_flags: flags,
            nlmsg_seq: request.header.nlmsg_seq,
            nlmsg_pid: portid,
        };
        bytes.iter_mut().zip(header.to_bytes(endian)).for_each(|(to, from)| *to = from);
        let alloc = bytes.len();
        socket.deliver(&kernel, Datagram { bytes, group_mask: 0 }, alloc);
    }
}

/// Writes the policy that an attribute failed (`netlink_policy_dump_write_attr`).
fn put_policy(out: &mut Writer<'_, NlmsgerrAttrs>, check: Check) {
    type Out<'b> = Writer<'b, NetlinkPolicyTypeAttr>;
    let int = |out: &mut Writer<'_, NlmsgerrAttrs>, max: u64, kind: u32| {
        out.nest(ExtAckAttr::Policy, |out: &mut Out<'_>| {
            out.put_64bit(PolicyAttr::MinValueU(0), PolicyAttr::Pad(()));
            out.put_64bit(PolicyAttr::MaxValueU(max), PolicyAttr::Pad(()));
            out.put(PolicyAttr::Type(kind));
        });
    };
    let length = |out: &mut Writer<'_, NlmsgerrAttrs>, max: Option<usize>, kind: u32| {
        out.nest(ExtAckAttr::Policy, |out: &mut Out<'_>| {
            if let Some(max) = max {
                out.put(PolicyAttr::MaxLength(u32::try_from(max).unwrap_or(u32::MAX)));
            }
            out.put(PolicyAttr::Type(kind));
        });
    };
    match check {
        Check::Int(1) => int(out, u8::MAX.into(), NL_ATTR_TYPE_U8),
        Check::Int(2) => int(out, u16::MAX.into(), NL_ATTR_TYPE_U16),
        Check::Int(_) => int(out, u32::MAX.into(), NL_ATTR_TYPE_U32),
        Check::Binary(max) => length(out, Some(max), NL_ATTR_TYPE_BINARY),
        Check::NulString(max) => {
            length(out, Some(max).filter(|&max| max != usize::MAX), NL_ATTR_TYPE_NUL_STRING);
        }
        Check::Nest => length(out, None, NL_ATTR_TYPE_NESTED),
        // Masks of big-endian integers and prohibited attributes are not described. The others are
        // inside nests, whose errors have no extended ack.
        Check::Any
        | Check::MaxU8(_)
        | Check::MaxBe32(_)
        | Check::MaskBe32(_)
        | Check::MinLen(_)
        | Check::Reject => {}
    }
}
