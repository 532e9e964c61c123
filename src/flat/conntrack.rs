//! Conntrack entries.

use super::declare::conntrack;
#[cfg(feature = "serde")]
use super::declare::{item, item_name};
#[cfg(feature = "format")]
use super::declare::{json_item, json_item_with_rare};
use super::labels::Labels;
use super::nat_range::NatRange;
use super::parts::{
    BothCounters, Counters, Counters32, Filter, Help, SecCtx, SeqAdj, SynProxy, Timestamp,
};
use super::protoinfo::ProtoInfo;
use super::record::sealed::Fields as _;
use super::record::{Absent, Record as _, arm, fields, set_field, write_field};
use super::tuple::Tuple;
use crate::Family;
use crate::attrs::{CtAttr, CtattrType, Status};
use crate::error::Error;
use crate::wire::Writer;
use alloc::boxed::Box;
use core::net::IpAddr;

conntrack! {
    /// A conntrack entry, as a dump or an event describes it or as a request asks for it.
    ///
    /// Absent attributes are `None` or, in nested structs, a struct whose fields are all `None`.
    /// `timestamp` needs the sysctl `net.netfilter.nf_conntrack_timestamp`, and the counters need
    /// `net.netfilter.nf_conntrack_acct`; both must be on when the flow starts.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // A DESTROY event that is reduced to its times.
    /// let bytes = [
    ///     0x30, 0, 0, 0, 0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0102
    ///     2, 0, 0, 0, // nfgenmsg: AF_INET
    ///     0x1c, 0, 0x14, 0x80, // CTA_TIMESTAMP, nested
    ///     0x0c, 0, 1, 0, 0x18, 0xea, 0x51, 0xeb, 0x99, 0x3c, 0x3c, 0xab, // CTA_TIMESTAMP_START
    ///     0x0c, 0, 2, 0, 0x18, 0xea, 0x51, 0xeb, 0xbd, 0x87, 0xcf, 0x2c, // CTA_TIMESTAMP_STOP
    /// ];
    /// let entry = Message::parse_with(&bytes, Endian::Little)?.conntrack()?;
    /// assert_eq!(entry.timestamp.start, Some(0x18ea_51eb_993c_3cab));
    /// assert_eq!(entry.timestamp.duration_ns(), Some(0x244b_9281));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    pub struct Conntrack {
        /// The original direction, [`CtAttr::TupleOrig`]: addresses and ports of the first packet.
        ///
        /// Every message of the kernel contains it.
        orig: Tuple = nest TupleOrig;
        /// The reply direction, [`CtAttr::TupleReply`]: addresses and ports of packets in return.
        ///
        /// Every message of the kernel contains it.
        reply: Tuple = nest TupleReply;
        /// The status flags, [`CtAttr::Status`], which every message of the kernel contains.
        status: Option<Status> = Status;
        /// The state of TCP, SCTP or DCCP, [`CtAttr::ProtoInfo`].
        ///
        /// Dumps, events that report a change of it, and, since Linux 5.11, DESTROY events contain it.
        protoinfo: Option<ProtoInfo> = nest ProtoInfo;
        /// The helper, [`CtAttr::Help`], in dumps, NEW and UPDATE events of flows that have one.
        help: Help = nest Help;
        /// The seconds until the entry expires, [`CtAttr::Timeout`].
        ///
        /// Dumps, NEW and UPDATE events and, since Linux 5.11, DESTROY events contain it.
        timeout: Option<u32> = Timeout;
        /// The connection mark, [`CtAttr::Mark`]: a number that rules set.
        ///
        /// Dumps contain it, and events if it is not 0 or has changed.
        mark: Option<u32> = Mark;
        /// The reference count, [`CtAttr::Use`], in dumps.
        use_count: Option<u32> = Use;
        /// An opaque number, [`CtAttr::Id`], which dumps and events contain.
        ///
        /// The kernel may reuse the number after the entry is destroyed.
        id: Option<u32> = Id;
        /// The original tuple of the flow that expected this one, [`CtAttr::TupleMaster`].
        ///
        /// Dumps and NEW events of expected flows contain it.
        master: Tuple = nest TupleMaster;
        /// The adjustment of sequence numbers in the original direction, [`CtAttr::SeqAdjOrig`].
        ///
        /// Dumps contain it if the status has [`SEQ_ADJUST`](Status::SEQ_ADJUST), and events that
        /// report a change of it.
        seq_adj_orig: SeqAdj = nest SeqAdjOrig;
        /// The adjustment of sequence numbers in the reply direction, [`CtAttr::SeqAdjReply`].
        ///
        /// The kernel sends it together with that of the original direction.
        seq_adj_reply: SeqAdj = nest SeqAdjReply;
        /// The zone of both directions, [`CtAttr::Zone`], in dumps and events, if it is not 0.
        zone: Option<u16> = Zone;
        /// The security context, [`CtAttr::SecCtx`], if a security module provides one.
        ///
        /// Dumps contain it, and NEW and UPDATE events if a security mark is set.
        secctx: SecCtx = nest SecCtx;
        /// The start and stop of the flow, [`CtAttr::Timestamp`], in nanoseconds.
        ///
        /// Dumps contain the start, DESTROY events both times.
        timestamp: Timestamp = nest Timestamp;
        /// The labels, [`CtAttr::Labels`], in dumps, NEW and UPDATE events, if any is set.
        labels: Option<Labels> = Labels;
        /// The values that the SYN proxy keeps from the handshake, [`CtAttr::SynProxy`].
        ///
        /// Dumps contain it, and NEW and UPDATE events that report a change of it.
        synproxy: SynProxy = nest SynProxy;
        /// The time of the event, [`CtAttr::TimestampEvent`], in nanoseconds since the Unix epoch.
        ///
        /// Events contain it since Linux 6.14, if timestamping is on.
        timestamp_event: Option<u64> = TimestampEvent;
        counters {
            /// The packets and bytes in the original direction, [`CtAttr::CountersOrig`].
            ///
            /// Dumps and DESTROY events contain them, if accounting is on.
            counters_orig = CountersOrig;
            /// The packets and bytes in the reply direction, [`CtAttr::CountersReply`].
            ///
            /// Dumps and DESTROY events contain them, if accounting is on.
            counters_reply = CountersReply;
        }
    }
    /// The parts of an entry that only requests, or kernels before Linux 2.6.37, contain.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::flat::{NatRange, Rare};
    /// use ctnetlink::{Conntrack, Tuple};
    ///
    /// let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:80".parse()?);
    /// let nat_src = NatRange { min_ip: Some("203.0.113.9".parse()?), ..NatRange::default() };
    /// let entry = Conntrack {
    ///     timeout: Some(120),
    ///     rare: Rare { nat_src, ..Rare::default() }.into(),
    ///     ..Conntrack::new(orig)
    /// };
    /// assert_eq!(entry.rare().nat_src, nat_src);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[derive(Copy)]
    pub struct Rare {
        /// The range for source NAT, [`CtAttr::NatSrc`], in requests that create an entry.
        nat_src: NatRange = nest NatSrc;
        /// The range for destination NAT, [`CtAttr::NatDst`], in requests that create an entry.
        nat_dst: NatRange = nest NatDst;
        /// The bits of the mark to compare or change, [`CtAttr::MarkMask`], in requests.
        mark_mask: Option<u32> = MarkMask;
        /// The labels to change, [`CtAttr::LabelsMask`], in requests.
        labels_mask: Option<Labels> = LabelsMask;
        /// The fields of the tuples to compare, [`CtAttr::Filter`], in dump and flush requests.
        filter: Filter = nest Filter;
        /// The bits of the status to compare, [`CtAttr::StatusMask`], in requests.
        status_mask: Option<Status> = StatusMask;
        /// The number of the security mark, [`CtAttr::Secmark`], from kernels before Linux 2.6.37.
        secmark: Option<u32> = Secmark;
        counters {
            /// The counters of the original direction in 32 bits, from early kernels.
            ///
            /// They are in [`CtAttr::CountersOrig`], too.
            counters32_orig;
            /// The counters of the reply direction in 32 bits, from early kernels.
            ///
            /// They are in [`CtAttr::CountersReply`], too.
            counters32_reply;
        }
    }
    json {
        orig reply status protoinfo help (nat_src) timeout mark [counters_orig counters32_orig]
        [counters_reply counters32_reply] use_count id (nat_dst) master seq_adj_orig seq_adj_reply
        (secmark) zone secctx timestamp (mark_mask) labels (labels_mask) synproxy (filter)
        (status_mask) timestamp_event
    }
}

