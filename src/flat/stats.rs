//! Statistics.

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
        /// Hash table look-ups, from old kernels.
        searched: Option<u32> = Searched;
        /// Look-ups that found an entry.
        found: Option<u32> = Found;
        /// Entries created, from old kernels.
        new: Option<u32> = New;
        /// Packets that could not be tracked.
        invalid: Option<u32> = Invalid;
        /// Packets that already had an entry, from old kernels.
        ignore: Option<u32> = Ignore;
        /// Entries removed, from old kernels.
        delete: Option<u32> = Delete;
        /// Entries put on the dying list, from old kernels.
        delete_list: Option<u32> = DeleteList;
        /// Entries inserted.
        insert: Option<u32> = Insert;
        /// Insertions that failed because the same flow was there already.
        insert_failed: Option<u32> = InsertFailed;
        /// Packets dropped because an entry could not be made.
        drop: Option<u32> = Drop;
        /// Entries dropped to make room.
        early_drop: Option<u32> = EarlyDrop;
        /// ICMP errors that could not be tracked.
        error: Option<u32> = Error;
        /// Look-ups restarted.
        search_restart: Option<u32> = SearchRestart;
        /// Clashes resolved.
        clash_resolve: Option<u32> = ClashResolve;
        /// Insertions that failed because a hash chain was too long.
        chain_toolong: Option<u32> = ChainToolong;
    }
}

record! {
    /// The size of the table.
    #[derive(Copy)]
    pub struct StatsGlobal(CtattrStatsGlobal => StatsGlobalAttr) {
        /// Entries in the table.
        entries: Option<u32> = Entries;
        /// The most there may be.
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
        /// Flows that had been expected.
        new: Option<u32> = New;
        /// Expectations created.
        create: Option<u32> = Create;
        /// Expectations removed.
        delete: Option<u32> = Delete;
    }
}
