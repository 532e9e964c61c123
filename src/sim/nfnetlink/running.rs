//! Dumps, which go on from one received datagram to the next: `netlink_dump`, `netlink_recvmsg`.

use super::super::dump::TablePart;
use super::super::errno::Errno;
use super::super::expect::{NfConntrackExpect, ctnetlink_exp_fill_info};
use super::super::fill_info::{Reply, Skb, ctnetlink_fill_info};
use super::super::lookup::NfnlInfo;
use super::super::net::Net;
use super::super::netlink_socket::{Datagram, Dumped, RunningDump};
use super::super::stats::{ctnetlink_ct_stat_cpu_fill_info, ctnetlink_exp_stat_fill_info};
use super::request::Handled;
use crate::Family;
use crate::error::Error;
use crate::wire::WriteBuf;
use alloc::vec::Vec;

impl Net {
    /// Starts a dump unless one runs on the socket (`netlink_dump_start`).
    pub(super) fn start_dump(
        &mut self,
        info: &NfnlInfo<'_>,
        what: impl FnOnce(&Self) -> Result<Dumped, Errno>,
    ) -> Result<Handled, Errno> {
        let portid = info.portid;
        if self.sockets.get(&portid).is_none_or(|socket| socket.dump.is_some()) {
            return Err(Errno::Ebusy);
        }
        let what = what(self)?;
        if let Some(socket) = self.sockets.get_mut(&portid) {
            socket.dump = Some(RunningDump { seq: info.seq, what, next: 0 });
        }
        self.continue_dump(portid)?;
        Ok(Handled::DumpStarted)
    }

    /// Queues the next datagram of the running dump, or its end.
    fn continue_dump(&mut self, portid: u32) -> Result<(), Errno> {
        let kernel = self.kernel;
        let Some(socket) = self.sockets.get_mut(&portid) else { return Ok(()) };
        if !socket.can_dump(&kernel) {
            return Err(Errno::Enobufs);
        }
        let room = socket.dump_room(&kernel);
        let Some(mut dump) = socket.dump.take() else { return Ok(()) };
        // A message that exceeds the room ends the dump.
        let bytes = self.dump_part(portid, &mut dump, room).unwrap_or_default();
        let is_filtered = matches!(dump.what, Dumped::Table { filter: Some(_), .. });
        let done = self.done((portid, dump.seq), is_filtered);
        if let Some(socket) = self.sockets.get_mut(&portid) {
            let is_over = bytes.is_empty();
            socket.deliver_dump(&kernel, if is_over { done } else { bytes });
            socket.dump = (!is_over).then_some(dump);
        }
        Ok(())
    }

    /// Returns the messages of the next datagram; none at the end.
    fn dump_part(
        &mut self,
        portid: u32,
        dump: &mut RunningDump,
        room: usize,
    ) -> Result<Vec<u8>, Error> {
        let to = (portid, dump.seq);
        let is_first = dump.next == 0;
        match &dump.what {
            Dumped::Table { filter, ctrzero } => {
                let part = TablePart { filter: filter.as_ref(), ctrzero: *ctrzero, to };
                self.dump_table(&part, &mut dump.next, room)
            }
            Dumped::StatsCpu | Dumped::ExpectStatsCpu if is_first => {
                dump.next = u64::MAX;
                let fill = match dump.what {
                    Dumped::StatsCpu => ctnetlink_ct_stat_cpu_fill_info,
                    _ => ctnetlink_exp_stat_fill_info,
                };
                let stats = (0..).zip(&self.stats);
                Ok(stats.flat_map(|(cpu, stat)| fill(&self.kernel, cpu, stat, to)).collect())
            }
            Dumped::Dying(family) => {
                let reply = Reply::to(to.0, to.1);
                let dying = self.dying.iter();
                let of_family = dying.filter(|ct| is_of(*family, ct.l3num()));
                fill_room(&mut dump.next, room, of_family, |ct, limit, skb| {
                    ctnetlink_fill_info(&self.kernel, ct, self.clock.jiffies, &reply, limit, skb)
                })
            }
            Dumped::Expectations { family, master } => {
                let is_wanted = |exp: &&NfConntrackExpect| {
                    is_of(*family, exp.tuple.l3num())
                        && master.is_none_or(|master| exp.master_id == master)
                };
                let wanted = self.expectations.iter().filter(is_wanted);
                fill_room(&mut dump.next, room, wanted, |exp, limit, skb| {
                    ctnetlink_exp_fill_info(&self.kernel, exp, self.clock.jiffies, to, limit, skb)
                })
            }
            Dumped::StatsCpu | Dumped::ExpectStatsCpu | Dumped::Nothing => Ok(Vec::new()),
        }
    }

    /// Returns the next datagram of a socket, or `None` if there is none (`netlink_recvmsg`).
    ///
    /// `len` is the length of the caller's buffer, to which the kernel would cut the datagram. It also
    /// decides the size of the datagrams of a dump: the next one is made when the one before is taken.
    ///
    /// # Errors
    ///
    /// Returns [`Enobufs`](Errno::Enobufs) if the socket has lost messages.
    pub fn recvmsg(&mut self, portid: u32, len: usize) -> Result<Option<Datagram>, Errno> {
        self.recvmsg_flags(portid, len, false)
    }

    /// Returns the next datagram of a socket without removing it (`MSG_PEEK`).
    ///
    /// As in the kernel, it counts as a call of [`recvmsg`](Self::recvmsg): a running dump continues.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`recvmsg`](Self::recvmsg).
    pub fn peekmsg(&mut self, portid: u32, len: usize) -> Result<Option<Datagram>, Errno> {
        self.recvmsg_flags(portid, len, true)
    }

    fn recvmsg_flags(
        &mut self,
        portid: u32,
        len: usize,
        peek: bool,
    ) -> Result<Option<Datagram>, Errno> {
        let Some(socket) = self.sockets.get_mut(&portid) else { return Ok(None) };
        let taken = socket.take(len, peek)?;
        if taken.is_some() && socket.wants_dump() {
            if let Err(errno) = self.continue_dump(portid) {
                self.sockets.entry(portid).and_modify(|socket| socket.set_error(errno));
            }
        }
        self.sockets.entry(portid).and_modify(|socket| socket.wake());
        Ok(taken)
    }
}

fn is_of(family: Family, found: Family) -> bool {
    family == Family::UNSPEC || family == found
}

/// Writes the items from number `next` on that fit into `room`.
fn fill_room<T>(
    next: &mut u64,
    room: usize,
    items: impl Iterator<Item = T>,
    fill: impl Fn(T, Skb, &mut WriteBuf) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    let mut skb = WriteBuf::new();
    for item in items.skip(usize::try_from(*next).unwrap_or(usize::MAX)) {
        match fill(item, Skb { limit: room, offset: 0 }, &mut skb) {
            Err(error) if skb.is_empty() => return Err(error),
            Err(_) => break,
            Ok(()) => *next += 1,
        }
    }
    Ok(skb.into_bytes())
}
