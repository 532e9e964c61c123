//! A netlink socket as the kernel sees it: options, receive queue, and the memory that it takes.

use super::errno::Errno;
use super::filter::Filter;
use crate::kernel::Kernel;
use crate::{Family, Group};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A netlink socket of a simulated namespace.
///
/// [`Net::open`](super::Net::open) creates one, [`Net::receive`](super::Net::receive) takes its
/// datagrams, and [`Net::recvmsg`](super::Net::recvmsg) returns those from the kernel.
#[derive(Clone, Debug)]
pub struct NetlinkSocket {
    /// `NETLINK_CAP_ACK`: errors do not repeat the request.
    pub cap_ack: bool,
    /// `NETLINK_EXT_ACK`: acknowledgements and errors can have attributes.
    pub ext_ack: bool,
    /// `NETLINK_BROADCAST_ERROR`: the kernel sends a DESTROY event that the socket lost again.
    pub broadcast_error: bool,
    /// `NETLINK_NO_ENOBUFS`: lost messages are not reported.
    pub no_enobufs: bool,
    /// Whether the process has `CAP_NET_ADMIN` in the namespace.
    pub privileged: bool,
    /// Whether the kernel knows the port id: it binds a socket at the latest with its first datagram.
    ///
    /// A socket that has joined a group without being bound gets only the events of requests with
    /// `NLM_F_ECHO`.
    pub bound: bool,
    /// `SO_RCVBUF` as `getsockopt` returns it: twice what was set, in bytes.
    pub receive_buffer: usize,
    portid: u32,
    /// The joined groups; group 1 is the lowest bit.
    groups: u32,
    queue: VecDeque<Queued>,
    /// The memory of the queue.
    queued: usize,
    /// A message was lost and the queue has not been empty since.
    congested: bool,
    /// The error that the next call returns.
    error: Option<Errno>,
    /// The longest buffer of a call that returned a datagram.
    longest: usize,
    drops: u64,
    pub(crate) dump: Option<RunningDump>,
}

/// A datagram from the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The messages.
    pub bytes: Vec<u8>,
    /// `nl_groups` of the sender's address: the bit of the group of an event, otherwise 0.
    pub group_mask: u32,
}

#[derive(Clone, Debug)]
struct Queued {
    datagram: Datagram,
    truesize: usize,
}

/// A dump whose end has not been sent.
#[derive(Clone, Debug)]
pub(crate) struct RunningDump {
    pub(crate) seq: u32,
    pub(crate) what: Dumped,
    /// What the next datagram starts with: the position of an entry, or a number of messages.
    pub(crate) next: u64,
}

/// What a dump consists of.
#[derive(Clone, Debug)]
pub(crate) enum Dumped {
    /// The table.
    Table { filter: Option<Filter>, ctrzero: bool },
    /// The entries whose DESTROY event was lost.
    Dying(Family),
    /// Statistics of each CPU.
    StatsCpu,
    /// Statistics about expectations of each CPU.
    ExpectStatsCpu,
    /// The expectations of a layer 3 protocol, or of one entry.
    Expectations { family: Family, master: Option<u32> },
    /// Nothing, such as the unconfirmed entries of recent releases.
    Nothing,
}

/// `sizeof(struct sk_buff)`, rounded up to whole cache lines.
const SK_BUFF: usize = 256;
/// The memory of a small buffer, which the kernel keeps for small messages (`skb_small_head_cache`).
const SMALL_HEAD: usize = 576;

impl NetlinkSocket {
    /// The default of `SO_RCVBUF`, `net.core.rmem_default`.
    const RMEM_DEFAULT: usize = 212_992;

    pub(crate) fn new(portid: u32) -> Self {
        Self {
            cap_ack: false,
            ext_ack: false,
            broadcast_error: false,
            no_enobufs: false,
            privileged: true,
            bound: true,
            receive_buffer: Self::RMEM_DEFAULT,
            portid,
            groups: 0,
            queue: VecDeque::new(),
            queued: 0,
            congested: false,
            error: None,
            longest: 0,
            drops: 0,
            dump: None,
        }
    }

    /// Returns the port id.
    #[must_use]
    pub const fn portid(&self) -> u32 {
        self.portid
    }

    /// Returns the number of messages that did not fit into the receive buffer.
    #[must_use]
    pub const fn drops(&self) -> u64 {
        self.drops
    }

