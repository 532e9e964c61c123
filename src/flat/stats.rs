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
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// let bytes = [
    ///     0x24, 0, 0, 0, 0x04, 0x01, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0104
    ///     0, 0, 0, 3, // nfgenmsg: CPU 3
    ///     8, 0, 2, 0, 0, 0, 0x12, 0x34, // CTA_STATS_FOUND
    ///     8, 0, 10, 0, 0, 0, 0, 9, // CTA_STATS_DROP
    /// ];
    /// let stats = Message::parse_with(&bytes, Endian::Little)?.stats_cpu()?;
    /// assert_eq!((stats.cpu, stats.found, stats.drop), (3, Some(0x1234), Some(9)));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct StatsCpu(CtattrStatsCpu => StatsCpuAttr) {
        nfgenmsg {
            /// The number of the CPU, from `nfgenmsg`.
            cpu: u16
        }
        /// The number of hash table lookups, [`StatsCpuAttr::Searched`].
        ///
        /// Linux sends it up to about 4.8.
        searched: Option<u32> = Searched;
        /// The number of lookups that found an entry, [`StatsCpuAttr::Found`].
        found: Option<u32> = Found;
        /// The number of entries created, [`StatsCpuAttr::New`].
        ///
        /// Linux sends it up to about 4.8.
        new: Option<u32> = New;
        /// The number of packets that could not be tracked, [`StatsCpuAttr::Invalid`].
        invalid: Option<u32> = Invalid;
        /// The number of packets that already had an entry, [`StatsCpuAttr::Ignore`].
        ///
        /// Linux sends it up to 5.9.
        ignore: Option<u32> = Ignore;
        /// The number of entries removed, [`StatsCpuAttr::Delete`].
        ///
        /// Linux sends it up to about 4.8.
        delete: Option<u32> = Delete;
        /// The number of entries put on the dying list, [`StatsCpuAttr::DeleteList`].
        ///
        /// Linux sends it up to about 4.8.
        delete_list: Option<u32> = DeleteList;
        /// The number of entries inserted, [`StatsCpuAttr::Insert`].
        insert: Option<u32> = Insert;
        /// The number of insertions that failed because the table had the same flow.
        ///
        /// The attribute is [`StatsCpuAttr::InsertFailed`].
        insert_failed: Option<u32> = InsertFailed;
        /// The number of packets dropped because an entry could not be created, [`StatsCpuAttr::Drop`].
        drop: Option<u32> = Drop;
        /// The number of entries dropped to make space for others, [`StatsCpuAttr::EarlyDrop`].
        early_drop: Option<u32> = EarlyDrop;
        /// The number of ICMP errors that could not be tracked, [`StatsCpuAttr::Error`].
        error: Option<u32> = Error;
        /// The number of lookups that were restarted, [`StatsCpuAttr::SearchRestart`].
        search_restart: Option<u32> = SearchRestart;
        /// The number of clashes that were resolved, [`StatsCpuAttr::ClashResolve`].
        ///
        /// Linux sends it since 5.10.
        clash_resolve: Option<u32> = ClashResolve;
        /// The number of insertions that failed because a hash chain was too long.
        ///
        /// The attribute is [`StatsCpuAttr::ChainToolong`].
        ///
        /// Linux sends it since 5.15.
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
        /// The number of entries in the table, [`StatsGlobalAttr::Entries`].
        entries: Option<u32> = Entries;
        /// The highest number of entries that the kernel allows, [`StatsGlobalAttr::MaxEntries`].
        ///
        /// Linux sends it since 4.18.
        max_entries: Option<u32> = MaxEntries;
    }
}

record! {
    /// The expectation statistics of one CPU since boot.
    ///
    /// Each counter wraps at 32 bits.
    ///
    /// # Examples
    /// ```
    /// use ctnetlink::{Endian, Message};
    ///
    /// // The kernel replies with type 0x0103 instead of 0x0203.
    /// let bytes = [
    ///     0x1c, 0, 0, 0, 0x03, 0x01, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr: type 0x0103
    ///     0, 0, 0, 3, // nfgenmsg: CPU 3
    ///     8, 0, 2, 0, 0, 0, 0x12, 0x34, // CTA_STATS_EXP_CREATE
    /// ];
    /// let stats = Message::parse_with(&bytes, Endian::Little)?.expect_stats()?;
    /// assert_eq!((stats.cpu, stats.create), (3, Some(0x1234)));
    /// # Ok::<(), ctnetlink::Error>(())
    /// ```
    #[derive(Copy)]
    pub struct ExpectStats(CtattrExpectStats => ExpectStatsAttr) {
        nfgenmsg {
            /// The number of the CPU, from `nfgenmsg`.
            cpu: u16
        }
        /// The number of flows that had been expected, [`ExpectStatsAttr::New`].
        new: Option<u32> = New;
        /// The number of expectations created, [`ExpectStatsAttr::Create`].
        create: Option<u32> = Create;
        /// The number of expectations removed, [`ExpectStatsAttr::Delete`].
        delete: Option<u32> = Delete;
    }
}
