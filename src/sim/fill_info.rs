//! Replies to a dump, a GET or a GET_CTRZERO: `ctnetlink_fill_info`.

use super::nf_conn::{L4State, NfConn, NfConntrackZone, ZoneDir};
use super::out::{InPlace, Out};
use crate::attrs::{CtattrType, Status};
use crate::error::Error;
use crate::kernel::DumpOrder;
use crate::kernel::{Kernel, L4Proto};
use crate::nested::IpProto;
use crate::shapes;
use crate::wire::{Endian, HostBits, NlmFlags, WriteBuf, Writer};
use crate::{MessageBuilder, MsgType, NfGenMsg};

/// The limits of the buffer that a message is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skb {
    /// The size of the buffer in bytes.
    pub limit: usize,
    /// The offset of the buffer in its datagram, which decides pad attributes.
    ///
    /// It is 0 unless only part of a datagram is rebuilt.
    pub offset: usize,
}

impl Skb {
    /// A buffer of any size at the start of a datagram.
    pub const UNLIMITED: Self = Self { limit: usize::MAX, offset: 0 };
}

/// The header of a reply, and what the reply contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The port id of the requester's socket.
    pub portid: u32,
    /// The sequence number of the request.
    pub seq: u32,
    /// `NLM_F_DUMP_FILTERED` in a filtered dump since Linux 5.8, otherwise empty.
    pub flags: NlmFlags,
    /// Sends the extensions; since Linux 5.5 unconfirmed entries are sent without them.
    pub extinfo: bool,
}

impl Reply {
    /// Creates a reply to an unfiltered request.
    #[must_use]
    pub const fn to(portid: u32, seq: u32) -> Self {
        Self { portid, seq, flags: NlmFlags::empty(), extinfo: true }
    }
}

/// Appends the message about one entry to `skb`.
///
/// `now` is the kernel's time in jiffies. The type is always `IPCTNL_MSG_CT_NEW`, also for a GET_CTRZERO. `NLM_F_MULTI` is set if there is a
/// requester, also for a single GET.
///
/// # Errors
///
/// Returns [`NoRoom`](crate::error::ErrorKind::NoRoom), the kernel's `EMSGSIZE`, if the message does
/// not fit. The buffer is unchanged then.
pub fn ctnetlink_fill_info(
    kernel: &Kernel,
    ct: &NfConn,
    now: u64,
    reply: &Reply,
    room: Skb,
    skb: &mut WriteBuf,
) -> Result<(), Error> {
    let multi = if reply.portid != 0 { NlmFlags::MULTI } else { NlmFlags::empty() };
    let builder = MessageBuilder {
        msg_type: MsgType::CT_NEW,
        flags: multi | reply.flags,
        seq: reply.seq,
        portid: reply.portid,
        nfgenmsg: NfGenMsg { nfgen_family: ct.l3num(), ..NfGenMsg::default() },
        endian: kernel.arch.endian(),
    };
    let fill = |out: &mut Writer<'_, CtattrType>| match kernel.release.order_of_dump() {
        DumpOrder::ExtensionsLast => {
            let in_place = out.in_place::<{ shapes::MOST }>(|at, end| {
                let mut out = InPlace { at: Some(at), end };
                fill_info_5_5(kernel, &mut out, ct, now, reply);
                out.at
            });
            if !in_place {
                fill_info_5_5(kernel, out, ct, now, reply);
            }
        }
        DumpOrder::TimeoutLast => fill_info_5_3(kernel, out, ct, now),
        DumpOrder::TimeoutThird => fill_info_2_6_39(kernel, out, ct, now),
    };
    builder.write_with_limits(skb, kernel.write_limits(room.limit, room.offset), fill).map(|_| ())
}

/// Writes the whole message, since Linux 5.5.
#[inline(always)]
fn fill_info_5_5(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, now: u64, reply: &Reply) {
    ctnetlink_dump_info(kernel, out, ct, now);
    if reply.extinfo {
        ctnetlink_dump_extinfo(kernel, out, ct);
    }
}

/// Writes the attributes that every entry has, since Linux 5.5 (`ctnetlink_dump_info`).
#[inline(always)]
pub fn ctnetlink_dump_info(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, now: u64) {
    dump_both_tuples(kernel, out, ct);
    ctnetlink_dump_status(out, ct);
    ctnetlink_dump_mark(kernel, out, ct, true);
    ctnetlink_dump_secctx(kernel, out, ct);
    ctnetlink_dump_id(out, ct);
    ctnetlink_dump_use(out, ct);
    ctnetlink_dump_master(kernel, out, ct);
    if !ct.status.contains(Status::OFFLOAD) {
        ctnetlink_dump_timeout(kernel, out, ct, now, false);
        ctnetlink_dump_protoinfo(kernel, out, ct, false);
    }
}

/// Writes the extensions of an entry, since Linux 5.5 (`ctnetlink_dump_extinfo`).
#[inline(always)]
pub fn ctnetlink_dump_extinfo(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    ctnetlink_dump_acct(out, ct);
    ctnetlink_dump_timestamp(kernel, out, ct);
    ctnetlink_dump_helpinfo(out, ct);
    ctnetlink_dump_labels(kernel, out, ct);
    ctnetlink_dump_ct_seq_adj(out, ct);
    ctnetlink_dump_ct_synproxy(kernel, out, ct);
}

