//! The counters of a direction, `enum ctattr_counters`.

use crate::wire::attr_set;

attr_set! {
    /// An attribute of the counters of one direction.
    ///
    /// The kernel counts if the sysctl `net.netfilter.nf_conntrack_acct` was on when the entry was
    /// created. It sends the counters of both directions or of none, in dumps and DESTROY events.
    CtattrCounters, "ctattr_counters" => CountersAttr {
        /// The number of packets.
        1 "CTA_COUNTERS_PACKETS" = Packets(u64 as Be64 in Packets), since "2.6.14";
        /// The number of bytes, including IP headers.
        2 "CTA_COUNTERS_BYTES" = Bytes(u64 as Be64 in Bytes), since "2.6.14";
        /// The number of packets in 32 bits, which only early kernels send.
        3 "CTA_COUNTERS32_PACKETS" = Packets32(u32 as Be32 in Packets), since "2.6.14";
        /// The number of bytes in 32 bits, which only early kernels send.
        4 "CTA_COUNTERS32_BYTES" = Bytes32(u32 as Be32 in Bytes), since "2.6.14";
        /// A pad attribute, which aligns the 64-bit value after it on machines that need it.
        5 "CTA_COUNTERS_PAD" = Pad(() as Pad), since "4.7";
    }
}