    /// Returns `true` if a call of `recvmsg` has a result: a datagram or an error.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.error.is_some() || !self.queue.is_empty()
    }

    /// Joins a group (`NETLINK_ADD_MEMBERSHIP`), by its number.
    ///
    /// # Errors
    ///
    /// Returns [`Einval`](Errno::Einval) for numbers other than 1 to 32.
    pub fn join(&mut self, group: u32) -> Result<(), Errno> {
        self.groups |= group_bit(group).ok_or(Errno::Einval)?;
        Ok(())
    }

    /// Leaves a group (`NETLINK_DROP_MEMBERSHIP`), by its number.
    ///
    /// # Errors
    ///
    /// Returns [`Einval`](Errno::Einval) for numbers other than 1 to 32.
    pub fn leave(&mut self, group: u32) -> Result<(), Errno> {
        self.groups &= !group_bit(group).ok_or(Errno::Einval)?;
        Ok(())
    }

    /// Sets `SO_RCVBUF`, of which the kernel takes twice the number of bytes.
    pub fn set_receive_buffer(&mut self, bytes: usize) {
        self.receive_buffer = bytes.saturating_mul(2).max(2304);
    }

    pub(crate) fn has_joined(&self, group: Group) -> bool {
        group_bit(group.into()).is_some_and(|bit| self.groups & bit != 0)
    }

    /// Queues a message, or returns `false` if it is lost.
    ///
    /// `alloc` is the size that the kernel allocated for it.
    pub(crate) fn deliver(&mut self, kernel: &Kernel, datagram: Datagram, alloc: usize) -> bool {
        let truesize = trimmed(kernel, datagram.bytes.len(), alloc);
        let with_it = self.queued.saturating_add(truesize);
        let charged = if kernel.release.receive_buffer_is_exact() { with_it } else { self.queued };
        let fits = self.queue.is_empty() || charged <= self.receive_buffer;
        if !fits || self.congested {
            self.overrun();
            return false;
        }
        self.push(datagram, truesize);
        true
    }

    /// Reports a lost message (`netlink_overrun`).
    pub(crate) fn overrun(&mut self) {
        self.drops += 1;
        if !self.no_enobufs && !self.congested {
            self.congested = true;
            self.error = Some(Errno::Enobufs);
        }
    }

    fn push(&mut self, datagram: Datagram, truesize: usize) {
        self.queued = self.queued.saturating_add(truesize);
        self.queue.push_back(Queued { datagram, truesize });
    }

    /// Returns the room for messages in the next datagram of a dump.
    pub(crate) fn dump_room(&self, kernel: &Kernel) -> usize {
        let most = kernel.release.dump_datagram_limit().saturating_sub(kernel.arch.skb_overhead);
        kernel.arch.nlmsg_goodsize().max(self.longest.min(most))
    }

    /// Returns `true` if the buffer has the memory for the next datagram of a dump.
    pub(crate) fn can_dump(&self, kernel: &Kernel) -> bool {
        let with_it = self.queued.saturating_add(truesize(kernel, self.dump_room(kernel)));
        let charged = if kernel.release.receive_buffer_is_exact() { with_it } else { self.queued };
        self.queue.is_empty() || charged < self.receive_buffer
    }

    /// Queues a datagram of a dump, whose memory was checked before.
    pub(crate) fn deliver_dump(&mut self, kernel: &Kernel, bytes: Vec<u8>) {
        let truesize = truesize(kernel, self.dump_room(kernel));
        self.push(Datagram { bytes, group_mask: 0 }, truesize);
    }

    /// Makes the next call return an error.
    pub(crate) fn set_error(&mut self, errno: Errno) {
        self.error = Some(errno);
    }

    /// Takes the error, or the next datagram, which stays with `peek`.
    ///
    /// `len` is the length of the caller's buffer.
    pub(crate) fn take(&mut self, len: usize, peek: bool) -> Result<Option<Datagram>, Errno> {
        if let Some(error) = self.error.take() {
            self.wake();
            return Err(error);
        }
        let Some(first) = self.queue.front() else { return Ok(None) };
        self.longest = self.longest.max(len);
        if peek {
            return Ok(Some(first.datagram.clone()));
        }
        let taken = self.queue.pop_front();
        self.queued -= taken.as_ref().map_or(0, |taken| taken.truesize);
        Ok(taken.map(|taken| taken.datagram))
    }

    /// Returns `true` if a running dump continues after a call.
    pub(crate) fn wants_dump(&self) -> bool {
        self.dump.is_some() && self.queued <= self.receive_buffer / 2
    }

    /// Ends the loss of messages if the queue is empty (`netlink_rcv_wake`).
    pub(crate) fn wake(&mut self) {
        if self.queue.is_empty() {
            self.congested = false;
        }
    }
}

/// Returns the bit of a group.
pub(crate) fn group_bit(group: u32) -> Option<u32> {
    1_u32.checked_shl(group.checked_sub(1)?)
}

/// Returns the memory that a buffer of `room` bytes takes.
fn truesize(kernel: &Kernel, room: usize) -> usize {
    head(kernel, room) + SK_BUFF
}

/// Returns the memory of the data of a buffer, which comes in powers of two.
fn head(kernel: &Kernel, room: usize) -> usize {
    let needed = room.next_multiple_of(64) + kernel.arch.skb_overhead;
    if needed <= SMALL_HEAD { SMALL_HEAD } else { needed.next_power_of_two() }
}

/// Returns the memory of a message whose buffer is trimmed if half of it is unused (`netlink_trim`).
fn trimmed(kernel: &Kernel, len: usize, alloc: usize) -> usize {
    let allocated = truesize(kernel, alloc.max(len));
    let usable = head(kernel, alloc.max(len)) - kernel.arch.skb_overhead;
    let unused = usable.saturating_sub(len);
    if unused.saturating_mul(2) < allocated { allocated } else { truesize(kernel, len) }
}
