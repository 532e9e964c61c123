//! Expectations and their messages: `ctnetlink_exp_fill_info`, `ctnetlink_expect_event`.

use super::dump_tuples::ctnetlink_dump_tuples;
use super::event::Event;
use super::fill_info::{Skb, seconds_left};
use super::nf_conn::NfConntrackTuple;
use crate::Group;
use crate::attrs::{CtattrExpect, ExpectAttr, ExpectFlags};
use crate::error::Error;
use crate::flat::Name;
use crate::kernel::Kernel;
use crate::nested::ExpectNatAttr;
use crate::wire::{NLMSG_HDRLEN, NlmFlags, NulStr, WriteBuf, Writer, nlmsg_total_size};
use crate::{MessageBuilder, MsgType, NfGenMsg};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns `NLMSG_DEFAULT_SIZE`: the payload for which the kernel allocates an expectation event.
const fn nlmsg_default_size(kernel: &Kernel) -> usize {
    kernel.arch.nlmsg_goodsize().saturating_sub(NLMSG_HDRLEN)
}

/// An expectation: a flow that a helper has learned of in advance (`struct nf_conntrack_expect`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NfConntrackExpect {
    /// The original tuple of the expected flow.
    pub tuple: NfConntrackTuple,
    /// `mask.src`: the bits of the source address that must match.
    ///
    /// All bits of the destination must match.
    pub mask_src: IpAddr,
    /// The bits of the source port that must match.
    pub mask_src_id: u16,
    /// The original tuple of the master.
    pub master: NfConntrackTuple,
    /// The id of the master, if it is known.
    pub master_id: u32,
    /// The translation that the expected flow will get.
    pub nat: ExpectNat,
    /// The time at which the expectation ends, in jiffies.
    pub timeout: u64,
    /// The id, an opaque number.
    pub id: u32,
    /// `NF_CT_EXPECT_*`.
    pub flags: ExpectFlags,
    /// The helper's class.
    pub class: u32,
    /// The name of the master's helper.
    pub helper: Option<Name>,
    /// The name of the function that the kernel calls for the expected flow, if there is one.
    pub expectfn: Option<Name>,
}

/// The address translation of an expected flow, sent unless address and port are both 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectNat {
    /// `dir`: 0 original, 1 reply.
    pub dir: u32,
    /// `saved_addr`; `None` stands for 0.
    pub saved_addr: Option<IpAddr>,
    /// `saved_proto`.
    pub saved_proto: u16,
}

impl NfConntrackExpect {
    /// Returns `true` if the timeout has passed.
    ///
    /// `now` is in jiffies. A timeout of 2^31 jiffies or more has passed at once where the kernel computes in 32 bits.
    #[must_use]
    pub const fn is_expired(&self, kernel: &Kernel, now: u64) -> bool {
        self.jiffies_left(kernel, now) <= 0
    }

    const fn jiffies_left(&self, kernel: &Kernel, now: u64) -> i64 {
        let left = self.timeout.wrapping_sub(now);
        if kernel.arch.word == 4 || kernel.release.expect_timeout_is_32_bits() {
            left as u32 as i32 as i64
        } else {
            left as i64
        }
    }

    fn seconds_left(&self, kernel: &Kernel, now: u64) -> u32 {
        if kernel.release.overdue_timeout_wraps() {
            return seconds_left(kernel, self.timeout, now);
        }
        let left = self.jiffies_left(kernel, now).max(0);
        (left / i64::from(kernel.arch.hz).max(1)) as u32
    }
}

/// Appends the message about one expectation that replies to a request.
///
/// `now` is the kernel's time in jiffies.
///
/// # Errors
///
/// Returns [`NoRoom`](crate::error::ErrorKind::NoRoom) if the message does not fit.
pub fn ctnetlink_exp_fill_info(
    kernel: &Kernel,
    exp: &NfConntrackExpect,
    now: u64,
    (portid, seq): (u32, u32),
    room: Skb,
    skb: &mut WriteBuf,
) -> Result<(), Error> {
    let flags = if portid != 0 { NlmFlags::MULTI } else { NlmFlags::empty() };
    let builder = exp_builder(kernel, exp, MsgType::EXP_NEW, flags, (portid, seq));
    let room = kernel.write_limits(room.limit, room.offset);
    builder
        .write_with_limits(skb, room, |out| ctnetlink_exp_dump_expect(kernel, out, exp, now))
        .map(|_| ())
}

