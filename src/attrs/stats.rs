//! `enum ctattr_stats_cpu`, `enum ctattr_stats_global`, `enum ctattr_expect_stats`.

use crate::wire::attr_set;

attr_set! {
    /// What one CPU has counted since boot, a message a CPU; its number is in `nfgenmsg.res_id`.
    CtattrStatsCpu, "ctattr_stats_cpu" => StatsCpuAttr {
        /// Hash table look-ups; not sent since about 4.9.
        1 "CTA_STATS_SEARCHED" = Searched(u32 as Be32), since "3.6";
        /// Look-ups that found an entry.
        2 "CTA_STATS_FOUND" = Found(u32 as Be32), since "3.6";
        /// Entries created; not sent since about 4.9.
        3 "CTA_STATS_NEW" = New(u32 as Be32), since "3.6";
        /// Packets that could not be tracked.
        4 "CTA_STATS_INVALID" = Invalid(u32 as Be32), since "3.6";
        /// Packets that already had an entry; not sent since 5.10.
        5 "CTA_STATS_IGNORE" = Ignore(u32 as Be32), since "3.6";
        /// Entries removed; not sent since about 4.9.
        6 "CTA_STATS_DELETE" = Delete(u32 as Be32), since "3.6";
        /// Entries put on the dying list; not sent since about 4.9.
        7 "CTA_STATS_DELETE_LIST" = DeleteList(u32 as Be32), since "3.6";
        /// Entries inserted.
        8 "CTA_STATS_INSERT" = Insert(u32 as Be32), since "3.6";
        /// Insertions that failed because the same flow was there already.
        9 "CTA_STATS_INSERT_FAILED" = InsertFailed(u32 as Be32), since "3.6";
        /// Packets dropped because an entry could not be made.
        10 "CTA_STATS_DROP" = Drop(u32 as Be32), since "3.6";
        /// Entries dropped to make room for new ones.
        11 "CTA_STATS_EARLY_DROP" = EarlyDrop(u32 as Be32), since "3.6";
        /// ICMP errors that could not be tracked.
        12 "CTA_STATS_ERROR" = Error(u32 as Be32), since "3.6";
        /// Look-ups restarted because the table changed meanwhile.
        13 "CTA_STATS_SEARCH_RESTART" = SearchRestart(u32 as Be32), since "3.6";
        /// Clashes of two packets of one new flow that were resolved.
        14 "CTA_STATS_CLASH_RESOLVE" = ClashResolve(u32 as Be32), since "5.10";
        /// Insertions that failed because a hash chain was too long.
        15 "CTA_STATS_CHAIN_TOOLONG" = ChainToolong(u32 as Be32), since "5.15";
    }
}

attr_set! {
    /// The size of the table.
    CtattrStatsGlobal, "ctattr_stats_global" => StatsGlobalAttr {
        /// Entries in the table.
        1 "CTA_STATS_GLOBAL_ENTRIES" = Entries(u32 as Be32), since "3.6";
        /// The most there may be (`net.netfilter.nf_conntrack_max`).
        2 "CTA_STATS_GLOBAL_MAX_ENTRIES" = MaxEntries(u32 as Be32), since "4.18";
    }
}

attr_set! {
    /// What one CPU has counted of expectations since boot. The kernel's reply carries message type
    /// 0x0103 instead of 0x0203.
    CtattrExpectStats, "ctattr_expect_stats" => ExpectStatsAttr {
        /// Flows that had been expected.
        1 "CTA_STATS_EXP_NEW" = New(u32 as Be32), since "3.6";
        /// Expectations created.
        2 "CTA_STATS_EXP_CREATE" = Create(u32 as Be32), since "3.6";
        /// Expectations removed.
        3 "CTA_STATS_EXP_DELETE" = Delete(u32 as Be32), since "3.6";
    }
}