impl Conntrack {
    /// Creates an entry of a flow without NAT.
    ///
    /// It has the original tuple, the reply tuple that follows from it, and their family. All other
    /// fields are absent.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Conntrack, Family, Status, Tuple};
    ///
    /// let orig = Tuple::udp("192.0.2.1:40000".parse()?, "198.51.100.7:53".parse()?);
    /// let entry = Conntrack {
    ///     timeout: Some(120),
    ///     status: Some(Status::CONFIRMED),
    ///     ..Conntrack::new(orig)
    /// };
    /// assert_eq!(entry.family, Family::IPV4);
    /// assert_eq!(entry.reply.to_string(), "udp 198.51.100.7:53 -> 192.0.2.1:40000");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn new(orig: Tuple) -> Self {
        Self { family: orig.family(), orig, reply: orig.reversed(), ..Self::default() }
    }

    /// Returns what no kernel since Linux 2.6.37 sends.
    ///
    /// Every field is absent in entries from such a kernel.
    #[must_use]
    #[inline]
    pub fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&Rare::ABSENT)
    }

    /// Returns what no kernel since Linux 2.6.37 sends, to change it.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(Box::default)
    }

    /// Changes what no kernel since Linux 2.6.37 sends.
    ///
    /// Allocates only if a field is present then.
    #[cold]
    pub(crate) fn set_rare(&mut self, set: impl FnOnce(&mut Rare)) {
        let mut rare = *self.rare();
        set(&mut rare);
        self.rare = (!rare.is_absent()).then(|| Box::new(rare));
    }

    /// Returns the address and port that source NAT translates the original source to.
    ///
    /// This is the destination of the reply direction if it differs from the original source.
    #[must_use]
    pub fn snat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.src, self.orig.src_port)?;
        let after = Endpoint::new(self.reply.dst, self.reply.dst_port)?;
        self.translated(before, after, Status::SRC_NAT)
    }

    /// Returns the address and port that destination NAT translates the original destination to.
    ///
    /// This is the source of the reply direction if it differs from the original destination.
    #[must_use]
    pub fn dnat(&self) -> Option<Endpoint> {
        let before = Endpoint::new(self.orig.dst, self.orig.dst_port)?;
        let after = Endpoint::new(self.reply.src, self.reply.src_port)?;
        self.translated(before, after, Status::DST_NAT)
    }

    /// Returns `after` if NAT changed `before`.
    ///
    /// The status decides whether it is NAT, because the tuples of an entry that was created over
    /// netlink may also differ without NAT.
    fn translated(&self, before: Endpoint, after: Endpoint, flag: Status) -> Option<Endpoint> {
        let is_nat = self.status.is_none_or(|status| status.contains(flag));
        (is_nat && before != after).then_some(after)
    }
}