/// Builds the event about an expectation that is new, or `destroyed`.
///
/// # Errors
///
/// Returns [`NoRoom`](crate::error::ErrorKind::NoRoom) if the message does not fit, so that the kernel
/// drops the event.
pub fn ctnetlink_expect_event(
    kernel: &Kernel,
    destroyed: bool,
    exp: &NfConntrackExpect,
    now: u64,
    portid: u32,
) -> Result<Event, Error> {
    let (msg_type, flags, group) = if destroyed {
        (MsgType::EXP_DELETE, NlmFlags::empty(), Group::ExpectDestroy)
    } else {
        (MsgType::EXP_NEW, NlmFlags::CREATE | NlmFlags::EXCL, Group::ExpectNew)
    };
    let builder = exp_builder(kernel, exp, msg_type, flags, (portid, 0));
    let alloc = nlmsg_total_size(nlmsg_default_size(kernel));
    let mut bytes = WriteBuf::new();
    builder.write_with_limits(&mut bytes, kernel.write_limits(alloc, 0), |out| {
        ctnetlink_exp_dump_expect(kernel, out, exp, now);
    })?;
    Ok(Event { group, bytes: bytes.into_bytes(), alloc })
}

fn exp_builder(
    kernel: &Kernel,
    exp: &NfConntrackExpect,
    msg_type: MsgType,
    flags: NlmFlags,
    (portid, seq): (u32, u32),
) -> MessageBuilder {
    MessageBuilder {
        msg_type,
        flags,
        seq,
        portid,
        nfgenmsg: NfGenMsg { nfgen_family: exp.tuple.l3num(), ..NfGenMsg::default() },
        endian: kernel.arch.endian(),
    }
}

fn ctnetlink_exp_dump_expect(
    kernel: &Kernel,
    out: &mut Writer<'_, CtattrExpect>,
    exp: &NfConntrackExpect,
    now: u64,
) {
    out.nest(ExpectAttr::Tuple, |out| ctnetlink_dump_tuples(kernel, out, &exp.tuple));
    out.nest(ExpectAttr::Mask, |out| ctnetlink_dump_tuples(kernel, out, &mask_tuple(exp)));
    out.nest(ExpectAttr::Master, |out| ctnetlink_dump_tuples(kernel, out, &exp.master));
    if kernel.config.nat && kernel.release.has_expect_class() {
        dump_exp_nat(kernel, out, exp);
    }
    out.put(ExpectAttr::Timeout(exp.seconds_left(kernel, now)));
    out.put(ExpectAttr::Id(exp.id));
    out.put(ExpectAttr::Flags(exp.flags));
    if kernel.release.has_expect_class() {
        out.put(ExpectAttr::Class(exp.class));
    }
    if let Some(helper) = &exp.helper {
        out.put(ExpectAttr::HelpName(NulStr::new(helper.as_bytes())));
    }
    if let Some(expectfn) = exp.expectfn.as_ref().filter(|_| kernel.release.has_expect_class()) {
        out.put(ExpectAttr::Fn(NulStr::new(expectfn.as_bytes())));
    }
}

/// Returns the mask as a tuple: all ones, except for the source and the protocol.
fn mask_tuple(exp: &NfConntrackExpect) -> NfConntrackTuple {
    let dst = match exp.tuple.src {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::BROADCAST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
    };
    let src = (exp.mask_src, exp.mask_src_id);
    NfConntrackTuple::ports(exp.tuple.protonum, src, (dst, u16::MAX))
}

fn dump_exp_nat(kernel: &Kernel, out: &mut Writer<'_, CtattrExpect>, exp: &NfConntrackExpect) {
    let nat = &exp.nat;
    let any = match exp.master.src {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let saved_addr = nat.saved_addr.unwrap_or(any);
    if saved_addr.is_unspecified() && nat.saved_proto == 0 {
        return;
    }
    let src = (saved_addr, nat.saved_proto);
    let tuple = NfConntrackTuple::ports(exp.master.protonum, src, (any, 0));
    out.nest(ExpectAttr::Nat, |out| {
        out.put(ExpectNatAttr::Dir(nat.dir));
        out.nest(ExpectNatAttr::Tuple, |out| ctnetlink_dump_tuples(kernel, out, &tuple));
    });
}
