//! Replies of a namespace: a dump of the table, a single GET, GET_CTRZERO, statistics.

use super::errno::Errno;
use super::fill_info::{Reply, Skb, ctnetlink_fill_info};
use super::filter::Filter;
use super::net::{Cause, Net};
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

    /// Returns what the kernel selects.
    pub(crate) fn filter(&self, kernel: &Kernel) -> Filter {
        let zone = self.zone.filter(|_| kernel.release.filters_zone());
        let Self { family, mark, status, .. } = *self;
        Filter { family, mark, status, zone, ..Filter::default() }
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

/// What all datagrams of a dump of the table have in common.
pub(crate) struct TablePart<'a> {
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) ctrzero: bool,
    /// The port id and the sequence number of the request.
    pub(crate) to: (u32, u32),
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
        let filter = request.filter(&self.kernel);
        let part = TablePart {
            filter: Some(&filter).filter(|_| request.is_filtered(&self.kernel)),
            ctrzero: request.ctrzero,
            to: (request.portid, request.seq),
        };
        let mut next = 0;
        let mut datagrams = alloc::vec![self.dump_table(&part, &mut next, buffers.first)?];
        while datagrams.last().is_some_and(|last| !last.is_empty()) {
            datagrams.push(self.dump_table(&part, &mut next, buffers.next)?);
        }
        datagrams.pop();
        datagrams.push(self.done(part.to, part.filter.is_some()));
        Ok(datagrams)
    }

    /// Returns the next datagram of a dump, which is empty at the end (`ctnetlink_dump_table`).
    ///
    /// `next` is the position of the entry that comes first, and `room` the size of the datagram.
    pub(crate) fn dump_table(
        &mut self,
        part: &TablePart<'_>,
        next: &mut u64,
        room: usize,
    ) -> Result<Vec<u8>, Error> {
        let (kernel, jiffies) = (self.kernel, self.clock.jiffies);
        let filtered = part.filter.is_some() && kernel.release.dump_says_filtered();
        let flags = if filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() };
        let reply = Reply { flags, ..Reply::to(part.to.0, part.to.1) };
        // The entry that begins a further datagram has a reference from the dump.
        let mut held = u32::from(*next > 0 && kernel.release.dump_holds_next_entry());
        let mut skb = WriteBuf::new();
        let (mut dumped, mut expired) = (Vec::new(), Vec::new());
        let mut end = u64::MAX;
        for (position, ct) in self.table.entries_from(*next) {
            if ct.timeout <= jiffies && kernel.release.dump_reaps_expired() {
                expired.push(position);
                continue;
            }
            if !part.filter.is_none_or(|filter| filter.matches(&kernel, ct)) {
                continue;
            }
            let limit = Skb { limit: room, offset: 0 };
            let result = match core::mem::take(&mut held) {
                0 => ctnetlink_fill_info(&kernel, ct, jiffies, &reply, limit, &mut skb),
                held => {
                    let use_count = ct.use_count.wrapping_add(held);
                    let ct = NfConn { use_count, ..ct.clone() };
                    ctnetlink_fill_info(&kernel, &ct, jiffies, &reply, limit, &mut skb)
                }
            };
            match result {
                Err(error) if skb.is_empty() => return Err(error),
                Err(_) => {
                    end = position;
                    break;
                }
                Ok(()) => dumped.extend(part.ctrzero.then_some(ct.id)),
            }
        }
        *next = end;
        for id in dumped {
            self.zero_counters(id);
        }
        for position in expired {
            if let Some(ct) = self.table.remove(position) {
                self.nf_ct_delete(ct, Cause::TIMER);
            }
        }
        Ok(skb.into_bytes())
    }

    /// Builds `NLMSG_DONE` with status 0.
    pub(crate) fn done(&self, (portid, seq): (u32, u32), filtered: bool) -> Vec<u8> {
        let says_filtered = filtered && self.kernel.release.done_says_filtered();
        let flags = if says_filtered { NlmFlags::DUMP_FILTERED } else { NlmFlags::empty() };
        let endian = self.kernel.arch.endian();
        let status = endian.u32_bytes(0);
        let header = NlMsgHdr {
            nlmsg_len: u32::try_from(nlmsg_total_size(status.len())).unwrap_or_default(),
            nlmsg_type: MsgType::DONE.0,
            nlmsg_flags: NlmFlags::MULTI | flags,
            nlmsg_seq: seq,
            nlmsg_pid: portid,
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
