//! Outputs for the parts of an entry: attribute by attribute, or in place.

use super::dump_tuples::ctnetlink_dump_tuples;
use super::nf_conn::{
    L4State, NfConnCounter, NfConnHelp, NfConnSynproxy, NfConnTstamp, NfConntrackTuple, NfCtSeqadj,
    SecurityContext,
};
use crate::attrs::{CtAttr, CtattrType};
use crate::kernel::{Kernel, L4Proto};
use crate::nested::{
    CountersAttr, CtattrCounters, CtattrHelp, CtattrProtoinfo, CtattrProtoinfoDccp,
    CtattrProtoinfoSctp, CtattrProtoinfoTcp, CtattrSecctx, CtattrSeqadj, CtattrSynproxy,
    CtattrTstamp, CtattrTuple, HelpAttr, ProtoInfoAttr, ProtoInfoDccpAttr, ProtoInfoSctpAttr,
    ProtoInfoTcpAttr, SecCtxAttr, SeqAdjAttr, SynProxyAttr, TcpFlags, TcpFlagsMask, TimestampAttr,
    TupleAttr,
};
use crate::shapes::{self, Ids};
use crate::wire::{HostBits, NulStr, Writer};

/// An output for the parts of an entry.
///
/// It is a [`Writer`], or the fast path of [`ctnetlink_fill_info`](super::ctnetlink_fill_info), which
/// writes the same bytes.
pub trait Out: sealed::Parts {}

impl<O: sealed::Parts> Out for O {}

pub(super) mod sealed {
    use super::*;

    /// The parts of an entry; the caller decides which are sent.
    pub trait Parts {
        fn be16(&mut self, nla_type: u16, value: u16);
        fn be32(&mut self, nla_type: u16, value: u32);
        fn tuple(
            &mut self,
            kernel: &Kernel,
            nla_type: u16,
            tuple: &NfConntrackTuple,
            zone: Option<u16>,
        );
        fn counters(&mut self, nla_type: u16, counter: &NfConnCounter);
        fn timestamp(&mut self, tstamp: &NfConnTstamp);
        fn protoinfo(&mut self, proto: &L4State, destroy: bool);
        fn help(&mut self, help: &NfConnHelp);
        fn secctx(&mut self, context: &SecurityContext);
        fn labels(&mut self, bits: HostBits<'_>);
        fn seq_adj(&mut self, nla_type: u16, seq: &NfCtSeqadj);
        fn synproxy(&mut self, synproxy: &NfConnSynproxy);
    }
}

impl sealed::Parts for Writer<'_, CtattrType> {
    fn be16(&mut self, nla_type: u16, value: u16) {
        self.put_array(nla_type, value.to_be_bytes());
    }

    fn be32(&mut self, nla_type: u16, value: u32) {
        self.put_array(nla_type, value.to_be_bytes());
    }

