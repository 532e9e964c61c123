//! The times of a flow, `enum ctattr_tstamp`.

use crate::wire::attr_set;

attr_set! {
    /// An attribute of the times at which a flow began and ended.
    ///
    /// The kernel records them if the sysctl `net.netfilter.nf_conntrack_timestamp` was on when the
    /// entry was created. Dumps contain the start, DESTROY events both times, so that a logger needs
    /// no table of its own. The kernel's function is `ctnetlink_dump_timestamp`.
    CtattrTstamp, "ctattr_tstamp" => TimestampAttr {
        /// The time at which the entry was confirmed, that is, entered the table.
        ///
        /// It is in nanoseconds since the Unix epoch, by the kernel's real-time clock.
        1 "CTA_TIMESTAMP_START" = Start(u64 as Be64 in UnixNanos), since "2.6.39";
        /// The time at which the entry was destroyed; absent while the flow is active.
        ///
        /// Since Linux 5.14, an entry that timed out has the time at which it did, not the later
        /// time at which the kernel noticed.
        2 "CTA_TIMESTAMP_STOP" = Stop(u64 as Be64 in UnixNanos), since "2.6.39";
        /// A pad attribute, which aligns the 64-bit value after it on machines that need it.
        3 "CTA_TIMESTAMP_PAD" = Pad(() as Pad), since "4.7";
    }
}
