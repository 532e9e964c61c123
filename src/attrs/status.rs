//! The status of an entry, `enum ip_conntrack_status`.

use crate::wire::values::flags_value;
use bitflags::bitflags;

bitflags! {
    /// The status flags of an entry, `IPS_*` of `linux/netfilter/nf_conntrack_common.h`.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::attrs::Status;
    ///
    /// let status = Status::from_bits_retain(0x8000_000e);
    /// assert!(status.contains(Status::ASSURED));
    /// assert_eq!(status.to_string(), "SEEN_REPLY|ASSURED|CONFIRMED|0x80000000");
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Status: u32 {
        /// The helper of another flow expected the flow.
        const EXPECTED = 1 << 0;
        /// Packets of both directions were seen.
        const SEEN_REPLY = 1 << 1;
        /// The kernel does not remove the entry early when the table is full.
        const ASSURED = 1 << 2;
        /// The entry is in the table: the first packet has passed.
        const CONFIRMED = 1 << 3;
        /// The source of the original direction is translated.
        const SRC_NAT = 1 << 4;
        /// The destination of the original direction is translated.
        const DST_NAT = 1 << 5;
        /// The TCP sequence numbers are adjusted.
        const SEQ_ADJUST = 1 << 6;
        /// Source NAT was decided, even if for no translation.
        const SRC_NAT_DONE = 1 << 7;
        /// Destination NAT was decided, even if for no translation.
        const DST_NAT_DONE = 1 << 8;
        /// The entry is being removed.
        const DYING = 1 << 9;
        /// Packets do not change the timeout.
        const FIXED_TIMEOUT = 1 << 10;
        /// The entry is the template of a rule, not a flow.
        const TEMPLATE = 1 << 11;
        /// The flow is not tracked; obsolete, and newer kernels use it internally for a NAT clash.
        const UNTRACKED = 1 << 12;
        /// A rule or a request assigned the helper (since Linux 3.5).
        const HELPER = 1 << 13;
        /// A flow table lets the flow bypass the network stack (since Linux 4.16).
        const OFFLOAD = 1 << 14;
        /// Hardware lets the flow bypass the network stack (since Linux 5.8).
        const HW_OFFLOAD = 1 << 15;
    }
}

flags_value!(Status(u32), "ip_conntrack_status", "IPS_");

impl Status {
    /// The flags of source and destination NAT.
    pub const NAT: Self = Self::SRC_NAT.union(Self::DST_NAT);
    /// The flags that say that source and destination NAT were decided.
    pub const NAT_DONE: Self = Self::SRC_NAT_DONE.union(Self::DST_NAT_DONE);
}