    fn tuple(
        &mut self,
        kernel: &Kernel,
        nla_type: u16,
        tuple: &NfConntrackTuple,
        zone: Option<u16>,
    ) {
        self.put_nest(nla_type, |out: &mut Writer<'_, CtattrTuple>| {
            ctnetlink_dump_tuples(kernel, out, tuple);
            if let Some(id) = zone {
                out.put(TupleAttr::Zone(id));
            }
        });
    }

    fn counters(&mut self, nla_type: u16, counter: &NfConnCounter) {
        self.put_nest(nla_type, |out: &mut Writer<'_, CtattrCounters>| {
            out.put_64bit(CountersAttr::Packets(counter.packets), CountersAttr::Pad(()));
            out.put_64bit(CountersAttr::Bytes(counter.bytes), CountersAttr::Pad(()));
        });
    }

    fn timestamp(&mut self, tstamp: &NfConnTstamp) {
        self.nest(CtAttr::Timestamp, |out: &mut Writer<'_, CtattrTstamp>| {
            out.put_64bit(TimestampAttr::Start(tstamp.start), TimestampAttr::Pad(()));
            if tstamp.stop != 0 {
                out.put_64bit(TimestampAttr::Stop(tstamp.stop), TimestampAttr::Pad(()));
            }
        });
    }

    fn protoinfo(&mut self, proto: &L4State, destroy: bool) {
        self.nest(CtAttr::ProtoInfo, |out| to_nlattr(out, proto, destroy));
    }

    fn help(&mut self, help: &NfConnHelp) {
        self.nest(CtAttr::Help, |out: &mut Writer<'_, CtattrHelp>| {
            if let Some(helper) = &help.helper {
                out.put(HelpAttr::Name(NulStr::new(helper.as_bytes())));
            }
            if let Some(info) = &help.info {
                out.put(HelpAttr::Info(info));
            }
        });
    }

    fn secctx(&mut self, context: &SecurityContext) {
        self.nest(CtAttr::SecCtx, |out: &mut Writer<'_, CtattrSecctx>| {
            out.put(SecCtxAttr::Name(NulStr::new(context.name.as_bytes())));
        });
    }

    fn labels(&mut self, bits: HostBits<'_>) {
        self.put(CtAttr::Labels(bits));
    }

    fn seq_adj(&mut self, nla_type: u16, seq: &NfCtSeqadj) {
        self.put_nest(nla_type, |out: &mut Writer<'_, CtattrSeqadj>| {
            out.put(SeqAdjAttr::CorrectionPos(seq.correction_pos));
            out.put(SeqAdjAttr::OffsetBefore(seq.offset_before));
            out.put(SeqAdjAttr::OffsetAfter(seq.offset_after));
        });
    }

    fn synproxy(&mut self, synproxy: &NfConnSynproxy) {
        self.nest(CtAttr::SynProxy, |out: &mut Writer<'_, CtattrSynproxy>| {
            out.put(SynProxyAttr::Isn(synproxy.isn));
            out.put(SynProxyAttr::Its(synproxy.its));
            out.put(SynProxyAttr::Tsoff(synproxy.tsoff));
        });
    }
}

/// Writes the state of a protocol (`to_nlattr`).
fn to_nlattr(out: &mut Writer<'_, CtattrProtoinfo>, proto: &L4State, destroy: bool) {
    match *proto {
        L4State::Tcp { state, scale: [scale_orig, scale_reply], flags: [orig, reply] } => {
            out.nest(ProtoInfoAttr::Tcp, |out: &mut Writer<'_, CtattrProtoinfoTcp>| {
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
        L4State::Sctp { state, vtag: [orig, reply] } => {
            out.nest(ProtoInfoAttr::Sctp, |out: &mut Writer<'_, CtattrProtoinfoSctp>| {
                out.put(ProtoInfoSctpAttr::State(state));
                if destroy {
                    return;
                }
                out.put(ProtoInfoSctpAttr::VtagOriginal(orig));
                out.put(ProtoInfoSctpAttr::VtagReply(reply));
            });
        }
        L4State::Dccp { state, role, handshake_seq } => {
            out.nest(ProtoInfoAttr::Dccp, |out: &mut Writer<'_, CtattrProtoinfoDccp>| {
                out.put(ProtoInfoDccpAttr::State(state));
                if destroy {
                    return;
                }
                out.put(ProtoInfoDccpAttr::Role(role));
                let pad = ProtoInfoDccpAttr::Pad(());
                out.put_64bit(ProtoInfoDccpAttr::HandshakeSeq(handshake_seq), pad);
            });
        }
        L4State::None | L4State::Gre { .. } => {}
    }
}

/// The kernel leaves the mask 0.
fn without_mask(flags: TcpFlags) -> TcpFlagsMask {
    TcpFlagsMask { flags, ..TcpFlagsMask::default() }
}

/// An output that writes in place.
///
/// The functions that take it are inlined, so that it stays in registers.
pub(super) struct InPlace<'b> {
    /// The unused part of the buffer, or `None` if a part did not fit or has no fixed shape.
    pub(super) at: Option<&'b mut [u8]>,
    /// The offset of the buffer's end in the datagram, if the machine needs pad attributes.
    pub(super) end: Option<usize>,
}

