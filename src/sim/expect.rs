//! Expectations: `ctnetlink_exp_fill_info`, `ctnetlink_expect_event`.

use super::dump_tuples::ctnetlink_dump_tuples;
use super::event::Event;
use super::fill_info::{Skb, seconds_left};
use super::net::{Errno, Net};
use super::nf_conn::{NfConn, NfConntrackTuple};
use crate::Group;
use crate::attrs::{CtattrExpect, ExpectAttr, ExpectFlags};
use crate::error::Error;
use crate::flat::Name;
use crate::kernel::Kernel;
use crate::nested::ExpectNatAttr;
use crate::wire::{NLMSG_HDRLEN, NlmFlags, NulStr, WriteBuf, Writer, nlmsg_total_size};
use crate::{MessageBuilder, MsgType, NfGenMsg};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `NLMSG_DEFAULT_SIZE`, which the kernel allocates for an expectation's event: a page of 4,096
/// bytes less what an skb needs for itself and a message header.
const fn nlmsg_default_size(kernel: &Kernel) -> usize {
    4096_usize.saturating_sub(kernel.arch.skb_overhead + NLMSG_HDRLEN)
}

/// `struct nf_conntrack_expect`: a flow that a helper has seen announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NfConntrackExpect {
    /// The original tuple of the expected flow.
    pub tuple: NfConntrackTuple,
    /// `mask.src`: which bits of the source address must match; those of the destination all must.
    pub mask_src: IpAddr,
    /// Which bits of the source port must match.
    pub mask_src_id: u16,
    /// The original tuple of the flow whose helper expects.
    pub master: NfConntrackTuple,
    /// The id of that flow, if it is known.
    pub master_id: u32,
    /// The translation that the expected flow will get.
    pub nat: ExpectNat,
    /// When it lapses, in jiffies.
    pub timeout: u64,
    /// Opaque.
    pub id: u32,
    /// `NF_CT_EXPECT_*`.
    pub flags: ExpectFlags,
    /// The helper's class.
    pub class: u32,
    /// The name of the master's helper.
    pub helper: Option<Name>,
    /// The name of the function that runs when the expected flow comes, where it has one.
    pub expectfn: Option<Name>,
}

/// The translation that an expected flow will get; it is sent unless address and port are both 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpectNat {
    /// `dir`: 0 original, 1 reply.
    pub dir: u32,
    /// `saved_addr`; `None` is 0.
    pub saved_addr: Option<IpAddr>,
    /// `saved_proto`.
    pub saved_proto: u16,
}

impl Net {
    /// The expectations.
    pub fn expectations(&self) -> impl Iterator<Item = &NfConntrackExpect> {
        self.expectations.iter()
    }

    /// The same, to be changed.
    pub fn expectations_mut(&mut self) -> &mut [NfConntrackExpect] {
        &mut self.expectations
    }

    /// `nf_ct_expect_related_report`: a helper or, if `portid` is not 0, a socket expects a flow, and
    /// whoever listens is told, if the master has events.
    pub fn nf_ct_expect_related_report(&mut self, exp: NfConntrackExpect, portid: u32) {
        let master = self.entry(exp.master_id);
        if master.is_some_and(|master| master.ecache.is_some()) {
            self.expect_event(false, &exp, portid);
        }
        self.expectations.push(exp);
    }

    /// `nf_ct_unlink_expect_report`: the expectation of that id ends.
    ///
    /// # Errors
    /// [`Enoent`](Errno::Enoent).
    pub fn nf_ct_unlink_expect_report(&mut self, id: u32, portid: u32) -> Result<(), Errno> {
        let place = self.expectations.iter().position(|exp| exp.id == id).ok_or(Errno::Enoent)?;
        let exp = self.expectations.remove(place);
        let master = self.entry(exp.master_id);
        if master.is_some_and(|master| master.ecache.is_some()) {
            self.expect_event(true, &exp, portid);
        }
        Ok(())
    }

    /// `nf_ct_remove_expectations`: those of an entry end with it or with its helper, the newest
    /// first, and nobody is named as the cause.
    pub(crate) fn nf_ct_remove_expectations(&mut self, ct: &NfConn) {
        let expectations = core::mem::take(&mut self.expectations);
        let (ended, kept): (Vec<_>, _) =
            expectations.into_iter().partition(|exp| exp.master_id == ct.id);
        self.expectations = kept;
        for exp in ended.iter().rev().filter(|_| ct.ecache.is_some()) {
            self.expect_event(true, exp, 0);
        }
    }

    fn expect_event(&mut self, destroyed: bool, exp: &NfConntrackExpect, portid: u32) {
        let event =
            ctnetlink_expect_event(&self.kernel, destroyed, exp, self.clock.jiffies, portid);
        if let Ok(event) = event {
            self.send(&event);
        }
    }
}

/// Appends the message about one expectation, in answer to a request. `now` is in jiffies.
///
/// # Errors
/// [`NoRoom`](crate::error::ErrorKind::NoRoom), as [`ctnetlink_fill_info`].
///
/// [`ctnetlink_fill_info`]: super::ctnetlink_fill_info
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

/// The message that reports an expectation: `destroyed`, or new.
///
/// # Errors
/// [`NoRoom`](crate::error::ErrorKind::NoRoom): the event is lost.
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
        endian: kernel.arch.endian,
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
    out.put(ExpectAttr::Timeout(seconds_left(kernel, exp.timeout, now)));
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

/// The mask as a tuple: all ones, but for the source and the protocol.
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
