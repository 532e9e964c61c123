//! `enum ctattr_tstamp`.

use crate::wire::attr_set;

attr_set! {
    /// When a flow began and when it ended, known if `net.netfilter.nf_conntrack_timestamp` was on
    /// when the entry was created. Dumps carry the start; a DESTROY event both, so that a logger
    /// needs no table of its own. Kernel function `ctnetlink_dump_timestamp`.
    CtattrTstamp, "ctattr_tstamp" => TimestampAttr {
        /// When the entry was confirmed, that is entered the table: nanoseconds since the Unix
        /// epoch by the kernel's real-time clock.
        1 "CTA_TIMESTAMP_START" = Start(u64 as BeNanos), since "2.6.39";
        /// When the entry was destroyed; absent while it lives. Since 5.14 an entry that timed out
        /// bears the time at which it did, not the later one at which that was noticed.
        2 "CTA_TIMESTAMP_STOP" = Stop(u64 as BeNanos), since "2.6.39";
        /// Empty; stands before a 64-bit value on machines that need it aligned.
        3 "CTA_TIMESTAMP_PAD" = Pad(() as Pad), since "4.7";
    }
}