/// Continues with the part of the buffer that `$put` returns.
///
/// It is not a closure, because a closure need not be inlined.
macro_rules! put {
    ($self:ident, |$at:ident| $put:expr) => {
        if let Some($at) = $self.at.take() {
            $self.at = $put;
        }
    };
}

impl sealed::Parts for InPlace<'_> {
    #[inline(always)]
    fn be16(&mut self, nla_type: u16, value: u16) {
        put!(self, |at| shapes::put_be16(at, nla_type, value));
    }

    #[inline(always)]
    fn be32(&mut self, nla_type: u16, value: u32) {
        put!(self, |at| shapes::put_be32(at, nla_type, value));
    }

    #[inline(always)]
    fn tuple(
        &mut self,
        kernel: &Kernel,
        nla_type: u16,
        tuple: &NfConntrackTuple,
        zone: Option<u16>,
    ) {
        let [ty, code] = tuple.dst_id.to_be_bytes();
        let ids = match kernel.l4proto(tuple.protonum) {
            L4Proto::Ports => Ids::Ports(tuple.src_id, tuple.dst_id),
            L4Proto::Icmp => Ids::Icmp(tuple.src_id, ty, code),
            L4Proto::Icmpv6 => Ids::Icmpv6(tuple.src_id, ty, code),
            L4Proto::Generic => Ids::None,
        };
        put!(self, |at| match zone {
            None => {
                shapes::put_tuple(at, nla_type, &tuple.src, &tuple.dst, tuple.protonum, ids)
            }
            Some(_) => None,
        });
    }

    #[inline(always)]
    fn counters(&mut self, nla_type: u16, counter: &NfConnCounter) {
        put!(self, |at| shapes::put_counters(
            at,
            self.end,
            nla_type,
            counter.packets,
            counter.bytes
        ));
    }

    #[inline(always)]
    fn timestamp(&mut self, tstamp: &NfConnTstamp) {
        let stop = Some(tstamp.stop).filter(|&stop| stop != 0);
        put!(self, |at| shapes::put_timestamp(at, self.end, tstamp.start, stop));
    }

    #[inline(always)]
    fn protoinfo(&mut self, proto: &L4State, destroy: bool) {
        put!(self, |at| match *proto {
            L4State::Tcp { state, scale, flags } if !destroy => {
                shapes::put_tcp(at, state, scale, flags.map(without_mask))
            }
            L4State::Sctp { state, vtag } if !destroy => shapes::put_sctp(at, state, vtag),
            L4State::Dccp { state, role, handshake_seq } if !destroy && self.end.is_none() => {
                shapes::put_dccp(at, state, role, handshake_seq)
            }
            _ => None,
        });
    }

    #[inline(always)]
    fn help(&mut self, help: &NfConnHelp) {
        put!(self, |at| match help {
            NfConnHelp { helper: Some(helper), info: None } => {
                helper.inline().and_then(|name| shapes::put_help(at, name))
            }
            _ => None,
        });
    }

    #[inline(always)]
    fn secctx(&mut self, _: &SecurityContext) {
        self.at = None;
    }

    #[inline(always)]
    fn labels(&mut self, bits: HostBits<'_>) {
        put!(self, |at| shapes::put_labels(at, bits));
    }

    #[inline(always)]
    fn seq_adj(&mut self, nla_type: u16, seq: &NfCtSeqadj) {
        let values = [seq.correction_pos, seq.offset_before, seq.offset_after];
        put!(self, |at| shapes::put_seq_adj(at, nla_type, values));
    }

    #[inline(always)]
    fn synproxy(&mut self, synproxy: &NfConnSynproxy) {
        put!(self, |at| shapes::put_synproxy(at, [synproxy.isn, synproxy.its, synproxy.tsoff]));
    }
}
