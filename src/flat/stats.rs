//! Statistics of the kernel.

use super::record::record;
use crate::attrs::{
    CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, ExpectStatsAttr, StatsCpuAttr,
    StatsGlobalAttr,
};

record! {
    /// The statistics of one CPU since boot.
    ///
    /// Each counter wraps at 32 bits.
    #[derive(Copy)]
    pub struct StatsCpu(CtattrStatsCpu => StatsCpuAttr) {
        nfgenmsg {
            /// The number of the CPU, from `nfgenmsg`.
            cpu: u16
        }
        /// The number of hash table lookups, from old kernels.
        searched: Option<u32> = Searched;
        /// The number of lookups that found an entry.
        found: Option<u32> = Found;
        /// The number of entries created, from old kernels.
        new: Option<u32> = New;
        /// The number of packets that could not be tracked.
        invalid: Option<u32> = Invalid;
        /// The number of packets that already had an entry, from old kernels.
        ignore: Option<u32> = Ignore;
        /// The number of entries removed, from old kernels.
        delete: Option<u32> = Delete;
        /// The number of entries put on the dying list, from old kernels.
        delete_list: Option<u32> = DeleteList;
        /// The number of entries inserted.
        insert: Option<u32> = Insert;
        /// The number of insertions that failed because the table had the same flow.
        insert_failed: Option<u32> = InsertFailed;
        /// The number of packets dropped because an entry could not be created.
        drop: Option<u32> = Drop;
        /// The number of entries dropped to make space for others.
        early_drop: Option<u32> = EarlyDrop;
        /// The number of ICMP errors that could not be tracked.
        error: Option<u32> = Error;
        /// The number of lookups that were restarted.
        search_restart: Option<u32> = SearchRestart;
        /// The number of clashes that were resolved.
        clash_resolve: Option<u32> = ClashResolve;
        /// The number of insertions that failed because a hash chain was too long.
        chain_toolong: Option<u32> = ChainToolong;
    }
}

record! {
    /// The size of the conntrack table.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// let bytes = [
    ///     0x1c, 0, 0, 0, 0x05, 0x01, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0105
    ///     0, 0, 0, 0, // nfgenmsg
    ///     8, 0, 1, 0, 0, 0, 0x12, 0x34, // CTA_STATS_GLOBAL_ENTRIES
    /// ];
    /// let stats = Message::parse_with(&bytes, Endian::Little)?.stats_global()?;
    /// assert_eq!((stats.entries, stats.max_entries), (Some(0x1234), None));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct StatsGlobal(CtattrStatsGlobal => StatsGlobalAttr) {
        /// The number of entries in the table.
        entries: Option<u32> = Entries;
        /// The highest number of entries that the kernel allows.
        max_entries: Option<u32> = MaxEntries;
    }
}

record! {
    /// The expectation statistics of one CPU since boot.
    ///
    /// Each counter wraps at 32 bits.
    #[derive(Copy)]
    pub struct ExpectStats(CtattrExpectStats => ExpectStatsAttr) {
        nfgenmsg {
            /// The number of the CPU, from `nfgenmsg`.
            cpu: u16
        }
        /// The number of flows that had been expected.
        new: Option<u32> = New;
        /// The number of expectations created.
        create: Option<u32> = Create;
        /// The number of expectations removed.
        delete: Option<u32> = Delete;
    }
}
