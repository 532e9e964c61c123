//! Requests.

use super::buffer::Buffer;
use super::error::SocketError;
use super::exchange::{Exchange, Next, Outcome, Step};
use super::link::{Link, Received};
use crate::error::Error;
use crate::flat::{ExpectStats, StatsCpu, StatsGlobal};
use crate::request::{self, Selector};
use crate::wire::NlmFlags;
use crate::{Conntrack, Expectation, Family, Message, MessageBuf};
use core::time::Duration;
use rustix::net::RecvFlags;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

/// How often [`Socket::entries`] asks again for a dump that was interrupted.
const ATTEMPTS: u32 = 3;
/// The longest datagram of several requests; a socket's send buffer takes a few of these.
const BATCH_BYTES: usize = 32 << 10;
/// The most acknowledgements to be waited for at a time: they must fit a receive buffer of the
/// usual 208 KiB, where each takes about 1 KiB.
const BATCH_REQUESTS: usize = 100;

/// A socket for requests.
///
/// Requests come from [`request`]; the socket numbers them.
///
/// ```no_run
/// use ctnetlink::socket::Socket;
/// use ctnetlink::request::{self, Selector};
/// use ctnetlink::{Conntrack, Family};
///
/// let mut socket = Socket::open()?;
/// let only = Selector { family: Family::IPV6, ..Selector::default() };
/// for ct in socket.entries(&only)? {
///     println!("{:?} -> {:?}", ct.orig.src, ct.orig.dst);
/// }
/// socket.request(|seq| request::flush(&only, seq))?;
/// println!("{:?} entries left", socket.stats()?.entries);
/// # Ok::<(), ctnetlink::socket::SocketError>(())
/// ```
#[derive(Debug)]
pub struct Socket {
    link: Link,
    seq: u32,
    buffer: Buffer,
}

