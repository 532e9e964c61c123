//! Replies of a namespace: a dump of the table, a single GET, GET_CTRZERO, statistics.

use super::errno::Errno;
use super::fill_info::{Reply, Skb, ctnetlink_fill_info};
use super::net::Net;
use super::nf_conn::NfConn;
use super::stats::ctnetlink_stat_ct_fill_info;
use crate::attrs::Status;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::wire::{NlMsgHdr, NlmFlags, WriteBuf, nlmsg_total_size};
use crate::{Family, MsgType};
use alloc::vec::Vec;

/// A request to dump the table.
///
/// # Examples
/// ```
/// use ctnetlink::kernel::Kernel;
/// use ctnetlink::sim::{Clock, DumpBuffers, DumpRequest, ModuleParams, Net, NfConn};
/// use ctnetlink::{Kind, MsgType, messages};
///
/// let kernel = Kernel::new("5.10".parse()?);
/// let clock = Clock { real_ns: 1_700_000_000_123_456_789, jiffies: 1000 };
/// let mut net = Net::nf_conntrack_init_net(kernel, ModuleParams::default(), clock, None)?;
/// for mark in [1, 0x11, 0x21] {
///     net.adopt(NfConn { mark, timeout: 9000, ..NfConn::default() });
/// }
/// // Marks whose low byte is 0x11.
/// let request = DumpRequest { portid: 4711, seq: 7, mark: Some((0x11, 0xff)), ..Default::default() };
/// let datagrams = net.dump(&request, DumpBuffers::fresh(&kernel))?;
/// # if cfg!(target_endian = "big") { return Ok(()) }
/// let found: Vec<_> = datagrams.iter().flat_map(|datagram| messages(datagram)).collect();
/// assert_eq!(found[0]?.conntrack()?.mark, Some(0x11));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumpRequest {
    /// The port id of the requester's socket.
    pub portid: u32,
    /// The sequence number of the request.
    pub seq: u32,
    /// The request is a GET_CTRZERO, which sets the counters to 0.
    pub ctrzero: bool,
    /// The layer 3 protocol; [`Family::UNSPEC`] selects all.
    pub family: Family,
    /// The mark and its mask.
    pub mark: Option<(u32, u32)>,
    /// The status and its mask, since Linux 5.15.
    pub status: Option<(Status, Status)>,
    /// The zone of either direction, since Linux 6.8.
    pub zone: Option<u16>,
}

impl DumpRequest {
    /// Returns `true` if the kernel filters the dump.
    const fn is_filtered(&self, kernel: &Kernel) -> bool {
        self.family.0 != Family::UNSPEC.0
            || self.mark.is_some()
            || self.status.is_some()
            || self.zone.is_some() && kernel.release.filters_zone()
    }

    /// Returns `true` if the request selects an entry.
    pub(crate) fn matches(&self, kernel: &Kernel, ct: &NfConn) -> bool {
        let is_family = self.family == Family::UNSPEC || self.family == ct.l3num();
        let zone = self.zone.filter(|_| kernel.release.filters_zone());
        is_family
            && self.mark.is_none_or(|(value, mask)| ct.mark & mask == value)
            && self.status.is_none_or(|(value, mask)| ct.status & mask == value)
            && zone.is_none_or(|zone| ct.zone.id == zone)
    }
}

/// The sizes of the datagrams of a dump, in bytes.
///
/// # Examples
/// See [`DumpRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpBuffers {
    /// The first datagram, which the kernel fills before the requester reads.
    pub first: usize,
    /// The other datagrams: the largest buffer with which the requester has read so far.
    pub next: usize,
}

impl DumpBuffers {
    /// Returns the sizes for a new socket that is read with buffers of 32 KiB or more.
    #[must_use]
    pub const fn fresh(kernel: &Kernel) -> Self {
        let arch = kernel.arch;
        let next = 32_768_usize.saturating_sub(arch.skb_overhead);
        Self { first: arch.nlmsg_goodsize(), next }
    }

    /// Returns the sizes for a socket that was read with 32 KiB or more before.
    #[must_use]
    pub const fn read_before(kernel: &Kernel) -> Self {
        let next = Self::fresh(kernel).next;
        Self { first: next, next }
    }
}