/// Writes the whole message, in Linux 5.3, 5.4 and late 4.19.
fn fill_info_5_3(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, now: u64) {
    dump_both_tuples(kernel, out, ct);
    ctnetlink_dump_status(out, ct);
    ctnetlink_dump_acct(out, ct);
    ctnetlink_dump_timestamp(kernel, out, ct);
    ctnetlink_dump_helpinfo(out, ct);
    ctnetlink_dump_mark(kernel, out, ct, true);
    ctnetlink_dump_secctx(kernel, out, ct);
    ctnetlink_dump_labels(kernel, out, ct);
    ctnetlink_dump_id(out, ct);
    ctnetlink_dump_use(out, ct);
    ctnetlink_dump_master(kernel, out, ct);
    ctnetlink_dump_ct_seq_adj(out, ct);
    ctnetlink_dump_ct_synproxy(kernel, out, ct);
    if !ct.status.contains(Status::OFFLOAD) {
        ctnetlink_dump_timeout(kernel, out, ct, now, false);
        ctnetlink_dump_protoinfo(kernel, out, ct, false);
    }
}

/// Writes the whole message, up to Linux 5.2.
fn fill_info_2_6_39(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, now: u64) {
    dump_both_tuples(kernel, out, ct);
    ctnetlink_dump_status(out, ct);
    ctnetlink_dump_timeout(kernel, out, ct, now, false);
    ctnetlink_dump_acct(out, ct);
    ctnetlink_dump_timestamp(kernel, out, ct);
    ctnetlink_dump_protoinfo(kernel, out, ct, false);
    ctnetlink_dump_helpinfo(out, ct);
    ctnetlink_dump_mark(kernel, out, ct, true);
    ctnetlink_dump_secctx(kernel, out, ct);
    ctnetlink_dump_labels(kernel, out, ct);
    ctnetlink_dump_id(out, ct);
    ctnetlink_dump_use(out, ct);
    ctnetlink_dump_master(kernel, out, ct);
    ctnetlink_dump_ct_seq_adj(out, ct);
    ctnetlink_dump_ct_synproxy(kernel, out, ct);
}

/// Writes both tuples, each with the zone of its direction, then the zone of both directions.
#[inline(always)]
pub(crate) fn dump_both_tuples(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    let [orig, reply] = &ct.tuple;
    let zone = |place| zone_id(kernel, ct.zone, place);
    out.tuple(kernel, CtattrType::TupleOrig, orig, zone(ZoneDir::Orig));
    out.tuple(kernel, CtattrType::TupleReply, reply, zone(ZoneDir::Reply));
    if let Some(id) = zone(ZoneDir::Both) {
        out.be16(CtattrType::Zone, id);
    }
}

/// Returns the zone to write at a place (`ctnetlink_dump_zone_id`).
///
/// Zones have no direction up to Linux 4.2.
fn zone_id(kernel: &Kernel, zone: NfConntrackZone, place: ZoneDir) -> Option<u16> {
    let dir = if kernel.release.zones_have_direction() { zone.dir } else { ZoneDir::Both };
    (kernel.config.zones && zone.id != 0 && dir == place).then_some(zone.id)
}

/// Writes `CTA_STATUS` without a mask.
#[inline(always)]
pub fn ctnetlink_dump_status(out: &mut impl Out, ct: &NfConn) {
    out.be32(CtattrType::Status, ct.status.bits());
}

/// Writes `CTA_TIMEOUT`, unless it is 0 and `skip_zero` is set.
#[inline(always)]
pub fn ctnetlink_dump_timeout(
    kernel: &Kernel,
    out: &mut impl Out,
    ct: &NfConn,
    now: u64,
    skip_zero: bool,
) {
    let timeout = nf_ct_expires(kernel, ct, now);
    if timeout == 0 && skip_zero {
        return;
    }
    out.be32(CtattrType::Timeout, timeout);
}

/// Returns the seconds until an entry expires, rounded down.
///
/// Up to Linux 3.1 the difference is unsigned, so that an overdue entry has an arbitrary number.
#[must_use]
pub fn nf_ct_expires(kernel: &Kernel, ct: &NfConn, now: u64) -> u32 {
    let is_confirmed = ct.status.contains(Status::CONFIRMED);
    seconds_left(kernel, ct.timeout, if is_confirmed { now } else { 0 })
}

/// Returns the seconds from `now` to `expires`, both in jiffies.
pub(crate) fn seconds_left(kernel: &Kernel, expires: u64, now: u64) -> u32 {
    let left = if kernel.release.overdue_timeout_wraps() {
        let left = expires.wrapping_sub(now);
        if kernel.arch.word == 4 { left & u64::from(u32::MAX) } else { left }
    } else {
        expires.saturating_sub(now)
    };
    // The kernel stores the low half of a long.
    (left / u64::from(kernel.arch.hz).max(1)) as u32
}

