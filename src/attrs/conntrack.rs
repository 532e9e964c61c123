//! `enum ctattr_type`.

use super::Status;
use crate::nested::{
    CtattrCounters, CtattrFilter, CtattrHelp, CtattrNat, CtattrProtoinfo, CtattrSecctx,
    CtattrSeqadj, CtattrSynproxy, CtattrTstamp, CtattrTuple,
};
use crate::wire::{Attrs, HostBits, attr_set};

attr_set! {
    /// The attributes of a conntrack entry, in dumps, events and requests.
    CtattrType, "ctattr_type" => CtAttr {
        /// The flow as its first packet went. Always sent.
        1 "CTA_TUPLE_ORIG" = TupleOrig(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The flow as its answers come; after NAT not the mirror of the original. Always sent.
        2 "CTA_TUPLE_REPLY" = TupleReply(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// What has become of the flow. Always sent.
        3 "CTA_STATUS" = Status(Status as Be32), since "2.6.14";
        /// The state of TCP, SCTP or DCCP: in dumps, in events that change it, and, the state
        /// alone, in DESTROY since 5.11.
        4 "CTA_PROTOINFO" = ProtoInfo(Attrs<'a, CtattrProtoinfo> as Nest), since "2.6.14";
        /// The helper, if there is one. Not in DESTROY.
        5 "CTA_HELP" = Help(Attrs<'a, CtattrHelp> as Nest), since "2.6.14";
        /// The range for source NAT. In requests that create an entry; never sent.
        6 "CTA_NAT_SRC" | "CTA_NAT" = NatSrc(Attrs<'a, CtattrNat> as Nest), since "2.6.14";
        /// Seconds until the entry expires, rounded down. In dumps, in NEW and UPDATE, and in
        /// DESTROY since 5.11 if at least 1; not of offloaded flows since 5.3.
        7 "CTA_TIMEOUT" = Timeout(u32 as Be32), since "2.6.14";
        /// The connection mark. In dumps also when 0; in events if not 0 or if it changed.
        8 "CTA_MARK" = Mark(u32 as Be32), since "2.6.14";
        /// What the original direction has sent. In dumps and DESTROY, with accounting on.
        9 "CTA_COUNTERS_ORIG" = CountersOrig(Attrs<'a, CtattrCounters> as Nest), since "2.6.14";
        /// What the reply direction has sent. In dumps and DESTROY, with accounting on.
        10 "CTA_COUNTERS_REPLY" = CountersReply(Attrs<'a, CtattrCounters> as Nest), since "2.6.14";
        /// The entry's reference count. In dumps; a single GET counts its own reference too.
        11 "CTA_USE" = Use(u32 as Be32), since "2.6.14";
        /// An opaque number that tells entries of the same tuples apart, not unique over time. In a
        /// DELETE request it must match.
        12 "CTA_ID" = Id(u32 as Be32), since "2.6.14";
        /// The range for destination NAT. In requests that create an entry; never sent.
        13 "CTA_NAT_DST" = NatDst(Attrs<'a, CtattrNat> as Nest), since "2.6.14";
        /// The original tuple of the flow that expected this one. In dumps and in NEW.
        14 "CTA_TUPLE_MASTER" = TupleMaster(Attrs<'a, CtattrTuple> as Nest), since "2.6.25";
        /// The adjustment of sequence numbers, original direction. With status `SEQ_ADJUST`.
        15 "CTA_SEQ_ADJ_ORIG" | "CTA_NAT_SEQ_ADJ_ORIG" = SeqAdjOrig(Attrs<'a, CtattrSeqadj> as Nest), since "2.6.25";
        /// The adjustment of sequence numbers, reply direction. With status `SEQ_ADJUST`.
        16 "CTA_SEQ_ADJ_REPLY" | "CTA_NAT_SEQ_ADJ_REPLY" = SeqAdjReply(Attrs<'a, CtattrSeqadj> as Nest), since "2.6.25";
        /// The security mark's number. Obsolete: not sent since 2.6.37, which has `CTA_SECCTX`.
        17 "CTA_SECMARK" = Secmark(u32 as Be32), since "2.6.25";
        /// The zone of both directions, if not 0.
        18 "CTA_ZONE" = Zone(u16 as Be16), since "2.6.34";
        /// The security context. In dumps, and in NEW and UPDATE if set, where a security module
        /// names it.
        19 "CTA_SECCTX" = SecCtx(Attrs<'a, CtattrSecctx> as Nest), since "2.6.37";
        /// When the flow began and when it ended. In dumps (the start) and DESTROY (both), with
        /// timestamping on.
        20 "CTA_TIMESTAMP" = Timestamp(Attrs<'a, CtattrTstamp> as Nest), since "2.6.39";
        /// Which bits of the mark to compare or to change. In requests.
        21 "CTA_MARK_MASK" = MarkMask(u32 as Be32), since "3.3";
        /// 128 bits that rules set, as the kernel has them in memory. Sent if any is set; not in
        /// DESTROY.
        22 "CTA_LABELS" = Labels(HostBits<'a> as HostWords), since "3.9";
        /// Which labels to change. In requests.
        23 "CTA_LABELS_MASK" = LabelsMask(HostBits<'a> as HostWords), since "3.9";
        /// What the SYN proxy remembers. In dumps and in NEW and UPDATE.
        24 "CTA_SYNPROXY" = SynProxy(Attrs<'a, CtattrSynproxy> as Nest), since "4.18";
        /// Which fields of the tuples must match. In dump and (since 6.12) flush requests.
        25 "CTA_FILTER" = Filter(Attrs<'a, CtattrFilter> as Nest), since "5.8";
        /// Which bits of the status to compare. In requests.
        26 "CTA_STATUS_MASK" = StatusMask(Status as Be32), since "5.15";
        /// When the event happened: nanoseconds since the Unix epoch. In events alone, last, with
        /// timestamping on; the first of several changes that one event reports. May lie before
        /// `CTA_TIMESTAMP_START`.
        27 "CTA_TIMESTAMP_EVENT" = TimestampEvent(u64 as BeNanos), since "6.14";
    }
    empty {
        /// Padding before `CTA_TIMESTAMP_EVENT` on machines that need 64-bit values aligned. The
        /// kernel gives it the number that the pad has inside `CTA_TIMESTAMP`, 3, which is
        /// `CTA_STATUS` here; a status is never empty, so the two can be told apart.
        3 "CTA_TIMESTAMP_PAD" = TimestampEventPad, since "6.14";
    }
}