impl Socket {
    /// Opens a socket in the network namespace of this thread. The requests need `CAP_NET_ADMIN`.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn open() -> Result<Self, SocketError> {
        Ok(Self { link: Link::open()?, seq: 0, buffer: Buffer::default() })
    }

    /// Sends a request and waits until it is acknowledged, or, for a GET, answered. The answer
    /// itself is not looked at: see [`exchange`](Self::exchange).
    ///
    /// # Errors
    /// [`Refused`](SocketError::Refused) and the others.
    pub fn request(
        &mut self,
        make: impl FnOnce(u32) -> Result<MessageBuf, Error>,
    ) -> Result<Outcome, SocketError> {
        self.exchange(make, |_| ())
    }

    /// Sends a request and gives `take` what it is answered with: the entries of a dump, the entry
    /// of a GET, statistics.
    ///
    /// # Errors
    /// [`Refused`](SocketError::Refused) and the others; `take` may have had some answers by then.
    pub fn exchange(
        &mut self,
        make: impl FnOnce(u32) -> Result<MessageBuf, Error>,
        mut take: impl FnMut(Message<'_>),
    ) -> Result<Outcome, SocketError> {
        self.seq = self.seq.wrapping_add(1);
        let request = make(self.seq)?;
        self.link.send(request.as_bytes())?;
        let mut exchange = Exchange::new(&request, self.link.portid);
        loop {
            self.wait()?;
            while let Some(place) = self.buffer.take() {
                match exchange.take(self.buffer.message(place?)?)? {
                    Next::Answer(message) => take(message),
                    Next::LastAnswer(message) => {
                        take(message);
                        return Ok(exchange.outcome);
                    }
                    Next::End => return Ok(exchange.outcome),
                    Next::Aside => {}
                }
            }
        }
    }

    /// Receives the next datagram into the socket's own buffer.
    fn wait(&mut self) -> Result<(), SocketError> {
        loop {
            match self.link.receive(&mut self.buffer, RecvFlags::empty())? {
                Received::Datagram => return Ok(()),
                Received::Nothing => return Err(SocketError::TimedOut),
                Received::Signal => {}
            }
        }
    }

    /// As [`exchange`](Self::exchange), for a dump that shall be consistent: when the kernel says
    /// that it was interrupted, it is asked for again, up to `attempts` times in all. If the last
    /// one was interrupted too, [`Outcome::interrupted`] says so.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn dump_consistent(
        &mut self,
        attempts: u32,
        make: impl Fn(u32) -> Result<MessageBuf, Error>,
        mut take: impl FnMut(Step<'_>),
    ) -> Result<Outcome, SocketError> {
        let mut left = attempts;
        loop {
            take(Step::Begin);
            let outcome = self.exchange(&make, |message| take(Step::Message(message)))?;
            left = left.saturating_sub(1);
            if !outcome.interrupted || left == 0 {
                return Ok(outcome);
            }
        }
    }

    /// Sends many requests, several in a datagram, and gives `refused` the position of each that
    /// the kernel refuses, with its reason. Each must ask for an acknowledgement, as those of
    /// [`request`] that change something do. Returns how many were carried out.
    ///
    /// # Errors
    /// Those of the socket; [`Malformed`](SocketError::Malformed) for a request that cannot be made
    /// or asks for no acknowledgement. Requests before it may have been carried out.
    pub fn request_all<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut make: impl FnMut(T, u32) -> Result<MessageBuf, Error>,
        mut refused: impl FnMut(u64, SocketError),
    ) -> Result<u64, SocketError> {
        let mut items = items.into_iter().fuse();
        let mut datagram = Vec::new();
        // Those of the current datagram, in order, with their positions.
        let mut waiting: VecDeque<(u64, MessageBuf)> = VecDeque::new();
        let mut position = 0;
        let mut carried_out = 0;
        loop {
            datagram.clear();
            while datagram.len() < BATCH_BYTES && waiting.len() < BATCH_REQUESTS {
                let Some(item) = items.next() else { break };
                self.seq = self.seq.wrapping_add(1);
                let request = make(item, self.seq)?;
                let message = request.as_message();
                if !message.header().nlmsg_flags.contains(NlmFlags::ACK) {
                    let nlmsg_type = message.header().nlmsg_type;
                    let kind = crate::error::ErrorKind::MessageType { nlmsg_type };
                    return Err(Error::at(0, kind).into());
                }
                datagram.extend_from_slice(request.as_bytes());
                datagram.resize(datagram.len().next_multiple_of(4), 0);
                waiting.push_back((position, request));
                position += 1;
            }
            if waiting.is_empty() {
                return Ok(carried_out);
            }
            self.link.send(&datagram)?;
            while !waiting.is_empty() {
                self.wait()?;
                while let Some(place) = self.buffer.take() {
                    let message = self.buffer.message(place?)?;
                    // The kernel answers in order.
                    let Some((position, request)) = waiting.front() else { break };
                    match Exchange::new(request, self.link.portid).take(message) {
                        Ok(Next::End) => carried_out += 1,
                        Ok(_) => continue,
                        Err(error @ SocketError::Refused(_)) => refused(*position, error),
                        Err(error) => return Err(error),
                    }
                    waiting.pop_front();
                }
            }
        }
    }

    /// The entries that `only` selects. An attribute in error is absent. An interrupted dump is
    /// asked for three times before it is taken as it is.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn entries(&mut self, only: &Selector) -> Result<Vec<Conntrack>, SocketError> {
        let mut entries = Vec::new();
        self.dump_consistent(
            ATTEMPTS,
            |seq| request::dump(only, seq),
            |step| match step {
                Step::Begin => entries.clear(),
                Step::Message(message) => entries.extend(entry(&message)),
            },
        )?;
        Ok(entries)
    }

    /// The entry of that original (or reply) tuple and zone; `None` if there is none.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange), except for `ENOENT`.
    pub fn entry(&mut self, of: &Conntrack) -> Result<Option<Conntrack>, SocketError> {
        let mut found = None;
        let take = |message: Message<'_>| found = entry(&message);
        match self.exchange(|seq| request::get(of, seq), take) {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(|_| found),
        }
    }

    /// All expectations.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn expectations(&mut self, family: Family) -> Result<Vec<Expectation>, SocketError> {
        let mut all = Vec::new();
        self.dump_consistent(
            ATTEMPTS,
            |seq| request::dump_expectations(family, seq),
            |step| match step {
                Step::Begin => all.clear(),
                Step::Message(message) => all.extend(message.expectation()),
            },
        )?;
        Ok(all)
    }

    /// The size of the table.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn stats(&mut self) -> Result<StatsGlobal, SocketError> {
        let mut stats = StatsGlobal::default();
        self.exchange(request::stats, |message| {
            if let Ok(found) = message.stats_global() {
                stats = found;
            }
        })?;
        Ok(stats)
    }

    /// What each CPU has counted.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn stats_cpu(&mut self) -> Result<Vec<StatsCpu>, SocketError> {
        let mut all = Vec::new();
        self.exchange(request::stats_cpu, |message| all.extend(message.stats_cpu()))?;
        Ok(all)
    }

    /// What each CPU has counted of expectations.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn expect_stats_cpu(&mut self) -> Result<Vec<ExpectStats>, SocketError> {
        let mut all = Vec::new();
        self.exchange(request::expect_stats_cpu, |message| all.extend(message.expect_stats()))?;
        Ok(all)
    }

    /// Sends bytes as they are, for a protocol of one's own with [`receive`](Self::receive).
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn send(&mut self, datagram: &[u8]) -> Result<(), SocketError> {
        self.link.send(datagram)
    }

    /// Receives a datagram as it is; `false` if none came in time.
    ///
    /// # Errors
    /// [`Lost`](SocketError::Lost), [`Truncated`](SocketError::Truncated), [`Io`](SocketError::Io).
    pub fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, SocketError> {
        let received = self.link.receive(buffer, RecvFlags::empty())?;
        Ok(received == Received::Datagram)
    }

    /// How long to wait for each datagram of an answer; `None`, the default, is for ever.
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        self.link.set_timeout(timeout)
    }

    /// Sets the size of the kernel's receive buffer, as
    /// [`Events::set_receive_buffer`](super::Events::set_receive_buffer).
    ///
    /// # Errors
    /// [`Io`](SocketError::Io).
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize, SocketError> {
        self.link.set_receive_buffer(bytes)
    }

    /// The socket's address: `nlmsg_pid` of the answers, and of the events that its requests cause.
    #[must_use]
    pub const fn portid(&self) -> u32 {
        self.link.portid
    }

    /// The socket, for options that have no method here. Do not clone it: netlink-sys would close
    /// it with the first of the two that is dropped.
    #[must_use]
    pub const fn netlink(&self) -> &netlink_sys::Socket {
        &self.link.socket
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.socket.as_fd()
    }
}

/// The entry that a message holds, without attributes in error.
pub(super) fn entry(message: &Message<'_>) -> Option<Conntrack> {
    message.conntrack().ok()
}
