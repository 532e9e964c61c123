//! `enum ip_conntrack_status`.

use crate::wire::values::flags_value;
use bitflags::bitflags;

bitflags! {
    /// What has become of a flow, `IPS_*` of `linux/netfilter/nf_conntrack_common.h`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Status: u32 {
        /// Another flow's helper expected it.
        const EXPECTED = 1 << 0;
        /// Packets of both directions were seen.
        const SEEN_REPLY = 1 << 1;
        /// It has proved itself and is not dropped early when the table is full.
        const ASSURED = 1 << 2;
        /// Its first packet has left; it is in the table.
        const CONFIRMED = 1 << 3;
        /// The original direction's source is translated.
        const SRC_NAT = 1 << 4;
        /// The original direction's destination is translated.
        const DST_NAT = 1 << 5;
        /// Its sequence numbers are adjusted.
        const SEQ_ADJUST = 1 << 6;
        /// Source NAT was decided on.
        const SRC_NAT_DONE = 1 << 7;
        /// Destination NAT was decided on.
        const DST_NAT_DONE = 1 << 8;
        /// It is being removed.
        const DYING = 1 << 9;
        /// Its timeout does not change with packets.
        const FIXED_TIMEOUT = 1 << 10;
        /// A template of a rule, not a flow.
        const TEMPLATE = 1 << 11;
        /// Not tracked; obsolete, and used inside newer kernels for a NAT clash.
        const UNTRACKED = 1 << 12;
        /// Its helper was assigned by a rule or over netlink (since 3.5).
        const HELPER = 1 << 13;
        /// It bypasses the stack by a flow table (since 4.16).
        const OFFLOAD = 1 << 14;
        /// It bypasses the stack in hardware (since 5.8).
        const HW_OFFLOAD = 1 << 15;
    }
}

flags_value!(Status(u32));

impl Status {
    /// Source or destination NAT.
    pub const NAT: Self = Self::SRC_NAT.union(Self::DST_NAT);
    /// Source and destination NAT were decided on, even if on none.
    pub const NAT_DONE: Self = Self::SRC_NAT_DONE.union(Self::DST_NAT_DONE);
}
