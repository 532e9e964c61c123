//! `enum ctattr_counters`.

use crate::wire::attr_set;

attr_set! {
    /// Packets and bytes of one direction, counted if `net.netfilter.nf_conntrack_acct` was on when
    /// the entry was created. Sent in dumps and DESTROY events, both directions or none.
    CtattrCounters, "ctattr_counters" => CountersAttr {
        /// Packets.
        1 "CTA_COUNTERS_PACKETS" = Packets(u64 as Be64), since "2.6.14";
        /// Bytes, IP headers included.
        2 "CTA_COUNTERS_BYTES" = Bytes(u64 as Be64), since "2.6.14";
        /// Packets in 32 bits; sent by early kernels only.
        3 "CTA_COUNTERS32_PACKETS" = Packets32(u32 as Be32), since "2.6.14";
        /// Bytes in 32 bits; sent by early kernels only.
        4 "CTA_COUNTERS32_BYTES" = Bytes32(u32 as Be32), since "2.6.14";
        /// Empty; stands before a 64-bit value on machines that need it aligned.
        5 "CTA_COUNTERS_PAD" = Pad(() as Pad), since "4.7";
    }
}
