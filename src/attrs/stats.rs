//! The attributes of statistics: of a CPU, of the table, of expectations.

use crate::wire::attr_set;

attr_set! {
    /// An attribute of the statistics of a CPU since boot.
    ///
    /// There is one message per CPU, whose number is in `nfgenmsg.res_id`.
    CtattrStatsCpu, "ctattr_stats_cpu" => StatsCpuAttr {
        /// The number of hash table look-ups, which the kernel no longer sends since about Linux 4.9.
        1 "CTA_STATS_SEARCHED" = Searched(u32 as Be32), since "3.6";
        /// The number of look-ups that found an entry.
        2 "CTA_STATS_FOUND" = Found(u32 as Be32), since "3.6";
        /// The number of entries created, which the kernel no longer sends since about Linux 4.9.
        3 "CTA_STATS_NEW" = New(u32 as Be32), since "3.6";
        /// The number of packets that could not be tracked.
        4 "CTA_STATS_INVALID" = Invalid(u32 as Be32), since "3.6";
        /// The number of packets that already had an entry, no longer sent since Linux 5.10.
        5 "CTA_STATS_IGNORE" = Ignore(u32 as Be32), since "3.6";
        /// The number of entries removed, which the kernel no longer sends since about Linux 4.9.
        6 "CTA_STATS_DELETE" = Delete(u32 as Be32), since "3.6";
        /// The number of entries put on the dying list, no longer sent since about Linux 4.9.
        7 "CTA_STATS_DELETE_LIST" = DeleteList(u32 as Be32), since "3.6";
        /// The number of entries inserted.
        8 "CTA_STATS_INSERT" = Insert(u32 as Be32), since "3.6";
        /// The number of insertions that failed because the flow already had an entry.
        9 "CTA_STATS_INSERT_FAILED" = InsertFailed(u32 as Be32), since "3.6";
        /// The number of packets dropped because no entry could be created.
        10 "CTA_STATS_DROP" = Drop(u32 as Be32), since "3.6";
        /// The number of entries removed early to make room for new ones.
        11 "CTA_STATS_EARLY_DROP" = EarlyDrop(u32 as Be32), since "3.6";
        /// The number of ICMP errors that could not be tracked.
        12 "CTA_STATS_ERROR" = Error(u32 as Be32), since "3.6";
        /// The number of look-ups restarted because the table changed at the same time.
        13 "CTA_STATS_SEARCH_RESTART" = SearchRestart(u32 as Be32), since "3.6";
        /// The number of resolved clashes of two packets of one new flow.
        14 "CTA_STATS_CLASH_RESOLVE" = ClashResolve(u32 as Be32), since "5.10";
        /// The number of insertions that failed because a hash chain was too long.
        15 "CTA_STATS_CHAIN_TOOLONG" = ChainToolong(u32 as Be32), since "5.15";
    }
}

attr_set! {
    /// An attribute of the size of the table.
    CtattrStatsGlobal, "ctattr_stats_global" => StatsGlobalAttr {
        /// The number of entries in the table.
        1 "CTA_STATS_GLOBAL_ENTRIES" = Entries(u32 as Be32), since "3.6";
        /// The maximum number of entries (`net.netfilter.nf_conntrack_max`).
        2 "CTA_STATS_GLOBAL_MAX_ENTRIES" = MaxEntries(u32 as Be32), since "4.18";
    }
}

attr_set! {
    /// An attribute of the expectation statistics of a CPU since boot.
    ///
    /// The kernel's reply has message type 0x0103 instead of 0x0203.
    CtattrExpectStats, "ctattr_expect_stats" => ExpectStatsAttr {
        /// The number of flows that had been expected.
        1 "CTA_STATS_EXP_NEW" = New(u32 as Be32), since "3.6";
        /// The number of expectations created.
        2 "CTA_STATS_EXP_CREATE" = Create(u32 as Be32), since "3.6";
        /// The number of expectations removed.
        3 "CTA_STATS_EXP_DELETE" = Delete(u32 as Be32), since "3.6";
    }
}
