//! `ctnetlink_fill_info`: what answers a dump, a GET or a GET_CTRZERO.

use super::dump_tuples::{ctnetlink_dump_tuples, dump_both_tuples, put_tuple};
use super::kernel::{Kernel, L4Proto};
use super::nf_conn::{L4State, NfConn, NfConnCounter, NfCtSeqadj};
use super::release::DumpOrder;
use crate::attrs::{CtAttr, CtattrType, Status};
use crate::error::Error;
use crate::flat::shapes;
use crate::nested::{
    CountersAttr, CtattrCounters, CtattrProtoinfo, CtattrSeqadj, HelpAttr, IpProto, ProtoInfoAttr,
    ProtoInfoDccpAttr, ProtoInfoSctpAttr, ProtoInfoTcpAttr, SecCtxAttr, SeqAdjAttr, SynProxyAttr,
    TcpFlags, TcpFlagsMask, TimestampAttr,
};
use crate::wire::{Attrs, Endian, HostBits, NlmFlags, NulStr, Writer};
use crate::{Envelope, MsgType, NfGenMsg};
use alloc::vec::Vec;

type Out<'w, 'b> = &'w mut Writer<'b, CtattrType>;

/// The buffer that a message is written to, and where it lies in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skb {
    /// Bytes that the buffer holds.
    pub limit: usize,
    /// Offset of the buffer's first byte in the datagram: 0 unless part of one is rebuilt. Counts
    /// only on machines that pad.
    pub offset: usize,
}

impl Skb {
    /// A buffer without limit.
    pub const UNLIMITED: Self = Self { limit: usize::MAX, offset: 0 };
}

/// To whom `ctnetlink_fill_info` answers what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The requester's socket.
    pub portid: u32,
    /// The request's number.
    pub seq: u32,
    /// `NLM_F_DUMP_FILTERED` in a filtered dump since 5.8, else nothing.
    pub flags: NlmFlags,
    /// Whether extensions are sent: yes, but for unconfirmed entries since 5.5.
    pub extinfo: bool,
}

impl Reply {
    /// An answer to a request of that socket and number.
    #[must_use]
    pub const fn to(portid: u32, seq: u32) -> Self {
        Self { portid, seq, flags: NlmFlags::empty(), extinfo: true }
    }
}

/// Appends the message about one entry to `skb`: always `IPCTNL_MSG_CT_NEW`, also in answer to
/// GET_CTRZERO; `NLM_F_MULTI` if there is a requester, also in answer to a single GET.
///
/// `now` is the kernel's time in jiffies.
///
/// # Errors
/// [`NoRoom`](crate::error::ErrorKind::NoRoom), the kernel's EMSGSIZE: the message is cancelled and
/// the buffer as before.
pub fn ctnetlink_fill_info(
    kernel: &Kernel,
    ct: &NfConn,
    now: u64,
    reply: &Reply,
    room: Skb,
    skb: &mut Vec<u8>,
) -> Result<(), Error> {
    let multi = if reply.portid != 0 { NlmFlags::MULTI } else { NlmFlags::empty() };
    let envelope = Envelope {
        msg_type: MsgType::CT_NEW,
        flags: multi | reply.flags,
        seq: reply.seq,
        portid: reply.portid,
        nfgenmsg: NfGenMsg { nfgen_family: ct.l3num(), ..NfGenMsg::default() },
        endian: kernel.arch.endian,
    };
    let body = |out: Out<'_, '_>| match kernel.release.order_of_dump() {
        DumpOrder::ExtensionsLast => {
            ctnetlink_dump_info(kernel, out, ct, now);
            if reply.extinfo {
                ctnetlink_dump_extinfo(kernel, out, ct);
            }
        }
        DumpOrder::TimeoutLast => fill_info_5_3(kernel, out, ct, now),
        DumpOrder::TimeoutThird => fill_info_2_6_39(kernel, out, ct, now),
    };
    envelope.write_in(skb, kernel.room(room.limit, room.offset), body).map(|_| ())
}