impl From<Rare> for Option<Box<Rare>> {
    fn from(rare: Rare) -> Self {
        Some(Box::new(rare))
    }
}

/// An address and an optional port.
///
/// # Examples
/// ```
/// use ctnetlink::{Conntrack, Status, Tuple};
///
/// let orig = Tuple::tcp("192.0.2.1:40000".parse()?, "198.51.100.7:80".parse()?);
/// let mut entry = Conntrack { status: Some(Status::SRC_NAT), ..Conntrack::new(orig) };
/// // Replies go to another address than the one that the flow came from.
/// entry.reply.dst = Some("203.0.113.9".parse()?);
/// let nat = entry.snat().unwrap();
/// assert_eq!((nat.addr.to_string(), nat.port), ("203.0.113.9".to_string(), Some(40000)));
/// assert_eq!(entry.dnat(), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Endpoint {
    /// The address.
    pub addr: IpAddr,
    /// The port, if the protocol has ports.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub port: Option<u16>,
}

impl Endpoint {
    fn new(addr: Option<IpAddr>, port: Option<u16>) -> Option<Self> {
        Some(Self { addr: addr?, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_entry_has_at_most_520_bytes() {
        assert!(size_of::<Conntrack>() <= 520, "{}", size_of::<Conntrack>());
    }

    #[test]
    fn empty_rare_parts_allocate_nothing() {
        let mut entry = Conntrack::default();
        entry.set_rare(|rare| rare.mark_mask = Some(0xf0));
        assert_eq!(entry.rare().mark_mask, Some(0xf0));
        entry.set_rare(|rare| rare.mark_mask = None);
        assert_eq!(entry.rare, None);
    }
}
