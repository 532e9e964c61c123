//! Replies with statistics: `ctnetlink_ct_stat_cpu_fill_info` and its siblings.

use crate::attrs::{
    CtattrExpectStats, CtattrStatsCpu, CtattrStatsGlobal, ExpectStatsAttr, StatsCpuAttr,
    StatsGlobalAttr,
};
use crate::flat::{ExpectStats, StatsCpu};
use crate::kernel::Kernel;
use crate::wire::{NlmFlags, Writer};
use crate::{Family, MessageBuilder, MsgType, NfGenMsg};
use alloc::vec::Vec;

/// The statistics of one CPU (`struct ip_conntrack_stat`).
///
/// # Examples
/// ```
/// use ctnetlink::Message;
/// use ctnetlink::flat::StatsCpu;
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{IpConntrackStat, ctnetlink_ct_stat_cpu_fill_info};
///
/// let kernel = Kernel::new("5.10".parse()?);
/// let ct = StatsCpu { found: Some(0x1234), ..StatsCpu::default() };
/// let st = IpConntrackStat { ct, ..IpConntrackStat::default() };
/// let bytes = ctnetlink_ct_stat_cpu_fill_info(&kernel, 3, &st, (4711, 7));
/// let stats = Message::parse_with(&bytes, kernel.arch.endian())?.stats_cpu()?;
/// assert_eq!((stats.cpu, stats.found), (3, Some(0x1234)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpConntrackStat {
    /// The counters about entries; `None` stands for 0.
    pub ct: StatsCpu,
    /// The counters about expectations; `None` stands for 0.
    pub expect: ExpectStats,
}

fn builder(
    kernel: &Kernel,
    msg_type: MsgType,
    cpu: u16,
    (portid, seq): (u32, u32),
) -> MessageBuilder {
    MessageBuilder {
        msg_type,
        flags: if portid != 0 { NlmFlags::MULTI } else { NlmFlags::empty() },
        seq,
        portid,
        nfgenmsg: NfGenMsg { nfgen_family: Family::UNSPEC, version: 0, res_id: cpu },
        endian: kernel.arch.endian(),
    }
}

fn message<S: crate::wire::AttrSet>(
    builder: &MessageBuilder,
    body: impl FnOnce(&mut Writer<'_, S>),
) -> Vec<u8> {
    // A few integers always fit.
    builder.build(body).map(crate::MessageBuf::into_bytes).unwrap_or_default()
}

/// Builds the reply to GET_STATS_CPU about one CPU.
///
/// The release decides which counters it has.
#[must_use]
pub fn ctnetlink_ct_stat_cpu_fill_info(
    kernel: &Kernel,
    cpu: u16,
    st: &IpConntrackStat,
    to: (u32, u32),
) -> Vec<u8> {
    let release = kernel.release;
    let st = &st.ct;
    let body = |out: &mut Writer<'_, CtattrStatsCpu>| {
        let mut put = |attr: fn(u32) -> StatsCpuAttr<'static>, value: Option<u32>, sent: bool| {
            if sent {
                out.put(attr(value.unwrap_or_default()));
            }
        };
        let searched = release.stats_count_searched();
        let ignore = release.stats_count_ignore();
        put(StatsCpuAttr::Searched, st.searched, searched);
        put(StatsCpuAttr::Found, st.found, true);
        put(StatsCpuAttr::New, st.new, searched);
        put(StatsCpuAttr::Invalid, st.invalid, true);
        put(StatsCpuAttr::Ignore, st.ignore, ignore);
        put(StatsCpuAttr::Delete, st.delete, searched);
        put(StatsCpuAttr::DeleteList, st.delete_list, searched);
        put(StatsCpuAttr::Insert, st.insert, true);
        put(StatsCpuAttr::InsertFailed, st.insert_failed, true);
        put(StatsCpuAttr::Drop, st.drop, true);
        put(StatsCpuAttr::EarlyDrop, st.early_drop, true);
        put(StatsCpuAttr::Error, st.error, true);
        put(StatsCpuAttr::SearchRestart, st.search_restart, true);
        put(StatsCpuAttr::ClashResolve, st.clash_resolve, !ignore);
        put(StatsCpuAttr::ChainToolong, st.chain_toolong, release.stats_count_chain_toolong());
    };
    message(&builder(kernel, MsgType::CT_GET_STATS_CPU, cpu, to), body)
}

/// Builds the reply to GET_STATS: the size of the table.
#[must_use]
pub fn ctnetlink_stat_ct_fill_info(
    kernel: &Kernel,
    entries: u32,
    max_entries: u32,
    to: (u32, u32),
) -> Vec<u8> {
    let body = |out: &mut Writer<'_, CtattrStatsGlobal>| {
        out.put(StatsGlobalAttr::Entries(entries));
        if kernel.release.has_max_entries() {
            out.put(StatsGlobalAttr::MaxEntries(max_entries));
        }
    };
    message(&builder(kernel, MsgType::CT_GET_STATS, 0, to), body)
}

/// Builds the reply with the expectation counters of one CPU.
///
/// The kernel builds its type with the wrong subsystem: 0x0103 instead of 0x0203.
#[must_use]
pub fn ctnetlink_exp_stat_fill_info(
    kernel: &Kernel,
    cpu: u16,
    st: &IpConntrackStat,
    to: (u32, u32),
) -> Vec<u8> {
    let body = |out: &mut Writer<'_, CtattrExpectStats>| {
        out.put(ExpectStatsAttr::New(st.expect.new.unwrap_or_default()));
        out.put(ExpectStatsAttr::Create(st.expect.create.unwrap_or_default()));
        out.put(ExpectStatsAttr::Delete(st.expect.delete.unwrap_or_default()));
    };
    message(&builder(kernel, MsgType::CT_GET_CTRZERO, cpu, to), body)
}