/// Writes `CTA_COUNTERS_ORIG` and `CTA_COUNTERS_REPLY`, if the entry has counters.
#[inline(always)]
pub fn ctnetlink_dump_acct(out: &mut impl Out, ct: &NfConn) {
    let Some([orig, reply]) = &ct.acct else {
        return;
    };
    out.counters(CtattrType::CountersOrig, orig);
    out.counters(CtattrType::CountersReply, reply);
}

/// Writes `CTA_TIMESTAMP`, if the entry has timestamps, since Linux 2.6.39.
///
/// The stop time is written if the entry has ended.
#[inline(always)]
pub fn ctnetlink_dump_timestamp(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    if let Some(tstamp) = ct.nf_conn_tstamp_find().filter(|_| kernel.has_timestamp()) {
        out.timestamp(tstamp);
    }
}

/// Writes `CTA_PROTOINFO` for TCP, SCTP and DCCP.
///
/// DESTROY events contain the state alone.
#[inline(always)]
pub fn ctnetlink_dump_protoinfo(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, destroy: bool) {
    let has_state = match (ct.protonum(), &ct.proto) {
        (IpProto::TCP, L4State::Tcp { .. }) => true,
        // The kernel has no such function for a protocol that it does not track.
        (protonum @ IpProto::SCTP, L4State::Sctp { .. })
        | (protonum @ IpProto::DCCP, L4State::Dccp { .. }) => {
            kernel.l4proto(protonum) == L4Proto::Ports
        }
        _ => false,
    };
    if has_state {
        out.protoinfo(&ct.proto, destroy);
    }
}

/// Writes `CTA_HELP`, if a helper is set.
#[inline(always)]
pub fn ctnetlink_dump_helpinfo(out: &mut impl Out, ct: &NfConn) {
    if let Some(help) = ct.help.as_ref().filter(|help| help.helper.is_some()) {
        out.help(help);
    }
}

/// Writes `CTA_MARK`, if it is not 0 or `dump` is set.
///
/// Some releases omit a mark of 0 with `dump`, too.
#[inline(always)]
pub fn ctnetlink_dump_mark(kernel: &Kernel, out: &mut impl Out, ct: &NfConn, dump: bool) {
    let with_zero = || dump && !kernel.release.omits_zero_mark();
    if kernel.config.mark && (ct.mark != 0 || with_zero()) {
        out.be32(CtattrType::Mark, ct.mark);
    }
}

/// Writes `CTA_SECCTX`, if a security module has a context for the security mark.
#[inline(always)]
pub fn ctnetlink_dump_secctx(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    if let Some(context) = ct.secctx.as_ref().filter(|_| kernel.config.secmark) {
        out.secctx(context);
    }
}

/// Writes `CTA_LABELS` in memory layout, if a label is set, since Linux 3.9.
#[inline(always)]
pub fn ctnetlink_dump_labels(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    let Some(labels) = ct.labels.filter(|_| kernel.has_labels()) else {
        return;
    };
    let bits = labels.bits.bits();
    let bytes = bits.to_le_bytes();
    let in_use = bytes.get(..labels.len(kernel)).unwrap_or(&bytes);
    // The labels after the array are the highest bits.
    let unused = 128_usize.saturating_sub(8 * in_use.len());
    if bits.checked_shl(unused as u32).unwrap_or(0) != 0 {
        if let Some(bits) = HostBits::new(in_use, Endian::Little) {
            out.labels(bits);
        }
    }
}

/// Writes `CTA_ID`.
#[inline(always)]
pub fn ctnetlink_dump_id(out: &mut impl Out, ct: &NfConn) {
    out.be32(CtattrType::Id, ct.id);
}

/// Writes `CTA_USE`.
#[inline(always)]
pub fn ctnetlink_dump_use(out: &mut impl Out, ct: &NfConn) {
    out.be32(CtattrType::Use, ct.use_count);
}

/// Writes `CTA_TUPLE_MASTER`, without a zone, if the flow was expected.
#[inline(always)]
pub fn ctnetlink_dump_master(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    if !ct.status.contains(Status::EXPECTED) {
        return;
    }
    if let Some(master) = &ct.master {
        out.tuple(kernel, CtattrType::TupleMaster, master, None);
    }
}

/// Writes the sequence adjustment of both directions, if one is in force.
#[inline(always)]
pub fn ctnetlink_dump_ct_seq_adj(out: &mut impl Out, ct: &NfConn) {
    if !ct.status.contains(Status::SEQ_ADJUST) {
        return;
    }
    let Some([orig, reply]) = &ct.seqadj else {
        return;
    };
    out.seq_adj(CtattrType::SeqAdjOrig, orig);
    out.seq_adj(CtattrType::SeqAdjReply, reply);
}

/// Writes `CTA_SYNPROXY`, also if all its values are 0, since Linux 4.18.
#[inline(always)]
pub fn ctnetlink_dump_ct_synproxy(kernel: &Kernel, out: &mut impl Out, ct: &NfConn) {
    let known = kernel.config.synproxy && kernel.release.has_synproxy();
    if let Some(synproxy) = ct.synproxy.as_ref().filter(|_| known) {
        out.synproxy(synproxy);
    }
}
