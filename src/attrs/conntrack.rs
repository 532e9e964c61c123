//! The attributes of entries, `enum ctattr_type`.

use super::Status;
use crate::nested::{
    CtattrCounters, CtattrFilter, CtattrHelp, CtattrNat, CtattrProtoinfo, CtattrSecctx,
    CtattrSeqadj, CtattrSynproxy, CtattrTstamp, CtattrTuple,
};
use crate::wire::{Attrs, HostBits, attr_set};

attr_set! {
    /// An attribute of a conntrack entry, in a dump, an event or a request.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::attrs::{CtAttr, CtattrType};
    /// use ctnetlink::wire::{Attrs, Endian};
    ///
    /// let bytes = [8, 0, 8, 0, 0, 0, 0x12, 0x34, 6, 0, 18, 0, 2, 1, 0, 0];
    /// let mut attrs = Attrs::<CtattrType>::new(&bytes, Endian::Little).iter();
    /// assert_eq!(attrs.next(), Some(Ok(CtAttr::Mark(0x1234))));
    /// assert_eq!(attrs.next(), Some(Ok(CtAttr::Zone(513))));
    /// ```
    CtattrType, "ctattr_type" => CtAttr {
        /// The tuple of the original direction, which every message of the kernel contains.
        1 "CTA_TUPLE_ORIG" = TupleOrig(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The tuple of the reply direction, which every message of the kernel contains.
        ///
        /// With NAT it is not the mirror of the original one.
        2 "CTA_TUPLE_REPLY" = TupleReply(Attrs<'a, CtattrTuple> as Nest), since "2.6.14";
        /// The status flags of the entry, which every message of the kernel contains.
        3 "CTA_STATUS" = Status(Status as Be32), since "2.6.14";
        /// The protocol state of TCP, SCTP or DCCP.
        ///
        /// The kernel sends it in dumps, in events that report a change of it, and, since Linux
        /// 5.11, in DESTROY events, with the state only.
        4 "CTA_PROTOINFO" = ProtoInfo(Attrs<'a, CtattrProtoinfo> as Nest), since "2.6.14";
        /// The helper of the flow, if it has one; DESTROY events do not contain it.
        5 "CTA_HELP" = Help(Attrs<'a, CtattrHelp> as Nest), since "2.6.14";
        /// The range for source NAT, in requests that create an entry; the kernel never sends it.
        6 "CTA_NAT_SRC" | "CTA_NAT" = NatSrc(Attrs<'a, CtattrNat> as Nest), since "2.6.14";
        /// The number of seconds until the entry expires, rounded down.
        ///
        /// The kernel sends it in dumps, in NEW and UPDATE events and, since Linux 5.11 and if it is
        /// at least 1, in DESTROY events. Since Linux 5.3 it does not send it for offloaded flows.
        7 "CTA_TIMEOUT" = Timeout(u32 as Be32 in Seconds), since "2.6.14";
        /// The connection mark.
        ///
        /// Dumps always contain it, events if it is not 0 or if it changed.
        8 "CTA_MARK" = Mark(u32 as Be32), since "2.6.14";
        /// The counters of the original direction, in dumps and DESTROY events with accounting on.
        9 "CTA_COUNTERS_ORIG" = CountersOrig(Attrs<'a, CtattrCounters> as Nest), since "2.6.14";
        /// The counters of the reply direction, in dumps and DESTROY events with accounting on.
        10 "CTA_COUNTERS_REPLY" = CountersReply(Attrs<'a, CtattrCounters> as Nest), since "2.6.14";
        /// The reference count of the entry, in dumps.
        ///
        /// The reply to a GET of a single entry includes the reference that the GET holds.
        11 "CTA_USE" = Use(u32 as Be32), since "2.6.14";
        /// An opaque number that distinguishes entries with the same tuples.
        ///
        /// It is not unique over time. In a DELETE request it must match.
        12 "CTA_ID" = Id(u32 as Be32), since "2.6.14";
        /// The range for destination NAT, in requests that create an entry; the kernel never sends it.
        13 "CTA_NAT_DST" = NatDst(Attrs<'a, CtattrNat> as Nest), since "2.6.14";
        /// The original tuple of the flow that expected this one, in dumps and NEW events.
        14 "CTA_TUPLE_MASTER" = TupleMaster(Attrs<'a, CtattrTuple> as Nest), since "2.6.25";
        /// The adjustment of sequence numbers of the original direction, with status `SEQ_ADJUST`.
        15 "CTA_SEQ_ADJ_ORIG" | "CTA_NAT_SEQ_ADJ_ORIG" = SeqAdjOrig(Attrs<'a, CtattrSeqadj> as Nest), since "2.6.25";
        /// The adjustment of sequence numbers of the reply direction, with status `SEQ_ADJUST`.
        16 "CTA_SEQ_ADJ_REPLY" | "CTA_NAT_SEQ_ADJ_REPLY" = SeqAdjReply(Attrs<'a, CtattrSeqadj> as Nest), since "2.6.25";
        /// The number of the security mark.
        ///
        /// It is obsolete: since Linux 2.6.37 the kernel sends `CTA_SECCTX` instead.
        17 "CTA_SECMARK" = Secmark(u32 as Be32), since "2.6.25";
        /// The zone of both directions, if it is not 0.
        18 "CTA_ZONE" = Zone(u16 as Be16), since "2.6.34";
        /// The security context, if a security module has a name for the security mark.
        ///
        /// The kernel sends it in dumps and, if it is set, in NEW and UPDATE events.
        19 "CTA_SECCTX" = SecCtx(Attrs<'a, CtattrSecctx> as Nest), since "2.6.37";
        /// The times at which the flow began and ended, if timestamping is on.
        ///
        /// Dumps contain the start, DESTROY events both times.
        20 "CTA_TIMESTAMP" = Timestamp(Attrs<'a, CtattrTstamp> as Nest), since "2.6.39";
        /// The bits of the mark to compare or to change, in requests.
        21 "CTA_MARK_MASK" = MarkMask(u32 as Be32), since "3.3";
        /// The labels: 128 bits that rules set, as the kernel has them in memory.
        ///
        /// The kernel sends them if any is set, but not in DESTROY events.
        22 "CTA_LABELS" = Labels(HostBits<'a> as HostWords), since "3.9";
        /// The labels to change, in requests.
        23 "CTA_LABELS_MASK" = LabelsMask(HostBits<'a> as HostWords), since "3.9";
        /// The state of the SYN proxy, in dumps, NEW and UPDATE events.
        24 "CTA_SYNPROXY" = SynProxy(Attrs<'a, CtattrSynproxy> as Nest), since "4.18";
        /// The fields of the tuples that must match, in dump and (since Linux 6.12) flush requests.
        25 "CTA_FILTER" = Filter(Attrs<'a, CtattrFilter> as Nest), since "5.8";
        /// The bits of the status to compare, in requests.
        26 "CTA_STATUS_MASK" = StatusMask(Status as Be32), since "5.15";
        /// The time of the event, in nanoseconds since the Unix epoch.
        ///
        /// Only events contain it, as the last attribute, with timestamping on. It is the time of the
        /// first of several changes that one event reports. It may be earlier than
        /// `CTA_TIMESTAMP_START`.
        27 "CTA_TIMESTAMP_EVENT" = TimestampEvent(u64 as Be64 in UnixNanos), since "6.14";
    }
    empty {
        /// A pad attribute before `CTA_TIMESTAMP_EVENT`, on machines that need 64-bit values aligned.
        ///
        /// The kernel gives it the number that the pad attribute has inside `CTA_TIMESTAMP`, 3, which
        /// is `CTA_STATUS` here. A status is never empty, so the payload distinguishes the two.
        3 "CTA_TIMESTAMP_PAD" = TimestampEventPad, since "6.14";
    }
}