impl Net {
    /// Returns the datagrams of a dump, with `NLMSG_DONE` in the last one (`ctnetlink_dump_table`).
    ///
    /// A message that does not fit starts the next datagram. Since Linux 4.9 a dump removes expired
    /// entries, which sends their DESTROY events.
    ///
    /// # Errors
    ///
    /// Returns [`NoRoom`](crate::error::ErrorKind::NoRoom) if a single message exceeds the buffer.
    pub fn dump(
        &mut self,
        request: &DumpRequest,
        buffers: DumpBuffers,
    ) -> Result<Vec<Vec<u8>>, Error> {
        if self.kernel.release.dump_reaps_expired() {
            self.reap_expired();
        }
        let filtered =
            request.is_filtered(&self.kernel) && self.kernel.release.dump_says_filtered();
        let flags = if filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() };
        let reply = Reply { flags, ..Reply::to(request.portid, request.seq) };
        let mut datagrams = Vec::new();
        let mut skb = WriteBuf::new();
        let mut limit = buffers.first;
        let mut dumped = Vec::new();
        for ct in self.table.iter().filter(|ct| request.matches(&self.kernel, ct)) {
            let fill = |ct: &NfConn, limit, skb: &mut WriteBuf| {
                let room = Skb { limit, offset: 0 };
                ctnetlink_fill_info(&self.kernel, ct, self.clock.jiffies, &reply, room, skb)
            };
            if fill(ct, limit, &mut skb).is_err() {
                if !skb.is_empty() {
                    datagrams.push(core::mem::take(&mut skb).into_bytes());
                }
                limit = buffers.next;
                let held = u32::from(self.kernel.release.dump_holds_next_entry());
                let ct = NfConn { use_count: ct.use_count.wrapping_add(held), ..ct.clone() };
                fill(&ct, limit, &mut skb)?;
            }
            dumped.push(ct.id);
        }
        if !skb.is_empty() {
            datagrams.push(skb.into_bytes());
        }
        if request.ctrzero {
            dumped.iter().for_each(|&id| self.zero_counters(id));
        }
        datagrams.push(self.done(request, filtered));
        Ok(datagrams)
    }

    /// Builds `NLMSG_DONE` with status 0.
    fn done(&self, request: &DumpRequest, filtered: bool) -> Vec<u8> {
        let says_filtered = filtered && self.kernel.release.done_says_filtered();
        let flags = if says_filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() };
        let endian = self.kernel.arch.endian();
        let status = endian.u32_bytes(0);
        let header = NlMsgHdr {
            nlmsg_len: u32::try_from(nlmsg_total_size(status.len())).unwrap_or_default(),
            nlmsg_type: MsgType::DONE.0,
            nlmsg_flags: NlmFlags::MULTI | flags,
            nlmsg_seq: request.seq,
            nlmsg_pid: request.portid,
        };
        let mut done = header.to_bytes(endian).to_vec();
        done.extend_from_slice(&status);
        done
    }

    /// Returns the reply to a GET for one entry, or to a GET_CTRZERO with `ctrzero`.
    ///
    /// The reference count includes the reference of the look-up.
    ///
    /// # Errors
    ///
    /// Returns [`Enoent`](Errno::Enoent) if there is no such entry.
    pub fn get(&mut self, id: u32, portid: u32, seq: u32, ctrzero: bool) -> Result<Vec<u8>, Errno> {
        let mut ct = self.entry(id).ok_or(Errno::Enoent)?.clone();
        ct.use_count = ct.use_count.wrapping_add(1);
        let mut message = WriteBuf::new();
        let reply = Reply::to(portid, seq);
        let jiffies = self.clock.jiffies;
        // Without a limit, only helper data of more than 64 KiB fails.
        ctnetlink_fill_info(&self.kernel, &ct, jiffies, &reply, Skb::UNLIMITED, &mut message)
            .map_err(|_| Errno::Einval)?;
        if ctrzero && self.kernel.release.ctrzero_is_atomic() {
            self.zero_counters(id);
        }
        Ok(message.into_bytes())
    }

    /// Returns the reply to GET_STATS.
    #[must_use]
    pub fn get_stats(&self, portid: u32, seq: u32) -> Vec<u8> {
        let entries = u32::try_from(self.table.len()).unwrap_or(u32::MAX);
        let max = self.sysctls.nf_conntrack_max;
        ctnetlink_stat_ct_fill_info(&self.kernel, entries, max, (portid, seq))
    }
}