/// What every entry has. Since 5.5.
pub fn ctnetlink_dump_info(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn, now: u64) {
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

/// The extensions that an entry has. Since 5.5.
pub fn ctnetlink_dump_extinfo(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    ctnetlink_dump_acct(out, ct);
    ctnetlink_dump_timestamp(kernel, out, ct);
    ctnetlink_dump_helpinfo(out, ct);
    ctnetlink_dump_labels(kernel, out, ct);
    ctnetlink_dump_ct_seq_adj(out, ct);
    ctnetlink_dump_ct_synproxy(kernel, out, ct);
}

/// The whole message in 5.3, 5.4 and late 4.19.
fn fill_info_5_3(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn, now: u64) {
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

/// The whole message up to 5.2.
fn fill_info_2_6_39(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn, now: u64) {
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

/// The status, as it is.
pub fn ctnetlink_dump_status(out: Out<'_, '_>, ct: &NfConn) {
    out.put(CtAttr::Status(ct.status));
}

/// Seconds left; with `skip_zero` only if there are any.
pub fn ctnetlink_dump_timeout(
    kernel: &Kernel,
    out: Out<'_, '_>,
    ct: &NfConn,
    now: u64,
    skip_zero: bool,
) {
    let timeout = nf_ct_expires(kernel, ct, now);
    if timeout == 0 && skip_zero {
        return;
    }
    out.put(CtAttr::Timeout(timeout));
}

/// Seconds left, rounded down. Until 3.1 the difference had no sign, so that an overdue entry shows
/// an arbitrary number.
#[must_use]
pub fn nf_ct_expires(kernel: &Kernel, ct: &NfConn, now: u64) -> u32 {
    let is_confirmed = ct.status.contains(Status::CONFIRMED);
    seconds_left(kernel, ct.timeout, if is_confirmed { now } else { 0 })
}

/// Seconds from `now` to `expires`, both in jiffies.
pub(crate) fn seconds_left(kernel: &Kernel, expires: u64, now: u64) -> u32 {
    let left = if kernel.release.overdue_timeout_wraps() {
        let left = expires.wrapping_sub(now);
        if kernel.arch.word == 4 { left & u64::from(u32::MAX) } else { left }
    } else {
        expires.saturating_sub(now)
    };
    // As the kernel stores a long in a be32: the low half.
    (left / u64::from(kernel.config.hz).max(1)) as u32
}

/// Counters of both directions, if the entry has any.
pub fn ctnetlink_dump_acct(out: Out<'_, '_>, ct: &NfConn) {
    let Some([orig, reply]) = &ct.acct else {
        return;
    };
    dump_counters(out, CtattrType::CountersOrig, CtAttr::CountersOrig, orig);
    dump_counters(out, CtattrType::CountersReply, CtAttr::CountersReply, reply);
}

fn dump_counters(
    out: Out<'_, '_>,
    nla_type: u16,
    nest: fn(Attrs<'static, CtattrCounters>) -> CtAttr<'static>,
    counter: &NfConnCounter,
) {
    if shapes::put_counters(out, nla_type, counter.packets, counter.bytes) {
        return;
    }
    out.nest(nest, |out| {
        out.put_64bit(CountersAttr::Packets(counter.packets), CountersAttr::Pad(()));
        out.put_64bit(CountersAttr::Bytes(counter.bytes), CountersAttr::Pad(()));
    });
}

/// When the entry began and, if it has ended, when it ended. Nothing if it was born without
/// timestamps. Since 2.6.39.
pub fn ctnetlink_dump_timestamp(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    let Some(tstamp) = ct.nf_conn_tstamp_find().filter(|_| kernel.has_timestamp()) else {
        return;
    };
    let stop = Some(tstamp.stop).filter(|&stop| stop != 0);
    if shapes::put_timestamp(out, tstamp.start, stop) {
        return;
    }
    out.nest(CtAttr::Timestamp, |out| {
        out.put_64bit(TimestampAttr::Start(tstamp.start), TimestampAttr::Pad(()));
        if let Some(stop) = stop {
            out.put_64bit(TimestampAttr::Stop(stop), TimestampAttr::Pad(()));
        }
    });
}

/// The state of TCP, SCTP or DCCP; in DESTROY the state alone.
pub fn ctnetlink_dump_protoinfo(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn, destroy: bool) {
    // A protocol that this kernel does not track has no function for it.
    if kernel.l4proto(ct.protonum()) != L4Proto::Ports {
        return;
    }
    match (ct.protonum(), &ct.proto) {
        (IpProto::TCP, &L4State::Tcp { state, scale, flags })
            if !destroy && shapes::put_tcp(out, state, scale, flags.map(without_mask)) => {}
        (IpProto::SCTP, &L4State::Sctp { state, vtag })
            if !destroy && shapes::put_sctp(out, state, vtag) => {}
        (IpProto::TCP, L4State::Tcp { .. })
        | (IpProto::SCTP, L4State::Sctp { .. })
        | (IpProto::DCCP, L4State::Dccp { .. }) => {
            out.nest(CtAttr::ProtoInfo, |out| to_nlattr(out, &ct.proto, destroy));
        }
        _ => {}
    }
}

/// The kernel leaves the mask 0.
fn without_mask(flags: TcpFlags) -> TcpFlagsMask {
    TcpFlagsMask { flags, ..TcpFlagsMask::default() }
}

/// `to_nlattr` of the protocols that have one.
fn to_nlattr(out: &mut Writer<'_, CtattrProtoinfo>, proto: &L4State, destroy: bool) {
    match *proto {
        L4State::Tcp { state, scale: [scale_orig, scale_reply], flags: [orig, reply] } => {
            out.nest(ProtoInfoAttr::Tcp, |out| {
                out.put(ProtoInfoTcpAttr::State(state));
                if destroy {
                    return;
                }
                out.put(ProtoInfoTcpAttr::WscaleOriginal(scale_orig));
                out.put(ProtoInfoTcpAttr::WscaleReply(scale_reply));
                out.put(ProtoInfoTcpAttr::FlagsOriginal(without_mask(orig)));
                out.put(ProtoInfoTcpAttr::FlagsReply(without_mask(reply)));
            });
        }
        L4State::Sctp { state, vtag: [orig, reply] } => out.nest(ProtoInfoAttr::Sctp, |out| {
            out.put(ProtoInfoSctpAttr::State(state));
            if destroy {
                return;
            }
            out.put(ProtoInfoSctpAttr::VtagOriginal(orig));
            out.put(ProtoInfoSctpAttr::VtagReply(reply));
        }),
        L4State::Dccp { state, role, handshake_seq } => out.nest(ProtoInfoAttr::Dccp, |out| {
            out.put(ProtoInfoDccpAttr::State(state));
            if destroy {
                return;
            }
            out.put(ProtoInfoDccpAttr::Role(role));
            let pad = ProtoInfoDccpAttr::Pad(());
            out.put_64bit(ProtoInfoDccpAttr::HandshakeSeq(handshake_seq), pad);
        }),
        L4State::None | L4State::Gre { .. } => {}
    }
}

/// The helper, if one is set.
pub fn ctnetlink_dump_helpinfo(out: Out<'_, '_>, ct: &NfConn) {
    let Some(help) = &ct.help else {
        return;
    };
    let Some(helper) = &help.helper else {
        return;
    };
    out.nest(CtAttr::Help, |out| {
        out.put(HelpAttr::Name(NulStr::new(helper.as_bytes())));
        if let Some(info) = &help.info {
            out.put(HelpAttr::Info(info));
        }
    });
}

/// The mark: with `dump` also 0, but for the releases that left out a 0 everywhere.
pub fn ctnetlink_dump_mark(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn, dump: bool) {
    let with_zero = dump && !kernel.release.omits_zero_mark();
    if kernel.config.mark && (with_zero || ct.mark != 0) {
        out.put(CtAttr::Mark(ct.mark));
    }
}

/// The security context, if a security module names it.
pub fn ctnetlink_dump_secctx(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    let Some(context) = ct.secctx.as_ref().filter(|_| kernel.config.secmark) else {
        return;
    };
    out.nest(CtAttr::SecCtx, |out| {
        out.put(SecCtxAttr::Name(NulStr::new(context.name.as_bytes())));
    });
}

/// The labels as they lie in memory, if any is set. Since 3.9.
pub fn ctnetlink_dump_labels(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    let Some(labels) = ct.labels.filter(|_| kernel.has_labels()) else {
        return;
    };
    let bytes = labels.bits.bits().to_le_bytes();
    let in_use = bytes.get(..labels.len(kernel)).unwrap_or(&bytes);
    if in_use.iter().any(|&byte| byte != 0) {
        if let Some(bits) = HostBits::new(in_use, Endian::Little) {
            out.put(CtAttr::Labels(bits));
        }
    }
}

/// The opaque number.
pub fn ctnetlink_dump_id(out: Out<'_, '_>, ct: &NfConn) {
    out.put(CtAttr::Id(ct.id));
}

/// The reference count.
pub fn ctnetlink_dump_use(out: Out<'_, '_>, ct: &NfConn) {
    out.put(CtAttr::Use(ct.use_count));
}

/// The original tuple of the flow that expected this one, without a zone.
pub fn ctnetlink_dump_master(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    if !ct.status.contains(Status::EXPECTED) {
        return;
    }
    if let Some(master) = &ct.master {
        if put_tuple(kernel, out, CtattrType::TupleMaster, master) {
            return;
        }
        out.nest(CtAttr::TupleMaster, |out| ctnetlink_dump_tuples(kernel, out, master));
    }
}

/// The adjustment of sequence numbers, if it is in force; always both directions.
pub fn ctnetlink_dump_ct_seq_adj(out: Out<'_, '_>, ct: &NfConn) {
    if !ct.status.contains(Status::SEQ_ADJUST) {
        return;
    }
    let Some([orig, reply]) = &ct.seqadj else {
        return;
    };
    dump_ct_seq_adj(out, CtattrType::SeqAdjOrig, CtAttr::SeqAdjOrig, orig);
    dump_ct_seq_adj(out, CtattrType::SeqAdjReply, CtAttr::SeqAdjReply, reply);
}

fn dump_ct_seq_adj(
    out: Out<'_, '_>,
    nla_type: u16,
    nest: fn(Attrs<'static, CtattrSeqadj>) -> CtAttr<'static>,
    seq: &NfCtSeqadj,
) {
    if shapes::put_seq_adj(out, nla_type, [seq.correction_pos, seq.offset_before, seq.offset_after])
    {
        return;
    }
    out.nest(nest, |out| {
        out.put(SeqAdjAttr::CorrectionPos(seq.correction_pos));
        out.put(SeqAdjAttr::OffsetBefore(seq.offset_before));
        out.put(SeqAdjAttr::OffsetAfter(seq.offset_after));
    });
}

/// What the SYN proxy remembers, also when it is all 0. Since 4.18.
pub fn ctnetlink_dump_ct_synproxy(kernel: &Kernel, out: Out<'_, '_>, ct: &NfConn) {
    let known = kernel.config.synproxy && kernel.release.has_synproxy();
    let Some(synproxy) = ct.synproxy.filter(|_| known) else {
        return;
    };
    if shapes::put_synproxy(out, [synproxy.isn, synproxy.its, synproxy.tsoff]) {
        return;
    }
    out.nest(CtAttr::SynProxy, |out| {
        out.put(SynProxyAttr::Isn(synproxy.isn));
        out.put(SynProxyAttr::Its(synproxy.its));
        out.put(SynProxyAttr::Tsoff(synproxy.tsoff));
    });
}
